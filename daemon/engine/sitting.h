/* What can be asked of a sitting.  Only engine_apply() changes one.
 *
 * CREATED -> OPEN -> STARTED -> CLOSED; it can be closed from each state before. */
#ifndef DAEMON_ENGINE_SITTING_H
#define DAEMON_ENGINE_SITTING_H

#include "daemon/engine/engine.h"

enum sitting_state { SITTING_CREATED = 1, SITTING_OPEN, SITTING_STARTED, SITTING_CLOSED };

struct sitting_id sitting_id(const struct sitting *s);
const struct blueprint *sitting_blueprint(const struct sitting *s);
const struct bank *sitting_bank(const struct sitting *s);
enum sitting_state sitting_state(const struct sitting *s);
bool sitting_is_paused(const struct sitting *s);
bool sitting_is_admitting(const struct sitting *s); /* everybody who checks in is admitted */
uint64_t sitting_version(const struct sitting *s);
int64_t sitting_title_row(const struct sitting *s);
size_t sitting_persons(const struct sitting *s, const struct person_id **persons_out);
bool sitting_has_person(const struct sitting *s, struct person_id p);
void sitting_released(const struct sitting *s, bool *result, bool *review);
struct millis sitting_added(const struct sitting *s); /* minutes given to the room so far */
/* Wall times, .v 0: no such bound. */
void sitting_window(const struct sitting *s, struct wall_ms *opens, struct wall_ms *closes,
		    struct wall_ms *room_ends);
/* The attempts in memory or packed, in order of check-in. */
size_t sitting_attempts(const struct sitting *s, const struct attempt_id **attempts_out);

#endif
