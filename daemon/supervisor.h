/* The supervisor: starts the core and the fronts, and starts them again when they die.
 *
 * It has no threads and no event loop of libevent's, because it forks for as long as it lives: a
 * child is a copy that keeps nothing but standard input, output and error, its leash and, a front,
 * the listening sockets.  It alone reads certificate and key, at the start and at SIGHUP, and hands
 * them to the fronts.
 *
 * The core is first; fronts begin when it is ready.  A core that dies takes no front with it: when
 * its successor is ready, every front gets a new channel.  A front that dies takes nobody with it:
 * its successor has a new number, so connection ids never come twice.
 *
 * Once it has the sockets, certificate and key it gives up what it does not need (confine.h).  A
 * root's supervisor keeps the capabilities to change the user of a child, to kill it, and to read
 * certificate, key and settings at SIGHUP, whoever owns them: no others, so what is owned by
 * somebody else it cannot write.
 *
 * Children end within a second of their supervisor, however it ended: the kernel kills them
 * (PR_SET_PDEATHSIG), and their leash is at its end. */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/front/front.h"
#include "daemon/front/leash.h"
#include "proto/base/bytes.h"
#include "proto/base/log.h"

/* What the children run, in their own process.  Embedded in whoever knows the rest (container_of);
 * tests have small ones of their own. */
struct supervisor_children {
	int (*core_main)(const struct supervisor_children *children, int leash_fd);
	int (*front_main)(const struct supervisor_children *children,
			  const struct front_start *start);
};

struct supervisor_start {
	const struct supervisor_children *children;
	const int *listen_fds; /* borrowed */
	size_t nlisten;
	const char *cert_file, *key_file;
	uint32_t nfronts; /* 1 .. SUPERVISOR_FRONTS_MOST */
	const struct front_settings *front;
	enum log_level log_level; /* of the children */
	struct millis metrics_every;
	const char *user; /* whom the children run as, when we are root; NULL: nobody else */
	/* SIGHUP: fills in what has changed of SETTINGS, but not the counts.  An error, which it
	 * has logged, means that nothing changes, certificate and key neither.  NULL: only these
	 * are read again. */
	enum err (*on_reload)(const struct supervisor_start *start,
			      struct leash_settings *settings);
	/* Everything runs for the first time. */
	void (*on_serving)(const struct supervisor_start *start, struct bytes cert_pem);
};

#define SUPERVISOR_FRONTS_MOST	 64
#define SUPERVISOR_CONFIGURATION 78 /* exit status: somebody has to mend something */

/* Runs until SIGTERM or SIGINT; returns the exit status: 0, or SUPERVISOR_CONFIGURATION when a
 * child ended with that status, certificate and key cannot be used, or there is no such user; a
 * sentence on standard error says what is wrong.  Blocks those signals, SIGCHLD and SIGHUP in the
 * calling thread, for good. */
int supervisor_run(const struct supervisor_start *start);

#endif
