/* A form in a record, and back: what was drawn gives the form without drawing again. */
#ifndef DAEMON_ENGINE_DRAWN_H
#define DAEMON_ENGINE_DRAWN_H

#include "daemon/engine/decision.h"

/* What the event opens, as a message in the arena. */
Examd__Record__Form *drawn_write(struct deciding *b);

/* Fills in form, draw, hashes and empty answers of an attempt that knows blueprint and bank. */
void drawn_read(struct attempt *a, const Examd__Record__Form *m);

#endif
