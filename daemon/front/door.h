/* The door: how many connections there may be, in all and from one address. */
#ifndef DAEMON_FRONT_DOOR_H
#define DAEMON_FRONT_DOOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/err.h"

struct door_address; /* an address and how many are in from there */

struct door {
	uint32_t most, most_per_address;
	uint32_t in;
	struct door_address *addresses; /* owned: a hash table, by text */
};

void door_init(struct door *d, uint32_t most, uint32_t most_per_address);
void door_fini(struct door *d);

/* Other limits, for those to come; who is in stays. */
void door_limit(struct door *d, uint32_t most, uint32_t most_per_address);

/* Somebody from ADDRESS wants in.
 *
 * ERR_TOO_MANY  the door, or the address, is full; nothing was counted */
MUST_USE enum err door_enter(struct door *d, const char *address);

/* Somebody who had come in leaves. */
void door_leave(struct door *d, const char *address);

#endif
