/* Every write, truncation and sync of SQLite's files in a directory, and every change of the
 * directory's entries, in the order in which the system was asked for them; and from that, what a
 * disk can hold after a loss of power.
 *
 * The files themselves are written as well: this is a VFS over the system's.  What the store does
 * beside SQLite (fsync, renameat2, unlink, unlinkat) is heard by --wrap. */
#ifndef TESTS_POWER_RECORDER_H
#define TESTS_POWER_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"

#define RECORDER_VFS "recorder"

enum happening {
	HAPPENED_WRITE,	   /* file, at, data */
	HAPPENED_TRUNCATE, /* file; at: the size */
	HAPPENED_SYNC,	   /* file */
	HAPPENED_LINK,	   /* file, name: it is there under this name from now on */
	HAPPENED_UNLINK,   /* name */
	HAPPENED_RENAME,   /* name, other */
	HAPPENED_DIR_SYNC, /* folder */
	HAPPENED_MARK,	   /* number: what the test says */
};

/* Names are relative to the directory; one slash at most. */
struct happened {
	enum happening kind;
	unsigned file;
	uint64_t at; /* offset, size or number of the mark */
	size_t data, len;
	char name[48], other[48];
};

/* What is kept from the record, as if the disk had lied about it. */
enum lie { NO_LIE, LIE_LOG, LIE_DATABASE, LIE_DIRECTORY };

struct recording {
	struct happened *all; /* owned */
	size_t length, cap;
	struct buf data; /* what was written */
	unsigned files;
};

/* From now on everything below DIR is recorded, from any thread, until recorder_end(). */
void recorder_begin(const char *dir, enum lie lie);
/* In this place of the order: a number of the test's own. */
void recorder_mark(uint64_t number);
/* The recording is the caller's. */
struct recording recorder_end(void);
void recording_free(struct recording *r);

bool happened_is_sync(const struct happened *h);

#endif
