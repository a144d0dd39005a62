#include "questions/model/codes.h"

#include <stdbool.h>

static bool is_skipped(char c)
{
	return c == ' ' || c == '.';
}

/* The character in a canonical code; 0 for one that no code has. */
static char upper(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')
		return c;
	return 0;
}

enum err code_canonical(const char *typed, char *out, size_t size)
{
	size_t n = 0;

	if (size == 0)
		return ERR_INVALID;
	for (; *typed != '\0'; typed++) {
		char c = upper(*typed);

		if (is_skipped(*typed))
			continue;
		if (c == 0 || n + 1 >= size)
			goto invalid;
		out[n++] = c;
	}
	out[n] = '\0';
	return ERR_OK;
invalid:
	out[0] = '\0';
	return ERR_INVALID;
}
