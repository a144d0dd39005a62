#include "daemon/report/report.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "daemon/report/shown.h"
#include "proto/base/mem.h"

void report_points(struct buf *out, int32_t hundredths)
{
	int64_t v = hundredths;

	buf_printf(out, "%s%lld.%02lld", v < 0 ? "-" : "", (long long)(v < 0 ? -v : v) / 100,
		   (long long)(v < 0 ? -v : v) % 100);
}

int32_t report_permille(int64_t points, int64_t most)
{
	int64_t scaled = points * 1000;

	return (int32_t)(scaled / most - (scaled % most < 0));
}

const struct report_section *report_section_of(const struct report_row *row, const char *name)
{
	size_t i;

	for (i = 0; i < row->nsections; i++)
		if (strcmp(row->sections[i].name, name) == 0)
			return &row->sections[i];
	return NULL;
}

static bool has_name(const struct report_names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->length; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

static void add_name(struct report_names *names, const char *name)
{
	if (has_name(names, name))
		return;
	if (names->length == names->cap) {
		names->cap = names->cap == 0 ? 16 : names->cap * 2;
		names->names = mem_resize(names->names, names->cap * sizeof *names->names);
	}
	names->names[names->length++] = name;
}

void report_names_init(struct report_names *names, const struct report_row *rows, size_t n)
{
	size_t i, k;

	*names = (struct report_names){0};
	for (i = 0; i < n; i++)
		for (k = 0; k < rows[i].nsections; k++)
			add_name(names, rows[i].sections[k].name);
}

void report_names_fini(struct report_names *names)
{
	free(names->names);
	*names = (struct report_names){0};
}

/* ---- What a screen shows ----------------------------------------------------------------- */

/* The length of the character at P; 1 for a stray byte, which is then *STRAY. */
static size_t character(const char *p, wchar_t *out)
{
	size_t len = (unsigned char)*p >= 0xf0	 ? 4
		     : (unsigned char)*p >= 0xe0 ? 3
		     : (unsigned char)*p >= 0xc0 ? 2
						 : 1;
	uint32_t c = (unsigned char)*p;
	size_t i;

	if (strnlen(p, len) < len || !bytes_is_text(bytes_of(p, len))) {
		*out = L'?';
		return 1;
	}
	if (len > 1)
		c &= 0xffu >> (len + 1);
	for (i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	*out = (wchar_t)c;
	return len;
}

void shown_add(struct shown *s, const char *text, size_t most)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old = utf8 == (locale_t)0 ? utf8 : uselocale(utf8);
	size_t len;

	for (; *text != '\0'; text += len) {
		wchar_t c;
		int columns;

		len = character(text, &c);
		columns = wcwidth(c);
		if (s->width + (size_t)(columns < 0 ? 1 : columns) > most)
			break;
		if (columns < 0 || (len == 1 && c == L'?'))
			buf_put_u8(&s->text, '?');
		else
			buf_put(&s->text, text, len);
		s->width += (size_t)(columns < 0 ? 1 : columns);
	}
	s->cut = *text != '\0';
	if (utf8 != (locale_t)0) {
		uselocale(old);
		freelocale(utf8);
	}
}

void shown_fini(struct shown *s)
{
	buf_fini(&s->text);
}

size_t report_width(const char *text)
{
	struct shown s = {0};
	size_t width;

	shown_add(&s, text, SIZE_MAX);
	width = s.width;
	shown_fini(&s);
	return width;
}
