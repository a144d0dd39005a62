/* Landlock: a process that shuts itself out of the file system. */
#ifndef DAEMON_CONFINE_LANDLOCK_H
#define DAEMON_CONFINE_LANDLOCK_H

#include <stddef.h>

#include "daemon/confine/confine.h"

/* Leaves the calling thread, and those that it starts, PLACES and AND_THIS (NULL: no more), and no
 * TCP, no signals and no abstract sockets out of their circle, as far as this kernel knows of them.
 * No_new_privs must have been set.
 *
 * Returns the version of Landlock that was used; 0: the kernel has none, nothing was done; -1 with
 * errno: the kernel refused. */
int landlock_confine(const struct confine_place *places, size_t nplaces,
		     const struct confine_place *and_this);

/* The version that this kernel has; 0: none. */
int landlock_version(void);

#endif
