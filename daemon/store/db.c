#include "daemon/store/db.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"

#define PLACES	     16	       /* placeholders of one statement, at most */
#define ROW_MOST     (1 << 28) /* bytes of a row */
#define BUSY_WAIT_MS 5000      /* another process looks at the file while it is opened */

struct stmt {
	struct db *db; /* borrowed */
	enum sql sql;
	sqlite3_stmt *handle;	/* owned; NULL until it is used */
	int places[PLACES + 1]; /* SQLite's number of $1, $2, ... */
	int code;		/* the first failure */
};

struct db {
	sqlite3 *handle; /* owned */
	struct stmt stmts[SQL_COUNT];
};

static const char *const texts[] = {
#define SQL(name, text) [SQL_##name] = text,
#include "daemon/store/store_sql.def"
#undef SQL
};

static const char *const names[] = {
#define SQL(name, text) [SQL_##name] = #name,
#include "daemon/store/store_sql.def"
#undef SQL
};

enum err db_err(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return ERR_CORRUPT;
	case SQLITE_NOMEM:
		return ERR_NO_MEMORY;
	default:
		return ERR_IO;
	}
}

enum err db_failed(struct db *db, const char *doing)
{
	int code = sqlite3_extended_errcode(db->handle);
	enum err err = db_err(code);

	log_event(LOG_STORE_FAILED, F_TEXT("doing", doing), F_INT("code", code),
		  F_TEXT("message", sqlite3_errmsg(db->handle)),
		  F_INT("errno", sqlite3_system_errno(db->handle)));
	return err == ERR_OK ? ERR_IO : err;
}

/* ---- Statements -------------------------------------------------------------------------- */

static void stmt_prepare(struct stmt *q)
{
	char name[] = "$00";
	int i;

	q->code = sqlite3_prepare_v3(q->db->handle, texts[q->sql], -1, SQLITE_PREPARE_PERSISTENT,
				     &q->handle, NULL);
	if (q->code != SQLITE_OK)
		return;
	for (i = 1; i <= PLACES; i++) {
		name[1] = (char)('0' + (i < 10 ? i : i / 10));
		name[2] = (char)(i < 10 ? '\0' : '0' + i % 10);
		q->places[i] = sqlite3_bind_parameter_index(q->handle, name);
	}
}

struct stmt *db_stmt(struct db *db, enum sql sql)
{
	struct stmt *q = &db->stmts[sql];

	q->code = SQLITE_OK;
	if (q->handle == NULL)
		stmt_prepare(q);
	return q;
}

static void stmt_note(struct stmt *q, int code)
{
	if (q->code == SQLITE_OK)
		q->code = code;
}

void bind_int(struct stmt *q, int place, int64_t v)
{
	if (q->code == SQLITE_OK)
		stmt_note(q, sqlite3_bind_int64(q->handle, q->places[place], v));
}

void bind_bytes(struct stmt *q, int place, struct bytes v)
{
	if (q->code == SQLITE_OK)
		stmt_note(q, sqlite3_bind_blob64(q->handle, q->places[place],
						 v.len == 0 ? (const void *)"" : v.data, v.len,
						 SQLITE_STATIC));
}

void bind_text(struct stmt *q, int place, const char *v)
{
	if (q->code == SQLITE_OK)
		stmt_note(q, sqlite3_bind_text(q->handle, q->places[place], v == NULL ? "" : v, -1,
					       SQLITE_STATIC));
}

bool stmt_row(struct stmt *q)
{
	int code;

	if (q->code != SQLITE_OK)
		return false;
	code = sqlite3_step(q->handle);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		stmt_note(q, code);
	return false;
}

enum err stmt_end(struct stmt *q)
{
	enum err err = ERR_OK;

	if (q->code != SQLITE_OK) {
		err = db_failed(q->db, names[q->sql]);
		if (db_err(q->code) != ERR_IO)
			err = db_err(q->code);
	}
	sqlite3_reset(q->handle);
	return err;
}

enum err stmt_run(struct stmt *q)
{
	if (stmt_row(q))
		stmt_note(q, SQLITE_MISUSE); /* rows that nobody reads */
	return stmt_end(q);
}

int64_t column_int(const struct stmt *q, int column)
{
	return sqlite3_column_int64(q->handle, column);
}

struct bytes column_bytes(const struct stmt *q, int column)
{
	const void *data = sqlite3_column_blob(q->handle, column);

	return bytes_of(data == NULL ? "" : data, (size_t)sqlite3_column_bytes(q->handle, column));
}

const char *column_text(const struct stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q->handle, column);

	return text == NULL ? "" : (const char *)text;
}

void column_exact(struct stmt *q, int column, void *out, size_t size)
{
	struct bytes b = column_bytes(q, column);

	if (b.len == size)
		memcpy(out, b.data, size);
	else
		stmt_note(q, SQLITE_CORRUPT);
}

enum err db_exec(struct db *db, enum sql sql)
{
	struct stmt *q = db_stmt(db, sql);

	while (stmt_row(q)) {
		/* A pragma may answer with what it set: it is asked for where it matters. */
	}
	return stmt_end(q);
}

enum err db_number(struct db *db, enum sql sql, int64_t *out)
{
	struct stmt *q = db_stmt(db, sql);

	if (stmt_row(q))
		*out = column_int(q, 0);
	else
		stmt_note(q, SQLITE_CORRUPT);
	return stmt_end(q);
}

enum err db_exec_schema(struct db *db, const char *text)
{
	return sqlite3_exec(db->handle, text, NULL, NULL, NULL) == SQLITE_OK
		   ? ERR_OK
		   : db_failed(db, "schema");
}

/* ---- Opening ----------------------------------------------------------------------------- */

static const enum sql every_mode[] = {SQL_SET_UNTRUSTED, SQL_SET_NO_MMAP, SQL_SET_TEMP_MEMORY,
				      SQL_SET_FOREIGN_KEYS};
static const enum sql new_mode[] = {SQL_SET_SYNC_FULL};
static const enum sql write_mode[] = {SQL_SET_WAL, SQL_SET_SYNC_FULL, SQL_SET_CACHE,
				      SQL_SET_WAL_KEPT, SQL_SET_SECURE_DELETE};
static const enum sql read_mode[] = {SQL_SET_QUERY_ONLY};
static const enum sql copy_mode[] = {SQL_SET_JOURNAL_OFF, SQL_SET_SYNC_OFF, SQL_SET_CACHE_SMALL};

/* A setting and the value that it must have then. */
struct readback {
	enum sql ask;
	int64_t want;
};
static const struct readback every_readback[] = {{SQL_GET_FOREIGN_KEYS, 1}};
static const struct readback full_readback[] = {{SQL_GET_SYNC, 2}};
static const struct readback read_readback[] = {{SQL_GET_QUERY_ONLY, 1}};

static const struct mode {
	int flags;
	const enum sql *sets;
	size_t nsets;
	const struct readback *readbacks;
	size_t nreadbacks;
} modes[] = {
    [DB_NEW] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, new_mode, COUNT(new_mode),
		full_readback, COUNT(full_readback)},
    [DB_WRITE] = {SQLITE_OPEN_READWRITE, write_mode, COUNT(write_mode), full_readback,
		  COUNT(full_readback)},
    [DB_READ] = {SQLITE_OPEN_READONLY, read_mode, COUNT(read_mode), read_readback,
		 COUNT(read_readback)},
    [DB_COPY] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, copy_mode, COUNT(copy_mode), NULL, 0},
};

static enum err db_set(struct db *db, const enum sql *sets, size_t n)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < n && err == ERR_OK; i++)
		err = db_exec(db, sets[i]);
	return err;
}

static enum err db_read_back(struct db *db, const struct readback *rows, size_t n)
{
	enum err err = ERR_OK;
	int64_t is = 0;
	size_t i;

	for (i = 0; i < n && err == ERR_OK; i++) {
		err = db_number(db, rows[i].ask, &is);
		if (err == ERR_OK && is != rows[i].want) {
			log_event(LOG_STORE_FAILED, F_TEXT("doing", names[rows[i].ask]),
				  F_INT("is", is));
			err = ERR_IO;
		}
	}
	return err;
}

static enum err db_is_wal(struct db *db)
{
	struct stmt *q = db_stmt(db, SQL_GET_JOURNAL);
	bool is = stmt_row(q) && strcmp(column_text(q, 0), "wal") == 0;
	enum err err = stmt_end(q);

	if (err == ERR_OK && !is) {
		log_event(LOG_STORE_FAILED, F_TEXT("doing", "GET_JOURNAL"));
		err = ERR_IO;
	}
	return err;
}

static void db_harden(struct db *db, enum db_mode mode)
{
	static const struct {
		int option, value;
	} options[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},	   {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},	   {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},	   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0},
	};
	static const struct {
		int limit, value;
	} limits[] = {
	    {SQLITE_LIMIT_LENGTH, ROW_MOST}, {SQLITE_LIMIT_SQL_LENGTH, 64 * 1024},
	    {SQLITE_LIMIT_ATTACHED, 0},	     {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
	    {SQLITE_LIMIT_COLUMN, 64},	     {SQLITE_LIMIT_VARIABLE_NUMBER, PLACES},
	};
	size_t i;

	for (i = 0; i < COUNT(options); i++)
		sqlite3_db_config(db->handle, options[i].option, options[i].value, NULL);
	for (i = 0; i < COUNT(limits); i++)
		sqlite3_limit(db->handle, limits[i].limit, limits[i].value);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS);
	sqlite3_wal_autocheckpoint(db->handle, 0);
	if (mode == DB_READ)
		db_keep_wal(db);
}

void db_keep_wal(struct db *db)
{
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static enum err db_persist_wal(struct db *db)
{
	int on = 1;

	return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on) == SQLITE_OK
		   ? ERR_OK
		   : db_failed(db, "PERSIST_WAL");
}

enum err db_open(struct db **out, const char *path, enum db_mode mode, const char *vfs)
{
	const struct mode *m = &modes[mode];
	struct db *db = mem_new(sizeof *db);
	enum err err = ERR_OK;
	int i;

	for (i = 0; i < SQL_COUNT; i++) {
		db->stmts[i].db = db;
		db->stmts[i].sql = (enum sql)i;
	}
	if (sqlite3_open_v2(path, &db->handle, m->flags | SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK) {
		err = (sqlite3_errcode(db->handle) & 0xff) == SQLITE_CANTOPEN &&
			      (m->flags & SQLITE_OPEN_CREATE) == 0
			  ? ERR_NOT_FOUND
			  : db_failed(db, "open");
		goto out;
	}
	db_harden(db, mode);
	if ((err = db_set(db, every_mode, COUNT(every_mode))) != ERR_OK ||
	    (err = db_set(db, m->sets, m->nsets)) != ERR_OK ||
	    (err = db_read_back(db, every_readback, COUNT(every_readback))) != ERR_OK ||
	    (err = db_read_back(db, m->readbacks, m->nreadbacks)) != ERR_OK)
		goto out;
	if ((mode == DB_WRITE || mode == DB_READ) && (err = db_is_wal(db)) != ERR_OK)
		goto out;
	if (mode == DB_WRITE && (err = db_persist_wal(db)) != ERR_OK)
		goto out;
	*out = db;
	db = NULL;
out:
	db_close(db);
	return err;
}

void db_close(struct db *db)
{
	int i;

	if (db == NULL)
		return;
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->stmts[i].handle);
	sqlite3_close_v2(db->handle);
	free(db);
}

sqlite3 *db_handle(struct db *db)
{
	return db->handle;
}
