/* One connection to SQLite, with every statement of store_sql.def and typed binders.
 *
 * A binder returns nothing: the statement remembers the first failure, and stmt_run() or stmt_end()
 * reports it.  What is bound is borrowed until then.  A failure is logged here, once. */
#ifndef DAEMON_STORE_DB_H
#define DAEMON_STORE_DB_H

#include <sqlite3.h>

#include "daemon/record/record.h"

struct db;
struct stmt;

enum sql {
#define SQL(name, text) SQL_##name,
#include "daemon/store/store_sql.def"
#undef SQL
	SQL_COUNT
};

enum db_mode {
	DB_NEW,	  /* makes an empty database, not yet in WAL mode */
	DB_WRITE, /* the one connection that writes: WAL, synchronous=FULL, no automatic checkpoint
		   */
	DB_READ,  /* query_only, never checkpoints */
	DB_COPY	  /* the target of a backup: no journal, no sync, its maker syncs the file */
};

/* Every setting that matters is read back.  VFS NULL: the system's.
 *
 * ERR_NOT_FOUND  no such file (not with DB_NEW and DB_COPY)
 * ERR_CORRUPT    not a database;  ERR_IO, ERR_DISK_FULL  also: a setting did not take */
MUST_USE enum err db_open(struct db **out, const char *path, enum db_mode mode, const char *vfs);
/* NULL is welcome.  What is not committed is rolled back. */
void db_close(struct db *db);
/* Leave the WAL as it is when closing: for a connection whose commit failed. */
void db_keep_wal(struct db *db);
sqlite3 *db_handle(struct db *db);

/* A statement without values and without rows. */
MUST_USE enum err db_exec(struct db *db, enum sql sql);
/* The first column of the first row; ERR_CORRUPT when there is no row. */
MUST_USE enum err db_number(struct db *db, enum sql sql, int64_t *out);
/* A row of the schema: the only text that is not in the list. */
MUST_USE enum err db_exec_schema(struct db *db, const char *text);

/* What a result code of SQLite means. */
enum err db_err(int code);
/* Logs the connection's last failure; returns what it means. */
enum err db_failed(struct db *db, const char *doing);

/* ---- Statements -------------------------------------------------------------------------- */

/* Ready to be bound.  One of each name is under way at a time. */
struct stmt *db_stmt(struct db *db, enum sql sql);
MUST_USE enum err stmt_run(struct stmt *q);
/* Is there another row?  After false, and whenever the rest is not wanted: stmt_end(). */
bool stmt_row(struct stmt *q);
MUST_USE enum err stmt_end(struct stmt *q);

void bind_int(struct stmt *q, int place, int64_t v);
void bind_bytes(struct stmt *q, int place, struct bytes v);
void bind_text(struct stmt *q, int place, const char *v); /* NULL is "" */

static inline void bind_subject(struct stmt *q, int place, struct subject v)
{
	bind_int(q, place, v.v);
}
static inline void bind_record_no(struct stmt *q, int place, uint64_t v)
{
	bind_int(q, place, (int64_t)v);
}
static inline void bind_seq(struct stmt *q, int place, uint64_t v)
{
	bind_int(q, place, (int64_t)v);
}
static inline void bind_kind(struct stmt *q, int place, enum record_kind v)
{
	bind_int(q, place, (int64_t)v);
}
static inline void bind_service_ms(struct stmt *q, int place, struct service_ms v)
{
	bind_int(q, place, v.v);
}
static inline void bind_wall_ms(struct stmt *q, int place, struct wall_ms v)
{
	bind_int(q, place, v.v);
}
static inline void bind_person(struct stmt *q, int place, struct person_id v)
{
	bind_int(q, place, v.v);
}
static inline void bind_sitting(struct stmt *q, int place, struct sitting_id v)
{
	bind_int(q, place, v.v);
}
static inline void bind_attempt(struct stmt *q, int place, struct attempt_id v)
{
	bind_int(q, place, v.v);
}
static inline void bind_digest(struct stmt *q, int place, const struct digest *v)
{
	bind_bytes(q, place, bytes_of(v->b, sizeof v->b));
}

/* Columns count from 0; bytes and texts live until the next stmt_ call. */
int64_t column_int(const struct stmt *q, int column);
struct bytes column_bytes(const struct stmt *q, int column);
const char *column_text(const struct stmt *q, int column); /* never NULL */
/* Exactly SIZE bytes; anything else makes stmt_end() return ERR_CORRUPT. */
void column_exact(struct stmt *q, int column, void *out, size_t size);

static inline uint64_t column_u64(const struct stmt *q, int column)
{
	return (uint64_t)column_int(q, column);
}
static inline uint32_t column_u32(const struct stmt *q, int column)
{
	return (uint32_t)column_int(q, column);
}

#endif
