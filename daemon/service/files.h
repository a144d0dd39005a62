/* Files larger than a frame: uploads come in pieces and are named by a number when complete;
 * downloads are made by a handler and fetched in pieces.  Both live as long as their connection. */
#ifndef DAEMON_SERVICE_FILES_H
#define DAEMON_SERVICE_FILES_H

#include "daemon/service/service.h"

#define FILE_NUMBERS 4			/* numbers 1 .. 4, of uploads and of downloads each */
#define FILES_MOST   (16 * 1024 * 1024) /* bytes of all uploads of a connection */

/* What has been uploaded under a number; borrowed until the next upload.
 *
 * ERR_NOT_FOUND  nothing has */
MUST_USE enum err file_uploaded(const struct client *client, uint32_t number, struct bytes *out);

/* Lets the client fetch CONTENT (taken over, empty afterwards) as download NUMBER and fills OUT in.
 * NAME is copied into ARENA.
 *
 * ERR_INVALID  the number */
MUST_USE enum err file_offer(struct client *client, uint32_t number, struct buf *content,
			     const char *name, Examd__V1__File *out, struct arena *arena);

#endif
