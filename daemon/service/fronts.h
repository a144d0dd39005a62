/* Channels to front processes: what comes in is served, what waits in outboxes is let out. */
#ifndef DAEMON_SERVICE_FRONTS_H
#define DAEMON_SERVICE_FRONTS_H

#include "daemon/service/service.h"

#define FRONTS_MOST	    64
#define CHANNEL_QUEUED_MOST (256u << 20) /* bytes that a front does not take: it is let go then */

/* Lets out what is on disk. */
void fronts_release(struct core *core);

/* Is there nothing that a front has not been given? */
bool fronts_are_drained(const struct core *core);

/* The store is behind: nothing is read until it has caught up. */
void fronts_pause(struct core *core, bool pause);

/* Closes all channels; their clients go without the engine being told. */
void fronts_free(struct core *core);

/* Serves one message of a client, as it came: its reply is queued, or comes later.  Not while
 * another one is being served. */
void fronts_serve(struct core *core, struct client *client, struct bytes message);

#endif
