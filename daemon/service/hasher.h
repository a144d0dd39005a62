/* The hasher: a process of the core's own that computes argon2id.
 *
 * Each hash takes 19 MiB from the kernel and gives them back.  In a thread of the core that holds
 * the lock of the core's address space for milliseconds, and whoever of the core's threads needs
 * memory then waits for it, acknowledgements of answers with it (tests/bench/RESULTS.md).  So it is
 * done in a process of its own, which the scheduler runs when nothing else wants the processor
 * (SCHED_IDLE), with the front's list of system calls and no file; it is killed when the core dies.
 *
 * On a machine that is never idle it would never answer: after HASHER_PATIENCE_MS the caller does
 * the work itself, as it does when the process is gone.  So a password is checked sooner or later
 * whatever else runs, and the result is the same. */
#ifndef DAEMON_SERVICE_HASHER_H
#define DAEMON_SERVICE_HASHER_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/service/passwords.h"

#define HASHER_PATIENCE_MS 500

struct hasher;

/* Forks: call it while the process has one thread and before it is confined.  NULL: there can be no
 * such process now (it is in the log), and passwords are hashed in place. */
struct hasher *hasher_start(void);

/* The process ends as soon as it has done what it is at.  NULL is welcome. */
void hasher_free(struct hasher *h);

/* Asks the process; blocks for HASHER_PATIENCE_MS at most.  From one thread at a time.
 *
 * True: T->good (PASSWORD_CHECK), or T->hash as well (PASSWORD_MAKE), is filled in.
 * False: no answer, nothing is filled in; do it in place.  Also when H is NULL, and at once while
 * the process is still at something that nobody waits for any more. */
bool hasher_do(struct hasher *h, struct password_task *t);

/* Its process, for tests. */
pid_t hasher_pid(const struct hasher *h);

#endif
