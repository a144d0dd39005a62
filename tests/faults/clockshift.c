/* clockshift: a library to preload that steps the clocks of a process while it runs.
 *
 *   LD_PRELOAD=libclockshift.so FAULT_BOX=FILE examd run ...
 *
 * Adds wall_ms of the box (diskfault.h) to the wall clock and mono_ms to the monotonic and boot
 * clocks. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/diskfault.h"

static struct fault_box *box; /* NULL: nothing is asked of us */

static int next_clock_gettime(clockid_t id, struct timespec *t)
{
	static __typeof__(&clock_gettime) next;

	if (next == NULL) {
		void *found = dlsym(RTLD_NEXT, "clock_gettime");

		memcpy(&next, &found, sizeof next);
	}
	return next(id, t);
}

__attribute__((constructor)) static void open_box(void)
{
	const char *file = getenv("FAULT_BOX");
	int fd;
	void *p;

	if (file == NULL || (fd = open(file, O_RDWR | O_CLOEXEC)) < 0)
		return;
	p = mmap(NULL, sizeof *box, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED && ((struct fault_box *)p)->magic == FAULT_BOX_MAGIC)
		box = p;
}

static void add_ms(struct timespec *t, int64_t ms)
{
	int64_t ns = t->tv_nsec + ms % 1000 * 1000000;

	t->tv_sec += ms / 1000;
	if (ns < 0) {
		ns += 1000000000;
		t->tv_sec--;
	} else if (ns >= 1000000000) {
		ns -= 1000000000;
		t->tv_sec++;
	}
	t->tv_nsec = (long)ns;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int result = next_clock_gettime(id, t);

	if (result != 0 || box == NULL)
		return result;
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		add_ms(t, box->wall_ms);
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		add_ms(t, box->mono_ms);
		break;
	default:
		break;
	}
	return result;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
