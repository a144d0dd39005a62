#include "tests/power/recorder.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/mem.h"

#define NAMES_MOST   64
#define METHODS_MOST 4

static struct recorder {
	pthread_mutex_t lock;
	sqlite3_vfs vfs;
	struct {
		sqlite3_io_methods ours;
		const sqlite3_io_methods *real;
	} methods[METHODS_MOST]; /* the system has some for files with locks, some for others */
	bool registered, on;
	enum lie lie;
	char dir[256];
	struct recording r;
	struct {
		char name[48];
		unsigned file;
	} names[NAMES_MOST]; /* what is there now */
	size_t nnames;
} rec = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Behind the system's own file. */
struct extra {
	const sqlite3_io_methods *real;
	unsigned file;
	bool recorded;
	bool dir_unsynced; /* SQLite syncs the directory of a new log with its first sync */
	enum lie what;	   /* whose sync this is */
	char folder[48];
};

static sqlite3_vfs *real_vfs(void)
{
	return rec.vfs.pAppData;
}

static size_t real_size(void)
{
	return ((size_t)real_vfs()->szOsFile + 15) / 16 * 16;
}

static struct extra *extra_of(sqlite3_file *f)
{
	return (struct extra *)(void *)((char *)f + real_size());
}

/* ---- The record; all under the lock ------------------------------------------------------------
 */

static struct happened *add(enum happening kind, unsigned file)
{
	struct recording *r = &rec.r;

	if (r->length == r->cap) {
		r->cap = r->cap == 0 ? 1024 : r->cap * 2;
		r->all = mem_resize(r->all, r->cap * sizeof *r->all);
	}
	r->all[r->length] = (struct happened){.kind = kind, .file = file};
	return &r->all[r->length++];
}

/* PATH below the directory; NULL: it is elsewhere, or nothing is recorded. */
static const char *inside(const char *path)
{
	size_t len = strlen(rec.dir);

	if (!rec.on || strncmp(path, rec.dir, len) != 0)
		return NULL;
	if (path[len] == '\0')
		return "";
	return path[len] == '/' ? path + len + 1 : NULL;
}

static void copy_name(char to[48], const char *name)
{
	if (strlen(name) >= 48)
		abort();
	memcpy(to, name, strlen(name) + 1);
}

static void folder_of(char to[48], const char *name)
{
	char *slash;

	copy_name(to, name);
	slash = strrchr(to, '/');
	*(slash == NULL ? to : slash) = '\0';
}

static size_t find(const char *name)
{
	size_t i;

	for (i = 0; i < rec.nnames && strcmp(rec.names[i].name, name) != 0; i++)
		;
	return i;
}

static unsigned file_called(const char *name)
{
	size_t i = find(name);

	if (i < rec.nnames)
		return rec.names[i].file;
	if (i == NAMES_MOST)
		abort();
	copy_name(rec.names[i].name, name);
	rec.names[i].file = rec.r.files++;
	rec.nnames++;
	copy_name(add(HAPPENED_LINK, rec.names[i].file)->name, name);
	return rec.names[i].file;
}

static void unlinked(const char *path)
{
	const char *name = inside(path);
	size_t i = name == NULL ? rec.nnames : find(name);

	if (i == rec.nnames)
		return;
	copy_name(add(HAPPENED_UNLINK, 0)->name, name);
	rec.names[i] = rec.names[--rec.nnames];
}

static void renamed(const char *from, const char *to)
{
	const char *a = inside(from), *b = inside(to);
	struct happened *h;

	if (a == NULL || b == NULL || find(a) == rec.nnames)
		return;
	h = add(HAPPENED_RENAME, rec.names[find(a)].file);
	copy_name(h->name, a);
	copy_name(h->other, b);
	copy_name(rec.names[find(a)].name, b);
}

static void dir_synced(const char *folder)
{
	if (rec.lie != LIE_DIRECTORY)
		copy_name(add(HAPPENED_DIR_SYNC, 0)->name, folder);
}

/* ---- SQLite's files ----------------------------------------------------------------------------
 */

static int on_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct extra *x = extra_of(f);

	pthread_mutex_lock(&rec.lock);
	if (x->recorded && rec.on) {
		struct happened *h = add(HAPPENED_WRITE, x->file);

		h->at = (uint64_t)at;
		h->len = (size_t)n;
		h->data = buf_length(&rec.r.data);
		buf_put(&rec.r.data, from, (size_t)n);
	}
	pthread_mutex_unlock(&rec.lock);
	return x->real->xWrite(f, from, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct extra *x = extra_of(f);

	pthread_mutex_lock(&rec.lock);
	if (x->recorded && rec.on)
		add(HAPPENED_TRUNCATE, x->file)->at = (uint64_t)size;
	pthread_mutex_unlock(&rec.lock);
	return x->real->xTruncate(f, size);
}

static int on_sync(sqlite3_file *f, int flags)
{
	struct extra *x = extra_of(f);
	int code = x->real->xSync(f, flags);

	pthread_mutex_lock(&rec.lock);
	if (x->recorded && rec.on) {
		if (rec.lie == NO_LIE || rec.lie != x->what)
			add(HAPPENED_SYNC, x->file);
		if (x->dir_unsynced)
			dir_synced(x->folder);
		x->dir_unsynced = false;
	}
	pthread_mutex_unlock(&rec.lock);
	return code;
}

static const sqlite3_io_methods *methods_over(const sqlite3_io_methods *real)
{
	size_t i;

	for (i = 0; i < METHODS_MOST && rec.methods[i].real != NULL; i++)
		if (rec.methods[i].real == real)
			return &rec.methods[i].ours;
	if (i == METHODS_MOST)
		abort();
	rec.methods[i].real = real;
	rec.methods[i].ours = *real;
	rec.methods[i].ours.xWrite = on_write;
	rec.methods[i].ours.xTruncate = on_truncate;
	rec.methods[i].ours.xSync = on_sync;
	return &rec.methods[i].ours;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	const int logs = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
	int code = real_vfs()->xOpen(real_vfs(), name, f, flags, out);
	struct extra *x = extra_of(f);

	(void)vfs;
	*x = (struct extra){0};
	if (f->pMethods == NULL)
		return code;
	pthread_mutex_lock(&rec.lock);
	x->real = f->pMethods;
	f->pMethods = methods_over(x->real);
	if (name != NULL && inside(name) != NULL) {
		x->recorded = true;
		x->file = file_called(inside(name));
		folder_of(x->folder, inside(name));
		x->dir_unsynced = (flags & logs) != 0 && (flags & SQLITE_OPEN_CREATE) != 0;
		x->what = (flags & SQLITE_OPEN_WAL) != 0       ? LIE_LOG
			  : (flags & SQLITE_OPEN_MAIN_DB) != 0 ? LIE_DATABASE
							       : NO_LIE;
	}
	pthread_mutex_unlock(&rec.lock);
	return code;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	int code = real_vfs()->xDelete(real_vfs(), name, sync_dir);
	char folder[48];

	(void)vfs;
	pthread_mutex_lock(&rec.lock);
	if (inside(name) != NULL) {
		unlinked(name);
		folder_of(folder, inside(name));
		if (sync_dir)
			dir_synced(folder);
	}
	pthread_mutex_unlock(&rec.lock);
	return code;
}

static void register_vfs(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (rec.registered)
		return;
	rec.vfs = *real;
	rec.vfs.zName = RECORDER_VFS;
	rec.vfs.pNext = NULL;
	rec.vfs.pAppData = real;
	rec.vfs.szOsFile = (int)(real_size() + sizeof(struct extra));
	rec.vfs.xOpen = on_open;
	rec.vfs.xDelete = on_delete;
	sqlite3_vfs_register(&rec.vfs, 0);
	rec.registered = true;
}

/* ---- What the store does beside it
 * --------------------------------------------------------------- */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

/* The path of an open file; "": it has none. */
static void path_of(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	out[n < 0 ? 0 : n] = '\0';
}

int __wrap_fsync(int fd)
{
	int status = __real_fsync(fd);
	char path[PATH_MAX];
	struct stat st;

	path_of(fd, path);
	pthread_mutex_lock(&rec.lock);
	if (inside(path) != NULL && fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			dir_synced(inside(path));
		else if (rec.lie != LIE_DATABASE)
			add(HAPPENED_SYNC, file_called(inside(path)));
	}
	pthread_mutex_unlock(&rec.lock);
	return status;
}

int __wrap_unlink(const char *path)
{
	int status = __real_unlink(path);

	pthread_mutex_lock(&rec.lock);
	if (status == 0)
		unlinked(path);
	pthread_mutex_unlock(&rec.lock);
	return status;
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	int status = __real_unlinkat(dir, name, flags);
	char path[PATH_MAX], *whole;

	path_of(dir, path);
	whole = mem_printf("%s/%s", path, name);
	pthread_mutex_lock(&rec.lock);
	if (status == 0)
		unlinked(whole);
	pthread_mutex_unlock(&rec.lock);
	free(whole);
	return status;
}

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int status = __real_renameat2(from_dir, from, to_dir, to, flags);

	pthread_mutex_lock(&rec.lock);
	if (status == 0)
		renamed(from, to);
	pthread_mutex_unlock(&rec.lock);
	return status;
}

/* ---- Recording ----------------------------------------------------------------------------------
 */

void recorder_begin(const char *dir, enum lie lie)
{
	register_vfs();
	pthread_mutex_lock(&rec.lock);
	rec.r = (struct recording){0};
	rec.nnames = 0;
	rec.lie = lie;
	snprintf(rec.dir, sizeof rec.dir, "%s", dir);
	rec.on = true;
	pthread_mutex_unlock(&rec.lock);
}

void recorder_mark(uint64_t number)
{
	pthread_mutex_lock(&rec.lock);
	if (rec.on)
		add(HAPPENED_MARK, 0)->at = number;
	pthread_mutex_unlock(&rec.lock);
}

struct recording recorder_end(void)
{
	struct recording r;

	pthread_mutex_lock(&rec.lock);
	rec.on = false;
	r = rec.r;
	rec.r = (struct recording){0};
	pthread_mutex_unlock(&rec.lock);
	return r;
}

void recording_free(struct recording *r)
{
	free(r->all);
	buf_fini(&r->data);
	*r = (struct recording){0};
}

bool happened_is_sync(const struct happened *h)
{
	return h->kind == HAPPENED_SYNC || h->kind == HAPPENED_DIR_SYNC;
}
