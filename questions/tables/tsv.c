#include "questions/tables/tsv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/mem.h"

static struct bytes cell_at(const char *s, size_t left, size_t cell)
{
	const char *line_end = memchr(s, '\n', left), *end = line_end == NULL ? s + left : line_end;

	for (; cell > 0; cell--) {
		s = memchr(s, '\t', (size_t)(end - s));
		if (s == NULL)
			return (struct bytes){0};
		s++;
	}
	left = (size_t)(end - s);
	end = memchr(s, '\t', left);
	left = end == NULL ? left : (size_t)(end - s);
	if (left > 0 && s[left - 1] == '\r')
		left--;
	return bytes_of(s, left);
}

struct bytes tsv_cell(const struct tsv *t, size_t row, size_t cell)
{
	return cell_at(t->data + t->rows[row], t->len - t->rows[row], cell);
}

static int compare(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n == 0 ? 0 : memcmp(a.data, b.data, n);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* A row by its key while rows are put in order. */
struct keyed {
	struct bytes key;
	uint32_t at;
};

static int by_key_and_place(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int c = compare(x->key, y->key);

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static bool is_in_order(const struct tsv *t)
{
	size_t i;

	for (i = 1; i < t->nrows; i++)
		if (compare(tsv_cell(t, i - 1, 0), tsv_cell(t, i, 0)) > 0)
			return false;
	return true;
}

static void put_in_order(struct tsv *t)
{
	struct keyed *keyed = mem_new_array(t->nrows, sizeof *keyed);
	size_t i;

	for (i = 0; i < t->nrows; i++)
		keyed[i] = (struct keyed){tsv_cell(t, i, 0), t->rows[i]};
	qsort(keyed, t->nrows, sizeof *keyed, by_key_and_place);
	for (i = 0; i < t->nrows; i++)
		t->rows[i] = keyed[i].at;
	free(keyed);
}

static void note_rows(struct tsv *t)
{
	size_t at, cap = 0, next;

	for (at = 0; at < t->len; at = next) {
		const char *end = memchr(t->data + at, '\n', t->len - at);

		next = end == NULL ? t->len : (size_t)(end - t->data) + 1;
		if (t->data[at] == '\n' || t->data[at] == '\r')
			continue;
		if (t->nrows == cap) {
			cap = cap == 0 ? 1024 : 2 * cap;
			t->rows = mem_resize(t->rows, cap * sizeof *t->rows);
		}
		t->rows[t->nrows++] = (uint32_t)at;
	}
	if (!is_in_order(t))
		put_in_order(t);
}

enum err tsv_open(struct tsv *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_OK;
	struct stat st;
	void *data;

	*t = (struct tsv){0};
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = ERR_IO;
	else if ((uint64_t)st.st_size > TSV_BYTES_MOST)
		err = ERR_TOO_LARGE;
	if (err != ERR_OK || st.st_size == 0)
		goto out;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		err = ERR_IO;
		goto out;
	}
	t->data = data;
	t->len = (size_t)st.st_size;
	note_rows(t);
out:
	close(fd);
	return err;
}

void tsv_close(struct tsv *t)
{
	if (t->data != NULL)
		munmap((void *)(uintptr_t)t->data, t->len);
	free(t->rows);
	*t = (struct tsv){0};
}

/* The key of a row, cut to MOST bytes. */
static struct bytes key_of(const struct tsv *t, size_t row, size_t most)
{
	struct bytes key = tsv_cell(t, row, 0);

	key.len = key.len < most ? key.len : most;
	return key;
}

/* The first row whose key, cut to MOST, is not before KEY; after it, when PAST. */
static size_t bisect(const struct tsv *t, struct bytes key, size_t most, bool past)
{
	size_t low = 0, high = t->nrows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = compare(key_of(t, middle, most), key);

		if (c < 0 || (past && c == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct tsv_span span_of(const struct tsv *t, struct bytes key, size_t most)
{
	size_t first = bisect(t, key, most, false);

	return (struct tsv_span){first, bisect(t, key, most, true) - first};
}

struct tsv_span tsv_find(const struct tsv *t, struct bytes key)
{
	return span_of(t, key, SIZE_MAX);
}

struct tsv_span tsv_find_prefix(const struct tsv *t, struct bytes prefix)
{
	return span_of(t, prefix, prefix.len);
}
