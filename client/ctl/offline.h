/* Banks and blueprints in files, read and reported on here. */
#ifndef CLIENT_CTL_OFFLINE_H
#define CLIENT_CTL_OFFLINE_H

#include "client/ctl/handlers.h"
#include "proto/base/diag.h"
#include "questions/model/blueprint.h"

/* NULL: it cannot be read, and DIAG says why.  To be freed with bank_free() or blueprint_free(). */
struct bank *offline_read_bank(const char *path, struct diag *diag);
struct blueprint *offline_read_blueprint(const char *path, struct diag *diag);

/* Prints the findings, and GOOD (may be NULL) when none is an error; the exit status. */
int offline_tell(const struct ctl *ctl, struct diag *diag, const char *good);

#endif
