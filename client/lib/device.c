#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "proto/base/mem.h"

enum err file_error(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	default:
		return ERR_IO;
	}
}

enum err file_make_dir(const char *dir)
{
	char *path = mem_copy_text(dir);
	enum err err = ERR_OK;
	struct stat st;

	for (char *p = path + 1; err == ERR_OK; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			err = file_error(errno);
		*p = end;
		if (end == '\0')
			break;
	}
	if (err == ERR_OK && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
		err = ERR_IO;
	free(path);
	return err;
}

enum err file_read(const char *path, size_t most, struct buf *out)
{
	size_t total = 0;
	enum err err = ERR_OK;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return file_error(errno);
	for (;;) {
		uint8_t *room = buf_reserve(out, 65536);

		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_added(out, (size_t)n);
		total += (size_t)n;
		if (total > most) {
			err = ERR_TOO_LARGE;
			break;
		}
	}
	if (n < 0)
		err = ERR_IO;
	close(fd);
	return err;
}

static bool write_whole(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		content = bytes_of(content.data + n, content.len - (size_t)n);
	}
	return true;
}

enum err file_replace(const char *path, struct bytes content)
{
	char *beside = mem_printf("%s.%ld.new", path, (long)getpid());
	enum err err = ERR_OK;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err = file_error(errno);
		goto out;
	}
	if (!write_whole(fd, content) || fdatasync(fd) != 0)
		err = file_error(errno);
	if (close(fd) != 0 && err == ERR_OK)
		err = file_error(errno);
	if (err == ERR_OK && rename(beside, path) != 0)
		err = file_error(errno);
	if (err != ERR_OK)
		unlink(beside);
out:
	free(beside);
	return err;
}

static enum err read_or_make_id(struct device *d)
{
	char *path = mem_printf("%s/client-id", d->dir);
	struct buf text = {0};
	enum err err = file_read(path, CLIENT_ID, &text);

	if (err == ERR_OK && buf_length(&text) == CLIENT_ID) {
		memcpy(d->client_id, buf_bytes(&text).data, CLIENT_ID);
	} else if (err == ERR_OK || err == ERR_NOT_FOUND || err == ERR_TOO_LARGE) {
		random_bytes(d->client_id, CLIENT_ID);
		err = file_replace(path, bytes_of(d->client_id, CLIENT_ID));
	}
	buf_fini(&text);
	free(path);
	return err;
}

enum err device_open(struct device *d, const char *dir)
{
	enum err err;

	*d = (struct device){0};
	if (dir == NULL) {
		random_bytes(d->client_id, CLIENT_ID);
		return ERR_OK;
	}
	if ((err = file_make_dir(dir)) != ERR_OK)
		return err;
	d->dir = mem_copy_text(dir);
	return read_or_make_id(d);
}

void device_fini(struct device *d)
{
	free(d->dir);
	*d = (struct device){0};
}

struct digest device_owner(const char *kind, const char *who)
{
	char *text = mem_printf("%s:%s", kind, who);
	struct digest owner = digest_of(text, strlen(text));

	free(text);
	return owner;
}

static char *token_path(const struct device *d, const struct digest *owner)
{
	char name[9];

	hex_format(owner->b, 4, name);
	return mem_printf("%s/session-%s", d->dir, name);
}

/* owner | pin | token */
#define SESSION_FILE (32 + 32 + TOKEN_BYTES)

bool device_read_token(const struct device *d, const struct digest *owner, const struct digest *pin,
		       uint8_t token[TOKEN_BYTES])
{
	struct buf text = {0};
	bool good = false;
	char *path;

	if (d->dir == NULL)
		return false;
	path = token_path(d, owner);
	if (file_read(path, SESSION_FILE, &text) == ERR_OK && buf_length(&text) == SESSION_FILE) {
		const uint8_t *p = buf_bytes(&text).data;

		good = memcmp(p, owner->b, 32) == 0 && memcmp(p + 32, pin->b, 32) == 0;
		if (good)
			memcpy(token, p + 64, TOKEN_BYTES);
	}
	buf_fini(&text);
	free(path);
	return good;
}

void device_keep_token(const struct device *d, const struct digest *owner, const struct digest *pin,
		       const uint8_t token[TOKEN_BYTES])
{
	uint8_t content[SESSION_FILE];
	char *path;

	if (d->dir == NULL)
		return;
	memcpy(content, owner->b, 32);
	memcpy(content + 32, pin->b, 32);
	memcpy(content + 64, token, TOKEN_BYTES);
	path = token_path(d, owner);
	if (file_replace(path, bytes_of(content, sizeof content)) != ERR_OK)
		unlink(path);
	free(path);
}

void device_forget_token(const struct device *d, const struct digest *owner)
{
	char *path;

	if (d->dir == NULL)
		return;
	path = token_path(d, owner);
	unlink(path);
	free(path);
}
