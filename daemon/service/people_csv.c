#include "daemon/service/people_csv.h"

#include <ctype.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "daemon/service/people.h"

enum column {
	COL_USER,
	COL_NAME,
	COL_EMAIL,
	COL_GROUP,
	COL_ROLE,
	COL_EXTRA,
	COL_NCOLUMNS,
	COL_OTHER
};

static const struct {
	const char *name;
	enum column column;
} columns[] = {
    {"id", COL_USER},
    {"user", COL_USER},
    {"name", COL_NAME},
    {"email", COL_EMAIL},
    {"e-mail", COL_EMAIL},
    {"group", COL_GROUP},
    {"role", COL_ROLE},
    {"extra time", COL_EXTRA},
    {"extra", COL_EXTRA},
    {"extra_percent", COL_EXTRA},
    {"extra time in percent", COL_EXTRA},
};

static const struct {
	const char *name;
	Examd__V1__Role role;
} roles[] = {
    {"", EXAMD__V1__ROLE__ROLE_CANDIDATE},	{"candidate", EXAMD__V1__ROLE__ROLE_CANDIDATE},
    {"proctor", EXAMD__V1__ROLE__ROLE_PROCTOR}, {"instructor", EXAMD__V1__ROLE__ROLE_INSTRUCTOR},
    {"admin", EXAMD__V1__ROLE__ROLE_ADMIN},
};

#define FIELDS_MOST 64

struct seen_user {
	const char *user; /* in the arena */
	unsigned line;
	UT_hash_handle hh;
};

struct spot {
	unsigned line, column;
};

struct parse {
	struct roster *out;
	struct arena *arena;
	struct diag *diag;
	const char *file;
	struct spot here, row, field; /* the next byte; where row and field began */
	enum column map[FIELDS_MOST]; /* field -> column */
	bool has[COL_NCOLUMNS];	      /* the header names it */
	size_t nmap, nfields;
	bool has_header, fresh_row, fresh_field, full, skips_line, after_cr;
	const char *values[COL_NCOLUMNS];
	struct spot places[COL_NCOLUMNS];
	struct seen_user *seen;
};

void roster_fini(struct roster *r)
{
	free(r->rows);
	*r = (struct roster){0};
}

#define COMPLAIN(p, level, place, id, ...)                                                         \
	diag_add((p)->diag, (level), (struct diag_place){(p)->file, (place).line, (place).column}, \
		 (id), __VA_ARGS__)

static char *trimmed(struct arena *arena, const char *data, size_t len)
{
	char *copy;

	while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\t'))
		len--;
	while (len > 0 && (*data == ' ' || *data == '\t'))
		data++, len--;
	copy = arena_new(arena, len + 1);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

static void header_field(struct parse *p, const char *name)
{
	size_t i;

	p->map[p->nmap] = COL_OTHER;
	for (i = 0; i < COUNT(columns); i++)
		if (strcasecmp(columns[i].name, name) == 0)
			p->map[p->nmap] = columns[i].column;
	if (p->map[p->nmap] == COL_OTHER)
		COMPLAIN(p, DIAG_WARNING, p->field, "unknown-column",
			 "the column \"%s\" is not known and is left out", name);
	else if (p->has[p->map[p->nmap]])
		COMPLAIN(p, DIAG_ERROR, p->field, "duplicate-column",
			 "the column \"%s\" is there twice", name);
	else
		p->has[p->map[p->nmap]] = true;
	p->nmap++;
}

static void on_field(void *data, size_t len, void *arg)
{
	struct parse *p = arg;
	const char *text = data == NULL ? "" : data;
	size_t no = p->nfields++;
	enum column c;

	p->fresh_field = true;
	if (!bytes_is_text(bytes_of(text, len))) {
		COMPLAIN(p, DIAG_ERROR, p->field, "not-utf8", "this field is not UTF-8 text");
		text = "";
		len = 0;
	}
	if (no >= FIELDS_MOST) {
		if (no == FIELDS_MOST)
			COMPLAIN(p, DIAG_ERROR, p->field, "too-many-fields",
				 "a line has at most %d fields", FIELDS_MOST);
		return;
	}
	text = trimmed(p->arena, text, len);
	if (!p->has_header) {
		header_field(p, text);
		return;
	}
	if (no >= p->nmap) {
		if (no == p->nmap)
			COMPLAIN(p, DIAG_ERROR, p->field, "too-many-fields",
				 "this line has more fields than the first one");
		return;
	}
	if ((c = p->map[no]) < COL_NCOLUMNS) {
		p->values[c] = text;
		p->places[c] = p->field;
	}
}

static const char *bounded(struct parse *p, enum column c, const char *what, size_t most)
{
	const char *text = p->values[c] == NULL ? "" : p->values[c];
	const unsigned char *s;

	if (strlen(text) > most)
		COMPLAIN(p, DIAG_ERROR, p->places[c], "too-long", "%s is longer than %zu bytes",
			 what, most);
	for (s = (const unsigned char *)text; *s != '\0'; s++)
		if (*s < 0x20 || *s == 0x7f) {
			COMPLAIN(p, DIAG_ERROR, p->places[c], "control-character",
				 "%s has a control character", what);
			break;
		}
	return text;
}

static Examd__V1__Role read_role(struct parse *p)
{
	const char *text = p->values[COL_ROLE] == NULL ? "" : p->values[COL_ROLE];
	size_t i;

	for (i = 0; i < COUNT(roles); i++)
		if (strcasecmp(roles[i].name, text) == 0)
			return roles[i].role;
	COMPLAIN(p, DIAG_ERROR, p->places[COL_ROLE], "bad-role",
		 "\"%s\" is no role: candidate, proctor, instructor or admin", text);
	return EXAMD__V1__ROLE__ROLE_CANDIDATE;
}

static uint32_t read_extra(struct parse *p)
{
	const char *text = p->values[COL_EXTRA] == NULL ? "" : p->values[COL_EXTRA];
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text == '\0')
		return 0;
	if (*end == '%')
		end++;
	if (!isdigit((unsigned char)*text) || *end != '\0' || v > ROSTER_EXTRA_MOST) {
		COMPLAIN(p, DIAG_ERROR, p->places[COL_EXTRA], "bad-extra-time",
			 "\"%s\" is no percentage from 0 to %d", text, ROSTER_EXTRA_MOST);
		return 0;
	}
	return (uint32_t)v;
}

static void check_user(struct parse *p, const char *user)
{
	struct seen_user *s;

	if (*user == '\0') {
		if (p->has[COL_USER]) /* else that was said once, of the first line */
			COMPLAIN(p, DIAG_ERROR, p->row, "no-id", "this line has no id");
		return;
	}
	HASH_FIND_STR(p->seen, user, s);
	if (s != NULL) {
		COMPLAIN(p, DIAG_ERROR, p->places[COL_USER], "duplicate-id",
			 "the id \"%s\" is there already, in line %u", user, s->line);
		return;
	}
	s = arena_new(p->arena, sizeof *s);
	s->user = user;
	s->line = p->places[COL_USER].line;
	HASH_ADD_KEYPTR(hh, p->seen, s->user, strlen(s->user), s);
}

static void add_row(struct parse *p)
{
	struct roster *r = p->out;
	struct roster_row row = {.line = p->row.line};

	row.user = bounded(p, COL_USER, "the id", USER_MOST);
	row.name = bounded(p, COL_NAME, "the name", ROSTER_NAME_MOST);
	row.email = bounded(p, COL_EMAIL, "the e-mail address", ROSTER_EMAIL_MOST);
	row.group = bounded(p, COL_GROUP, "the group", ROSTER_GROUP_MOST);
	row.role = read_role(p);
	row.extra_percent = read_extra(p);
	check_user(p, row.user);
	if (*row.name == '\0' && p->has[COL_NAME])
		COMPLAIN(p, DIAG_ERROR,
			 p->places[COL_NAME].line != 0 ? p->places[COL_NAME] : p->row, "no-name",
			 "this line has no name");
	if (*row.email != '\0' && strchr(row.email, '@') == NULL)
		COMPLAIN(p, DIAG_ERROR, p->places[COL_EMAIL], "bad-email",
			 "\"%s\" is no e-mail address", row.email);
	if (r->length == ROSTER_MOST) {
		if (!p->full)
			COMPLAIN(p, DIAG_ERROR, p->row, "too-many-rows",
				 "a roster has at most %d lines", ROSTER_MOST);
		p->full = true;
		return;
	}
	if (r->length == r->cap) {
		r->cap = r->cap == 0 ? 64 : 2 * r->cap;
		r->rows = mem_resize(r->rows, r->cap * sizeof *r->rows);
	}
	r->rows[r->length++] = row;
}

static void end_header(struct parse *p)
{
	static const struct {
		enum column column;
		const char *name;
	} needed[] = {{COL_USER, "id"}, {COL_NAME, "name"}};
	size_t i;

	p->has_header = true;
	for (i = 0; i < COUNT(needed); i++)
		if (!p->has[needed[i].column])
			COMPLAIN(p, DIAG_ERROR, p->row, "missing-column",
				 "the first line names no column \"%s\"", needed[i].name);
}

static void next_row(struct parse *p)
{
	p->nfields = 0;
	memset(p->values, 0, sizeof p->values);
	memset(p->places, 0, sizeof p->places);
	p->fresh_row = true;
}

static void on_row(int end, void *arg)
{
	struct parse *p = arg;

	(void)end;
	if (p->nfields > 0) {
		if (!p->has_header)
			end_header(p);
		else
			add_row(p);
	}
	next_row(p);
}

/* Lines end with LF, CR LF or, from old machines, CR. */
static void step(struct parse *p, uint8_t byte)
{
	bool ends = byte == '\r' || (byte == '\n' && !p->after_cr);

	if (ends)
		p->here = (struct spot){p->here.line + 1, 1};
	else if ((byte & 0xc0) != 0x80 && byte != '\n')
		p->here.column++;
	p->after_cr = byte == '\r';
}

static void begin_csv(struct csv_parser *csv)
{
	if (csv_init(csv, CSV_STRICT | CSV_STRICT_FINI) != 0)
		abort();
}

/* A quote where none may stand: the rest of the line is passed over, and the next one begins anew.
 */
static void bad_quote(struct parse *p, struct csv_parser *csv)
{
	COMPLAIN(p, DIAG_ERROR, p->here, "bad-csv",
		 "a quote inside a field: put the field in quotes, and double those inside");
	csv_free(csv);
	begin_csv(csv);
	if (!p->has_header) { /* what its columns are nobody knows: one error is enough */
		p->has_header = true;
		for (; p->nmap < FIELDS_MOST; p->nmap++)
			p->map[p->nmap] = COL_OTHER;
	}
	next_row(p);
	p->skips_line = true;
}

static void feed_byte(struct parse *p, struct csv_parser *csv, uint8_t byte)
{
	bool ends = byte == '\n' || byte == '\r';

	if (p->skips_line) {
		p->skips_line = !ends;
		return;
	}
	if (p->fresh_row && !ends) {
		p->row = p->here;
		p->fresh_row = false;
		p->fresh_field = true;
	}
	if (p->fresh_field) {
		p->field = p->here;
		p->fresh_field = false;
	}
	if (csv_parse(csv, &byte, 1, on_field, on_row, p) != 1)
		bad_quote(p, csv);
	else if (ends && csv->pstate == 0) /* no row has begun: a line of blanks */
		p->fresh_row = true;
}

/* Byte by byte, so that line and column are known in the callbacks. */
static void feed(struct parse *p, struct csv_parser *csv, struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		feed_byte(p, csv, text.data[i]);
		step(p, text.data[i]);
	}
	if (csv_fini(csv, on_field, on_row, p) != 0)
		COMPLAIN(p, DIAG_ERROR, p->field, "bad-csv",
			 "a quoted field does not end: \" is missing");
}

enum err roster_parse(struct roster *out, struct bytes text, const char *file, struct arena *arena,
		      struct diag *diag)
{
	struct parse p = {.out = out,
			  .arena = arena,
			  .diag = diag,
			  .file = file,
			  .here = {1, 1},
			  .row = {1, 1},
			  .field = {1, 1},
			  .fresh_row = true};
	struct csv_parser csv;

	*out = (struct roster){0};
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		text = bytes_of(text.data + 3, text.len - 3);
	begin_csv(&csv);
	feed(&p, &csv, text);
	csv_free(&csv);
	HASH_CLEAR(hh, p.seen);
	if (!p.has_header)
		diag_add(
		    diag, DIAG_ERROR, (struct diag_place){file, 1, 1}, "empty",
		    "the first line must name the columns: id,name,email,group,role,extra time");
	return diag_has_errors(diag) ? ERR_BAD_INPUT : ERR_OK;
}
