#include "daemon/confine/capabilities.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETS 2 /* of 32 bits each */

/* What a program could be given at its start.  Without CAP_SETPCAP these stay, and are worth
 * nothing: no_new_privs. */
static void empty_bounds(void)
{
	unsigned long i;

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (i = 0; i < 32 * SETS; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			return; /* there are no more, or we may not */
}

int capabilities_keep(uint64_t wanted, uint64_t *kept)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[SETS], keep[SETS];
	int i;

	if (syscall(SYS_capget, &head, has) != 0)
		return -1;
	empty_bounds();
	*kept = 0;
	for (i = 0; i < SETS; i++) {
		keep[i].permitted = has[i].permitted & (uint32_t)(wanted >> (32 * i));
		keep[i].effective = keep[i].permitted;
		keep[i].inheritable = 0;
		*kept |= (uint64_t)keep[i].permitted << (32 * i);
	}
	/* A service manager that has taken all of them may have taken this call as well. */
	if (memcmp(has, keep, sizeof keep) == 0)
		return 0;
	return syscall(SYS_capset, &head, keep) == 0 ? 0 : -1;
}
