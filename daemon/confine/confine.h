/* What a process gives up before it serves anybody, for good: whoever takes it over has no more.
 *
 *                 system calls        files (Landlock)              capabilities
 *   front         a list, else death  none                          none
 *   core          a list              its folder; see places below  none
 *   hasher        as a front          none                          none
 *   supervisor    all but a list      as its user                   SETUID, SETGID, KILL,
 *                                                                   DAC_READ_SEARCH
 *
 * The lists stand in calls.def.  All set no_new_privs, and pass all of it on to whatever they
 * start.
 *
 * - A front is what strangers talk to, it needs few calls, and one that dies costs its clients a
 *   reconnect.  So anything that is not on its list kills it (SIGSYS), with what it does not allow
 * of the calls that are on it: no memory that can be executed, no socket besides those it was
 * given.
 * - The core is behind the fronts, and one that dies stops an exam for a moment.  Its list is one
 * of what is allowed as well, but what is merely unknown "does not exist" (ENOSYS): a later C
 * library tries newer calls first and goes on with the older ones.  What only an intruder calls
 * (starting programs, sockets of a network, tracing, mounting, ...) kills it too.
 * - The supervisor starts the others, so its list is of what nobody may do, here or in them.  Its
 *   capabilities are those for changing the user of a child, for killing a child that has another
 *   user, and for reading certificate, key and settings again whoever owns them.  A supervisor that
 *   was not started by root has none to keep.
 *
 * Where the kernel has no Landlock (before 5.13, or left out) the calls are filtered all the same,
 * which leaves a front without files, and the log says "landlock=0".
 *
 * Builds that watch themselves (the sanitizers', and Debug, for valgrind) need more: in them every
 * process has the supervisor's list of calls, with sockets forbidden in a front, and Landlock lets
 * everything be read.  The log says "list=watched" instead of "list=strict". */
#ifndef DAEMON_CONFINE_CONFINE_H
#define DAEMON_CONFINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/err.h"

enum confine_who {
	CONFINE_SUPERVISOR,
	CONFINE_FRONT,
	CONFINE_CORE,
	CONFINE_HASHER, /* the core's process for passwords: as a front */
	CONFINE_NWHO
};

/* A file, or a folder with all below it, that stays within reach.  One that is not there is left
 * out.  A link is followed now: what it points to later is out of reach. */
struct confine_place {
	const char *path; /* NULL: none */
	enum { CONFINE_READ, CONFINE_WRITE } how;
};

/* Confines this process.  Call it before there is a second thread: what is given up for files and
 * capabilities is the caller's and that of the threads it starts later.  Says in the log what was
 * done: CONFINED.  The supervisor is not confined to places.
 *
 * ERR_IO  the kernel refused something that it should know, which is in the log: do not go on */
MUST_USE enum err confine(enum confine_who kind, const struct confine_place *places,
			  size_t nplaces);

#endif
