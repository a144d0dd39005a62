#include "daemon/store/test_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

static struct disk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t count, fail_at, syncs;
	enum disk_fault fault;
	enum disk_files files;
	bool stays, failed, holding, held;
	int64_t most, used;
	sqlite3_vfs vfs;
	bool registered;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct file {
	sqlite3_file base;
	int flags;
	int64_t size;
	sqlite3_file *real; /* behind this struct */
};

static struct file *file_of(sqlite3_file *f)
{
	return (struct file *)(void *)f;
}

static sqlite3_vfs *real_vfs(void)
{
	return disk.vfs.pAppData;
}

/* ---- When it fails ----------------------------------------------------------------------- */

static bool is_meant(const struct file *f)
{
	return disk.files == DISK_ALL ||
	       (disk.files == DISK_DATABASE && (f->flags & SQLITE_OPEN_MAIN_DB) != 0) ||
	       (disk.files == DISK_LOG && (f->flags & SQLITE_OPEN_WAL) != 0);
}

static bool fails_now(const struct file *f)
{
	bool fails = false;

	pthread_mutex_lock(&disk.lock);
	if (disk.fail_at != 0 && is_meant(f)) {
		disk.count++;
		fails = disk.stays ? disk.count >= disk.fail_at : disk.count == disk.fail_at;
		disk.failed = disk.failed || fails;
	}
	pthread_mutex_unlock(&disk.lock);
	return fails;
}

static bool has_room(struct file *f, int64_t end)
{
	bool room = true;

	pthread_mutex_lock(&disk.lock);
	if (end > f->size) {
		room = disk.most == 0 || disk.used + end - f->size <= disk.most;
		if (room) {
			disk.used += end - f->size;
			f->size = end;
		}
		disk.failed = disk.failed || !room;
	}
	pthread_mutex_unlock(&disk.lock);
	return room;
}

/* ---- Files ------------------------------------------------------------------------------- */

static int on_close(sqlite3_file *f)
{
	return file_of(f)->real->pMethods->xClose(file_of(f)->real);
}

static int on_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return file_of(f)->real->pMethods->xRead(file_of(f)->real, to, n, at);
}

static int on_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	sqlite3_file *real = file_of(f)->real;

	if (fails_now(file_of(f))) {
		if (disk.fault == DISK_SHORT)
			real->pMethods->xWrite(real, from, n / 2, at);
		return disk.fault == DISK_ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	if (!has_room(file_of(f), at + n))
		return SQLITE_FULL;
	return real->pMethods->xWrite(real, from, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (fails_now(file_of(f)))
		return SQLITE_IOERR_TRUNCATE;
	return file_of(f)->real->pMethods->xTruncate(file_of(f)->real, size);
}

static void wait_at_gate(void)
{
	pthread_mutex_lock(&disk.lock);
	while (disk.holding) {
		disk.held = true;
		pthread_cond_broadcast(&disk.changed);
		pthread_cond_wait(&disk.changed, &disk.lock);
	}
	disk.held = false;
	pthread_mutex_unlock(&disk.lock);
}

static int on_sync(sqlite3_file *f, int flags)
{
	bool log = (file_of(f)->flags & SQLITE_OPEN_WAL) != 0;
	int code;

	if (log)
		wait_at_gate();
	if (fails_now(file_of(f)))
		return SQLITE_IOERR_FSYNC;
	code = file_of(f)->real->pMethods->xSync(file_of(f)->real, flags);
	pthread_mutex_lock(&disk.lock);
	disk.syncs += log;
	pthread_mutex_unlock(&disk.lock);
	return code;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return file_of(f)->real->pMethods->xFileSize(file_of(f)->real, size);
}

static int on_lock(sqlite3_file *f, int level)
{
	return file_of(f)->real->pMethods->xLock(file_of(f)->real, level);
}

static int on_unlock(sqlite3_file *f, int level)
{
	return file_of(f)->real->pMethods->xUnlock(file_of(f)->real, level);
}

static int on_check_lock(sqlite3_file *f, int *out)
{
	return file_of(f)->real->pMethods->xCheckReservedLock(file_of(f)->real, out);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
	return file_of(f)->real->pMethods->xFileControl(file_of(f)->real, op, arg);
}

static int on_sector(sqlite3_file *f)
{
	return file_of(f)->real->pMethods->xSectorSize(file_of(f)->real);
}

static int on_device(sqlite3_file *f)
{
	return file_of(f)->real->pMethods->xDeviceCharacteristics(file_of(f)->real);
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return file_of(f)->real->pMethods->xShmMap(file_of(f)->real, page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return file_of(f)->real->pMethods->xShmLock(file_of(f)->real, offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
	file_of(f)->real->pMethods->xShmBarrier(file_of(f)->real);
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
	return file_of(f)->real->pMethods->xShmUnmap(file_of(f)->real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *file = file_of(f);
	sqlite3_int64 size = 0;
	int code;

	(void)vfs;
	*file = (struct file){.flags = flags, .real = (sqlite3_file *)(void *)(file + 1)};
	code = real_vfs()->xOpen(real_vfs(), name, file->real, flags, out);
	if (file->real->pMethods == NULL)
		return code;
	file->base.pMethods = &methods;
	if (file->real->pMethods->xFileSize(file->real, &size) == SQLITE_OK)
		file->size = size;
	return code;
}

/* ---- Plans ------------------------------------------------------------------------------- */

void disk_reset(void)
{
	pthread_mutex_lock(&disk.lock);
	if (!disk.registered) {
		sqlite3_vfs *real = sqlite3_vfs_find(NULL);

		disk.vfs = *real;
		disk.vfs.zName = DISK_VFS;
		disk.vfs.pNext = NULL;
		disk.vfs.pAppData = real;
		disk.vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
		disk.vfs.xOpen = on_open;
		sqlite3_vfs_register(&disk.vfs, 0);
		disk.registered = true;
	}
	disk.count = disk.fail_at = disk.syncs = 0;
	disk.failed = disk.holding = disk.held = false;
	disk.most = disk.used = 0;
	pthread_mutex_unlock(&disk.lock);
}

void disk_fails_at(uint64_t n, enum disk_fault fault, bool stays, enum disk_files files)
{
	pthread_mutex_lock(&disk.lock);
	disk.count = 0;
	disk.fail_at = n;
	disk.fault = fault;
	disk.stays = stays;
	disk.files = files;
	disk.failed = false;
	pthread_mutex_unlock(&disk.lock);
}

bool disk_has_failed(void)
{
	bool failed;

	pthread_mutex_lock(&disk.lock);
	failed = disk.failed;
	pthread_mutex_unlock(&disk.lock);
	return failed;
}

void disk_holds(int64_t bytes)
{
	pthread_mutex_lock(&disk.lock);
	disk.most = bytes;
	disk.used = 0;
	pthread_mutex_unlock(&disk.lock);
}

void disk_holds_syncs(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.holding = true;
	pthread_mutex_unlock(&disk.lock);
}

void disk_until_sync_is_held(void)
{
	pthread_mutex_lock(&disk.lock);
	while (!disk.held)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
}

void disk_goes_on(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.holding = false;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

uint64_t disk_syncs(void)
{
	uint64_t syncs;

	pthread_mutex_lock(&disk.lock);
	syncs = disk.syncs;
	pthread_mutex_unlock(&disk.lock);
	return syncs;
}
