/* Failed log-ins, counted by (address, account), by account and by address, with a delay that grows
 * and never becomes a lock-out: a classroom behind one address and a candidate who mistypes lose
 * seconds, a guesser loses hours.
 *
 * After FREE failures of a key its next try is refused until a delay of 1, 2, 4 ... 60 s since the
 * last failure has passed; a success forgets the key's failures, ten quiet minutes as well.  An
 * account alone (from any address) has 8 times as many free failures, an address alone (slips) 16
 * times.  At most THROTTLE_KEYS are known; when the table is full the quietest one is dropped. */
#ifndef DAEMON_SERVICE_THROTTLE_H
#define DAEMON_SERVICE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/times.h"

#define THROTTLE_KEYS 4096

struct throttle_key;
struct throttle {
	uint32_t free_failures;
	struct throttle_key *keys; /* owned: uthash, the least recently failed first */
};

void throttle_init(struct throttle *t, uint32_t free_failures);
void throttle_fini(struct throttle *t);

/* May this be tried now?  ACCOUNT "" : a slip. */
bool throttle_allows(const struct throttle *t, const char *address, const char *account,
		     struct mono_ms now);
void throttle_failed(struct throttle *t, const char *address, const char *account,
		     struct mono_ms now);
void throttle_succeeded(struct throttle *t, const char *address, const char *account);

/* A proctor unlocks: all failures of an account, from wherever. */
void throttle_forget(struct throttle *t, const char *account);

#endif
