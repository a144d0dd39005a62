/* diskfault: a library to preload that makes the disk of a process fail by counting.
 *
 *   LD_PRELOAD=libdiskfault.so FAULT_BOX=FILE FAULT_DIR=/absolute/dir examd run ...
 *
 * Counts write, pwrite, pwritev, fsync and fdatasync on regular files below FAULT_DIR, opened by
 * path after the start, and does at the n-th what the box (diskfault.h) says.  Without FAULT_BOX it
 * does nothing. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/diskfault.h"

#define DESCRIPTORS_MOST 65536

static struct fault_box *box; /* NULL: nothing is asked of us */
static const char *below;
static size_t below_length;
static _Atomic unsigned char is_ours[DESCRIPTORS_MOST];

static void *next_of(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* The function that we stand before, looked up once; the object of a function pointer is copied,
 * which is how POSIX wants it. */
#define NEXT(name)                                                                                 \
	static __typeof__(&name) next;                                                             \
	if (next == NULL) {                                                                        \
		void *found = next_of(#name);                                                      \
		memcpy(&next, &found, sizeof next);                                                \
	}

__attribute__((constructor)) static void open_box(void)
{
	const char *file = getenv("FAULT_BOX");
	int fd;
	void *p;

	below = getenv("FAULT_DIR");
	if (file == NULL || below == NULL || (fd = open(file, O_RDWR | O_CLOEXEC)) < 0)
		return;
	below_length = strlen(below);
	p = mmap(NULL, sizeof *box, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED && ((struct fault_box *)p)->magic == FAULT_BOX_MAGIC)
		box = p;
}

static int opened(int fd, const char *path)
{
	if (box != NULL && fd >= 0 && fd < DESCRIPTORS_MOST)
		is_ours[fd] = strncmp(path, below, below_length) == 0;
	return fd;
}

/* A descriptor may have been closed behind our back, and be a socket now. */
static bool counts(int fd)
{
	struct stat st;

	return box != NULL && fd >= 0 && fd < DESCRIPTORS_MOST && is_ours[fd] &&
	       fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Sleeps by a futex, which every thread needs anyway: the process may be under a filter. */
static void stall(uint64_t ms)
{
	struct timespec end;
	sem_t never;

	clock_gettime(CLOCK_MONOTONIC, &end);
	ms += (uint64_t)end.tv_nsec / 1000000;
	end.tv_sec += (time_t)(ms / 1000) - (time_t)(box->mono_ms / 1000);
	end.tv_nsec = (long)(ms % 1000) * 1000000;
	sem_init(&never, 0, 0);
	while (sem_clockwait(&never, CLOCK_MONOTONIC, &end) != 0 && errno == EINTR)
		;
	sem_destroy(&never);
}

/* Counts one operation; returns what shall happen to it. */
static enum fault_action fault(int fd, enum fault_operation operation)
{
	uint64_t n, at;

	if (!counts(fd))
		return FAULT_NONE;
	atomic_fetch_add(operation == FAULT_WRITE ? &box->writes : &box->syncs, 1);
	if ((box->operations & operation) == 0)
		return FAULT_NONE;
	n = atomic_fetch_add(&box->seen, 1) + 1;
	at = box->at;
	if (at == 0 || !(n == at || (box->lasting && n > at)))
		return FAULT_NONE;
	atomic_fetch_add(&box->fired, 1);
	if (box->action == FAULT_STALL) {
		stall(box->stall_ms);
		return FAULT_NONE;
	}
	return box->action;
}

static int fails(enum fault_action action)
{
	errno = action == FAULT_ENOSPC ? ENOSPC : EIO;
	return -1;
}

#define WRITES(call_whole, call_half)                                                              \
	switch (fault(fd, FAULT_WRITE)) {                                                          \
	case FAULT_NONE:                                                                           \
	case FAULT_STALL:                                                                          \
		return (call_whole);                                                               \
	case FAULT_SHORT:                                                                          \
		return (call_half);                                                                \
	case FAULT_TORN:                                                                           \
		return (call_half) < 0 ? -1 : fails(FAULT_EIO);                                    \
	case FAULT_ENOSPC:                                                                         \
		return fails(FAULT_ENOSPC);                                                        \
	case FAULT_EIO:                                                                            \
		break;                                                                             \
	}                                                                                          \
	return fails(FAULT_EIO)

#define SYNCS(call)                                                                                \
	switch (fault(fd, FAULT_SYNC)) {                                                           \
	case FAULT_NONE:                                                                           \
	case FAULT_STALL:                                                                          \
		return (call);                                                                     \
	case FAULT_TORN:                                                                           \
		return (call) < 0 ? -1 : fails(FAULT_EIO);                                         \
	case FAULT_ENOSPC:                                                                         \
		return fails(FAULT_ENOSPC);                                                        \
	case FAULT_SHORT:                                                                          \
	case FAULT_EIO:                                                                            \
		break;                                                                             \
	}                                                                                          \
	return fails(FAULT_EIO)

ssize_t write(int fd, const void *data, size_t len)
{
	NEXT(write)
	WRITES(next(fd, data, len), next(fd, data, (len + 1) / 2));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	NEXT(pwrite)
	WRITES(next(fd, data, len, at), next(fd, data, (len + 1) / 2, at));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	NEXT(pwrite64)
	WRITES(next(fd, data, len, at), next(fd, data, (len + 1) / 2, at));
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	NEXT(pwritev)
	WRITES(next(fd, v, n, at), next(fd, v, (n + 1) / 2, at));
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	NEXT(pwritev64)
	WRITES(next(fd, v, n, at), next(fd, v, (n + 1) / 2, at));
}

int fsync(int fd)
{
	NEXT(fsync)
	SYNCS(next(fd));
}

int fdatasync(int fd)
{
	NEXT(fdatasync)
	SYNCS(next(fd));
}

/* The mode is there only with O_CREAT or O_TMPFILE; reading it always is harmless here. */
#define MODE_OF(after)                                                                             \
	va_list ap;                                                                                \
	mode_t mode;                                                                               \
	va_start(ap, after);                                                                       \
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;                      \
	va_end(ap)

int open(const char *path, int flags, ...)
{
	NEXT(open)
	MODE_OF(flags);
	return opened(next(path, flags, mode), path);
}

int open64(const char *path, int flags, ...)
{
	NEXT(open64)
	MODE_OF(flags);
	return opened(next(path, flags, mode), path);
}

int openat(int dir, const char *path, int flags, ...)
{
	NEXT(openat)
	MODE_OF(flags);
	return opened(next(dir, path, flags, mode), path);
}

int openat64(int dir, const char *path, int flags, ...)
{
	NEXT(openat64)
	MODE_OF(flags);
	return opened(next(dir, path, flags, mode), path);
}

int close(int fd)
{
	NEXT(close)
	if (fd >= 0 && fd < DESCRIPTORS_MOST)
		is_ours[fd] = 0;
	return next(fd);
}
