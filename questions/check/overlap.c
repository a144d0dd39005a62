/* Options that cover one another, so that the right one cannot be told from a wrong one. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "questions/check/rules.h"

/* ---- The same in other words ------------------------------------------------------------- */

static const char *const small[] = {"a", "an", "the", "of", "for", "to", "is", "are", "be", "it"};

static bool is_small(const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < COUNT(small); i++)
		if (strlen(small[i]) == len && strncasecmp(word, small[i], len) == 0)
			return true;
	return false;
}

/* The words in lower case without articles, commas and the like, a space between: what is left
 * when an option is only written differently. */
static char *plain_of(const char *text)
{
	struct buf out = {0};

	while (*text != '\0') {
		size_t i, len = 0;

		while (isalnum((unsigned char)text[len]) || strchr(".-%/<>", text[len]) != NULL) {
			if (text[len] == '\0')
				break;
			len++;
		}
		if (len == 0) {
			text++;
			continue;
		}
		while (len > 1 && text[len - 1] == '.')
			len--;
		for (i = 0; i < len && !is_small(text, len); i++)
			buf_put_u8(&out, (uint8_t)tolower((unsigned char)text[i]));
		if (!is_small(text, len))
			buf_put_u8(&out, ' ');
		text += len;
	}
	return buf_detach_text(&out);
}

/* Apart from capitals and blanks; such options have a rule of their own. */
static bool reads_alike(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, " \n\t");
		b += strspn(b, " \n\t");
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
	}
}

/* ---- Ranges of numbers ------------------------------------------------------------------- */

/* "From 20 to 30 days": everything but its two numbers is REST. */
struct range {
	double low, high;
	char *rest; /* owned */
};

/* A number with thousands separators and a fraction; NULL: there is none. */
static const char *read_number(const char *s, double *out)
{
	char digits[32];
	size_t n = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; n + 1 < sizeof digits; s++) {
		if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1])))
			digits[n++] = *s;
		else if (*s != ',' || !isdigit((unsigned char)s[1]))
			break;
	}
	digits[n] = '\0';
	*out = strtod(digits, NULL);
	return s;
}

/* "to", "-", "through" between two numbers; NULL: something else. */
static const char *behind_to(const char *s)
{
	static const char *const words[] = {" to ", " through ", "-", " - ", "\xe2\x80\x93"};
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	return NULL;
}

static bool read_range(const char *text, struct range *out)
{
	size_t before = strcspn(text, "0123456789");
	const char *s = read_number(text + before, &out->low);

	if (s == NULL || (before > 0 && isalpha((unsigned char)text[before - 1])) ||
	    (s = behind_to(s)) == NULL || (s = read_number(s, &out->high)) == NULL ||
	    isalpha((unsigned char)*s) || out->low >= out->high ||
	    s[strcspn(s, "0123456789")] != '\0')
		return false;
	out->rest = mem_printf("%.*s#%s", (int)before, text, s);
	return true;
}

/* Two ranges that meet in an end only are how people write them: 10-20, 20-30. */
static bool ranges_overlap(const char *a, const char *b)
{
	struct range x = {.rest = NULL}, y = {.rest = NULL};
	bool overlap = read_range(a, &x) && read_range(b, &y) && strcmp(x.rest, y.rest) == 0 &&
		       x.low < y.high && y.low < x.high;

	free(x.rest);
	free(y.rest);
	return overlap;
}

void check_overlap(const struct check *c, const struct item *item)
{
	char *plain[ITEM_OPTIONS_MOST] = {NULL};
	size_t i, k;

	for (i = 0; i < item->noptions; i++)
		plain[i] = plain_of(item->options[i].text);
	for (i = 0; i < item->noptions; i++)
		for (k = 0; k < i; k++) {
			const struct option *a = &item->options[k], *b = &item->options[i];
			bool same = plain[i][0] != '\0' && strcmp(plain[i], plain[k]) == 0 &&
				    !reads_alike(a->text, b->text);

			if (same || ranges_overlap(a->text, b->text))
				check_found(c, RULE_OVERLAP, b->place,
					    "the option %s that on line %u",
					    same ? "says the same as" : "overlaps", a->place.line);
		}
	for (i = 0; i < item->noptions; i++)
		free(plain[i]);
}
