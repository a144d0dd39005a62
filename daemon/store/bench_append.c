/* bench_append [DIR [SECONDS]]: rows appended a second, by bare SQLite and by the store, with the
 * same number of rows a transaction and a sync each.  DIR must be on the disk in question. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/db.h"
#include "daemon/store/store.h"

#define SUBJECTS 500
#define BODY	 100

static const unsigned batches[] = {1, 8, 64, 512};

struct bench {
	char *dir, *path;
	int64_t ns;
	uint8_t body[BODY];
	uint64_t made;
};

static void must(enum err err, const char *doing)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "bench_append: %s: %s\n", doing, err_sentence(err));
	exit(1);
}

/* Chains are not made: that is the engine's work, not the store's. */
static struct record next_record(struct bench *b)
{
	uint64_t i = b->made++;

	return (struct record){
	    .subject = subject_attempt((struct attempt_id){(int64_t)(i % SUBJECTS) + 1}),
	    .n = i / SUBJECTS + 1,
	    .at = {(int64_t)i},
	    .noted = {(int64_t)i},
	    .kind = RECORD_ANSWER_PUT,
	    .body = bytes_of(b->body, sizeof b->body),
	};
}

static void given_database(struct bench *b)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	size_t i;

	for (i = 0; i < COUNT(ends); i++) {
		char *name = mem_printf("%s%s", b->path, ends[i]);

		unlink(name);
		free(name);
	}
	b->made = 0;
	must(store_create(b->dir), "create");
}

static void bare_insert(struct db *db, const struct record *r, uint64_t seq)
{
	struct stmt *q = db_stmt(db, SQL_APPEND_RECORD);

	bind_seq(q, 1, seq);
	bind_subject(q, 2, r->subject);
	bind_record_no(q, 3, r->n);
	bind_service_ms(q, 4, r->at);
	bind_wall_ms(q, 5, r->noted);
	bind_kind(q, 6, r->kind);
	bind_bytes(q, 7, r->body);
	bind_digest(q, 8, &r->chain);
	must(stmt_run(q), "insert");
}

static double bare(struct bench *b, unsigned batch)
{
	struct db *db;
	int64_t began, now;
	unsigned i;

	given_database(b);
	must(db_open(&db, b->path, DB_WRITE, NULL), "open");
	sqlite3_wal_autocheckpoint(db_handle(db), 1000);
	began = now = mono_now_ns();
	while (now - began < b->ns) {
		must(db_exec(db, SQL_BEGIN), "begin");
		for (i = 0; i < batch; i++) {
			struct record r = next_record(b);

			bare_insert(db, &r, b->made);
		}
		must(db_exec(db, SQL_COMMIT), "commit");
		now = mono_now_ns();
	}
	db_close(db);
	return (double)b->made * 1e9 / (double)(now - began);
}

/* Like a room of clients: a batch is sent, the next one when it was acknowledged; with FLOOD the
 * producer does not wait, and the store makes its own batches. */
static double stored(struct bench *b, unsigned batch, bool flood)
{
	struct store_seq upto = {0};
	struct store *s;
	int64_t began, now;
	unsigned i;

	given_database(b);
	must(store_open(&s, b->dir), "open");
	began = now = mono_now_ns();
	while (now - began < b->ns) {
		struct pollfd p = {store_fd(s), POLLIN, 0};

		for (i = 0; i < batch; i++) {
			struct record r = next_record(b);

			store_append(s, &r);
		}
		store_kick(s);
		while (flood ? store_is_full(s) : upto.v < b->made) {
			poll(&p, 1, -1);
			must(store_settle(s, &upto), "commit");
		}
		now = mono_now_ns();
	}
	while (upto.v < b->made) {
		struct pollfd p = {store_fd(s), POLLIN, 0};

		poll(&p, 1, -1);
		must(store_settle(s, &upto), "commit");
	}
	now = mono_now_ns();
	store_close(s);
	return (double)b->made * 1e9 / (double)(now - began);
}

int main(int argc, char **argv)
{
	struct bench b = {.dir = mem_printf("%s/bench_append", argc > 1 ? argv[1] : "/tmp")};
	size_t i;

	b.path = mem_printf("%s/examd.db", b.dir);
	b.ns = (int64_t)((argc > 2 ? atof(argv[2]) : 2.0) * 1e9);
	memset(b.body, 0x5a, sizeof b.body);
	mkdir(b.dir, 0700);
	printf("rows/s, one sync a transaction, rows of %d bytes\n", BODY);
	printf("%8s %12s %12s\n", "batch", "bare", "store");
	for (i = 0; i < COUNT(batches); i++)
		printf("%8u %12.0f %12.0f\n", batches[i], bare(&b, batches[i]),
		       stored(&b, batches[i], false));
	printf("%8s %12s %12.0f\n", "free", "", stored(&b, 64, true));
	free(b.dir);
	free(b.path);
	return 0;
}
