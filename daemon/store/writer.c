#include "daemon/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/record/packed.h"
#include "daemon/store/backup.h"
#include "daemon/store/rows.h"
#include "proto/base/log.h"

#define SLICE_NS      (2 * 1000 * 1000) /* of background work between commits */
#define CUT_ROWS      128		/* deleted by one statement */
#define BACKUP_PAGES  32		/* copied by one step */
#define WAL_ALARM     (64u << 20)	/* bytes */
#define COMMANDS_KEPT (7LL * 24 * 3600 * 1000)

/* A subject to be packed, up to a row. */
struct packing {
	struct subject subject;
	uint64_t through;
};

struct highest {
	int64_t attempt, sitting, text;
	uint64_t seq;
};

struct writer {
	/* the thread's own */
	struct db *db;	       /* owned */
	struct places *places; /* borrowed */
	size_t transcript_most;
	uint64_t checkpoint;   /* pages of the log from one to the next */
	const char *dir, *vfs; /* borrowed */
	struct highest highest, written;
	uint64_t records;
	struct buf packings;	      /* struct packing, to be done */
	struct buf packed;	      /* struct packing, done in this transaction */
	uint64_t cut_from, cut_upto;  /* rows to delete; equal: none */
	bool cutting;		      /* some were deleted in this transaction */
	struct backup *backup;	      /* owned; NULL: none under way */
	uint64_t pages, checkpointed; /* of the WAL: now, and at the last checkpoint */
	bool alarmed;

	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct batch waiting, spare;
	size_t backlog; /* bytes waiting or under way */
	uint64_t added, committed;
	bool stop, failed, asleep;
	char backup_name[BACKUP_NAME_MOST + 1]; /* "": nothing asked for */
	enum backup_state backup_state;
	uint32_t backup_percent;
	struct store_stats stats;

	struct worker *finisher; /* owned; syncs a copy that has all pages */
	pthread_t thread;
	int fd;
};

struct finishing {
	struct job job;
	struct writer *writer; /* borrowed */
	struct backup *backup; /* owned */
};

static void signal_owner(struct writer *w)
{
	uint64_t one = 1;

	if (write(w->fd, &one, sizeof one) != sizeof one)
		abort();
}

/* ---- Records and changes ----------------------------------------------------------------- */

static enum err append_record(struct writer *w, const struct record *r)
{
	struct stmt *q = db_stmt(w->db, SQL_APPEND_RECORD);
	int64_t number = subject_number(r->subject);
	uint64_t seq = ++w->highest.seq;

	bind_seq(q, 1, seq);
	bind_subject(q, 2, r->subject);
	bind_record_no(q, 3, r->n);
	bind_service_ms(q, 4, r->at);
	bind_wall_ms(q, 5, r->noted);
	bind_kind(q, 6, r->kind);
	bind_bytes(q, 7, r->body);
	bind_digest(q, 8, &r->chain);
	w->records++;
	places_add(w->places, r->subject, seq);
	if (subject_kind(r->subject) == SUBJECT_ATTEMPT && number > w->highest.attempt)
		w->highest.attempt = number;
	if (subject_kind(r->subject) == SUBJECT_SITTING && number > w->highest.sitting)
		w->highest.sitting = number;
	return stmt_run(q);
}

static enum err put_clock(struct writer *w, const struct store_change *c)
{
	struct stmt *q = db_stmt(w->db, SQL_PUT_CLOCK);

	bind_service_ms(q, 1, c->u.clock.service);
	bind_wall_ms(q, 2, c->u.clock.wall);
	return stmt_run(q);
}

static enum err put_person(struct writer *w, const struct store_change *c)
{
	const struct store_person *p = &c->u.person;
	struct stmt *q = db_stmt(w->db, SQL_TAKE_USER);
	enum err err;

	bind_person(q, 1, p->id);
	bind_text(q, 2, p->user);
	if ((err = stmt_run(q)) != ERR_OK)
		return err;
	q = db_stmt(w->db, SQL_PUT_PERSON);
	bind_person(q, 1, p->id);
	bind_text(q, 2, p->user);
	bind_text(q, 3, p->name);
	bind_text(q, 4, p->email);
	bind_text(q, 5, p->group);
	bind_int(q, 6, p->role);
	bind_int(q, 7, p->extra_percent);
	bind_int(q, 8, p->disabled);
	return stmt_run(q);
}

static enum err put_password(struct writer *w, const struct store_change *c)
{
	struct stmt *q = db_stmt(w->db, SQL_PUT_PASSWORD);

	bind_person(q, 1, c->u.password.id);
	bind_text(q, 2, c->u.password.hash);
	bind_int(q, 3, c->u.password.must_change);
	return stmt_run(q);
}

static enum err put_session(struct writer *w, const struct store_change *c)
{
	const struct store_session *s = &c->u.session;
	struct stmt *q = db_stmt(w->db, SQL_PUT_SESSION);

	bind_digest(q, 1, &s->token);
	bind_person(q, 2, s->person);
	bind_sitting(q, 3, s->sitting);
	bind_bytes(q, 4, bytes_of(s->client_id, sizeof s->client_id));
	bind_wall_ms(q, 5, s->made);
	return stmt_run(q);
}

static enum err end_session(struct writer *w, const struct store_change *c)
{
	struct stmt *q = db_stmt(w->db, SQL_END_SESSION);

	bind_digest(q, 1, &c->u.session_end);
	return stmt_run(q);
}

static enum err end_person_sessions(struct writer *w, const struct store_change *c)
{
	struct stmt *q = db_stmt(w->db, SQL_END_PERSON_SESSIONS);

	bind_person(q, 1, c->u.person_sessions_end);
	return stmt_run(q);
}

static enum err put_slip(struct writer *w, const struct store_change *c)
{
	const struct store_slip *s = &c->u.slip;
	struct stmt *q = db_stmt(w->db, SQL_DROP_SLIPS);
	enum err err;

	bind_sitting(q, 1, s->sitting);
	bind_person(q, 2, s->person);
	if ((err = stmt_run(q)) != ERR_OK)
		return err;
	q = db_stmt(w->db, SQL_PUT_SLIP);
	bind_digest(q, 1, &s->hmac);
	bind_sitting(q, 2, s->sitting);
	bind_person(q, 3, s->person);
	bind_wall_ms(q, 4, s->made);
	return stmt_run(q);
}

/* A bank or an exam: dropped and put again, so that it is the last one loaded. */
static enum err put_source(struct writer *w, const struct store_source *s, enum sql drop,
			   enum sql put)
{
	struct stmt *q = db_stmt(w->db, drop);
	enum err err;

	bind_digest(q, 1, &s->hash);
	if ((err = stmt_run(q)) != ERR_OK)
		return err;
	q = db_stmt(w->db, put);
	bind_digest(q, 1, &s->hash);
	bind_text(q, 2, s->name);
	bind_text(q, 3, s->version);
	bind_bytes(q, 4, s->text);
	return stmt_run(q);
}

static enum err put_bank(struct writer *w, const struct store_change *c)
{
	return put_source(w, &c->u.source, SQL_DROP_BANK, SQL_PUT_BANK);
}

static enum err put_exam(struct writer *w, const struct store_change *c)
{
	return put_source(w, &c->u.source, SQL_DROP_EXAM, SQL_PUT_EXAM);
}

static enum err put_text(struct writer *w, const struct store_change *c)
{
	const struct store_text *t = &c->u.text;
	struct stmt *q = db_stmt(w->db, SQL_PUT_TEXT);

	if (t->row > w->highest.text)
		w->highest.text = t->row;
	bind_int(q, 1, t->row);
	bind_bytes(q, 2, bytes_of(t->salt, sizeof t->salt));
	bind_bytes(q, 3, t->text);
	return stmt_run(q);
}

static enum err put_result(struct writer *w, const struct store_change *c)
{
	const struct store_result *r = &c->u.result;
	struct stmt *q = db_stmt(w->db, SQL_PUT_RESULT);

	bind_attempt(q, 1, r->attempt);
	bind_sitting(q, 2, r->sitting);
	bind_person(q, 3, r->person);
	bind_text(q, 4, r->exam);
	bind_int(q, 5, r->state);
	bind_int(q, 6, r->practice);
	bind_wall_ms(q, 7, r->started);
	bind_wall_ms(q, 8, r->closed);
	bind_int(q, 9, r->used_ms);
	bind_bytes(q, 10, r->closing);
	bind_int(q, 11, r->released_result);
	bind_int(q, 12, r->released_review);
	bind_int(q, 13, r->items);
	bind_int(q, 14, r->answered);
	return stmt_run(q);
}

static enum err put_command(struct writer *w, const struct store_change *c)
{
	struct stmt *q = db_stmt(w->db, SQL_PUT_COMMAND);

	bind_bytes(q, 1, bytes_of(c->u.command.id.b, sizeof c->u.command.id.b));
	bind_digest(q, 2, &c->u.command.content);
	bind_bytes(q, 3, c->u.command.reply);
	bind_wall_ms(q, 4, wall_now());
	return stmt_run(q);
}

static enum err note_transcript(struct writer *w, const struct store_change *c)
{
	struct packing p = {c->u.transcript, w->highest.seq};

	buf_put(&w->packings, &p, sizeof p);
	return ERR_OK;
}

/* All of one kind that have records in the table. */
static void note_all(struct writer *w, enum subject_kind kind)
{
	struct buf subjects = {0};

	places_subjects(w->places, kind, &subjects);
	while (buf_length(&subjects) > 0) {
		struct packing p = {{0}, w->highest.seq};

		memcpy(&p.subject.v, buf_bytes(&subjects).data, sizeof p.subject.v);
		buf_take(&subjects, sizeof p.subject.v);
		buf_put(&w->packings, &p, sizeof p);
	}
	buf_fini(&subjects);
}

/* What may go is known when the work begins: after the packing that was asked for before.  A
 * sitting lives for months, so its first record would keep all that came after it in the table. */
static enum err note_cut(struct writer *w, const struct store_change *c)
{
	struct packing p = {{-1}, 0};

	(void)c;
	note_all(w, SUBJECT_INSTALLATION);
	note_all(w, SUBJECT_SITTING);
	buf_put(&w->packings, &p, sizeof p);
	return ERR_OK;
}

static enum err (*const changes[])(struct writer *w, const struct store_change *c) = {
    [CHANGE_CLOCK] = put_clock,
    [CHANGE_PERSON] = put_person,
    [CHANGE_PASSWORD] = put_password,
    [CHANGE_SESSION] = put_session,
    [CHANGE_SESSION_END] = end_session,
    [CHANGE_PERSON_SESSIONS_END] = end_person_sessions,
    [CHANGE_SLIP] = put_slip,
    [CHANGE_BANK] = put_bank,
    [CHANGE_EXAM] = put_exam,
    [CHANGE_TEXT] = put_text,
    [CHANGE_RESULT] = put_result,
    [CHANGE_TRANSCRIPT] = note_transcript,
    [CHANGE_CUT] = note_cut,
    [CHANGE_COMMAND] = put_command,
};

static enum err run_batch(struct writer *w, const struct batch *batch)
{
	struct batch_walk walk = {0};
	enum err err = ERR_OK;
	struct op *op;

	while (err == ERR_OK && (op = batch_next(batch, &walk)) != NULL)
		err = op->kind == OP_RECORD ? append_record(w, &op->u.record)
					    : changes[op->u.change.kind](w, &op->u.change);
	return err;
}

/* ---- Background work --------------------------------------------------------------------- */

/* The transcript of a subject as it is, into BODY; N 0: there is none. */
static enum err transcript_load(struct writer *w, struct subject subject, struct buf *body,
				uint64_t *n, struct digest *chain)
{
	struct stmt *q = db_stmt(w->db, SQL_TRANSCRIPT);

	*n = 0;
	*chain = (struct digest){0};
	bind_subject(q, 1, subject);
	if (stmt_row(q)) {
		*n = column_u64(q, 0);
		column_exact(q, 1, chain->b, sizeof chain->b);
		buf_put_bytes(body, column_bytes(q, 2));
	}
	return stmt_end(q);
}

static enum err transcript_put(struct writer *w, struct subject subject, struct buf *body,
			       uint64_t n, const struct digest *chain)
{
	struct stmt *q = db_stmt(w->db, SQL_PUT_TRANSCRIPT);

	bind_subject(q, 1, subject);
	bind_record_no(q, 2, n);
	bind_digest(q, 3, chain);
	bind_bytes(q, 4, buf_bytes(body));
	return stmt_run(q);
}

/* Adds the record at SEQ, unless the transcript has it already. */
static enum err transcript_extend(struct writer *w, uint64_t seq, struct buf *body, uint64_t *n,
				  struct digest *chain)
{
	struct stmt *q = db_stmt(w->db, SQL_RECORD_AT);
	bool good = true;
	struct record r;
	enum err err;

	bind_seq(q, 1, seq);
	if (!stmt_row(q)) {
		err = stmt_end(q);
		return err == ERR_OK ? ERR_CORRUPT : err;
	}
	record_column(q, &r);
	if (r.n > *n) {
		good = r.n == *n + 1 && record_follows(&r, chain);
		*n = r.n;
		*chain = r.chain;
		packed_put(body, &r);
	}
	err = stmt_end(q);
	return err == ERR_OK && !good ? ERR_CORRUPT : err;
}

static enum err pack(struct writer *w, const struct packing *p)
{
	struct buf seqs = {0}, body = {0};
	const uint64_t *seq, *end;
	struct digest chain;
	uint64_t n, before;
	enum err err;

	places_find(w->places, p->subject, false, &seqs);
	seq = (const void *)buf_bytes(&seqs).data;
	end = seq + buf_length(&seqs) / sizeof *seq;
	if (seq == end) {
		err = ERR_OK;
		goto out;
	}
	err = transcript_load(w, p->subject, &body, &n, &chain);
	for (before = n; err == ERR_OK && seq < end && *seq <= p->through; seq++)
		err = transcript_extend(w, *seq, &body, &n, &chain);
	if (err != ERR_OK || n == before || buf_length(&body) > w->transcript_most)
		goto out;
	err = transcript_put(w, p->subject, &body, n, &chain);
	buf_put(&w->packed, p, sizeof *p);
out:
	buf_fini(&seqs);
	buf_fini(&body);
	return err;
}

static enum err cut_begin(struct writer *w)
{
	struct stmt *q = db_stmt(w->db, SQL_DROP_COMMANDS);
	int64_t first = 0;
	enum err err;

	bind_wall_ms(q, 1, (struct wall_ms){wall_now().v - COMMANDS_KEPT});
	if ((err = stmt_run(q)) != ERR_OK ||
	    (err = db_number(w->db, SQL_FIRST_SEQ, &first)) != ERR_OK)
		return err;
	w->cut_from = (uint64_t)first;
	w->cut_upto = places_lowest(w->places, w->highest.seq + 1);
	if (first == 0 || w->cut_upto < w->cut_from)
		w->cut_upto = w->cut_from;
	return ERR_OK;
}

static enum err cut_some(struct writer *w)
{
	struct stmt *q = db_stmt(w->db, SQL_CUT);
	uint64_t upto = w->cut_from + CUT_ROWS;

	w->cut_from = upto < w->cut_upto ? upto : w->cut_upto;
	w->cutting = true;
	bind_seq(q, 1, w->cut_from);
	return stmt_run(q);
}

static bool has_task(const struct writer *w)
{
	return buf_length(&w->packings) > 0 || w->cut_from < w->cut_upto;
}

/* One step: a cut that was begun, else the next packing or the beginning of a cut.  A cut begins
 * in a transaction of its own, because only what is committed counts as packed. */
static enum err task_step(struct writer *w)
{
	struct packing p;

	if (w->cut_from < w->cut_upto)
		return cut_some(w);
	memcpy(&p, buf_bytes(&w->packings).data, sizeof p);
	buf_take(&w->packings, sizeof p);
	return p.subject.v < 0 ? cut_begin(w) : pack(w, &p);
}

static bool next_is_cut(const struct writer *w)
{
	struct packing p;

	if (w->cut_from < w->cut_upto || buf_length(&w->packings) == 0)
		return false;
	memcpy(&p, buf_bytes(&w->packings).data, sizeof p);
	return p.subject.v < 0;
}

static enum err run_slice(struct writer *w)
{
	int64_t until = mono_now_ns() + SLICE_NS;
	enum err err = ERR_OK;

	while (err == ERR_OK && has_task(w)) {
		if (next_is_cut(w) && buf_length(&w->packed) > 0)
			break;
		err = task_step(w);
		if (mono_now_ns() >= until)
			break;
	}
	return err;
}

/* ---- The transaction --------------------------------------------------------------------- */

static enum err put_highest(struct writer *w)
{
	const struct highest *h = &w->highest;
	struct stmt *q;
	enum err err;

	/* .seq alone is read from the table, unless that is being cut. */
	if (h->attempt == w->written.attempt && h->sitting == w->written.sitting &&
	    h->text == w->written.text && !w->cutting)
		return ERR_OK;
	q = db_stmt(w->db, SQL_PUT_HIGHEST);
	bind_int(q, 1, h->attempt);
	bind_int(q, 2, h->sitting);
	bind_int(q, 3, h->text);
	bind_seq(q, 4, h->seq);
	err = stmt_run(q);
	w->written = *h;
	w->cutting = false;
	return err;
}

static void settle_packed(struct writer *w)
{
	struct packing p;

	while (buf_length(&w->packed) > 0) {
		memcpy(&p, buf_bytes(&w->packed).data, sizeof p);
		buf_take(&w->packed, sizeof p);
		places_packed(w->places, p.subject, p.through);
	}
}

static enum err transaction(struct writer *w, const struct batch *batch)
{
	enum err err;

	if ((err = db_exec(w->db, SQL_BEGIN)) != ERR_OK || (err = run_batch(w, batch)) != ERR_OK ||
	    (err = run_slice(w)) != ERR_OK || (err = put_highest(w)) != ERR_OK ||
	    (err = db_exec(w->db, SQL_COMMIT)) != ERR_OK)
		return err;
	settle_packed(w);
	return ERR_OK;
}

static int on_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct writer *w = arg;

	(void)handle;
	(void)name;
	w->pages = (uint64_t)pages;
	return SQLITE_OK;
}

static uint64_t wal_bytes(const struct writer *w)
{
	return w->pages * (4096 + 24);
}

static enum err checkpoint(struct writer *w)
{
	int code;

	if (w->pages < w->checkpointed)
		w->checkpointed = 0; /* the log began again at its start */
	if (w->pages - w->checkpointed < w->checkpoint)
		return ERR_OK;
	w->checkpointed = w->pages;
	if (wal_bytes(w) > WAL_ALARM && !w->alarmed)
		log_event(LOG_WAL_LARGE, F_INT("bytes", wal_bytes(w)));
	w->alarmed = wal_bytes(w) > WAL_ALARM;
	code = sqlite3_wal_checkpoint_v2(db_handle(w->db), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
					 NULL);
	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
		return ERR_OK;
	return db_failed(w->db, "checkpoint");
}

/* ---- Backup ------------------------------------------------------------------------------ */

static void backup_ended(struct writer *w, enum err err)
{
	if (err != ERR_OK)
		log_event(LOG_BACKUP_FAILED, F_ERR(err));
	pthread_mutex_lock(&w->lock);
	w->backup_state = err == ERR_OK ? BACKUP_DONE : BACKUP_FAILED;
	if (err == ERR_OK)
		w->backup_percent = 100;
	pthread_mutex_unlock(&w->lock);
	signal_owner(w);
}

static void finishing_run(struct job *job)
{
	struct finishing *f = container_of(job, struct finishing, job);

	backup_ended(f->writer, backup_finish(f->backup));
}

static void finishing_done(struct job *job)
{
	struct finishing *f = container_of(job, struct finishing, job);

	backup_free(f->backup);
	free(f);
}

static void backup_begin(struct writer *w)
{
	char name[BACKUP_NAME_MOST + 1];
	enum err err;

	pthread_mutex_lock(&w->lock);
	memcpy(name, w->backup_name, sizeof name);
	w->backup_name[0] = '\0';
	pthread_mutex_unlock(&w->lock);
	if (name[0] == '\0')
		return;
	if ((err = backup_new(&w->backup, w->db, w->dir, name, w->vfs)) != ERR_OK)
		backup_ended(w, err);
}

/* The copy has all pages: another thread syncs it, because that may take long. */
static void backup_hand_over(struct writer *w)
{
	struct finishing *f = mem_new(sizeof *f);

	*f = (struct finishing){{finishing_run, finishing_done, NULL}, w, w->backup};
	w->backup = NULL;
	if (worker_add(w->finisher, &f->job) != ERR_OK)
		abort(); /* one at a time, and those before were settled by writer_backup() */
}

static void backup_slice(struct writer *w)
{
	int64_t until = mono_now_ns() + SLICE_NS;
	struct backup_progress p = {0};
	enum err err = ERR_OK;

	if (w->backup == NULL)
		backup_begin(w);
	if (w->backup == NULL)
		return;
	while (err == ERR_OK && !p.done && mono_now_ns() < until)
		err = backup_step(w->backup, BACKUP_PAGES, &p);
	pthread_mutex_lock(&w->lock);
	w->backup_percent = p.percent;
	pthread_mutex_unlock(&w->lock);
	if (err == ERR_OK && p.done)
		backup_hand_over(w);
	if (err == ERR_OK)
		return;
	backup_free(w->backup);
	w->backup = NULL;
	backup_ended(w, err);
}

/* ---- The thread -------------------------------------------------------------------------- */

/* Sleeps while there is nothing to do; false once all is done and it was told to stop. */
static bool take_all(struct writer *w, struct batch *batch)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	while (w->waiting.length == 0 && !has_task(w) && w->backup == NULL &&
	       w->backup_name[0] == '\0' && !w->stop) {
		w->asleep = true;
		pthread_cond_wait(&w->work, &w->lock);
		w->asleep = false;
	}
	batch_splice(batch, &w->waiting);
	stop = w->stop && batch->length == 0 && buf_length(&w->packings) == 0;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

/* Announces a commit, and gives back the memory of what was committed. */
static void announce(struct writer *w, struct batch *batch, int64_t began)
{
	bool tell = batch->length > 0 || !has_task(w);

	pthread_mutex_lock(&w->lock);
	w->committed += batch->length;
	w->backlog -= batch->bytes;
	w->stats.commits++;
	w->stats.last_commit_us = (mono_now_ns() - began) / 1000;
	w->stats.wal_bytes = wal_bytes(w);
	w->stats.background =
	    buf_length(&w->packings) / sizeof(struct packing) + (w->cut_from < w->cut_upto);
	w->stats.records = w->records;
	batch_recycle(batch, &w->spare);
	pthread_mutex_unlock(&w->lock);
	if (tell)
		signal_owner(w);
}

static void fail(struct writer *w)
{
	db_keep_wal(w->db);
	pthread_mutex_lock(&w->lock);
	w->failed = true;
	if (w->backup_state == BACKUP_RUNNING)
		w->backup_state = BACKUP_FAILED;
	pthread_mutex_unlock(&w->lock);
	signal_owner(w);
}

static enum err writer_pass(struct writer *w, struct batch *batch)
{
	int64_t began = mono_now_ns();
	enum err err;

	if (batch->length > 0 || has_task(w)) {
		if ((err = transaction(w, batch)) != ERR_OK)
			return err;
		announce(w, batch, began);
	}
	if ((err = checkpoint(w)) != ERR_OK)
		return err;
	backup_slice(w);
	return ERR_OK;
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct batch batch = {0};
	bool good = true;

	while (good && take_all(w, &batch))
		good = writer_pass(w, &batch) == ERR_OK;
	if (!good)
		fail(w);
	batch_fini(&batch);
	return NULL;
}

/* ---- From the owner's thread ------------------------------------------------------------- */

static enum err load_places(struct writer *w)
{
	struct stmt *q = db_stmt(w->db, SQL_ALL_PLACES), *t;
	enum err err = ERR_OK, end;

	while (err == ERR_OK && stmt_row(q)) {
		struct subject subject = {column_int(q, 1)};
		uint64_t packed = 0;

		if (places_has(w->places, subject)) {
			places_add(w->places, subject, column_u64(q, 0));
			continue;
		}
		t = db_stmt(w->db, SQL_TRANSCRIPT_HEAD);
		bind_subject(t, 1, subject);
		if (stmt_row(t))
			packed = column_u64(t, 0);
		err = stmt_end(t);
		if (column_u64(q, 2) > packed)
			places_add(w->places, subject, column_u64(q, 0));
	}
	end = stmt_end(q);
	return err == ERR_OK ? end : err;
}

static enum err load_highest(struct writer *w)
{
	struct stmt *q = db_stmt(w->db, SQL_HIGHEST);
	int64_t last = 0;
	enum err err;

	if (stmt_row(q))
		w->highest = (struct highest){column_int(q, 0), column_int(q, 1), column_int(q, 2),
					      column_u64(q, 3)};
	if ((err = stmt_end(q)) != ERR_OK ||
	    (err = db_number(w->db, SQL_LAST_SEQ, &last)) != ERR_OK)
		return err;
	if ((uint64_t)last > w->highest.seq)
		w->highest.seq = (uint64_t)last;
	w->written = w->highest;
	return ERR_OK;
}

static void start_thread(struct writer *w)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum err writer_new(struct writer **out, const struct writer_config *config)
{
	struct writer *w = mem_new(sizeof *w);
	enum err err;

	w->db = config->db;
	w->places = config->places;
	w->dir = config->dir;
	w->vfs = config->vfs;
	w->transcript_most = config->transcript_most;
	w->checkpoint = config->checkpoint;
	if ((err = load_highest(w)) != ERR_OK || (err = load_places(w)) != ERR_OK) {
		free(w);
		return err;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd < 0)
		abort();
	sqlite3_wal_hook(db_handle(w->db), on_commit, w);
	w->finisher = worker_new(4);
	start_thread(w);
	*out = w;
	return ERR_OK;
}

void writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_free(w->finisher);
	backup_free(w->backup);
	db_close(w->db);
	batch_fini(&w->waiting);
	batch_fini(&w->spare);
	buf_fini(&w->packings);
	buf_fini(&w->packed);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	close(w->fd);
	free(w);
}

void writer_add(struct writer *w, struct batch *batch, struct batch *spare)
{
	pthread_mutex_lock(&w->lock);
	w->added += batch->length;
	w->backlog += batch->bytes;
	batch_splice(&w->waiting, batch);
	if (spare->first == NULL) {
		*spare = w->spare;
		w->spare = (struct batch){0};
	}
	if (w->asleep)
		pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

size_t writer_backlog(struct writer *w)
{
	size_t backlog;

	pthread_mutex_lock(&w->lock);
	backlog = w->backlog;
	pthread_mutex_unlock(&w->lock);
	return backlog;
}

int writer_fd(const struct writer *w)
{
	return w->fd;
}

enum err writer_settle(struct writer *w, uint64_t *committed)
{
	uint64_t count;
	bool failed;

	if (read(w->fd, &count, sizeof count) < 0) {
		/* Asked without cause: the numbers say what is. */
	}
	worker_settle(w->finisher);
	pthread_mutex_lock(&w->lock);
	*committed = w->committed;
	failed = w->failed;
	pthread_mutex_unlock(&w->lock);
	return failed ? ERR_UNDECIDED : ERR_OK;
}

enum err writer_backup(struct writer *w, const char *name)
{
	enum err err = ERR_BUSY;

	worker_settle(w->finisher);
	pthread_mutex_lock(&w->lock);
	if (w->backup_state != BACKUP_RUNNING && !w->failed) {
		strcpy(w->backup_name, name);
		w->backup_state = BACKUP_RUNNING;
		w->backup_percent = 0;
		pthread_cond_signal(&w->work);
		err = ERR_OK;
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

enum backup_state writer_backup_state(struct writer *w, uint32_t *percent)
{
	enum backup_state state;

	pthread_mutex_lock(&w->lock);
	state = w->backup_state;
	*percent = w->backup_percent;
	pthread_mutex_unlock(&w->lock);
	return state;
}

void writer_stats(struct writer *w, struct store_stats *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->stats;
	out->queued = w->added - w->committed;
	pthread_mutex_unlock(&w->lock);
}
