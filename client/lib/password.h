/* Where a password comes from: a file, a descriptor, or a terminal without echo.  Never from the
 * command line, where everybody on the machine can read it. */
#ifndef CLIENT_LIB_PASSWORD_H
#define CLIENT_LIB_PASSWORD_H

#include "proto/base/err.h"

#define PASSWORD_MOST 256 /* bytes */

struct password_source {
	const char *file; /* NULL: none */
	int fd;		  /* -1: none */
};

/* The first line, without its end; freed with password_free().  With neither file nor descriptor it
 * asks PROMPT on the terminal.
 *
 * ERR_NOT_FOUND  nothing was given and there is no terminal
 * ERR_INVALID    empty or longer than PASSWORD_MOST
 * and the errors of reading a file */
MUST_USE enum err password_get(const struct password_source *source, const char *prompt,
			       char **out);

/* Overwritten first.  NULL is welcome. */
void password_free(char *password);

#endif
