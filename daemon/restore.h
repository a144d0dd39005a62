/* Putting a backup in the place of the database. */
#ifndef DAEMON_RESTORE_H
#define DAEMON_RESTORE_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

/* Copies FILE to DIR/examd.db; the caller holds the lock.  FILE is copied first and the copy
 * checked (database_check.h), so nothing changes when it is not sound.  The present database is
 * kept as DIR/examd.db.before-restore-STAMP, its write-ahead log with it.  Whatever happens, it or
 * the restored one is in place, or a second call finishes the work.  Appends to SAID what was done,
 * or what the faults are, a line each.
 *
 * ERR_CORRUPT, ERR_NEWER_SCHEMA, ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO
 * ERR_EXISTS  a database was kept under that STAMP already */
MUST_USE enum err restore_make(const char *file, const char *dir, const char *stamp,
			       struct buf *said);

#endif
