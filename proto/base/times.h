/* Time.  What must not be mixed has its own type; all are milliseconds.
 *
 * service_ms  the exam's clock (DESIGN.md, Time): every rule uses it, and only it
 * mono_ms     CLOCK_MONOTONIC: stops in suspend; for time limits inside one process
 * boot_ms     CLOCK_BOOTTIME: runs through suspend; the client's countdown
 * wall_ms     CLOCK_REALTIME since 1970 UTC: may jump; a note for people, never a rule
 * millis      a length of time */
#ifndef PROTO_BASE_TIMES_H
#define PROTO_BASE_TIMES_H

#include <stdint.h>

#include "proto/base/err.h"

struct service_ms {
	int64_t v;
};
struct mono_ms {
	int64_t v;
};
struct boot_ms {
	int64_t v;
};
struct wall_ms {
	int64_t v;
};
struct millis {
	int64_t v;
};

#define SECONDS(n) ((struct millis){(int64_t)(n)*1000})
#define MINUTES(n) ((struct millis){(int64_t)(n)*60000})

struct mono_ms mono_now(void);
struct boot_ms boot_now(void);
struct wall_ms wall_now(void);

/* CLOCK_MONOTONIC in nanoseconds, for benchmarks and logs. */
int64_t mono_now_ns(void);

static inline struct mono_ms mono_add(struct mono_ms t, struct millis d)
{
	return (struct mono_ms){t.v + d.v};
}

/* How long until UNTIL: never negative. */
static inline struct millis mono_left(struct mono_ms until, struct mono_ms now)
{
	return (struct millis){until.v > now.v ? until.v - now.v : 0};
}

static inline struct service_ms service_add(struct service_ms t, struct millis d)
{
	return (struct service_ms){t.v + d.v};
}

/* RFC 3339 in UTC with milliseconds, "2026-11-23T07:02:11.482Z".  OUT holds 25 bytes. */
#define WALL_TEXT_SIZE 25
void wall_format(struct wall_ms t, char out[WALL_TEXT_SIZE]);

/* Reads RFC 3339 with Z or an offset; seconds and their fraction may be left out.
 *
 * ERR_INVALID  anything else, or a date that is not in the calendar */
MUST_USE enum err wall_parse(const char *text, struct wall_ms *out);

#endif
