/* A carrier: the guest that is a browser's connection (web.h).  It is a guest for the door only:
 * what the core and the host know as guests are its tabs.
 *
 * One on which nobody is logged in, on no tab, for as long as a guest may be without log-in is
 * closed. */
#ifndef DAEMON_FRONT_CARRIER_H
#define DAEMON_FRONT_CARRIER_H

#include "daemon/front/guest.h"
#include "daemon/front/web.h"

#define CARRIER_TICK	  SECONDS(1)
#define CARRIER_HEARTBEAT SECONDS(10)

struct carrier;

/* G shook hands and chose HTTP/2. */
struct carrier *carrier_new(struct guest *g);
/* The connection is gone: so are its tabs, each told to the host. */
void carrier_end(struct carrier *c);
/* The same, but nobody is told.  NULL is welcome. */
void carrier_free(struct carrier *c);

void carrier_data(struct carrier *c, struct buf *in);
void carrier_fill(struct carrier *c, struct buf *out);
/* Something of a tab is to be sent. */
void carrier_flush(struct carrier *c);
/* No new streams; tabs end.  Sent when the connection is closed after it. */
void carrier_goodbye(struct carrier *c);

#endif
