/* The writer: one thread with the one connection that writes.  It takes everything that waits,
 * commits it as one transaction and says so; between commits it packs transcripts, cuts the table,
 * checkpoints and copies, in slices.
 *
 * The write-ahead log is checkpointed here and not by SQLite's own hook: after the commit has been
 * announced, and with the error looked at.
 *
 * Any error is final: nothing after the last good commit is ever announced. */
#ifndef DAEMON_STORE_WRITER_H
#define DAEMON_STORE_WRITER_H

#include "daemon/store/db.h"
#include "daemon/store/places.h"
#include "daemon/store/queue.h"

struct writer;

struct writer_config {
	struct db *db;	       /* taken */
	struct places *places; /* borrowed */
	const char *dir;       /* borrowed */
	const char *vfs;       /* borrowed; for copies */
	size_t transcript_most;
	uint64_t checkpoint; /* pages of the log from one to the next */
};

/* Reads where it stands and starts the thread.  On an error the connection is still the caller's.
 *
 * ERR_CORRUPT, ERR_IO */
MUST_USE enum err writer_new(struct writer **out, const struct writer_config *config);

/* Commits what was added, packs, stops, closes the connection.  NULL is welcome. */
void writer_free(struct writer *w);

/* Takes all of BATCH and gives blocks back in SPARE. */
void writer_add(struct writer *w, struct batch *batch, struct batch *spare);

/* The bytes that were added and are not yet committed. */
size_t writer_backlog(struct writer *w);

int writer_fd(const struct writer *w);
/* ERR_UNDECIDED */
MUST_USE enum err writer_settle(struct writer *w, uint64_t *committed);

/* ERR_BUSY */
MUST_USE enum err writer_backup(struct writer *w, const char *name);
enum backup_state writer_backup_state(struct writer *w, uint32_t *percent);

/* .queued counts what was added. */
void writer_stats(struct writer *w, struct store_stats *out);

#endif
