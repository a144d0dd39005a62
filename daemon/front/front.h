/* A front: the process that talks to the network.  It holds connections, TLS and limits, and
 * nothing of any exam: messages go to the core unparsed, and come back so (proto/wire/channel.h).
 *
 * Limits, all absolute, so that one byte a second moves none of them: the handshake; the first
 * frame, from the end of the handshake; a begun frame; the time until the core trusts the
 * connection.  Time in which the front itself does not read (rate, back-pressure, no core) does not
 * count.  Who breaks a limit gets a Reply with id 0, an error and a sentence, and is then closed.
 *
 * Frames are at most FRAME_MOST_BEFORE_LOGIN long until the core has trusted the connection once,
 * FRAME_MOST from then on: a restart of the core takes trust back, but the frame that a client had
 * under way at that moment must not cost it its connection.
 *
 * Back-pressure: above the rate a connection waits, and loses nothing.  A client that does not read
 * what it asked for is closed.  When the core does not keep up, nobody is read until it does.
 *
 * When the core dies: the replies that it had released are passed on, connections stay, nothing is
 * read, requests that came whole and were not passed on are forgotten.  With a new channel each
 * connection is OPENED again and its client told NOTICE_RESTARTED.
 *
 * Every OPENED is followed by exactly one CLOSED, also after the core's own CLOSE, unless the
 * channel or the front ends before. */
#ifndef DAEMON_FRONT_FRONT_H
#define DAEMON_FRONT_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/times.h"

struct front_settings {
	/* Of this process.  Lowered to what RLIMIT_NOFILE leaves.  A few more are let in to be told
	 * ERR_TOO_MANY; then the listeners rest. */
	uint32_t connections_most;
	uint32_t connections_per_address; /* 0: as connections_most */
	struct millis handshake, first_frame, frame, login;
	uint32_t frames_per_second, frames_burst; /* of one connection; both at least 1 */
	uint32_t client_queue_most; /* bytes waiting for a slow reader; then it is closed */
	uint32_t core_queue_most;   /* bytes waiting for the core; then clients wait */
};

struct front_start {
	int leash_fd;	       /* taken */
	const int *listen_fds; /* taken: bound and listening */
	size_t nlisten;
	uint32_t number; /* of this front, 24 bits: the upper part of its connection ids */
	struct bytes cert_pem, key_pem;	       /* borrowed for the call */
	const struct front_settings *settings; /* copied */
};

#define FRONT_DESCRIPTORS   96 /* that a front needs besides one for each connection */
#define FRONT_RESTART	    75 /* exit status: start me again */
#define FRONT_CONFIGURATION 78 /* exit status: bad keys, or it cannot be confined */

/* Runs the front until its leash says stop (status 0: what the core had released has been sent) or
 * is at its end (status 0, at once).  Makes its loop: call it after fork().  Raises the soft
 * RLIMIT_NOFILE to the hard one and confines the process (daemon/confine/confine.h) before the
 * first client is let in. */
int front_main(const struct front_start *start);

#endif
