/* DIR/control: a unix socket for the operator, mode 0600.  A line each way: "status" is answered
 * with one line of JSON, "backup NAME" with lines of progress; both end with "ok" or
 * "error NAME SENTENCE". */
#ifndef DAEMON_SERVICE_CONTROL_H
#define DAEMON_SERVICE_CONTROL_H

#include "daemon/service/service.h"

#define CONTROL_CONNECTIONS_MOST 8
#define CONTROL_LINE_MOST	 256

/* ERR_IO  the socket cannot be made;  ERR_TOO_LARGE  the path is too long for one */
MUST_USE enum err control_open(struct control **out, struct core *core);
void control_close(struct control *c);

#endif
