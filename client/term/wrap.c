#include <string.h>
#include <wchar.h>

#include "client/term/wrap.h"

/* The length of the character at TEXT and its code point; 0: no UTF-8. */
static size_t decode(const char *text, unsigned long *out)
{
	static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned long c;

	if (len == 0 || p[0] > 0xf4)
		return 0;
	c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	*out = c;
	return c >= least[len] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? len : 0;
}

static int width_of(unsigned long c)
{
	return c < 32 || c == 127 ? -1 : wcwidth((wchar_t)c);
}

size_t unit_next(const char *text, int *columns, bool *showable)
{
	unsigned long c = 0;
	size_t len = decode(text, &c), more;
	int width = len > 0 ? width_of(c) : -1;

	*showable = width >= 0;
	*columns = width >= 0 ? width : 1;
	if (!*showable)
		return len > 0 ? len : 1;
	while (text[len] != '\0' && (more = decode(text + len, &c)) > 0 && width_of(c) == 0)
		len += more;
	return len;
}

int text_columns(const char *text)
{
	int sum = 0, columns;
	bool showable;

	while (*text != '\0') {
		text += unit_next(text, &columns, &showable);
		sum += columns;
	}
	return sum;
}

static void end_line(struct line *out, const char *text, size_t end)
{
	char last;

	while (end > out->start && ((last = text[end - 1]) == ' ' || last == '\t'))
		end--;
	out->len = end - out->start;
}

static int columns_of(const char *text, size_t len)
{
	int sum = 0, columns;
	bool showable;

	for (size_t i = 0; i < len; sum += columns)
		i += unit_next(text + i, &columns, &showable);
	return sum;
}

bool wrap_next(const char *text, int columns, size_t *at, struct line *out)
{
	size_t i = *at, blank = 0, next, len;
	int used = 0, width;
	bool showable, word = false;

	if (text[i] == '\0')
		return false;
	out->start = i;
	while (text[i] != '\0' && text[i] != '\n') {
		len = unit_next(text + i, &width, &showable);
		if (text[i] == ' ' || text[i] == '\t')
			blank = word ? i : blank;
		else if (used + width > columns && i > out->start)
			break;
		else
			word = true;
		used += width;
		i += len;
	}
	if (text[i] == '\0' || text[i] == '\n') {
		next = text[i] == '\n' ? i + 1 : i;
	} else {
		if (blank > 0)
			i = blank;
		for (next = i; text[next] == ' ' || text[next] == '\t';)
			next++;
	}
	end_line(out, text, i);
	out->columns = columns_of(text + out->start, out->len);
	*at = next;
	return true;
}
