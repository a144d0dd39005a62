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
#include <pthread.h>
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

/* ---- What is not yet on disk ---------------------------------------------------------------- */

/* What a write covered, to put it back: .old bytes at .at, and the size that the file had. */
struct undo {
	struct undo *before;
	dev_t device;
	ino_t file;
	int fd;
	off_t at, size;
	size_t length;
	char old[];
};

static struct undo *unsynced;
static pthread_mutex_t unsynced_lock = PTHREAD_MUTEX_INITIALIZER;

static bool remembers(void)
{
	return box->action == FAULT_LOST || box->action == FAULT_POWER;
}

/* LENGTH bytes at AT are about to change. */
static void remember(int fd, off_t at, size_t length)
{
	struct stat st;
	struct undo *u;

	if (!counts(fd) || !remembers() || fstat(fd, &st) != 0)
		return;
	if (at >= st.st_size)
		length = 0;
	else if ((size_t)(st.st_size - at) < length)
		length = (size_t)(st.st_size - at);
	if ((u = malloc(sizeof *u + length)) == NULL)
		abort();
	*u = (struct undo){NULL, st.st_dev, st.st_ino, fd, at, st.st_size, length};
	if (length > 0 && pread(fd, u->old, length, at) != (ssize_t)length)
		abort();
	pthread_mutex_lock(&unsynced_lock);
	u->before = unsynced;
	unsynced = u;
	pthread_mutex_unlock(&unsynced_lock);
}

/* The file is on disk now. */
static void forget(int fd)
{
	struct undo **p, *u;
	struct stat st;

	if (!counts(fd) || unsynced == NULL || fstat(fd, &st) != 0)
		return;
	pthread_mutex_lock(&unsynced_lock);
	for (p = &unsynced; (u = *p) != NULL;) {
		if (u->file == st.st_ino && u->device == st.st_dev) {
			*p = u->before;
			free(u);
		} else {
			p = &u->before;
		}
	}
	pthread_mutex_unlock(&unsynced_lock);
}

/* Takes back what was written to the file of FD, or to all of them, since it was last synced.  An
 * entry whose descriptor is another file by now stays: closed behind our back, or before a fork. */
static void lose_unsynced(int fd, bool all)
{
	static __typeof__(&pwrite) next_pwrite;
	static __typeof__(&ftruncate) next_ftruncate;
	void *found = next_of("pwrite");
	struct undo **p, *u;
	struct stat st, now;

	if (fstat(fd, &st) != 0)
		abort();
	memcpy(&next_pwrite, &found, sizeof next_pwrite);
	found = next_of("ftruncate");
	memcpy(&next_ftruncate, &found, sizeof next_ftruncate);
	pthread_mutex_lock(&unsynced_lock);
	for (p = &unsynced; (u = *p) != NULL;) {
		if ((!all && (u->file != st.st_ino || u->device != st.st_dev)) ||
		    fstat(u->fd, &now) != 0 || now.st_ino != u->file || now.st_dev != u->device) {
			p = &u->before;
			continue;
		}
		*p = u->before;
		if ((u->length > 0 &&
		     next_pwrite(u->fd, u->old, u->length, u->at) != (ssize_t)u->length) ||
		    next_ftruncate(u->fd, u->size) != 0)
			abort();
		free(u);
	}
	pthread_mutex_unlock(&unsynced_lock);
}

/* ---- The operations ------------------------------------------------------------------------- */

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
	if (remembers())
		lose_unsynced(fd, box->action == FAULT_POWER);
	if (box->action == FAULT_POWER)
		__builtin_trap();
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
	case FAULT_LOST:                                                                           \
	case FAULT_POWER:                                                                          \
	case FAULT_EIO:                                                                            \
		break;                                                                             \
	}                                                                                          \
	return fails(FAULT_EIO)

#define SYNCS(call)                                                                                \
	switch (fault(fd, FAULT_SYNC)) {                                                           \
	case FAULT_NONE:                                                                           \
	case FAULT_STALL:                                                                          \
		if ((call) != 0)                                                                   \
			return -1;                                                                 \
		forget(fd);                                                                        \
		return 0;                                                                          \
	case FAULT_TORN:                                                                           \
		return (call) < 0 ? -1 : fails(FAULT_EIO);                                         \
	case FAULT_ENOSPC:                                                                         \
		return fails(FAULT_ENOSPC);                                                        \
	case FAULT_SHORT:                                                                          \
	case FAULT_LOST:                                                                           \
	case FAULT_POWER:                                                                          \
	case FAULT_EIO:                                                                            \
		break;                                                                             \
	}                                                                                          \
	return fails(FAULT_EIO)

ssize_t write(int fd, const void *data, size_t len)
{
	NEXT(write)
	if (counts(fd))
		remember(fd, lseek(fd, 0, SEEK_CUR), len);
	WRITES(next(fd, data, len), next(fd, data, (len + 1) / 2));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	NEXT(pwrite)
	remember(fd, at, len);
	WRITES(next(fd, data, len, at), next(fd, data, (len + 1) / 2, at));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	NEXT(pwrite64)
	remember(fd, at, len);
	WRITES(next(fd, data, len, at), next(fd, data, (len + 1) / 2, at));
}

static size_t length_of(const struct iovec *v, int n)
{
	size_t length = 0;

	for (int i = 0; i < n; i++)
		length += v[i].iov_len;
	return length;
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	NEXT(pwritev)
	remember(fd, at, length_of(v, n));
	WRITES(next(fd, v, n, at), next(fd, v, (n + 1) / 2, at));
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	NEXT(pwritev64)
	remember(fd, at, length_of(v, n));
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

int ftruncate(int fd, off_t size)
{
	NEXT(ftruncate)
	remember(fd, size, SIZE_MAX / 2);
	return next(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	NEXT(ftruncate64)
	remember(fd, size, SIZE_MAX / 2);
	return next(fd, size);
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
