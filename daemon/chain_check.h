/* Looking at the records of a stopped daemon. */
#ifndef DAEMON_CHAIN_CHECK_H
#define DAEMON_CHAIN_CHECK_H

#include <stdint.h>

#include "proto/base/err.h"

/* Reads every record of DIR as a starting core would: do all chains follow?  The caller holds the
 * lock and has let the store in (data_lock_let_store()).  Needs a database of the present schema.
 *
 * ERR_CORRUPT, ERR_NOT_FOUND, ERR_IO, ERR_IN_USE */
MUST_USE enum err chain_check(const char *dir, uint64_t *records);

#endif
