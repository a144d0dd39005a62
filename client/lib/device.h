/* What a device keeps between two runs of the client: its id, and the session of whoever sits at
 * it.
 *
 * Files of mode 0600 in a directory of mode 0700: client-id (16 random bytes), and
 * session-XXXXXXXX, where X is made from who it belongs to, so that the next person at the same
 * machine never goes on with the session of the one before.  A session is bound to the server's key
 * as well. */
#ifndef CLIENT_LIB_DEVICE_H
#define CLIENT_LIB_DEVICE_H

#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/ids.h"

#define CLIENT_ID   16
#define TOKEN_BYTES 32

struct device {
	char *dir; /* owned; NULL: nothing is kept */
	uint8_t client_id[CLIENT_ID];
};

/* Makes the directory (and those above it) and the id where they are missing.  DIR may be NULL.
 *
 * ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO */
MUST_USE enum err device_open(struct device *d, const char *dir);
void device_fini(struct device *d);

/* Who a session belongs to: "slip:..." or "user:...". */
struct digest device_owner(const char *kind, const char *who);

bool device_read_token(const struct device *d, const struct digest *owner, const struct digest *pin,
		       uint8_t token[TOKEN_BYTES]);
/* A failure costs only the comfort of not logging in again, so it is not told. */
void device_keep_token(const struct device *d, const struct digest *owner, const struct digest *pin,
		       const uint8_t token[TOKEN_BYTES]);
void device_forget_token(const struct device *d, const struct digest *owner);

/* ---- Small files, for the other parts of the client too ---------------------------------- */

/* The errno of a file operation as one of ours. */
enum err file_error(int number);

/* Makes a directory of mode 0700 and what is missing above it. */
MUST_USE enum err file_make_dir(const char *dir);

/* The whole file, at most MOST bytes, appended to OUT.
 *
 * ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_FORBIDDEN, ERR_IO */
MUST_USE enum err file_read(const char *path, size_t most, struct buf *out);

/* Whole or not at all: written beside, synced, renamed; mode 0600. */
MUST_USE enum err file_replace(const char *path, struct bytes content);

#endif
