/* Files that are read or written as a whole. */
#ifndef DAEMON_WHOLE_FILE_H
#define DAEMON_WHOLE_FILE_H

#include <sys/types.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

/* Appends the file to OUT.
 *
 * ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_TOO_LARGE (more than MOST bytes), ERR_IO */
MUST_USE enum err whole_file_read(const char *path, size_t most, struct buf *out);

/* Makes a new file and has it on the disk (its folder's entry is the caller's).  What was made is
 * removed on failure.
 *
 * ERR_EXISTS, ERR_NOT_FOUND (the folder), ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO */
MUST_USE enum err whole_file_make(const char *path, mode_t mode, struct bytes content);

/* Copies into a new file, as whole_file_make(). */
MUST_USE enum err whole_file_copy(const char *from, const char *to, mode_t mode);

/* Has a folder's entries on the disk.  ERR_IO, ERR_NOT_FOUND, ERR_FORBIDDEN */
MUST_USE enum err whole_file_sync_folder(const char *path);

/* What an errno of a file means. */
enum err whole_file_error(int number);

#endif
