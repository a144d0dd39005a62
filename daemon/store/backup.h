/* A copy of the database, made on the writer's connection in steps: what that connection writes
 * meanwhile goes into the copy as well, without starting again.
 *
 * The copy is written as DIR/backups/NAME.tmp and appears as DIR/backups/NAME when it is whole and
 * synced. */
#ifndef DAEMON_STORE_BACKUP_H
#define DAEMON_STORE_BACKUP_H

#include "daemon/store/db.h"

struct backup;

#define BACKUP_NAME_MOST 100

/* ERR_INVALID  not a name for a backup;  ERR_EXISTS  there is one */
MUST_USE enum err backup_check(const char *dir, const char *name);

/* ERR_IO, ERR_DISK_FULL */
MUST_USE enum err backup_new(struct backup **out, struct db *from, const char *dir,
			     const char *name, const char *vfs);
/* Gives up what is not finished. */
void backup_free(struct backup *b);

/* Copies some pages; .done when there are no more. */
struct backup_progress {
	bool done;
	uint32_t percent;
};
MUST_USE enum err backup_step(struct backup *b, int pages, struct backup_progress *out);

/* Syncs the copy and gives it its name: may take long, needs no connection, any thread.
 *
 * ERR_EXISTS  somebody made such a file meanwhile;  ERR_IO, ERR_DISK_FULL */
MUST_USE enum err backup_finish(struct backup *b);

/* Removes what a process that was killed left in DIR/backups unfinished. */
void backup_sweep(const char *dir);

/* fsync() of a directory.  ERR_IO */
MUST_USE enum err dir_sync(const char *dir);

#endif
