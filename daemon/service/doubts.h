/* Doubts: what an operator should look at before a room depends on this machine.  They stop
 * nothing; `examd status` lists them, and the log has them whenever a sitting is opened. */
#ifndef DAEMON_SERVICE_DOUBTS_H
#define DAEMON_SERVICE_DOUBTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/times.h"

struct core;
struct doubts;

enum doubt {
	DOUBT_DISK,	   /* less than 1 GiB or 5 percent is free */
	DOUBT_MEMORY,	   /* the data directory is on a file system in memory */
	DOUBT_DESCRIPTORS, /* the limit of open files is below what connections_most needs */
	DOUBT_CLOCK,	   /* the wall clock is before 2026 */
	DOUBT_STEP,	   /* it has stepped in the last hour */
	DOUBT_CERTIFICATE, /* it ends within 14 days, or has ended */
	DOUBTS
};

/* What they are judged by; 0 where something is not known. */
struct doubt_facts {
	uint64_t disk_free, disk_size; /* bytes, for those who are not root */
	bool in_memory;
	uint64_t descriptors, descriptors_needed; /* of a process */
	struct wall_ms wall;
	bool stepped;
	struct wall_ms certificate_until;
};

/* A bit for each doubt: 1 << DOUBT_. */
unsigned doubts_judge(const struct doubt_facts *facts);

const char *doubt_name(enum doubt d);	  /* "disk" */
const char *doubt_sentence(enum doubt d); /* for a person */

/* Watches the clock of the core for steps. */
struct doubts *doubts_new(struct core *core);
void doubts_free(struct doubts *d);
/* Compares the clocks with those of the last call; for the timer, and for tests. */
void doubts_watch(struct doubts *d);

/* Looks now. */
unsigned doubts_look(const struct doubts *d);

/* A sitting was opened: a line of the log, when there is a doubt. */
void doubts_tell(const struct doubts *d, struct sitting_id sitting);

#endif
