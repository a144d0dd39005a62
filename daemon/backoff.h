/* How long to wait before a process is started again: not at all the first time, then 0.1 s, twice
 * as long each time, at most 5 s; a process that lived for 60 s begins anew. */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#include "proto/base/times.h"

#define BACKOFF_FIRST  ((struct millis){100})
#define BACKOFF_MOST   ((struct millis){5000})
#define BACKOFF_FORGET ((struct millis){60000})

/* {0} at the beginning. */
struct backoff {
	unsigned deaths; /* in a row */
};

/* It has died after LIVED: how long to wait. */
static inline struct millis backoff_next(struct backoff *b, struct millis lived)
{
	struct millis wait = BACKOFF_FIRST;
	unsigned i;

	if (lived.v >= BACKOFF_FORGET.v)
		b->deaths = 0;
	if (b->deaths++ == 0)
		return (struct millis){0};
	for (i = 2; i < b->deaths && wait.v < BACKOFF_MOST.v; i++)
		wait.v *= 2;
	return wait.v < BACKOFF_MOST.v ? wait : BACKOFF_MOST;
}

#endif
