/* Addresses of the internet; for the files of this folder only. */
#ifndef PROTO_STREAM_ADDRESS_H
#define PROTO_STREAM_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>

#include "proto/base/err.h"

#define ADDRESS_TEXT	     46	   /* the longest IPv6 address and a NUL */
#define ADDRESS_SILENCE_MOST 60000 /* milliseconds */

/* The addresses of HOST:PORT, to be freed with freeaddrinfo().  PASSIVE: to listen on.
 *
 * ERR_NOT_FOUND  there is none */
MUST_USE enum err address_find(const char *host, unsigned port, bool passive,
			       struct addrinfo **out);

/* The other side's address as text, an IPv4 one always in its own form; "" when it has none. */
void address_of_peer(int fd, char out[ADDRESS_TEXT]);

/* What every TCP connection gets: no waiting to fill segments, and a peer that has gone silently is
 * found out after a minute.  Keepalive finds it while nothing is under way; while something is not
 * acknowledged there are no keepalives, and only TCP_USER_TIMEOUT (RFC 5482, tcp(7)) keeps the
 * kernel from sending it again for a quarter of an hour.  It also ends a connection whose peer has
 * had no room for a minute for what is to be sent. */
void address_tune(int fd);

#endif
