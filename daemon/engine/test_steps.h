/* Given, when, then: the steps of the engine's tests.  Persons are 1, 2, ..., and person P sits at
 * client P; staff is person 7000. */
#ifndef DAEMON_ENGINE_TEST_STEPS_H
#define DAEMON_ENGINE_TEST_STEPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/engine/test_world.h"

#define STAFF 7000

extern struct world *w;
extern struct sitting_id sitting; /* of the last given_sitting() */

int steps_setup(void **state);
int steps_teardown(void **state);
#define RULE(name) cmocka_unit_test_setup_teardown(name, steps_setup, steps_teardown)

/* A sitting of N persons: created, opened, everybody admitted. */
void given_sitting(enum exam exam, size_t n);
/* The same, only created; with a window and the end of the room, 0: none. */
enum err create_sitting(enum exam exam, size_t n, int64_t opens, int64_t closes, int64_t ends);
enum err check_in(int64_t person, enum exam exam, uint32_t extra);
void given_ready(int64_t person, enum exam exam, uint32_t extra); /* and here */
void given_running(enum exam exam, size_t n);			  /* a started room of N */
struct attempt_id given_practice(int64_t person, enum exam exam); /* running, and here */

const struct attempt *of(int64_t person); /* in the sitting */
const struct sitting *room(void);

void wait_for(struct millis t);
void ticks(void); /* until nothing is due */

/* Staff: a verb with a reason, to all or to one attempt. */
enum err say(enum room_verb verb);
enum err say_minutes(enum room_verb verb, int minutes);
enum err say_to(enum room_verb verb, struct attempt_id id);
enum err say_minutes_to(enum room_verb verb, int minutes, struct attempt_id id);

/* An event of an attempt's own person. */
enum err act(enum event_kind kind, struct attempt_id id);
enum err came(struct attempt_id id, uint8_t client);
enum err left(struct attempt_id id, uint8_t client);
enum err confirm(struct attempt_id id);

/* Places as letters: "AC"; under the attempt's own seat. */
enum err put(struct attempt_id id, uint32_t item, uint32_t revision, const char *places);
enum err put_from(struct attempt_id id, uint32_t seat, uint32_t item, uint32_t revision,
		  const char *places);
const char *answer_of(struct attempt_id id, uint32_t item);

/* Whole seconds left of the part under way. */
int64_t left_s(struct attempt_id id);
enum attempt_state state_of(struct attempt_id id);
/* Records of this kind in the log; effects of this notice in the last decision. */
size_t logged(enum record_kind kind);
size_t told(enum effect_kind kind, unsigned notice);

#endif
