/* A file of tab-separated rows, found by their first cell.
 *
 * The file is mapped, not copied; opening it notes where each row begins (100,000 rows in a few
 * milliseconds), and a row is found by bisection.  Rows whose file is not in the order of bytes are
 * put into it, rows of one key in the order of the file.  Immutable once open. */
#ifndef QUESTIONS_TABLES_TSV_H
#define QUESTIONS_TABLES_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define TSV_BYTES_MOST ((size_t)1 << 30)

/* {0} is one without rows, which may be closed and searched. */
struct tsv {
	const char *data; /* mapped; NULL: empty */
	size_t len;
	uint32_t *rows; /* owned: where each begins, in the order of keys */
	size_t nrows;
};

/* Rows first to first + count. */
struct tsv_span {
	size_t first, count;
};

/* ERR_NOT_FOUND  there is no such file
 * ERR_TOO_LARGE  more than TSV_BYTES_MOST
 * ERR_IO         it cannot be read */
MUST_USE enum err tsv_open(struct tsv *t, const char *path);
void tsv_close(struct tsv *t);

/* A cell of a row, from 0; an empty one past the last.  Borrowed from the table. */
struct bytes tsv_cell(const struct tsv *t, size_t row, size_t cell);

/* The rows whose first cell is KEY, and those whose first cell begins with it. */
struct tsv_span tsv_find(const struct tsv *t, struct bytes key);
struct tsv_span tsv_find_prefix(const struct tsv *t, struct bytes prefix);

#endif
