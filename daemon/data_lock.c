#include "daemon/data_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/whole_file.h"
#include "proto/base/mem.h"

static enum err take(int *out, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return whole_file_error(errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum err err = errno == EWOULDBLOCK ? ERR_IN_USE : ERR_IO;

		close(fd);
		return err;
	}
	*out = fd;
	return ERR_OK;
}

enum err data_lock_take(struct data_lock *lock, const char *dir)
{
	char *path = mem_printf("%s/lock", dir);
	enum err err;

	*lock = (struct data_lock){-1, -1};
	err = take(&lock->file, path, O_RDWR | O_CREAT);
	if (err == ERR_OK)
		err = take(&lock->folder, dir, O_RDONLY | O_DIRECTORY);
	if (err != ERR_OK)
		data_lock_drop(lock);
	free(path);
	return err;
}

void data_lock_let_store(struct data_lock *lock)
{
	if (lock->folder >= 0)
		close(lock->folder);
	lock->folder = -1;
}

void data_lock_drop(struct data_lock *lock)
{
	data_lock_let_store(lock);
	if (lock->file >= 0)
		close(lock->file);
	lock->file = -1;
}
