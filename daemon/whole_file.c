#include "daemon/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

enum err whole_file_error(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	default:
		return ERR_IO;
	}
}

/* Appends at most LEN bytes; *GOT is 0 at the end of the file. */
static enum err read_some(int fd, size_t len, struct buf *out, size_t *got)
{
	ssize_t n;

	do
		n = read(fd, buf_reserve(out, len), len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return whole_file_error(errno);
	buf_added(out, (size_t)n);
	*got = (size_t)n;
	return ERR_OK;
}

static enum err write_all(int fd, struct bytes b)
{
	while (b.len > 0) {
		ssize_t n = write(fd, b.data, b.len);

		if (n < 0 && errno != EINTR)
			return whole_file_error(errno);
		if (n > 0)
			b = bytes_of(b.data + n, b.len - (size_t)n);
	}
	return ERR_OK;
}

enum err whole_file_read(const char *path, size_t most, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 1, sum = 0;
	enum err err = fd < 0 ? whole_file_error(errno) : ERR_OK;

	while (err == ERR_OK && got > 0) {
		err = read_some(fd, most + 1, out, &got);
		if (err == ERR_OK && (sum += got) > most)
			err = ERR_TOO_LARGE;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The new file is on the disk, or is not there. */
static enum err finish(int fd, const char *path, enum err err)
{
	if (err == ERR_OK && fsync(fd) != 0)
		err = whole_file_error(errno);
	if (close(fd) != 0 && err == ERR_OK)
		err = whole_file_error(errno);
	if (err != ERR_OK)
		(void)unlink(path);
	return err;
}

static int make(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
}

enum err whole_file_make(const char *path, mode_t mode, struct bytes content)
{
	int fd = make(path, mode);

	return fd < 0 ? whole_file_error(errno) : finish(fd, path, write_all(fd, content));
}

static enum err copy_all(int from, int to)
{
	struct buf chunk = {0};
	enum err err;
	size_t got = 0;

	do {
		buf_clear(&chunk);
		if ((err = read_some(from, CHUNK, &chunk, &got)) == ERR_OK)
			err = write_all(to, buf_bytes(&chunk));
	} while (err == ERR_OK && got > 0);
	buf_fini(&chunk);
	return err;
}

enum err whole_file_copy(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	enum err err;

	if (in < 0)
		return whole_file_error(errno);
	if ((out = make(to, mode)) < 0)
		err = whole_file_error(errno);
	else
		err = finish(out, to, copy_all(in, out));
	close(in);
	return err;
}

enum err whole_file_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = fd < 0 || fsync(fd) != 0 ? whole_file_error(errno) : ERR_OK;

	if (fd >= 0)
		close(fd);
	return err;
}
