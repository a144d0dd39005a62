/* A text as a terminal shows it. */
#ifndef DAEMON_REPORT_SHOWN_H
#define DAEMON_REPORT_SHOWN_H

#include "proto/base/bytes.h"

/* {0} is an empty one. */
struct shown {
	struct buf text; /* owned */
	size_t width;	 /* columns that it takes */
	bool cut;	 /* the last text did not fit */
};

/* Adds a UTF-8 text, '?' for what is not printable, until the whole would be wider than MOST. */
void shown_add(struct shown *s, const char *text, size_t most);
void shown_fini(struct shown *s);

#endif
