/* The start: what is on disk becomes the state in memory. */
#ifndef DAEMON_SERVICE_RECOVER_H
#define DAEMON_SERVICE_RECOVER_H

#include "daemon/service/service.h"

/* Reads everything into an empty core, sets its clock, and tells the engine that it was down.
 *
 * ERR_CORRUPT  a row cannot be read, a bank has another hash, a record is unknown;  ERR_IO */
MUST_USE enum err recover(struct core *core, const struct time_source *time);

#endif
