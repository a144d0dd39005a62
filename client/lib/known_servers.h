/* Which servers this person trusts: a file like ssh's known_hosts.
 *
 *   HOST:PORT PIN        a line each, PIN in hex; others are left as they are
 *
 * in ~/.config/examd/known_servers, or the path in EXAMD_KNOWN_SERVERS. */
#ifndef CLIENT_LIB_KNOWN_SERVERS_H
#define CLIENT_LIB_KNOWN_SERVERS_H

#include "client/lib/exam_client.h"

/* ERR_NOT_FOUND; ERR_CORRUPT: the line of this server is damaged */
MUST_USE enum err known_servers_find(const char *host, unsigned port, struct digest *pin);

/* ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO */
MUST_USE enum err known_servers_add(const char *host, unsigned port, const struct digest *pin);

/* Comes to trust SERVER: by its own pin, by CA_FILE (may be NULL), by what is remembered, or by
 * asking once, when standard input and error are a terminal.  Then the pin stands in SERVER, but
 * with CA_FILE.  What must be said to a person is said on standard error.
 *
 * ERR_UNTRUSTED  not known, and nobody could be asked (the pin was shown), or the answer was no
 * and the errors of connecting */
MUST_USE enum err known_servers_trust(struct join *server, const char *ca_file);

/* A directory of this person: "$VARIABLE/examd", or "~/OTHERWISE/examd" when the variable is not
 * set.  Freed with free(). */
char *own_dir(const char *variable, const char *otherwise);

#endif
