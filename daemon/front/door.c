#include "daemon/front/door.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "proto/base/mem.h"

struct door_address {
	char text[64];
	uint32_t in;
	UT_hash_handle hh;
};

void door_init(struct door *d, uint32_t most, uint32_t most_per_address)
{
	*d = (struct door){0};
	door_limit(d, most, most_per_address);
}

void door_limit(struct door *d, uint32_t most, uint32_t most_per_address)
{
	d->most = most;
	d->most_per_address =
	    most_per_address == 0 || most_per_address > most ? most : most_per_address;
}

void door_fini(struct door *d)
{
	struct door_address *a, *next;

	HASH_ITER (hh, d->addresses, a, next) {
		HASH_DEL(d->addresses, a);
		free(a);
	}
}

static struct door_address *find(const struct door *d, const char *address)
{
	struct door_address *a;

	HASH_FIND_STR(d->addresses, address, a);
	return a;
}

enum err door_enter(struct door *d, const char *address)
{
	struct door_address *a = find(d, address);

	if (d->in >= d->most || (a != NULL && a->in >= d->most_per_address))
		return ERR_TOO_MANY;
	if (a == NULL) {
		a = mem_new(sizeof *a);
		snprintf(a->text, sizeof a->text, "%s", address);
		HASH_ADD_STR(d->addresses, text, a);
	}
	a->in++;
	d->in++;
	return ERR_OK;
}

void door_leave(struct door *d, const char *address)
{
	struct door_address *a = find(d, address);

	assert(a != NULL && d->in > 0);
	d->in--;
	if (--a->in > 0)
		return;
	HASH_DEL(d->addresses, a);
	free(a);
}
