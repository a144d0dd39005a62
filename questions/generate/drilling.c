#include "questions/generate/drilling.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static const struct drill drills[] = {
    {"title-to-code", "the ICD-10-CM code of a title, among its siblings", TABLE_CM,
     make_title_to_code},
    {"code-to-title", "the title of an ICD-10-CM code, among those of its siblings", TABLE_CM,
     make_code_to_title},
    {"billable", "which ICD-10-CM code may be reported as it stands", TABLE_CM, make_billable},
    {"seventh-character", "the seventh character for an encounter", TABLE_CM, make_seventh},
    {"laterality", "the ICD-10-CM code of the side that is documented", TABLE_CM, make_laterality},
    {"specificity", "the most specific ICD-10-CM code that is documented", TABLE_CM,
     make_specificity},
    {"pcs-axis", "the value of an axis in a table of ICD-10-PCS", TABLE_PCS_ROWS, make_pcs_axis},
    {"pcs-code", "the ICD-10-PCS code of a described procedure", TABLE_PCS, make_pcs_code},
    {"pcs-root-operation", "the root operation for a definition or an example", TABLE_PCS_TERMS,
     make_root_operation},
    {"hcpcs", "the HCPCS Level II code of a supply or drug, drugs with their units", TABLE_HCPCS,
     make_hcpcs},
};

const struct drill *drill_nth(size_t i)
{
	return i < COUNT(drills) ? &drills[i] : NULL;
}

const struct drill *drill_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(drills); i++)
		if (strcmp(drills[i].name, name) == 0)
			return &drills[i];
	return NULL;
}

const char *drill_reason(enum drill_refused reason)
{
	static const char *const reasons[] = {
	    [REFUSED_AMBIGUOUS] = "another title could not be told apart from theirs",
	    [REFUSED_FEW] = "too few codes or terms beside them to choose from",
	    [REFUSED_UNFIT] = "they do not say what this kind asks, or not in a form for an item",
	    [REFUSED_OBVIOUS] = "the right code would give itself away by its length",
	    [REFUSED_TWIN] = "they would ask what an earlier item asks",
	};

	return reasons[reason];
}

/* ---- Making an item ---------------------------------------------------------------------- */

const char *drill_text(struct drilling *d, const char *fmt, ...)
{
	va_list ap;
	char *made = NULL, *kept;

	va_start(ap, fmt);
	if (vasprintf(&made, fmt, ap) < 0)
		abort();
	va_end(ap);
	kept = arena_copy_text(&d->arena, made);
	free(made);
	return kept;
}

const char *drill_code(struct drilling *d, struct drill_item *item, enum code_system system,
		       struct bytes code)
{
	bool dot = system == CODE_ICD10CM && code.len > 3;
	const char *shown = dot ? drill_text(d, "%.3s.%.*s", (const char *)code.data,
					     (int)code.len - 3, (const char *)code.data + 3)
				: drill_text(d, "%.*s", BYTES(code));
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		if (strcmp(item->codes[i].code, shown) == 0)
			return shown;
	if (item->ncodes < DRILL_CODES) {
		item->codes[item->ncodes].system = system;
		item->codes[item->ncodes++].code = shown;
	}
	return shown;
}

void drill_option(struct drill_item *item, const char *text, const char *why)
{
	item->options[item->noptions++] = (struct drill_option){text, why};
}

void drill_refuse(struct drilling *d, enum drill_refused reason)
{
	d->report->refused[reason]++;
}

bool rivals_draw(struct drilling *d, struct rivals *r, size_t *row)
{
	size_t which;

	if (r->n == 0)
		return false;
	which = draw_below(&d->draw, r->n);
	*row = r->rows[which];
	r->rows[which] = r->rows[--r->n];
	return true;
}

/* ---- Titles that there are twice --------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The cell of the title in a source whose titles are told apart; 0: it has none. */
static size_t title_cell(enum table source)
{
	return source == TABLE_CM ? 2 : source == TABLE_PCS || source == TABLE_HCPCS ? 1 : 0;
}

/* Of codes that may be reported only: a header often reads like the code below it. */
static void count_cores(struct drilling *d)
{
	const struct tsv *t = &d->tables->of[d->drill->source];
	size_t i, cell = title_cell(d->drill->source);

	if (cell == 0)
		return;
	d->cores.list = mem_new_array(t->nrows, sizeof *d->cores.list);
	d->core_of = mem_new_array(t->nrows, sizeof *d->core_of);
	d->sideless_of = mem_new_array(t->nrows, sizeof *d->sideless_of);
	for (i = 0; i < t->nrows; i++) {
		struct bytes title = tsv_cell(t, i, cell);

		d->core_of[i] = title_core(title);
		d->sideless_of[i] = title_sideless(title);
		if (cell != 2 || bytes_equal(tsv_cell(t, i, 1), bytes_of_text("1")))
			d->cores.list[d->cores.n++] = d->core_of[i];
	}
	qsort(d->cores.list, d->cores.n, sizeof *d->cores.list, by_value);
}

bool drill_is_single(const struct drilling *d, size_t row)
{
	uint64_t core = d->core_of[row];
	const uint64_t *found = bsearch(&core, d->cores.list, d->cores.n, sizeof core, by_value);

	return found == NULL || ((found == d->cores.list || found[-1] != core) &&
				 (found + 1 == d->cores.list + d->cores.n || found[1] != core));
}

/* ---- Stems that there were --------------------------------------------------------------- */

struct stem_seen {
	char *stem; /* owned */
	UT_hash_handle hh;
};

static bool is_new_stem(struct drilling *d, const char *stem)
{
	struct stem_seen *seen;

	HASH_FIND_STR(d->stems, stem, seen);
	if (seen != NULL)
		return false;
	seen = mem_new(sizeof *seen);
	seen->stem = mem_copy_text(stem);
	HASH_ADD_KEYPTR(hh, d->stems, seen->stem, strlen(seen->stem), seen);
	return true;
}

static void forget_stems(struct drilling *d)
{
	struct stem_seen *seen, *next;

	HASH_ITER (hh, d->stems, seen, next) {
		HASH_DEL(d->stems, seen);
		free(seen->stem);
		free(seen);
	}
}

/* ---- YAML -------------------------------------------------------------------------------- */

/* Between single quotes, which are doubled inside: nothing else is special there. */
static void put_quoted(struct buf *out, const char *text)
{
	buf_put_u8(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_put_u8(out, '\'');
		buf_put_u8(out, (uint8_t)*text);
	}
	buf_put_u8(out, '\'');
}

static void put_line(struct buf *out, const char *key, const char *text)
{
	buf_put_text(out, key);
	put_quoted(out, text);
	buf_put_u8(out, '\n');
}

/* Of four keys in a row each stands at another place. */
static size_t place_of_key(struct drilling *d)
{
	if (d->report->made % DRILL_OPTIONS == 0)
		draw_order(&d->draw, d->places, DRILL_OPTIONS);
	return d->places[d->report->made % DRILL_OPTIONS];
}

static void put_options(struct drilling *d, const struct drill_item *item)
{
	size_t i, place = place_of_key(d) % item->noptions, wrong = 1;

	buf_put_text(d->out, "    options:\n");
	for (i = 0; i < item->noptions; i++) {
		const struct drill_option *o = &item->options[i == place ? 0 : wrong++];

		put_line(d->out, "      - text: ", o->text);
		if (i == place)
			buf_put_text(d->out, "        right: true\n");
		put_line(d->out, "        why: ", o->why);
	}
}

static void put_codes(struct drilling *d, const struct drill_item *item)
{
	static const char *const words[] = {"icd10cm", "icd10pcs", "hcpcs2"};
	size_t i;

	if (item->ncodes > 0)
		buf_put_text(d->out, "    codes:\n");
	for (i = 0; i < item->ncodes; i++)
		buf_printf(d->out, "      - {system: %s, code: '%s'}\n",
			   words[item->codes[i].system], item->codes[i].code);
}

void drill_put(struct drilling *d, const struct drill_item *item)
{
	if (d->report->made == d->count)
		return;
	if (!is_new_stem(d, item->stem)) {
		drill_refuse(d, REFUSED_TWIN);
		return;
	}
	buf_printf(d->out, "  - id: %s-%05zu\n    sections: {drill: %s}\n    level: %s\n",
		   d->drill->name, d->report->made + 1, d->drill->name, item->level);
	buf_printf(d->out, "    topic: [drill, %s, %s]\n    kind: single\n", item->topic,
		   d->drill->name);
	put_line(d->out, "    stem: ", item->stem);
	put_options(d, item);
	put_line(d->out, "    rationale: ", item->rationale);
	put_line(d->out, "    references:\n      - ", item->reference);
	put_codes(d, item);
	buf_put_text(d->out, "    review: {status: reviewed, by: made from the official tables}\n");
	d->report->made++;
}

static void put_header(struct drilling *d, const struct drill_order *order)
{
	buf_printf(d->out,
		   "# Made by: examctl bank generate --kind %s --seed %llu --count %zu\n"
		   "bank: drill-%s\ntitle: 'Drill: %s'\nversion: '%llu'\n",
		   d->drill->name, (unsigned long long)order->seed, order->count, d->drill->name,
		   d->drill->help, (unsigned long long)order->seed);
	if (d->tables->year[0] != '\0')
		buf_printf(d->out, "code_year: %s\n", d->tables->year);
	if (d->hcpcs[0] != '\0')
		buf_printf(d->out, "hcpcs: '%s'\n", d->hcpcs);
	buf_put_text(d->out, "licence: public domain\n"
			     "copyright: none; made from tables of the US government\nitems:\n");
}

/* ---- Running ----------------------------------------------------------------------------- */

/* The release of HCPCS Level II: the month in which the newest of its codes took effect. */
static void note_release(struct drilling *d)
{
	const struct tsv *status = &d->tables->of[TABLE_HCPCS_STATUS];
	struct bytes newest = {0};
	size_t i;

	for (i = 0; i < status->nrows; i++) {
		struct bytes when = tsv_cell(status, i, 2);

		if (when.len == 8 &&
		    tsv_find(&d->tables->of[TABLE_HCPCS], tsv_cell(status, i, 0)).count > 0 &&
		    (newest.len == 0 || memcmp(when.data, newest.data, 8) > 0))
			newest = when;
	}
	if (newest.len == 8)
		snprintf(d->hcpcs, sizeof d->hcpcs, "%.4s-%.2s", (const char *)newest.data,
			 (const char *)newest.data + 4);
}

void drill_make(struct buf *out, const struct drill *drill, const struct tables *tables,
		const struct drill_order *order, struct drill_report *report)
{
	struct drilling d = {.drill = drill,
			     .tables = tables,
			     .report = report,
			     .count = order->count,
			     .out = out,
			     .draw = {order->seed}};
	size_t i, n = tables->of[drill->source].nrows;
	uint32_t *rows = mem_new_array(n, sizeof *rows);

	note_release(&d);
	count_cores(&d);
	put_header(&d, order);
	draw_order(&d.draw, rows, n);
	for (i = 0; i < n && report->made < order->count; i++) {
		drill->make(&d, rows[i]);
		arena_reset(&d.arena);
	}
	forget_stems(&d);
	arena_fini(&d.arena);
	free(d.cores.list);
	free(d.core_of);
	free(d.sideless_of);
	free(rows);
}
