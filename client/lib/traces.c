#include "client/lib/traces.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define MARK_BYTES (1 + 4 + 4)

void traces_fini(struct traces *t)
{
	for (size_t i = 0; i < t->nitems; i++)
		free(t->items[i].marks);
	free(t->items);
	*t = (struct traces){0};
}

static struct item_traces *item_of(struct traces *t, struct item_no item)
{
	if (item.v >= TRACES_ITEMS_MOST)
		return NULL;
	if (item.v >= t->nitems) {
		size_t n = (size_t)item.v + 1;

		t->items = mem_resize(t->items, n * sizeof *t->items);
		memset(t->items + t->nitems, 0, (n - t->nitems) * sizeof *t->items);
		t->nitems = n;
	}
	return &t->items[item.v];
}

/* ---- Looking ----------------------------------------------------------------------------- */

void traces_look(struct traces *t, struct item_no item)
{
	struct item_traces *i = item_of(t, item);

	if (i == NULL)
		return;
	i->seen = true;
	t->place = item;
	t->has_place = true;
}

bool traces_is_seen(const struct traces *t, struct item_no item)
{
	return item.v < t->nitems && t->items[item.v].seen;
}

/* ---- Highlighting ------------------------------------------------------------------------ */

/* Is all of M highlighted?  Marks that touch are one, so one of them must hold it. */
static bool is_marked(const struct item_traces *i, struct mark m)
{
	for (size_t k = 0; k < i->nmarks; k++)
		if (i->marks[k].where == m.where && i->marks[k].from <= m.from &&
		    i->marks[k].to >= m.to)
			return true;
	return false;
}

static void put(struct mark *marks, size_t *n, enum mark_where where, uint32_t from, uint32_t to)
{
	if (from < to)
		marks[(*n)++] = (struct mark){where, from, to};
}

/* All marks without what M covers; those that touch M are drawn into it when JOIN. */
static size_t without(const struct item_traces *i, struct mark *m, bool join, struct mark *out)
{
	size_t n = 0;

	for (size_t k = 0; k < i->nmarks; k++) {
		struct mark old = i->marks[k];

		if (old.where != m->where || old.to < m->from || old.from > m->to) {
			out[n++] = old;
		} else if (join) {
			m->from = old.from < m->from ? old.from : m->from;
			m->to = old.to > m->to ? old.to : m->to;
		} else {
			put(out, &n, old.where, old.from, old.to < m->from ? old.to : m->from);
			put(out, &n, old.where, old.from > m->to ? old.from : m->to, old.to);
		}
	}
	return n;
}

static int by_place(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->where != y->where)
		return x->where < y->where ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

enum err traces_mark(struct traces *t, struct item_no item, struct mark mark)
{
	struct item_traces *i = item_of(t, item);
	struct mark out[TRACES_MARKS_MOST + 2];
	bool off;
	size_t n;

	if (i == NULL || mark.where >= MARK_NWHERE || mark.from >= mark.to)
		return ERR_INVALID;
	off = is_marked(i, mark);
	n = without(i, &mark, !off, out);
	if (!off)
		out[n++] = mark;
	if (n > TRACES_MARKS_MOST)
		return ERR_TOO_MANY;
	qsort(out, n, sizeof out[0], by_place);
	i->marks = mem_resize(i->marks, (n + 1) * sizeof *i->marks);
	memcpy(i->marks, out, n * sizeof out[0]);
	i->nmarks = n;
	return ERR_OK;
}

size_t traces_marks(const struct traces *t, struct item_no item, const struct mark **out)
{
	*out = item.v < t->nitems ? t->items[item.v].marks : NULL;
	return item.v < t->nitems ? t->items[item.v].nmarks : 0;
}

/* ---- The journal ------------------------------------------------------------------------- */

static void save_look(uint32_t item, struct journal *j)
{
	uint8_t content[4];

	u32_write(content, item);
	journal_trace(j, JOURNAL_LOOKED, bytes_of(content, sizeof content));
}

void traces_save_marks(const struct traces *t, struct item_no item, struct journal *j)
{
	struct buf content = {0};
	const struct mark *marks;
	size_t n = traces_marks(t, item, &marks);

	if (j == NULL)
		return;
	buf_put_u32(&content, item.v);
	for (size_t k = 0; k < n; k++) {
		buf_put_u8(&content, (uint8_t)marks[k].where);
		buf_put_u32(&content, marks[k].from);
		buf_put_u32(&content, marks[k].to);
	}
	journal_trace(j, JOURNAL_MARKED, buf_bytes(&content));
	buf_fini(&content);
}

void traces_save_place(const struct traces *t, struct journal *j)
{
	if (j != NULL && t->has_place)
		save_look(t->place.v, j);
}

void traces_save(const struct traces *t, struct journal *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < t->nitems; i++) {
		if (t->items[i].seen)
			save_look((uint32_t)i, j);
		if (t->items[i].nmarks > 0)
			traces_save_marks(t, (struct item_no){(uint32_t)i}, j);
	}
	traces_save_place(t, j);
}

static void restore_marks(struct traces *t, struct item_no item, struct bytes content)
{
	struct item_traces *i = item_of(t, item);

	if (i == NULL)
		return;
	i->nmarks = 0;
	for (size_t at = 0; at + MARK_BYTES <= content.len; at += MARK_BYTES) {
		const uint8_t *p = content.data + at;
		struct mark m = {(enum mark_where)p[0], u32_read(p + 1), u32_read(p + 5)};

		(void)!traces_mark(t, item, m); /* another release wrote what makes no sense */
	}
}

void traces_restore(struct traces *t, uint8_t kind, struct bytes content)
{
	struct item_no item;

	if (content.len < 4)
		return;
	item.v = u32_read(content.data);
	if (kind == JOURNAL_LOOKED)
		traces_look(t, item);
	else if (kind == JOURNAL_MARKED)
		restore_marks(t, item, bytes_of(content.data + 4, content.len - 4));
}
