#include "daemon/confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As of version 6; an older kernel takes it as long as what it does not know is 0. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* Newer than the oldest headers that we are built with. */
#define FS_REFER    (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL    (1ull << 15)
#define NET_ALL	    (1ull << 0 | 1ull << 1) /* bind, connect: TCP */
#define SCOPE_ALL   (1ull << 0 | 1ull << 1) /* abstract sockets, signals */

#define OF_A_FILE                                                                                  \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Not: executing, devices, links, moving to another folder. */
#define WRITING                                                                                    \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | FS_TRUNCATE)

static const uint64_t reach[] = {[CONFINE_READ] = READING, [CONFINE_WRITE] = WRITING};

/* All that can be forbidden, and so is, where no rule says otherwise. */
static struct ruleset known_to(int version)
{
	struct ruleset known = {.fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};

	if (version >= 2)
		known.fs |= FS_REFER;
	if (version >= 3)
		known.fs |= FS_TRUNCATE;
	if (version >= 4)
		known.net = NET_ALL;
	if (version >= 5)
		known.fs |= FS_IOCTL;
	if (version >= 6)
		known.scoped = SCOPE_ALL;
	return known;
}

int landlock_version(void)
{
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

/* What is not there is not missed. */
static int allow(int rules, uint64_t known, const struct confine_place *place)
{
	struct landlock_path_beneath_attr attr = {.allowed_access = reach[place->how] & known};
	struct stat st;
	int failed = -1;

	attr.parent_fd = place->path == NULL ? -1 : open(place->path, O_PATH | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return 0;
	if (fstat(attr.parent_fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			attr.allowed_access &= OF_A_FILE;
		failed = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
				      &attr, 0);
	}
	close(attr.parent_fd);
	return failed;
}

int landlock_confine(const struct confine_place *places, size_t nplaces,
		     const struct confine_place *and_this)
{
	int version = landlock_version(), rules, failed = 0;
	struct ruleset known = known_to(version);
	size_t i;

	if (version == 0)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &known, sizeof known, 0);
	if (rules < 0)
		return -1;
	for (i = 0; i < nplaces && failed == 0; i++)
		failed = allow(rules, known.fs, &places[i]);
	if (and_this != NULL && failed == 0)
		failed = allow(rules, known.fs, and_this);
	if (failed == 0)
		failed = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return failed == 0 ? version : -1;
}
