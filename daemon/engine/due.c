#include "daemon/engine/due.h"

#include <stdlib.h>

#include "daemon/engine/state.h"
#include "proto/base/mem.h"

void due_fini(struct due *d)
{
	free(d->heap);
	d->heap = NULL;
	d->length = d->cap = 0;
}

/* The place in the heap from 1; 0: not in. */
static size_t *place_of(const struct due *d, struct attempt *a)
{
	return &a->due[d->kind];
}

static void put(struct due *d, size_t i, struct due_entry entry)
{
	d->heap[i] = entry;
	*place_of(d, entry.attempt) = i + 1;
}

/* Moves the entry at I to where it belongs. */
static void settle(struct due *d, size_t i)
{
	struct due_entry entry = d->heap[i];
	size_t child;

	while (i > 0 && d->heap[(i - 1) / 2].at > entry.at) {
		put(d, i, d->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	while ((child = 2 * i + 1) < d->length) {
		if (child + 1 < d->length && d->heap[child + 1].at < d->heap[child].at)
			child++;
		if (d->heap[child].at >= entry.at)
			break;
		put(d, i, d->heap[child]);
		i = child;
	}
	put(d, i, entry);
}

void due_set(struct due *d, struct attempt *a, int64_t at)
{
	size_t place = *place_of(d, a);

	if (place == 0) {
		if (d->length == d->cap) {
			d->cap = d->cap == 0 ? 64 : d->cap * 2;
			d->heap = mem_resize(d->heap, d->cap * sizeof *d->heap);
		}
		place = ++d->length;
	} else if (d->heap[place - 1].at == at) {
		return;
	}
	put(d, place - 1, (struct due_entry){at, a});
	settle(d, place - 1);
}

void due_clear(struct due *d, struct attempt *a)
{
	size_t place = *place_of(d, a);
	struct due_entry last;

	if (place == 0)
		return;
	*place_of(d, a) = 0;
	last = d->heap[--d->length];
	if (last.attempt == a)
		return;
	put(d, place - 1, last);
	settle(d, place - 1);
}

bool due_first(const struct due *d, int64_t *at_out)
{
	if (d->length == 0)
		return false;
	*at_out = d->heap[0].at;
	return true;
}

/* In a heap what is due stands together at the top: nothing else is looked at.  Its depth is the
 * logarithm of its length. */
static void collect(const struct due *d, size_t i, int64_t now, struct attempt **out, size_t *n,
		    size_t most)
{
	if (i >= d->length || d->heap[i].at > now || *n == most)
		return;
	out[(*n)++] = d->heap[i].attempt;
	collect(d, 2 * i + 1, now, out, n, most);
	collect(d, 2 * i + 2, now, out, n, most);
}

size_t due_collect(const struct due *d, int64_t now, struct attempt **out, size_t most)
{
	size_t n = 0;

	collect(d, 0, now, out, &n, most);
	return n;
}
