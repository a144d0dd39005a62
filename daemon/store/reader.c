#include "daemon/store/reader.h"

#include <stdlib.h>

#include "daemon/store/rows.h"

struct reader {
	struct db *db;	       /* owned */
	struct places *places; /* borrowed */
};

struct readers {
	struct reader reader;
	struct worker *worker; /* owned */
};

struct readers *readers_new(struct db *db, struct places *places)
{
	struct readers *r = mem_new(sizeof *r);

	r->reader = (struct reader){db, places};
	r->worker = worker_new(STORE_QUERIES_MOST);
	return r;
}

void readers_free(struct readers *r)
{
	if (r == NULL)
		return;
	worker_free(r->worker);
	db_close(r->reader.db);
	free(r);
}

enum err readers_recover(struct readers *r, struct store_visitor *v)
{
	return recover_all(r->reader.db, v);
}

static void query_run(struct job *job)
{
	struct query *q = container_of(job, struct query, job);
	struct reader *r = store_reader(q->store);
	int64_t snapshot;

	places_reader_came(r->places);
	q->err = db_exec(r->db, SQL_BEGIN_READ);
	if (q->err == ERR_OK) {
		/* The snapshot is that of the first read. */
		q->err = db_number(r->db, SQL_GET_USER_VERSION, &snapshot);
		if (q->err == ERR_OK)
			q->run(q, r);
		if (db_exec(r->db, SQL_COMMIT) != ERR_OK && q->err == ERR_OK)
			q->err = ERR_IO;
	}
	places_reader_left(r->places);
}

static void query_done(struct job *job)
{
	struct query *q = container_of(job, struct query, job);

	q->done(q);
}

enum err readers_add(struct readers *r, struct query *q)
{
	q->job = (struct job){query_run, query_done, NULL};
	q->err = ERR_CLOSED;
	return worker_add(r->worker, &q->job);
}

int readers_fd(const struct readers *r)
{
	return worker_fd(r->worker);
}

void readers_settle(struct readers *r)
{
	worker_settle(r->worker);
}

struct reader *readers_reader(struct readers *r)
{
	return &r->reader;
}

/* ---- For run() --------------------------------------------------------------------------- */

static enum err each_result(struct stmt *q, void (*row)(void *arg, const struct store_result *res),
			    void *arg, size_t *count)
{
	struct store_result res;

	while (stmt_row(q)) {
		result_column(q, &res);
		row(arg, &res);
		++*count;
	}
	return stmt_end(q);
}

enum err reader_results(struct reader *r, struct sitting_id sitting, struct person_id person,
			void (*row)(void *arg, const struct store_result *res), void *arg)
{
	struct stmt *q = db_stmt(r->db, person.v == 0 ? SQL_SITTING_RESULTS : SQL_PERSON_RESULTS);
	size_t count = 0;

	bind_sitting(q, 1, sitting);
	if (person.v != 0)
		bind_person(q, 2, person);
	return each_result(q, row, arg, &count);
}

enum err reader_result(struct reader *r, struct attempt_id attempt,
		       void (*row)(void *arg, const struct store_result *res), void *arg)
{
	struct stmt *q = db_stmt(r->db, SQL_RESULT);
	size_t count = 0;
	enum err err;

	bind_attempt(q, 1, attempt);
	err = each_result(q, row, arg, &count);
	return err == ERR_OK && count == 0 ? ERR_NOT_FOUND : err;
}

/* The row at SEQ, unless it is newer than the snapshot, was cut, or is in the transcript. */
static enum err add_row(struct reader *r, uint64_t seq, struct chain *chain)
{
	struct stmt *q = db_stmt(r->db, SQL_RECORD_AT);
	enum err err = ERR_OK, end;
	struct record rec;

	bind_seq(q, 1, seq);
	if (stmt_row(q)) {
		record_column(q, &rec);
		if (rec.n > chain->n)
			err = chain_add(chain, &rec);
	}
	end = stmt_end(q);
	return err == ERR_OK ? end : err;
}

enum err reader_records(struct reader *r, struct subject subject,
			void (*row)(void *arg, const struct record *rec), void *arg)
{
	struct chain chain = {.row = row, .arg = arg};
	struct buf seqs = {0};
	const uint64_t *seq, *end;
	enum err err;

	places_find(r->places, subject, true, &seqs);
	seq = (const void *)buf_bytes(&seqs).data;
	end = seq + buf_length(&seqs) / sizeof *seq;
	err = chain_add_transcript(&chain, r->db, subject);
	for (; err == ERR_OK && seq < end; seq++)
		err = add_row(r, *seq, &chain);
	buf_fini(&seqs);
	return err;
}

enum err reader_text(struct reader *r, int64_t row, struct buf *out, uint8_t salt[16])
{
	struct stmt *q = db_stmt(r->db, SQL_TEXT);
	bool found;
	enum err err;

	bind_int(q, 1, row);
	found = stmt_row(q);
	if (found) {
		column_exact(q, 0, salt, 16);
		buf_put_bytes(out, column_bytes(q, 1));
	}
	err = stmt_end(q);
	return err == ERR_OK && !found ? ERR_NOT_FOUND : err;
}
