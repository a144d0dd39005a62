#include "daemon/store/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/backup.h"
#include "daemon/store/reader.h"
#include "daemon/store/writer.h"
#include "proto/base/log.h"

#define LOCK_POLL_MS 10

static const struct migration schema[] = {
#define SCHEMA(version, text) {version, text},
#include "daemon/store/schema.def"
#undef SCHEMA
};

const struct store_options store_defaults = {
    .migrations = schema,
    .nmigrations = COUNT(schema),
    .lock_wait = {2000},
    .transcript_most = 128u << 20,
    .checkpoint = 1000,
};

struct store {
	char *dir;		 /* owned */
	int lock;		 /* DIR, locked */
	struct places *places;	 /* owned */
	struct writer *writer;	 /* owned */
	struct readers *readers; /* owned */
	struct batch filling;	 /* queued since the last kick */
	struct batch spare;
	struct store_seq last;
};

/* ---- Schema ------------------------------------------------------------------------------ */

static uint32_t newest(const struct store_options *o)
{
	return o->migrations[o->nmigrations - 1].version;
}

static enum err migrate(struct db *db, uint32_t from, const struct store_options *o)
{
	enum err err = db_exec(db, SQL_BEGIN);
	size_t i;

	for (i = 0; i < o->nmigrations && err == ERR_OK; i++)
		if (o->migrations[i].version > from)
			err = db_exec_schema(db, o->migrations[i].text);
	return err == ERR_OK ? db_exec(db, SQL_COMMIT) : err;
}

static enum err copy_before(struct db *db, const char *dir, uint32_t version, const char *vfs)
{
	char *name = mem_printf("schema-%u-%lld.db", version, (long long)wall_now().v);
	struct backup_progress p = {0};
	struct backup *b = NULL;
	enum err err = backup_new(&b, db, dir, name, vfs);

	while (err == ERR_OK && !p.done)
		err = backup_step(b, -1, &p);
	if (err == ERR_OK)
		err = backup_finish(b);
	if (err == ERR_OK)
		log_event(LOG_STORE_COPIED, F_TEXT("file", name));
	backup_free(b);
	free(name);
	return err;
}

static enum err check_schema(struct db *db, const char *dir, const struct store_options *o)
{
	int64_t application, version;
	enum err err;

	if ((err = db_number(db, SQL_GET_APPLICATION, &application)) != ERR_OK ||
	    (err = db_number(db, SQL_GET_USER_VERSION, &version)) != ERR_OK)
		return err;
	if (application != STORE_APPLICATION || version < 1)
		return ERR_CORRUPT;
	if (version > newest(o))
		return ERR_NEWER_SCHEMA;
	if (version == newest(o))
		return ERR_OK;
	err = copy_before(db, dir, (uint32_t)version, o->vfs);
	return err == ERR_OK ? migrate(db, (uint32_t)version, o) : err;
}

/* ---- Making ------------------------------------------------------------------------------ */

static enum err io_failed(const char *doing)
{
	enum err err = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;

	log_event(LOG_STORE_FAILED, F_TEXT("doing", doing), F_TEXT("message", strerror(errno)));
	return err;
}

static void remove_all(const char *path)
{
	static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
	size_t i;

	for (i = 0; i < COUNT(ends); i++) {
		char *name = mem_printf("%s%s", path, ends[i]);

		unlink(name);
		free(name);
	}
}

/* Before SQLite opens it: the files that it makes beside it get the same mode. */
static enum err make_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return io_failed("create");
	close(fd);
	return ERR_OK;
}

static enum err fill_new(const char *path, const struct store_options *o)
{
	struct db *db = NULL;
	enum err err;

	if ((err = make_private(path)) != ERR_OK ||
	    (err = db_open(&db, path, DB_NEW, o->vfs)) != ERR_OK ||
	    (err = db_exec(db, SQL_SET_APPLICATION)) != ERR_OK ||
	    (err = migrate(db, 0, o)) != ERR_OK)
		goto out;
	err = db_exec(db, SQL_SET_WAL);
out:
	db_close(db);
	return err;
}

enum err store_create_with(const char *dir, const struct store_options *o)
{
	char *path = mem_printf("%s/examd.db", dir), *tmp = mem_printf("%s.new", path);
	enum err err;

	if (access(path, F_OK) == 0) {
		err = ERR_EXISTS;
		goto out;
	}
	remove_all(tmp);
	if ((err = fill_new(tmp, o)) != ERR_OK)
		goto out;
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
		err = errno == EEXIST ? ERR_EXISTS : io_failed("rename");
	else
		err = dir_sync(dir);
out:
	remove_all(tmp);
	free(path);
	free(tmp);
	return err;
}

enum err store_create(const char *dir)
{
	return store_create_with(dir, &store_defaults);
}

/* ---- Opening ----------------------------------------------------------------------------- */

static enum err lock_dir(struct store *s, struct millis wait)
{
	const struct timespec pause = {0, LOCK_POLL_MS * 1000000L};
	struct mono_ms until = mono_add(mono_now(), wait);

	s->lock = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : io_failed("open directory");
	while (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return io_failed("lock");
		if (mono_left(until, mono_now()).v == 0)
			return ERR_IN_USE;
		nanosleep(&pause, NULL);
	}
	return ERR_OK;
}

static enum err start_writer(struct store *s, const char *path, const struct store_options *o)
{
	struct writer_config config = {.places = s->places,
				       .dir = s->dir,
				       .vfs = o->vfs,
				       .transcript_most = o->transcript_most,
				       .checkpoint = o->checkpoint};
	enum err err;

	if ((err = db_open(&config.db, path, DB_WRITE, o->vfs)) != ERR_OK)
		return err;
	if ((err = check_schema(config.db, s->dir, o)) != ERR_OK ||
	    (err = writer_new(&s->writer, &config)) != ERR_OK)
		db_close(config.db);
	return err;
}

/* The write-ahead log and its index are there by now: SQLite ignores an error of the directory's
 * fsync, we do not. */
static enum err start_readers(struct store *s, const char *path, const struct store_options *o)
{
	struct db *db;
	enum err err;

	if ((err = db_open(&db, path, DB_READ, o->vfs)) != ERR_OK)
		return err;
	s->readers = readers_new(db, s->places);
	return dir_sync(s->dir);
}

enum err store_open_with(struct store **out, const char *dir, const struct store_options *o)
{
	char *path = mem_printf("%s/examd.db", dir);
	struct store *s = mem_new(sizeof *s);
	enum err err;

	s->dir = mem_copy_text(dir);
	s->places = places_new();
	if ((err = lock_dir(s, o->lock_wait)) != ERR_OK)
		goto out;
	if (access(path, F_OK) != 0) {
		err = ERR_NOT_FOUND;
		goto out;
	}
	backup_sweep(s->dir);
	if ((err = start_writer(s, path, o)) != ERR_OK ||
	    (err = start_readers(s, path, o)) != ERR_OK)
		goto out;
	*out = s;
	s = NULL;
out:
	store_close(s);
	free(path);
	return err;
}

enum err store_open(struct store **out, const char *dir)
{
	return store_open_with(out, dir, &store_defaults);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	readers_free(s->readers);
	if (s->writer != NULL)
		store_kick(s);
	writer_free(s->writer);
	places_free(s->places);
	batch_fini(&s->filling);
	batch_fini(&s->spare);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

/* ---- Writing ----------------------------------------------------------------------------- */

struct store_seq store_append(struct store *s, const struct record *r)
{
	struct op *op = batch_add(&s->filling, &s->spare, OP_RECORD, r->body.len);

	op->u.record = *r;
	op->u.record.msg = NULL;
	if (r->body.len > 0)
		memcpy(op_extra(op), r->body.data, r->body.len);
	op->u.record.body = bytes_of(op_extra(op), r->body.len);
	return (struct store_seq){++s->last.v};
}

/* What a change points to, for each kind: offsets into struct store_change. */
#define AT(member) offsetof(struct store_change, u.member)
#define POINTERS   6
static const struct {
	size_t texts[POINTERS]; /* const char *; ended by 0 */
	size_t bytes[POINTERS]; /* struct bytes */
} pointers[] = {
    [CHANGE_PERSON] = {{AT(person.user), AT(person.name), AT(person.email), AT(person.group)}, {0}},
    [CHANGE_PASSWORD] = {{AT(password.hash)}, {0}},
    [CHANGE_BANK] = {{AT(source.name), AT(source.version)}, {AT(source.text)}},
    [CHANGE_EXAM] = {{AT(source.name), AT(source.version)}, {AT(source.text)}},
    [CHANGE_TEXT] = {{0}, {AT(text.text)}},
    [CHANGE_RESULT] = {{AT(result.exam)}, {AT(result.closing)}},
    [CHANGE_COMMAND] = {{0}, {AT(command.reply)}},
};
#undef AT

static const char **text_at(struct store_change *c, size_t offset)
{
	return (const char **)(void *)((char *)c + offset);
}

static struct bytes *bytes_at(struct store_change *c, size_t offset)
{
	return (struct bytes *)(void *)((char *)c + offset);
}

static size_t text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static size_t pointed_size(struct store_change *c)
{
	size_t size = 0, i;

	if ((size_t)c->kind >= COUNT(pointers))
		return 0;
	for (i = 0; pointers[c->kind].texts[i] != 0; i++)
		size += text_size(*text_at(c, pointers[c->kind].texts[i]));
	for (i = 0; pointers[c->kind].bytes[i] != 0; i++)
		size += bytes_at(c, pointers[c->kind].bytes[i])->len;
	return size;
}

static uint8_t *keep(uint8_t *to, const void *from, size_t size)
{
	if (size > 0)
		memcpy(to, from, size);
	return to + size;
}

static void copy_pointed(struct store_change *c, uint8_t *to)
{
	size_t i;

	if ((size_t)c->kind >= COUNT(pointers))
		return;
	for (i = 0; pointers[c->kind].texts[i] != 0; i++) {
		const char **text = text_at(c, pointers[c->kind].texts[i]);
		const char *kept = *text == NULL ? NULL : (const char *)to;

		to = keep(to, *text, text_size(*text));
		*text = kept;
	}
	for (i = 0; pointers[c->kind].bytes[i] != 0; i++) {
		struct bytes *b = bytes_at(c, pointers[c->kind].bytes[i]);
		const uint8_t *kept = to;

		to = keep(to, b->data, b->len);
		b->data = kept;
	}
}

struct store_seq store_put(struct store *s, const struct store_change *c)
{
	struct store_change copy = *c;
	struct op *op = batch_add(&s->filling, &s->spare, OP_CHANGE, pointed_size(&copy));

	op->u.change = copy;
	copy_pointed(&op->u.change, op_extra(op));
	return (struct store_seq){++s->last.v};
}

struct store_seq store_last(const struct store *s)
{
	return s->last;
}

void store_kick(struct store *s)
{
	if (s->filling.length > 0)
		writer_add(s->writer, &s->filling, &s->spare);
}

bool store_is_full(struct store *s)
{
	return s->filling.bytes + writer_backlog(s->writer) >= STORE_QUEUE_MOST;
}

int store_fd(const struct store *s)
{
	return writer_fd(s->writer);
}

enum err store_settle(struct store *s, struct store_seq *upto)
{
	return writer_settle(s->writer, &upto->v);
}

enum err store_backup(struct store *s, const char *name)
{
	enum err err = backup_check(s->dir, name);

	return err == ERR_OK ? writer_backup(s->writer, name) : err;
}

enum backup_state store_backup_state(struct store *s, uint32_t *percent)
{
	return writer_backup_state(s->writer, percent);
}

void store_stats(struct store *s, struct store_stats *out)
{
	writer_stats(s->writer, out);
	out->queued += s->filling.length;
}

/* ---- Reading ----------------------------------------------------------------------------- */

enum err store_recover(struct store *s, struct store_visitor *v)
{
	return readers_recover(s->readers, v);
}

enum err store_query(struct store *s, struct query *q)
{
	q->store = s;
	return readers_add(s->readers, q);
}

struct reader *store_reader(struct store *s)
{
	return readers_reader(s->readers);
}

int store_readers_fd(const struct store *s)
{
	return readers_fd(s->readers);
}

void store_readers_settle(struct store *s)
{
	readers_settle(s->readers);
}
