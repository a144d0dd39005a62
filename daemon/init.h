/* Making a data directory: all of it, or nothing. */
#ifndef DAEMON_INIT_H
#define DAEMON_INIT_H

#include <stddef.h>

#include "proto/base/err.h"
#include "proto/base/ids.h"

struct init_order {
	const char *dir;	  /* made, or there and empty */
	const char *admin;	  /* the first person */
	const char *const *names; /* of the server, for its certificate */
	size_t nnames;		  /* at least 1 */
	/* Makes secrets, database and admin: install_make(). */
	enum err (*install)(const char *dir, const char *admin, char one_time_password[32]);
};

struct init_result {
	char one_time_password[32];
	struct digest pin;
};

/* Makes DIR (mode 0700) with secrets/, backups/, an examd.yaml that says nothing yet, a key and a
 * certificate, classroom-ca.crt, by which browsers believe it, and what install() makes.  On
 * failure everything that was made is removed again, and WHAT says what could not be done.
 *
 * ERR_EXISTS  DIR is there and not empty;  ERR_INVALID  the name of the admin
 * ERR_NOT_FOUND (the folder above), ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO */
MUST_USE enum err init_make(const struct init_order *order, struct init_result *result,
			    const char **what);

#endif
