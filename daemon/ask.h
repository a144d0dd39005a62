/* Asking a running core over DIR/control (daemon/service/control.h has the other end). */
#ifndef DAEMON_ASK_H
#define DAEMON_ASK_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/times.h"

/* Sends LINE (without its end) and reads until "ok" or "error NAME SENTENCE".  The lines before
 * that are appended to ANSWER; with an error its sentence is put into DETAIL.  LIMIT is for each
 * wait.
 *
 * ERR_CLOSED   no core answers: none runs, or it ended meanwhile
 * ERR_TIMEOUT  it did not answer in time
 * ERR_FORBIDDEN, ERR_IO; or ERR_BUSY, ERR_INVALID, ERR_EXISTS, ... as the core said */
MUST_USE enum err ask_core(const char *dir, const char *line, struct millis limit,
			   struct buf *answer, char detail[256]);

#endif
