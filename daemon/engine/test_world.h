/* A small world for tests of the engine: a bank, some exams, a clock turned by hand, and a copy of
 * the engine that is only told the records, packed and decoded again. */
#ifndef DAEMON_ENGINE_TEST_WORLD_H
#define DAEMON_ENGINE_TEST_WORLD_H

#include "daemon/engine/attempt.h"
#include "daemon/engine/sitting.h"

/* Exams over the same bank of 12 items: 0-7 single choice of four (right: the first), 8-9 multiple
 * (right: the first two), 10-11 typed codes (two fields, "E119" and "I10"). */
enum exam {
	EXAM_PLAIN, /* one part of 60 minutes, free; late comers start on ready; result at once */
	EXAM_PARTS, /* 30 minutes free, items 0-5; 20 minutes linear, items 6-11; result by hand */
	EXAM_STOPS, /* as PLAIN; lost connections and breaks stop the clock; late start by hand; no
		       result ever, review by date */
	EXAM_NEXAMS
};

struct world {
	struct engine *e, *copy; /* owned */
	struct decision d;
	struct arena arena; /* owns what events and records point to */
	struct service_ms now;
	struct wall_ms wall;
	uint64_t commands;  /* counts command ids */
	struct record *log; /* every record, sealed; body in the arena, msg NULL */
	size_t nlog, log_cap;
	bool without_looking; /* do not hash the state around each decision */
};

struct world *world_new(void);
void world_free(struct world *w);

/* A fresh engine that knows bank and exams. */
struct engine *world_engine(void);
const char *world_exam_name(enum exam exam);

/* Time goes on. */
void world_wait(struct world *w, struct millis t);

/* An event of now, by person 7 with a new command id (PERSON 0: by the server). */
struct event world_event(struct world *w, enum event_kind kind, int64_t person);
const uint8_t *world_client(uint8_t n); /* 16 bytes */

/* Fills in the form of a check-in or practice start. */
void world_draw(struct world *w, struct event *ev, enum exam exam, int64_t person, uint32_t extra);

/* Decides, checks that deciding changed nothing, applies and logs, and lets the copy apply the same
 * bytes. */
enum err world_do(struct world *w, const struct event *ev);

/* The process dies and a new one reads the log; OUTAGE by the wall clock. */
void world_restart(struct world *w, struct millis outage);

/* Applies the records of one subject, decoded anew, to an engine.  Fails when a chain breaks. */
void world_apply_subject(const struct world *w, struct engine *to, struct subject subject);

/* Is the copy in the same state? */
void world_check_copy(const struct world *w);

/* The last record of the log. */
const struct record *world_last(const struct world *w);

#endif
