/* The store: one SQLite database, one thread that writes it.
 *
 * Everything queued while the last commit was running is one transaction (group commit); an idle
 * store commits at once.  store_append() and store_put() queue and return a number; when the store
 * says that number U is committed, everything up to U is on disk.  What is queued between two
 * store_kick() is never split: all of it is on disk or none.  A commit that fails leaves its
 * outcome unknown: the store says so from then on, and its owner must end the process without
 * acknowledging anything (the next start reads what is true).  So does a change that the schema
 * refuses (a session of nobody, say): that is a mistake in the program.
 *
 * All calls are made on one thread, the owner's, except where a reader's thread is named.
 *
 * Exactly one connection in the whole installation writes, checkpoints and backs up (SQLite's
 * WAL-reset bug): the writer's.  Readers have connections of their own and see snapshots. */
#ifndef DAEMON_STORE_STORE_H
#define DAEMON_STORE_STORE_H

#include "daemon/record/record.h"
#include "proto/base/worker.h"

struct store;

#define STORE_SCHEMA	  1 /* PRAGMA user_version */
#define STORE_APPLICATION 0x65786d64

/* Makes a new, empty database DIR/examd.db, readable by its owner only: whole, or not at all.
 *
 * ERR_EXISTS  there is one;  ERR_IO, ERR_DISK_FULL */
MUST_USE enum err store_create(const char *dir);

/* Opens DIR/examd.db and starts the writer; call after the last fork().  An older schema is raised,
 * after a copy into DIR/backups.  DIR itself is locked (flock) while the store is open; another
 * process that is just ending is waited for, 2 s at most.
 *
 * ERR_NOT_FOUND, ERR_NEWER_SCHEMA, ERR_CORRUPT, ERR_IO, ERR_DISK_FULL
 * ERR_IN_USE  another process has it open */
MUST_USE enum err store_open(struct store **out, const char *dir);

/* Commits what is queued, packs the transcripts asked for, checkpoints, closes; a backup under way
 * is given up.  After a failed commit it closes only.  Queries not yet settled get their done().
 * NULL is welcome. */
void store_close(struct store *s);

/* ---- Writing ----------------------------------------------------------------------------- */

struct store_seq {
	uint64_t v;
};

/* Queue a sealed record (its body is copied). */
struct store_seq store_append(struct store *s, const struct record *r);

enum change_kind {
	CHANGE_CLOCK,	 /* the heartbeat: service time (never falls), and wall time */
	CHANGE_PERSON,	 /* put; whoever else had the user name is called "#ID" until put again */
	CHANGE_PASSWORD, /* put; the person must be there, also for a session and a slip */
	CHANGE_SESSION,	 /* put */
	CHANGE_SESSION_END,
	CHANGE_PERSON_SESSIONS_END,
	CHANGE_SLIP,   /* put; earlier ones of the same sitting and person go */
	CHANGE_BANK,   /* put; becomes the last one loaded */
	CHANGE_EXAM,   /* likewise */
	CHANGE_TEXT,   /* a free text under its row number */
	CHANGE_RESULT, /* put; replaces that of the same attempt */
	/* Pack all records queued so far of a subject: a closed or parked attempt, which then
	 * leaves memory and is not recovered.  A background task: committed means taken note of; it
	 * is done in slices of 2 ms between commits.  After a crash before that the records are
	 * recovered as if it had not been asked for; ask again. */
	CHANGE_TRANSCRIPT,
	/* Delete records from the table below the first one of any attempt that is not packed, and
	 * commands older than 7 days; a background task as well.  Sittings, open or not, and the
	 * installation are packed for it. */
	CHANGE_CUT,
	CHANGE_COMMAND, /* a command that changed people, banks or exams: kept with its reply */
};

struct store_person {
	struct person_id id;
	const char *user, *name, *email, *group;
	uint32_t role; /* the wire's Role */
	uint32_t extra_percent;
	bool disabled;
};
struct store_password {
	struct person_id id;
	const char *hash; /* argon2id string; "" : none */
	bool must_change;
};
struct store_session {
	struct digest token; /* SHA-256 of it */
	struct person_id person;
	struct sitting_id sitting; /* 0 */
	uint8_t client_id[16];
	struct wall_ms made;
};
struct store_slip {
	struct digest hmac;
	struct sitting_id sitting;
	struct person_id person;
	struct wall_ms made;
};
struct store_source {	    /* a bank or a blueprint, as its YAML text */
	struct digest hash; /* of the content: bank_seal(), blueprint_seal() */
	const char *name, *version;
	struct bytes text;
};
struct store_text {
	int64_t row;
	uint8_t salt[16];
	struct bytes text;
};
struct store_result {
	struct attempt_id attempt;
	struct sitting_id sitting;
	struct person_id person;
	const char *exam;
	uint32_t state;
	bool practice;
	struct wall_ms started, closed;
	int64_t used_ms;
	struct bytes closing; /* packed record.AttemptClosed */
	bool released_result, released_review;
	uint32_t items, answered;
};
struct store_command {
	struct command_id id;
	struct digest content;
	struct bytes reply; /* packed wire Reply without id */
};
struct store_change {
	enum change_kind kind;
	union {
		struct {
			struct service_ms service;
			struct wall_ms wall;
		} clock;
		struct store_person person;
		struct store_password password;
		struct store_session session;
		struct digest session_end;
		struct person_id person_sessions_end;
		struct store_slip slip;
		struct store_source source; /* bank, exam */
		struct store_text text;
		struct store_result result;
		struct subject transcript;
		struct store_command command;
	} u;
};

/* Queue a change (everything it points to is copied; a text that is NULL is kept as ""). */
struct store_seq store_put(struct store *s, const struct store_change *c);

/* The number of the last thing queued. */
struct store_seq store_last(const struct store *s);

/* Lets the writer begin; call once a loop pass after anything was queued. */
void store_kick(struct store *s);

/* Is so much queued (STORE_QUEUE_MOST bytes) that its owner should take no more requests until
 * something has been committed? */
#define STORE_QUEUE_MOST (32u << 20)
bool store_is_full(struct store *s);

/* Readable when commits have finished; then store_settle() returns what is committed by now.
 *
 * ERR_UNDECIDED  a commit failed: nothing after *UPTO may be acknowledged, ever; end the process */
int store_fd(const struct store *s);
MUST_USE enum err store_settle(struct store *s, struct store_seq *upto);

/* Begins a backup into DIR/backups/NAME on the writer, in slices between commits; settles through
 * store_settle() as well: ask store_backup_state().  NAME is 1 to 100 letters, digits, '.', '-' and
 * '_', begins with a letter or digit and does not end in ".tmp".  The file appears under its name
 * when it is whole and on disk; it holds everything that was committed when it was finished.
 *
 * ERR_BUSY  one is under way;  ERR_INVALID  the name;  ERR_EXISTS  there is such a file */
enum backup_state { BACKUP_NONE, BACKUP_RUNNING, BACKUP_DONE, BACKUP_FAILED };
MUST_USE enum err store_backup(struct store *s, const char *name);
enum backup_state store_backup_state(struct store *s, uint32_t *percent);

struct store_stats {
	uint64_t commits, records; /* since the store was opened */
	uint64_t wal_bytes;
	uint64_t queued;     /* records and changes not yet committed */
	uint64_t background; /* transcripts not yet packed, and 1 for a cut not yet finished */
	int64_t last_commit_us;
};
void store_stats(struct store *s, struct store_stats *out);

/* ---- Reading at the start (before anything is queued) --------------------------------------- */

struct store_visitor {
	void (*clock)(struct store_visitor *v, struct service_ms service, struct wall_ms wall);
	void (*person)(struct store_visitor *v, const struct store_person *p,
		       const struct store_password *pw); /* .hash "": none */
	void (*session)(struct store_visitor *v, const struct store_session *s);
	void (*slip)(struct store_visitor *v, const struct store_slip *s);
	void (*bank)(struct store_visitor *v,
		     const struct store_source *b); /* in order of loading */
	void (*exam)(struct store_visitor *v, const struct store_source *b);
	void (*command)(struct store_visitor *v,
			const struct store_command *c); /* of the last 7 days */
	/* All records, msg NULL, of the installation, of each sitting, and of each attempt that has
	 * records outside its transcript.  Records in the table come in commit order; those of an
	 * attempt's transcript come before its first later one, those of a sitting's transcript
	 * before everything else.  So order holds within a subject, not across. */
	void (*record)(struct store_visitor *v, const struct record *r);
	/* Highest ids and text row ever given. */
	void (*highest)(struct store_visitor *v, struct attempt_id a, struct sitting_id s,
			int64_t text_row);
};

/* Calls each member that is not NULL, in the order above.  What it is given lives for the call.
 *
 * ERR_CORRUPT  a row cannot be read, or a chain does not follow;  ERR_IO */
MUST_USE enum err store_recover(struct store *s, struct store_visitor *v);

/* ---- Reading while it runs ------------------------------------------------------------------ */

/* A query runs on a reader thread with a snapshot of its own, then comes back through
 * store_readers_fd() and store_readers_settle().  Embedded in its owner. */
struct reader;
struct query {
	struct job job; /* the store's */
	struct store *store;
	void (*run)(struct query *q, struct reader *r); /* on the reader's thread */
	void (*done)(struct query *q);			/* on the owner's thread */
	enum err err; /* ERR_OK; or why run() was not called: ERR_IO, ERR_CLOSED */
};
/* At most STORE_QUERIES_MOST are taken at a time.
 *
 * ERR_BUSY  too many are queued */
#define STORE_QUERIES_MOST 64
MUST_USE enum err store_query(struct store *s, struct query *q);
int store_readers_fd(const struct store *s);
void store_readers_settle(struct store *s);

/* For run(): each calls back in order of attempt, row by row; the rows live for the call.
 *
 * ERR_NOT_FOUND  (reader_result, reader_text) there is none;  ERR_CORRUPT, ERR_IO */
MUST_USE enum err reader_results(struct reader *r, struct sitting_id sitting /* 0: practice */,
				 struct person_id person /* 0: all */,
				 void (*row)(void *arg, const struct store_result *res), void *arg);
MUST_USE enum err reader_result(struct reader *r, struct attempt_id attempt,
				void (*row)(void *arg, const struct store_result *res), void *arg);
/* All records of a subject, in order: from its transcript and the table.  None: ERR_OK, no call.
 *
 * ERR_CORRUPT  the chain does not follow;  ERR_IO */
MUST_USE enum err reader_records(struct reader *r, struct subject subject,
				 void (*row)(void *arg, const struct record *rec), void *arg);
MUST_USE enum err reader_text(struct reader *r, int64_t row, struct buf *out, uint8_t salt[16]);

#endif
