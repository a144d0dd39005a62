/* A disk that fails when it is told to: an SQLite VFS over the system's. */
#ifndef DAEMON_STORE_TEST_DISK_H
#define DAEMON_STORE_TEST_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_VFS "faulty"

enum disk_fault {
	DISK_EIO,
	DISK_ENOSPC,
	DISK_SHORT, /* half of a write is done, then it fails */
	DISK_NFAULTS
};

enum disk_files { DISK_ALL, DISK_DATABASE, DISK_LOG };

/* Registers the VFS; again: forgets all plans. */
void disk_reset(void);

/* The N'th write, truncate or sync from now on (counted from 1) on these files fails; with STAYS
 * also every one after it. */
void disk_fails_at(uint64_t n, enum disk_fault fault, bool stays, enum disk_files files);
/* Has it failed yet? */
bool disk_has_failed(void);

/* The files together can have this many bytes; 0: no bound. */
void disk_holds(int64_t bytes);

/* Syncs of the log wait until disk_goes_on(). */
void disk_holds_syncs(void);
/* Waits until a sync is held. */
void disk_until_sync_is_held(void);
void disk_goes_on(void);
/* Syncs of the log that were finished. */
uint64_t disk_syncs(void);

#endif
