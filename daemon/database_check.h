/* Looking at a database that nobody has open: a stopped daemon's, or a backup. */
#ifndef DAEMON_DATABASE_CHECK_H
#define DAEMON_DATABASE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

/* Is the file at PATH a sound database of examd?  Reads only.  ALONE: it has no write-ahead log,
 * nor may one be made; a backup.  Appends a sentence for each fault to FAULTS, a line each, at most
 * some twenty; *SCHEMA gets its version.
 *
 * ERR_NOT_FOUND, ERR_FORBIDDEN
 * ERR_CORRUPT       faults were found, or it is no database of examd's
 * ERR_NEWER_SCHEMA  a newer release wrote it
 * ERR_IO            it could not be read */
MUST_USE enum err database_check(const char *path, bool alone, int64_t *schema, struct buf *faults);

#endif
