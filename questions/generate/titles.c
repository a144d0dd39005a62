#include "questions/generate/titles.h"

#include <ctype.h>
#include <string.h>

#include "proto/base/mem.h"

#define FIT_MOST 220 /* bytes of a title in an item */

static const char *const idle[] = {
    "a",   "an",  "the",       "of",	     "in",  "on",    "to",	    "by",
    "and", "or",  "with",      "as",	     "for", "other", "unspecified", "specified",
    "nos", "nec", "elsewhere", "classified", "not", "type",  "each",
};
static const char *const sides[] = {"right", "left", "bilateral", "unspecified"};

static bool is_in(struct bytes word, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(list[i]) == word.len &&
		    strncasecmp(list[i], (const char *)word.data, word.len) == 0)
			return true;
	return false;
}

/* The next word from *AT on; .len 0: none. */
static struct bytes next_word(struct bytes title, size_t *at)
{
	size_t from;

	while (*at < title.len && !isalnum(title.data[*at]))
		++*at;
	from = *at;
	while (*at < title.len &&
	       (isalnum(title.data[*at]) || title.data[*at] >= 0x80 ||
		(title.data[*at] == '.' && *at + 1 < title.len && isdigit(title.data[*at + 1]))))
		++*at;
	return bytes_of(title.data + from, *at - from);
}

static uint64_t core_without(struct bytes title, const char *const *list, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u;
	struct bytes word;
	size_t at = 0, i;

	while ((word = next_word(title, &at)).len > 0) {
		if (is_in(word, list, n))
			continue;
		for (i = 0; i < word.len; i++)
			hash = (hash ^ (uint64_t)tolower(word.data[i])) * 0x100000001b3u;
		hash = (hash ^ ' ') * 0x100000001b3u;
	}
	return hash;
}

uint64_t title_core(struct bytes title)
{
	return core_without(title, idle, COUNT(idle));
}

uint64_t title_sideless(struct bytes title)
{
	return core_without(title, sides, COUNT(sides));
}

bool title_has(struct bytes title, const char *word)
{
	struct bytes next;
	size_t at = 0;

	while ((next = next_word(title, &at)).len > 0)
		if (is_in(next, &word, 1))
			return true;
	return false;
}

bool title_is_fit(struct bytes title)
{
	size_t i, digits = 0;

	if (title.len == 0 || title.len > FIT_MOST || memchr(title.data, '"', title.len) != NULL)
		return false;
	for (i = 0; i < title.len; i++) {
		digits = isdigit(title.data[i]) ? digits + 1 : 0;
		if (digits >= 5)
			return false;
	}
	return true;
}
