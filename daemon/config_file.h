/* examd.yaml: the settings as one YAML mapping, a setting a key (examd.yaml(5)). */
#ifndef DAEMON_CONFIG_FILE_H
#define DAEMON_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/config.h"
#include "proto/base/diag.h"

#define CONFIG_FILE_MOST (256 * 1024) /* bytes */

/* Where settings come from; what comes later wins over what comes first. */
struct config_sources {
	const char *file;		/* a file that says nothing about a setting leaves it */
	bool file_may_miss;		/* then it says nothing at all */
	const char *const *assignments; /* "NAME=VALUE", of the command line */
	size_t nassignments;
};

/* Reads a text that stands in FILE into C.  Each error is added to DIAG with its place; settings
 * without one are set. */
void config_file_read(struct config *c, const char *file, struct bytes text, struct diag *diag);

/* C gets the defaults, then what the sources say; config_fini() it in any case.
 *
 * ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_TOO_LARGE, ERR_IO  the file; DIAG says which
 * ERR_INVALID  DIAG has all that is wrong */
MUST_USE enum err config_load(struct config *c, const struct config_sources *from,
			      struct diag *diag);

#endif
