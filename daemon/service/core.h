/* The core process: roles, engine, forms, scores, store.  It talks to fronts over channels, to the
 * supervisor over its leash and to the operator over DIR/control, and to nobody else. */
#ifndef DAEMON_SERVICE_CORE_H
#define DAEMON_SERVICE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/err.h"
#include "proto/base/times.h"

#define CORE_RESTART	   75 /* exit status: start me again, I go on from the disk */
#define CORE_CONFIGURATION 78 /* exit status: this cannot work until a person mends it */

struct core_settings {
	uint32_t hash_queue;	    /* passwords waiting to be hashed; 0: 64 */
	struct millis lock_wait;    /* for DIR/lock; 0: 10 s */
	uint32_t throttle_free;	    /* failed log-ins before a delay; 0: 5 */
	uint32_t sessions_a_person; /* the oldest ends; 0: 16 */
	/* To be judged only (doubts.h). */
	const char *certificate; /* borrowed: its file; may be NULL */
	uint32_t descriptors;	 /* that a process needs */
};

struct core_start {
	const char *dir; /* borrowed */
	int leash_fd;	 /* taken */
	const struct core_settings *settings;
};

/* Runs the core until its leash says stop or closes.  Returns the exit status: 0, CORE_RESTART,
 * CORE_CONFIGURATION.  Confines the process first (daemon/confine/confine.h): from then on there is
 * DIR for it, and for reading the folder in which the certificate stands.  What DIR/secrets and
 * DIR/backups point to is within reach as well. */
int core_main(const struct core_start *start);

/* ---- For core_main() and for tests ----------------------------------------------------------- */

struct core;

/* What time it is: tests turn it by hand. */
struct time_source {
	struct mono_ms (*mono)(const struct time_source *source);
	struct wall_ms (*wall)(const struct time_source *source);
};
extern const struct time_source time_of_the_machine;

/* Takes the lock, reads the secrets, opens the store, recovers, and opens DIR/control.  TIME is
 * borrowed.
 *
 * ERR_IN_USE, ERR_NOT_FOUND, ERR_NEWER_SCHEMA, ERR_CORRUPT, ERR_IO, ERR_DISK_FULL */
MUST_USE enum err core_open(struct core **out, const char *dir,
			    const struct core_settings *settings, const struct time_source *time);

/* Commits what is queued and closes everything.  NULL is welcome. */
void core_close(struct core *core);

/* Serves a front at the other end of FD, which is taken. */
void core_add_front(struct core *core, int fd, uint32_t number, uint32_t pid);

struct loop;
struct loop *core_loop(struct core *core);
/* What core_main() would return; -1 while nothing has ended the core. */
int core_status(const struct core *core);

#endif
