#include "daemon/store/test_given.h"

#include <dirent.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000

void given_dir(struct given *g)
{
	const char *tmp = getenv("TMPDIR");

	*g = (struct given){.options = store_defaults};
	snprintf(g->dir, sizeof g->dir, "%.40s/store-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(g->dir));
}

void given_store(struct given *g)
{
	given_dir(g);
	assert_int_equal(ERR_OK, store_create_with(g->dir, &g->options));
	assert_int_equal(ERR_OK, store_open_with(&g->store, g->dir, &g->options));
}

void when_reopened(struct given *g)
{
	store_close(g->store);
	g->store = NULL;
	assert_int_equal(ERR_OK, store_open_with(&g->store, g->dir, &g->options));
}

void remove_tree(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", dir, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlink(path) != 0)
			remove_tree(path);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

void given_gone(struct given *g)
{
	store_close(g->store);
	remove_tree(g->dir);
	arena_fini(&g->arena);
}

struct subject attempt(int64_t number)
{
	return subject_attempt((struct attempt_id){number});
}

struct subject sitting(int64_t number)
{
	return subject_sitting((struct sitting_id){number});
}

static struct given_chain *chain_of(struct given *g, struct subject subject)
{
	size_t i;

	for (i = 0; i < g->nchains; i++)
		if (g->chains[i].subject.v == subject.v)
			return &g->chains[i];
	assert_true(g->nchains < SUBJECTS_MOST);
	g->chains[g->nchains] = (struct given_chain){.subject = subject};
	return &g->chains[g->nchains++];
}

struct store_seq when_appended_large(struct given *g, struct subject subject, uint32_t payload,
				     size_t fill)
{
	struct given_chain *c = chain_of(g, subject);
	Examd__Record__AnswerPut msg = EXAMD__RECORD__ANSWER_PUT__INIT;
	struct record r = {
	    .subject = subject,
	    .n = c->n + 1,
	    .at = {1000 + payload},
	    .noted = {2000 + payload},
	    .kind = RECORD_ANSWER_PUT,
	    .msg = &msg.base,
	};
	struct store_seq seq;

	msg.item = payload;
	msg.note.len = fill;
	msg.note.data = mem_new(fill);
	record_seal(&r, &c->last, &g->arena);
	c->n = r.n;
	c->last = r.chain;
	seq = store_append(g->store, &r);
	arena_reset(&g->arena);
	free(msg.note.data);
	return seq;
}

struct store_seq when_appended(struct given *g, struct subject subject, uint32_t payload)
{
	return when_appended_large(g, subject, payload, 0);
}

void when_packed(struct given *g, struct subject subject)
{
	store_put(g->store,
		  &(struct store_change){.kind = CHANGE_TRANSCRIPT, .u.transcript = subject});
}

void when_cut(struct given *g)
{
	store_put(g->store, &(struct store_change){.kind = CHANGE_CUT});
}

void when_signalled(struct given *g)
{
	struct pollfd p = {store_fd(g->store), POLLIN, 0};

	assert_int_equal(1, poll(&p, 1, PATIENCE_MS));
}

enum err committed(struct given *g)
{
	struct store_seq upto = {0};
	enum err err = ERR_OK;

	store_kick(g->store);
	while ((err = store_settle(g->store, &upto)) == ERR_OK && upto.v < store_last(g->store).v)
		when_signalled(g);
	return err;
}

void when_idle(struct given *g)
{
	struct store_stats stats;
	struct store_seq upto;

	assert_int_equal(ERR_OK, committed(g));
	for (;;) {
		store_stats(g->store, &stats);
		if (stats.background == 0)
			return;
		when_signalled(g);
		assert_int_equal(ERR_OK, store_settle(g->store, &upto));
	}
}

/* ---- What came back ---------------------------------------------------------------------- */

void seen_add(struct seen *seen, const struct record *r)
{
	struct arena arena = {0};
	struct record copy = *r;

	assert_true(seen->length < COUNT(seen->payloads));
	assert_null(r->msg);
	assert_int_equal(ERR_OK, record_decode(&copy, &arena));
	seen->subjects[seen->length] = r->subject;
	seen->numbers[seen->length] = r->n;
	seen->payloads[seen->length] =
	    ((const Examd__Record__AnswerPut *)(const void *)copy.msg)->item;
	seen->last = r->chain;
	seen->length++;
	arena_fini(&arena);
}

static void on_record(struct store_visitor *v, const struct record *r)
{
	seen_add(container_of(v, struct seen, visitor), r);
}

static void on_highest(struct store_visitor *v, struct attempt_id a, struct sitting_id s,
		       int64_t text_row)
{
	struct seen *seen = container_of(v, struct seen, visitor);

	seen->attempt = a;
	seen->sitting = s;
	seen->text_row = text_row;
}

enum err recovered(struct given *g, struct seen *seen)
{
	seen->length = 0;
	seen->last = (struct digest){0};
	seen->visitor = (struct store_visitor){.record = on_record, .highest = on_highest};
	return store_recover(g->store, &seen->visitor);
}

size_t seen_of(const struct seen *seen, struct subject subject)
{
	size_t i, n = 0;

	for (i = 0; i < seen->length; i++)
		n += seen->subjects[i].v == subject.v;
	return n;
}

bool seen_holds(const struct seen *seen, struct subject subject, uint64_t n, uint32_t payload)
{
	size_t i;

	for (i = 0; i < seen->length; i++)
		if (seen->subjects[i].v == subject.v && seen->numbers[i] == n)
			return seen->payloads[i] == payload;
	return false;
}

struct records_query {
	struct query query;
	struct subject subject;
	struct seen *seen;
	enum err err;
	bool done;
};

static void on_read(void *arg, const struct record *r)
{
	seen_add(arg, r);
}

static void records_run(struct query *query, struct reader *r)
{
	struct records_query *q = container_of(query, struct records_query, query);

	q->err = reader_records(r, q->subject, on_read, q->seen);
}

static void records_done(struct query *query)
{
	container_of(query, struct records_query, query)->done = true;
}

enum err read_records(struct given *g, struct subject subject, struct seen *seen)
{
	struct records_query q = {
	    .query = {.run = records_run, .done = records_done},
	    .subject = subject,
	    .seen = seen,
	};

	seen->length = 0;
	seen->last = (struct digest){0};
	assert_int_equal(ERR_OK, store_query(g->store, &q.query));
	while (!q.done) {
		struct pollfd p = {store_readers_fd(g->store), POLLIN, 0};

		assert_int_equal(1, poll(&p, 1, PATIENCE_MS));
		store_readers_settle(g->store);
	}
	assert_int_equal(ERR_OK, q.query.err);
	return q.err;
}

/* ---- The file itself --------------------------------------------------------------------- */

static char *first_text(const char *path, const char *sql)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	char *text = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		text = mem_copy_text((const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(db);
	return text;
}

bool file_is_whole(const char *path)
{
	char *text = first_text(path, "PRAGMA integrity_check");
	bool whole = text != NULL && strcmp(text, "ok") == 0;

	free(text);
	return whole;
}

int64_t number_in(const char *path, const char *sql)
{
	char *text = first_text(path, sql);
	int64_t number = text == NULL ? -1 : strtoll(text, NULL, 10);

	free(text);
	return number;
}

int64_t rows_in(const char *path, const char *table)
{
	char *sql = mem_printf("SELECT count(*) FROM \"%s\"", table);
	int64_t rows = number_in(path, sql);

	free(sql);
	return rows;
}
