/* Where to listen, as people write it: "127.0.0.1:7443, [::1]:7443, *:7443". */
#ifndef DAEMON_LISTEN_AT_H
#define DAEMON_LISTEN_AT_H

#include <stddef.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define LISTEN_MOST 16

struct listen_at {
	int fds[LISTEN_MOST]; /* owned: bound and listening */
	char hosts[LISTEN_MOST][256];
	size_t n;
};

/* Opens every address of the list; PORT, when not negative, takes the place of each port.  "*" is
 * every address of the machine, IPv6 and IPv4 where there are both.  Nothing is open on failure,
 * and DETAIL says which address was the trouble.
 *
 * ERR_INVALID    not such a list, or longer than LISTEN_MOST
 * ERR_IN_USE, ERR_FORBIDDEN (a port below 1024), ERR_NOT_FOUND (the name), ERR_IO */
MUST_USE enum err listen_at_open(struct listen_at *at, const char *list, int port,
				 char detail[256]);
void listen_at_close(struct listen_at *at);

/* Appends the addresses with the ports that they really have: "127.0.0.1:7443, [::1]:7443". */
void listen_at_print(const struct listen_at *at, struct buf *out);

#endif
