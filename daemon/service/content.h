/* Banks and exams: memory's (the engine owns them) and the store's, as their YAML text. */
#ifndef DAEMON_SERVICE_CONTENT_H
#define DAEMON_SERVICE_CONTENT_H

#include "daemon/service/service.h"

struct content *content_new(void);
void content_free(struct content *c);

/* Puts a bank or an exam that was read from TEXT and checked; the struct is taken.  One that is
 * known by its hash changes nothing, and false is returned. */
bool content_put_bank(struct core *core, struct bank *bank, struct bytes text);
bool content_put_exam(struct core *core, struct blueprint *blueprint, struct bytes text);

/* Recovery: reads it from its stored text.
 *
 * ERR_CORRUPT  the text has errors now, or another hash than its row */
MUST_USE enum err content_load_bank(struct core *core, const struct store_source *row);
MUST_USE enum err content_load_exam(struct core *core, const struct store_source *row);

/* The names of all exams, in the order they were first loaded; the newest version of each is
 * engine_blueprint(). */
size_t content_exams(const struct core *core, const char *const **names_out);

#endif
