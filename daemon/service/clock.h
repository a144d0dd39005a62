/* Service time, the exam's clock: last committed heartbeat + min(monotonic time since it was taken,
 * 0.9 s).  So a crash, a suspend, a frozen machine and a stalled disk cost nobody more than that
 * last stretch, always less than a second, and no wall clock is needed.
 *
 * A stop of the machine falls X ms after a heartbeat, with X up to HEARTBEAT: the clock then runs
 * on for CLOCK_RUN_ON - X ms that nobody used.  So CLOCK_RUN_ON bounds the error, and it is more
 * than twice HEARTBEAT, so that a commit may take half a second before the clock waits for it. */
#ifndef DAEMON_SERVICE_CLOCK_H
#define DAEMON_SERVICE_CLOCK_H

#include <stdbool.h>

#include "daemon/service/core.h"
#include "daemon/store/store.h"

#define CLOCK_RUN_ON ((struct millis){900}) /* the most that it runs past a committed heartbeat */
#define HEARTBEAT    ((struct millis){400}) /* while an attempt runs */
#define IDLE_BEAT    SECONDS(60) /* else: the length of an outage is measured from the last one */

struct heartbeat {
	struct service_ms service;
	struct mono_ms taken;
};

struct service_clock {
	const struct time_source *time; /* borrowed */
	struct heartbeat base;		/* committed */
	struct heartbeat queued;	/* waits for its commit */
	struct store_seq queued_seq;	/* .v 0: none waits */
	struct wall_ms last_wall;	/* of the last heartbeat before the start */
};

/* Goes on from the highest service time on disk. */
void clock_init(struct service_clock *c, const struct time_source *time, struct service_ms highest,
		struct wall_ms last_wall);

struct service_ms clock_now(const struct service_clock *c);
struct wall_ms clock_wall(const struct service_clock *c);
struct mono_ms clock_mono(const struct service_clock *c);

/* Is it time for a heartbeat?  Never while one waits for its commit. */
bool clock_beat_is_due(const struct service_clock *c, bool running);
/* Takes one and queues it. */
void clock_beat(struct service_clock *c, struct store *store);
/* Everything up to UPTO is on disk. */
void clock_committed(struct service_clock *c, struct store_seq upto);

/* How long the service was down by the wall clock; 0 if that went backwards or nothing is known. */
struct millis clock_outage(const struct service_clock *c);

#endif
