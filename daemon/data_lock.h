/* The lock of a data directory, for the offline commands: while it is held no core opens the
 * database, and while a core runs it cannot be had. */
#ifndef DAEMON_DATA_LOCK_H
#define DAEMON_DATA_LOCK_H

#include "proto/base/err.h"

struct data_lock {
	int file;   /* DIR/lock, which a core holds; -1: not held */
	int folder; /* DIR itself, which an open store holds; -1: not held */
};

/* Takes both, without waiting.
 *
 * ERR_IN_USE  a daemon runs;  ERR_NOT_FOUND  there is no such folder;  ERR_FORBIDDEN, ERR_IO */
MUST_USE enum err data_lock_take(struct data_lock *lock, const char *dir);

/* Lets the store be opened by this process; cores stay out. */
void data_lock_let_store(struct data_lock *lock);

/* One that is not held is welcome. */
void data_lock_drop(struct data_lock *lock);

#endif
