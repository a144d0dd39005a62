#include "daemon/confine/capabilities.h"

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
	struct __user_cap_data_struct set[SETS];
	int i;

	if (syscall(SYS_capget, &head, set) != 0)
		return -1;
	empty_bounds();
	*kept = 0;
	for (i = 0; i < SETS; i++) {
		set[i].permitted &= (uint32_t)(wanted >> (32 * i));
		set[i].effective = set[i].permitted;
		set[i].inheritable = 0;
		*kept |= (uint64_t)set[i].permitted << (32 * i);
	}
	return syscall(SYS_capset, &head, set) == 0 ? 0 : -1;
}
