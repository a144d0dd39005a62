/* What the owner needs to know at its start. */
#include <stdlib.h>
#include <uthash.h>

#include "daemon/store/reader.h"
#include "daemon/store/rows.h"

#define COMMANDS_SHOWN (7LL * 24 * 3600 * 1000)

static enum err visit_clock(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_CLOCK);

	if (stmt_row(q))
		v->clock(v, (struct service_ms){column_int(q, 0)},
			 (struct wall_ms){column_int(q, 1)});
	return stmt_end(q);
}

static enum err visit_persons(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_ALL_PERSONS);

	while (stmt_row(q)) {
		struct store_person p = {
		    .id = {column_int(q, 0)},
		    .user = column_text(q, 1),
		    .name = column_text(q, 2),
		    .email = column_text(q, 3),
		    .group = column_text(q, 4),
		    .role = column_u32(q, 5),
		    .extra_percent = column_u32(q, 6),
		    .disabled = column_int(q, 7) != 0,
		};
		struct store_password pw = {p.id, column_text(q, 8), column_int(q, 9) != 0};

		v->person(v, &p, &pw);
	}
	return stmt_end(q);
}

static enum err visit_sessions(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_ALL_SESSIONS);

	while (stmt_row(q)) {
		struct store_session s = {
		    .person = {column_int(q, 1)},
		    .sitting = {column_int(q, 2)},
		    .made = {column_int(q, 4)},
		};

		column_exact(q, 0, s.token.b, sizeof s.token.b);
		column_exact(q, 3, s.client_id, sizeof s.client_id);
		v->session(v, &s);
	}
	return stmt_end(q);
}

static enum err visit_slips(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_ALL_SLIPS);

	while (stmt_row(q)) {
		struct store_slip s = {
		    .sitting = {column_int(q, 1)},
		    .person = {column_int(q, 2)},
		    .made = {column_int(q, 3)},
		};

		column_exact(q, 0, s.hmac.b, sizeof s.hmac.b);
		v->slip(v, &s);
	}
	return stmt_end(q);
}

static enum err visit_sources(struct db *db, enum sql sql, struct store_visitor *v,
			      void (*each)(struct store_visitor *v, const struct store_source *b))
{
	struct stmt *q = db_stmt(db, sql);

	while (stmt_row(q)) {
		struct store_source s = {
		    .name = column_text(q, 1),
		    .version = column_text(q, 2),
		    .text = column_bytes(q, 3),
		};

		column_exact(q, 0, s.hash.b, sizeof s.hash.b);
		each(v, &s);
	}
	return stmt_end(q);
}

static enum err visit_banks(struct db *db, struct store_visitor *v)
{
	return visit_sources(db, SQL_ALL_BANKS, v, v->bank);
}

static enum err visit_exams(struct db *db, struct store_visitor *v)
{
	return visit_sources(db, SQL_ALL_EXAMS, v, v->exam);
}

static enum err visit_commands(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_ALL_COMMANDS);

	bind_wall_ms(q, 1, (struct wall_ms){wall_now().v - COMMANDS_SHOWN});
	while (stmt_row(q)) {
		struct store_command c = {.reply = column_bytes(q, 2)};

		column_exact(q, 0, c.id.b, sizeof c.id.b);
		column_exact(q, 1, c.content.b, sizeof c.content.b);
		v->command(v, &c);
	}
	return stmt_end(q);
}

static enum err visit_highest(struct db *db, struct store_visitor *v)
{
	struct stmt *q = db_stmt(db, SQL_HIGHEST);

	if (stmt_row(q))
		v->highest(v, (struct attempt_id){column_int(q, 0)},
			   (struct sitting_id){column_int(q, 1)}, column_int(q, 2));
	return stmt_end(q);
}

/* ---- Records ----------------------------------------------------------------------------- */

/* A subject met on the way: how far its transcript goes, and its chain so far. */
struct met {
	int64_t subject;
	uint64_t packed;
	struct chain chain;
	UT_hash_handle hh;
};

struct walk {
	struct db *db;
	struct store_visitor *v;
	struct met *all; /* owned */
};

static void on_record(void *arg, const struct record *r)
{
	struct store_visitor *v = arg;

	if (v->record != NULL)
		v->record(v, r);
}

static struct met *met_of(struct walk *w, struct subject subject)
{
	struct met *m;

	HASH_FIND(hh, w->all, &subject.v, sizeof subject.v, m);
	return m;
}

static enum err meet(struct walk *w, struct subject subject, struct met **out)
{
	struct stmt *q = db_stmt(w->db, SQL_TRANSCRIPT_HEAD);
	struct met *m = mem_new(sizeof *m);

	m->subject = subject.v;
	m->chain = (struct chain){.row = on_record, .arg = w->v};
	HASH_ADD(hh, w->all, subject, sizeof m->subject, m);
	*out = m;
	bind_subject(q, 1, subject);
	if (stmt_row(q))
		m->packed = column_u64(q, 0);
	return stmt_end(q);
}

static enum err walk_record(struct walk *w, const struct record *r)
{
	struct met *m = met_of(w, r->subject);
	enum err err = ERR_OK;

	if (m == NULL)
		err = meet(w, r->subject, &m);
	if (err != ERR_OK || r->n <= m->packed)
		return err;
	if (m->chain.n < m->packed)
		err = chain_add_transcript(&m->chain, w->db, r->subject);
	return err == ERR_OK ? chain_add(&m->chain, r) : err;
}

/* Those of the installation and of all sittings: there are few, and they are small. */
static enum err walk_kept_transcripts(struct walk *w)
{
	struct stmt *q = db_stmt(w->db, SQL_HIGHEST);
	int64_t sittings = stmt_row(q) ? column_int(q, 1) : 0, i;
	enum err err = stmt_end(q);
	struct met *m;

	for (i = 0; err == ERR_OK && i <= sittings; i++) {
		struct subject subject =
		    i == 0 ? subject_installation() : subject_sitting((struct sitting_id){i});

		if ((err = meet(w, subject, &m)) == ERR_OK && m->packed > 0)
			err = chain_add_transcript(&m->chain, w->db, subject);
	}
	return err;
}

static enum err visit_records(struct db *db, struct store_visitor *v)
{
	struct walk w = {db, v, NULL};
	struct stmt *q = db_stmt(db, SQL_ALL_RECORDS);
	struct met *m, *next;
	struct record r;
	enum err err, end;

	err = walk_kept_transcripts(&w);
	while (err == ERR_OK && stmt_row(q)) {
		record_column(q, &r);
		err = walk_record(&w, &r);
	}
	end = stmt_end(q);
	HASH_ITER (hh, w.all, m, next) {
		HASH_DEL(w.all, m);
		free(m);
	}
	return err == ERR_OK ? end : err;
}

enum err recover_all(struct db *db, struct store_visitor *v)
{
	enum err err = ERR_OK;

	if (v->clock != NULL)
		err = visit_clock(db, v);
	if (err == ERR_OK && v->person != NULL)
		err = visit_persons(db, v);
	if (err == ERR_OK && v->session != NULL)
		err = visit_sessions(db, v);
	if (err == ERR_OK && v->slip != NULL)
		err = visit_slips(db, v);
	if (err == ERR_OK && v->bank != NULL)
		err = visit_banks(db, v);
	if (err == ERR_OK && v->exam != NULL)
		err = visit_exams(db, v);
	if (err == ERR_OK && v->command != NULL)
		err = visit_commands(db, v);
	if (err == ERR_OK)
		err = visit_records(db, v);
	if (err == ERR_OK && v->highest != NULL)
		err = visit_highest(db, v);
	return err;
}
