/* The capabilities of this process. */
#ifndef DAEMON_CONFINE_CAPABILITIES_H
#define DAEMON_CONFINE_CAPABILITIES_H

#include <linux/capability.h>
#include <stdint.h>

#define CAPABILITY(name) (1ull << (name))
#define CAPABILITIES_OF_A_SUPERVISOR                                                               \
	(CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_KILL) | CAPABILITY(CAP_SETGID) |         \
	 CAPABILITY(CAP_SETUID))

/* Gives up all but those of WANTED that the process has, which are put into *KEPT; what it starts
 * gets none by starting a program.  Returns 0, or -1 with errno. */
int capabilities_keep(uint64_t wanted, uint64_t *kept);

#endif
