/* Making a data directory. */
#ifndef DAEMON_SERVICE_INSTALL_H
#define DAEMON_SERVICE_INSTALL_H

#include "daemon/service/secrets.h"

/* Makes DIR/secrets, DIR/examd.db and the first admin, with a one-time password that must be
 * changed at the first log-in; it is told here once and kept nowhere.  DIR exists.
 *
 * ERR_EXISTS   there is a secret or a database already
 * ERR_INVALID  the name of the admin is empty, longer than 64 bytes, or no text
 * ERR_IO, ERR_DISK_FULL */
MUST_USE enum err install_make(const char *dir, const char *admin_user, char one_time_password[32]);

#endif
