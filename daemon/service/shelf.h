/* Banks and exams: memory's (the engine owns them) and the store's, as their YAML text. */
#ifndef DAEMON_SERVICE_SHELF_H
#define DAEMON_SERVICE_SHELF_H

#include "daemon/service/service.h"

struct shelf *shelf_new(void);
void shelf_free(struct shelf *c);

/* Puts a bank or an exam that was read from TEXT and checked; the struct is taken, and may be freed
 * at once: look it up again.  It is the one that new sittings get. */
void shelf_put_bank(struct core *core, struct bank *bank, struct bytes text);
void shelf_put_exam(struct core *core, struct blueprint *blueprint, struct bytes text);

/* Recovery: reads it from its stored text.
 *
 * ERR_CORRUPT  the text has errors now, or another hash than its row */
MUST_USE enum err shelf_load_bank(struct core *core, const struct store_source *row);
MUST_USE enum err shelf_load_exam(struct core *core, const struct store_source *row);

/* The names of all exams, in the order they were first loaded; the newest version of each is
 * engine_blueprint(). */
size_t shelf_exams(const struct core *core, const char *const **names_out);

#endif
