/* Practice that nobody has touched for PRACTICE_MOST is closed.  Parked attempts are not in memory,
 * so once a day those that began that long ago are brought back for the engine to decide on. */
#ifndef DAEMON_SERVICE_DORMANT_H
#define DAEMON_SERVICE_DORMANT_H

#include "daemon/service/service.h"

#define DORMANT_EVERY                                                                              \
	((struct millis){24LL * 3600 * 1000}) /* monotonic time; first at the start                \
					       */
#define DORMANT_MOST 500		      /* attempts of one look; the rest a day later */

/* Looks, unless a look is under way; what it closes is closed when the loop has gone on. */
void dormant_look(struct core *core);

#endif
