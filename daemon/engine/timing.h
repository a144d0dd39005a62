/* The time of one attempt.  A pure function of its records and of service time: nothing here looks
 * at a clock, at its sitting or at who is connected.
 *
 * Time is used while the attempt is on (running) and no reason to stop is set.  What is used of a
 * part never exceeds its budget. */
#ifndef DAEMON_ENGINE_TIMING_H
#define DAEMON_ENGINE_TIMING_H

#include <stdbool.h>

#include "proto/base/times.h"
#include "questions/model/blueprint.h"

struct part_time {
	struct millis budget, used; /* used: banked, up to .since */
};

struct timing {
	struct part_time parts[BLUEPRINT_PARTS_MOST];
	uint32_t nparts, part;	 /* part: under way */
	bool on;		 /* the attempt is running */
	unsigned stopped;	 /* bits of enum stop */
	struct service_ms since; /* while it runs: what is used from here on is not banked yet */
};

bool timing_runs(const struct timing *t);

/* Of the part under way: never negative. */
struct millis timing_remaining(const struct timing *t, struct service_ms now);
struct millis timing_used(const struct timing *t, uint32_t part, struct service_ms now);

/* When the part's time is over if nothing happens; only while it runs. */
struct service_ms timing_deadline(const struct timing *t);

/* Is the time over, and the grace too, but nobody has closed the part yet? */
bool timing_is_over(const struct timing *t, struct service_ms now);

/* Banks what was used until NOW.  A deadline that has passed stays where it was, and so does its
 * grace. */
void timing_bank(struct timing *t, struct service_ms now);

/* After a change of budgets at NOW, before which was banked: a part that had run out and has time
 * again goes on from here. */
void timing_rebase(struct timing *t, struct service_ms now);

/* A budget: base x (100 + extra) / 100, rounded up to a second. */
struct millis timing_budget(struct millis base, uint32_t extra_percent);

#endif
