#include "daemon/service/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/mem.h"

/* The files, where each goes in struct secrets, and how long each is. */
static const struct secret_file {
	const char *name;
	size_t offset, size;
} files[] = {
    {"sign.key", offsetof(struct secrets, sign_seed), 32},
    {"slip.key", offsetof(struct secrets, slip_key), 32},
    {"seal.key", offsetof(struct secrets, seal_key), 32},
    {"installation", offsetof(struct secrets, installation), 16},
};

static enum err from_errno(void)
{
	switch (errno) {
	case EEXIST:
		return ERR_EXISTS;
	case ENOENT:
		return ERR_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	default:
		return ERR_IO;
	}
}

static enum err write_new(int folder, const struct secret_file *file)
{
	uint8_t bytes[32];
	enum err err = ERR_OK;
	int fd = openat(folder, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return from_errno();
	random_bytes(bytes, file->size);
	if (write(fd, bytes, file->size) != (ssize_t)file->size || fsync(fd) != 0)
		err = from_errno();
	sodium_memzero(bytes, sizeof(bytes));
	if (close(fd) != 0 && err == ERR_OK)
		err = from_errno();
	return err;
}

enum err secrets_make(const char *dir)
{
	char *path = mem_printf("%s/secrets", dir);
	enum err err = ERR_OK;
	int folder = -1;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		err = from_errno();
		goto out;
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		err = from_errno();
		goto out;
	}
	for (size_t i = 0; i < COUNT(files) && err == ERR_OK; i++)
		err = write_new(folder, &files[i]);
	if (err == ERR_OK && fsync(folder) != 0)
		err = from_errno();
out:
	if (folder >= 0)
		close(folder);
	free(path);
	return err;
}

static enum err read_one(int folder, const struct secret_file *file, struct secrets *out)
{
	struct stat st;
	enum err err = ERR_OK;
	int fd = openat(folder, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return from_errno();
	if (fstat(fd, &st) != 0)
		err = ERR_IO;
	else if ((st.st_mode & 077) != 0)
		err = ERR_INVALID;
	else if (!S_ISREG(st.st_mode) || st.st_size != (off_t)file->size ||
		 read(fd, (uint8_t *)out + file->offset, file->size) != (ssize_t)file->size)
		err = ERR_CORRUPT;
	close(fd);
	return err;
}

enum err secrets_read(struct secrets *out, const char *dir)
{
	char *path = mem_printf("%s/secrets", dir);
	enum err err = ERR_OK;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(path);
	*out = (struct secrets){0};
	if (folder < 0)
		return from_errno();
	for (size_t i = 0; i < COUNT(files) && err == ERR_OK; i++)
		err = read_one(folder, &files[i], out);
	close(folder);
	if (err == ERR_OK)
		crypto_sign_seed_keypair(out->sign_public, out->sign_secret, out->sign_seed);
	else
		secrets_wipe(out);
	return err;
}

void secrets_wipe(struct secrets *s)
{
	sodium_memzero(s, sizeof(*s));
}

void secrets_sign(void *key, struct bytes statement, uint8_t signature[64])
{
	const struct secrets *s = key;

	crypto_sign_detached(signature, NULL, statement.data, statement.len, s->sign_secret);
}

struct digest secrets_slip_hmac(const struct secrets *s, struct bytes canonical_slip)
{
	struct digest d;

	crypto_auth_hmacsha256(d.b, canonical_slip.data, canonical_slip.len, s->slip_key);
	return d;
}
