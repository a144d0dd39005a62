/* What is closed or asleep: one result row at each close, a transcript later, in idle moments; then
 * the attempt leaves memory.  A sitting stays in memory: it is small, and results may be released
 * long after. */
#ifndef DAEMON_SERVICE_ARCHIVE_H
#define DAEMON_SERVICE_ARCHIVE_H

#include "daemon/service/service.h"

/* Monotonic time after the close: long enough that the console of a room still shows its rows when
 * the last question about them is asked, short enough that a start has little to read. */
#define ARCHIVE_AFTER SECONDS(4 * 3600)

struct archive *archive_new(struct core *core);
void archive_free(struct archive *a);

/* The attempt has been closed, reopened and closed again, voided or released: its result row is
 * written (it is part of what the next reply waits for), its transcript is due later. */
void archive_result(struct core *core, const struct attempt *a);

/* The result rows of a sitting's attempts are written anew: something was released. */
void archive_released(struct core *core, struct sitting_id sitting);

/* Sees to what is due; a timer calls it once a minute. */
void archive_look(struct core *core);

/* After recovery: what is closed or parked is due. */
void archive_recovered(struct core *core);

/* Is the result of an attempt that has left memory released?  By its row, its sitting, or its
 * exam's policy. */
bool archive_row_is_released(const struct core *core, const struct store_result *row, bool review);

/* Brings an attempt back into memory from its records, then calls done() on the loop with ERR_OK,
 * or why not: ERR_NOT_FOUND, ERR_BUSY, ERR_CORRUPT.  Embedded in its owner. */
struct archive_load {
	struct query query; /* the archive's */
	struct core *core;
	struct attempt_id attempt;
	struct arena arena;
	struct record *records;
	size_t nrecords, cap;
	enum err err;
	void (*done)(struct archive_load *load, enum err err);
};
MUST_USE enum err archive_load(struct core *core, struct archive_load *load,
			       struct attempt_id attempt);

#endif
