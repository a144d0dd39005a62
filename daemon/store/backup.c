#include "daemon/store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/log.h"

struct backup {
	sqlite3_backup *copy; /* owned; NULL when all pages are copied */
	struct db *to;	      /* owned */
	char *dir, *path, *tmp;
};

static enum err failed(const char *doing)
{
	enum err err = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;

	log_event(LOG_STORE_FAILED, F_TEXT("doing", doing), F_TEXT("message", strerror(errno)));
	return err;
}

enum err dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : failed("directory fsync");

	if (fd >= 0)
		close(fd);
	return err;
}

static bool is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789";
	size_t len = strlen(name);

	return len > 0 && len <= BACKUP_NAME_MOST && strchr(letters, name[0]) != NULL &&
	       (len < 4 || strcmp(name + len - 4, ".tmp") != 0) &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") ==
		   len;
}

enum err backup_check(const char *dir, const char *name)
{
	char *path;
	enum err err;

	if (!is_name(name))
		return ERR_INVALID;
	path = mem_printf("%s/backups/%s", dir, name);
	err = access(path, F_OK) == 0 ? ERR_EXISTS : ERR_OK;
	free(path);
	return err;
}

/* An empty file of mode 0600, so that SQLite does not make one that others can read. */
static enum err make_empty(const char *path)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed("backup");
	close(fd);
	return ERR_OK;
}

enum err backup_new(struct backup **out, struct db *from, const char *dir, const char *name,
		    const char *vfs)
{
	struct backup *b = mem_new(sizeof *b);
	enum err err;

	b->dir = mem_printf("%s/backups", dir);
	b->path = mem_printf("%s/%s", b->dir, name);
	b->tmp = mem_printf("%s.tmp", b->path);
	if (mkdir(b->dir, 0700) != 0 && errno != EEXIST) {
		err = failed("backup");
		goto out;
	}
	if ((err = make_empty(b->tmp)) != ERR_OK ||
	    (err = db_open(&b->to, b->tmp, DB_COPY, vfs)) != ERR_OK)
		goto out;
	b->copy = sqlite3_backup_init(db_handle(b->to), "main", db_handle(from), "main");
	if (b->copy == NULL) {
		err = db_failed(b->to, "backup");
		goto out;
	}
	*out = b;
	b = NULL;
out:
	backup_free(b);
	return err;
}

static enum err backup_end(struct backup *b)
{
	int code = sqlite3_backup_finish(b->copy);
	enum err err = code == SQLITE_OK ? ERR_OK : db_failed(b->to, "backup");

	b->copy = NULL;
	db_close(b->to);
	b->to = NULL;
	return err;
}

enum err backup_step(struct backup *b, int pages, struct backup_progress *out)
{
	int code = sqlite3_backup_step(b->copy, pages);
	int left = sqlite3_backup_remaining(b->copy), all = sqlite3_backup_pagecount(b->copy);

	out->percent = all > 0 ? (uint32_t)(100LL * (all - left) / all) : 0;
	out->done = code == SQLITE_DONE;
	if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return ERR_OK;
	if (code == SQLITE_DONE)
		return backup_end(b);
	/* The failure stays in the copy; the connection that it is made from is not touched. */
	log_event(LOG_BACKUP_FAILED, F_INT("code", code));
	return db_err(code);
}

enum err backup_finish(struct backup *b)
{
	int fd = open(b->tmp, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_OK;

	if (fd < 0 || fsync(fd) != 0)
		err = failed("backup fsync");
	else if (renameat2(AT_FDCWD, b->tmp, AT_FDCWD, b->path, RENAME_NOREPLACE) != 0)
		err = errno == EEXIST ? ERR_EXISTS : failed("backup rename");
	else
		err = dir_sync(b->dir);
	if (fd >= 0)
		close(fd);
	return err;
}

void backup_sweep(const char *dir)
{
	char *path = mem_printf("%s/backups", dir);
	DIR *d = opendir(path);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len > 4 && strcmp(e->d_name + len - 4, ".tmp") == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d != NULL)
		closedir(d);
	free(path);
}

void backup_free(struct backup *b)
{
	if (b == NULL)
		return;
	if (b->copy != NULL)
		sqlite3_backup_finish(b->copy);
	db_close(b->to);
	unlink(b->tmp);
	free(b->dir);
	free(b->path);
	free(b->tmp);
	free(b);
}
