#include "daemon/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/database_check.h"
#include "daemon/whole_file.h"
#include "proto/base/mem.h"

/* Renames DIR/examd.db<SUFFIX> to its kept name, if it is there. */
static enum err keep(const char *dir, const char *suffix, const char *stamp, struct buf *said)
{
	char *from = mem_printf("%s/examd.db%s", dir, suffix);
	char *to = mem_printf("%s/examd.db.before-restore-%s%s", dir, stamp, suffix);
	enum err err = ERR_OK;

	if (access(from, F_OK) != 0)
		goto out;
	if (access(to, F_OK) == 0)
		err = ERR_EXISTS;
	else if (rename(from, to) != 0)
		err = whole_file_error(errno);
	else
		buf_printf(said, "kept %s as %s\n", from, to);
out:
	free(from);
	free(to);
	return err;
}

/* The database goes first: a log that is left alone is kept by the next call, while a database
 * without its log would have lost what was acknowledged.  The shared memory is made anew. */
static enum err keep_present(const char *dir, const char *stamp, struct buf *said)
{
	char *shm = mem_printf("%s/examd.db-shm", dir);
	enum err err = keep(dir, "", stamp, said);

	if (err == ERR_OK)
		err = whole_file_sync_folder(dir);
	if (err == ERR_OK)
		err = keep(dir, "-wal", stamp, said);
	if (err == ERR_OK && unlink(shm) != 0 && errno != ENOENT)
		err = whole_file_error(errno);
	if (err == ERR_OK)
		err = whole_file_sync_folder(dir);
	free(shm);
	return err;
}

static enum err put_in_place(const char *copy, const char *dir, struct buf *said)
{
	char *place = mem_printf("%s/examd.db", dir);
	enum err err = rename(copy, place) == 0 ? ERR_OK : whole_file_error(errno);

	if (err == ERR_OK)
		err = whole_file_sync_folder(dir);
	if (err == ERR_OK)
		buf_printf(said, "%s is the backup now\n", place);
	free(place);
	return err;
}

enum err restore_make(const char *file, const char *dir, const char *stamp, struct buf *said)
{
	char *copy = mem_printf("%s/examd.db.restoring", dir);
	int64_t schema;
	enum err err;

	if (unlink(copy) != 0 && errno != ENOENT) {
		err = whole_file_error(errno);
		goto out;
	}
	if ((err = whole_file_copy(file, copy, 0600)) != ERR_OK)
		goto out;
	if ((err = database_check(copy, true, &schema, said)) != ERR_OK)
		goto out;
	buf_printf(said, "%s is sound, of schema %lld\n", file, (long long)schema);
	if ((err = keep_present(dir, stamp, said)) == ERR_OK)
		err = put_in_place(copy, dir, said);
out:
	if (err != ERR_OK)
		(void)unlink(copy);
	free(copy);
	return err;
}
