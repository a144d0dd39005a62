/* The last backup that was begun, whoever asked for it: the operator on DIR/control (control.c) or
 * an admin over the wire (staff_backup.c).  The store makes it (store_backup()); here stands which
 * one it is, and somebody may be told how it goes on. */
#ifndef DAEMON_SERVICE_BACKUPS_H
#define DAEMON_SERVICE_BACKUPS_H

#include "daemon/service/service.h"

#define BACKUPS_WATCH_EVERY ((struct millis){200})

struct backups_watcher {
	void (*on_progress)(struct backups_watcher *w, uint32_t percent);
	void (*on_end)(struct backups_watcher *w, enum err err); /* ERR_OK, ERR_IO */
};

struct backups *backups_new(struct core *core);
void backups_free(struct backups *b);

/* Begins one into DIR/backups/NAME.  ID: the command that asked, or NULL: none.
 *
 * ERR_BUSY  one is under way;  ERR_INVALID  the name;  ERR_EXISTS  there is such a file */
MUST_USE enum err backups_begin(struct backups *b, const struct command_id *id, const char *name);

/* How far the one is that was begun last, if ID asked for it under NAME: *PERCENT 0 to 100, *DONE
 * when its file is whole and on disk.
 *
 * ERR_NOT_FOUND  another one, or none, was begun last;  ERR_COMMAND_REUSED  under another name
 * ERR_IO         it failed */
MUST_USE enum err backups_state(const struct backups *b, const struct command_id *id,
				const char *name, uint32_t *percent, bool *done);

/* Tells W of the one under way, until it has ended; NULL: nobody.  Borrowed. */
void backups_watch(struct backups *b, struct backups_watcher *w);

#endif
