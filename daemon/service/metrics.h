/* DIR/metrics.prom: what the core counts, as a Prometheus text file for the textfile collector of
 * node_exporter.  It is written beside its place and moved there, by a thread of its own, so that a
 * slow disk holds nothing up. */
#ifndef DAEMON_SERVICE_METRICS_H
#define DAEMON_SERVICE_METRICS_H

#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/times.h"

struct core;
struct metrics;

struct metrics *metrics_new(struct core *core);
/* Waits for a writing under way.  NULL is welcome. */
void metrics_free(struct metrics *m);

/* How often it is written (0: never; the first time is then), and how often the supervisor has
 * started processes so far. */
void metrics_set(struct metrics *m, struct millis every, uint32_t core_starts,
		 uint32_t front_starts);
void metrics_starts(const struct metrics *m, uint32_t *core, uint32_t *fronts);

/* Appends the text as it would be written now, but for the age of the last backup, which is looked
 * up on the thread. */
void metrics_text(const struct metrics *m, struct buf *out);

#endif
