/* Result rows, read by a query and copied, so that the loop can use them. */
#ifndef DAEMON_SERVICE_RESULT_ROWS_H
#define DAEMON_SERVICE_RESULT_ROWS_H

#include "daemon/service/service.h"

/* {0} is an empty list. */
struct result_rows {
	struct store_result *rows; /* owned; texts and bytes in the arena */
	size_t length, cap;
	struct arena arena;
};
void result_rows_fini(struct result_rows *r);

/* Copies a row with what it points to. */
void result_row_copy(struct store_result *out, const struct store_result *in, struct arena *arena);
/* Appends a copy. */
void result_rows_add(struct result_rows *r, const struct store_result *row);

/* On the reader's thread: reads the rows of a sitting whose attempt comes after AFTER, in order of
 * attempt.
 *
 * ERR_CORRUPT, ERR_IO */
MUST_USE enum err result_rows_read(struct result_rows *r, struct reader *reader,
				   struct sitting_id sitting, struct attempt_id after);

/* The closing record of a row, decoded into the arena; NULL: it was voided before it was closed. */
const Examd__Record__AttemptClosed *result_row_closing(const struct store_result *row,
						       struct arena *arena);

#endif
