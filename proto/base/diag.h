/* Diagnostics: what is wrong with an input, as FILE:LINE:COLUMN, all of it.
 *
 * A parser or check adds every error it finds and goes on; its caller prints them, sorted by place,
 * and changes nothing when there is one. */
#ifndef PROTO_BASE_DIAG_H
#define PROTO_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/bytes.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag_place {
	const char *file;      /* borrowed for the call; NULL: the input as a whole */
	unsigned line, column; /* from 1; 0: not known */
};

struct diag_entry {
	enum diag_level level;
	char *file; /* owned, may be NULL */
	unsigned line, column;
	char *id;   /* owned: stable name of the rule, "duplicate-key"; may be NULL */
	char *text; /* owned: a sentence without the place */
};

/* {0} is an empty one.  At most DIAG_MOST entries are kept; the rest is counted. */
#define DIAG_MOST 1000
struct diag {
	struct diag_entry *entries; /* owned */
	size_t length, cap;
	size_t errors, warnings; /* counted, kept or not */
};

void diag_fini(struct diag *d);
__attribute__((format(printf, 5, 6))) void diag_add(struct diag *d, enum diag_level level,
						    struct diag_place place, const char *id,
						    const char *fmt, ...);
bool diag_has_errors(const struct diag *d);

/* By file, line, column; entries of one place stay in the order they were added. */
void diag_sort(struct diag *d);

/* "FILE:LINE:COLUMN: error: TEXT [ID]", a line each, then "N more" when some were not kept. */
void diag_print(const struct diag *d, struct buf *out);

#endif
