/* Starting an attempt: its form is made, rendered and hashed before the engine is asked. */
#ifndef DAEMON_SERVICE_START_H
#define DAEMON_SERVICE_START_H

#include "daemon/service/service.h"

struct start {
	const struct person *person;
	const struct blueprint *blueprint;
	const struct bank *bank;
	struct form_draw draw;
	bool tutor;
};

/* Fills EV's .u.open with a new form from a random seed, and carries it out (EVENT_CHECK_IN or
 * EVENT_PRACTICE_START); the attempt is core->decision.attempt.
 *
 * ERR_BANK_TOO_SMALL, or what engine_decide() refuses with */
MUST_USE enum err start_attempt(struct core *core, struct event *ev, const struct start *start);

#endif
