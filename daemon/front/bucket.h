/* A token bucket: so many a second, so many at once.  Whole arithmetic in thousandths of a token,
 * so that a slow rate loses nothing to rounding. */
#ifndef DAEMON_FRONT_BUCKET_H
#define DAEMON_FRONT_BUCKET_H

#include <stdbool.h>

#include "proto/base/times.h"

struct bucket {
	int64_t thousandths;
	struct mono_ms filled; /* at this time */
};

/* A full one. */
static inline struct bucket bucket_full(uint32_t burst, struct mono_ms now)
{
	return (struct bucket){(int64_t)burst * 1000, now};
}

/* Takes one token if there is one. */
static inline bool bucket_take(struct bucket *b, uint32_t per_second, uint32_t burst,
			       struct mono_ms now)
{
	/* Tokens a second are thousandths of a token a millisecond. */
	const int64_t most = (int64_t)burst * 1000;
	const int64_t passed = mono_left(now, b->filled).v;

	b->filled = now;
	if (passed > most / per_second)
		b->thousandths = most;
	else
		b->thousandths += passed * per_second;
	if (b->thousandths > most)
		b->thousandths = most;
	if (b->thousandths < 1000)
		return false;
	b->thousandths -= 1000;
	return true;
}

/* How long until there is one. */
static inline struct millis bucket_wait(const struct bucket *b, uint32_t per_second)
{
	const int64_t missing = 1000 - b->thousandths;

	return (struct millis){missing <= 0 ? 0 : (missing + per_second - 1) / per_second};
}

#endif
