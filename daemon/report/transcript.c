#include "daemon/report/transcript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/packed.h"
#include "daemon/report/signature.h"

#define MAGIC_SIZE (sizeof TRANSCRIPT_MAGIC - 1)
#define HEAD_SIZE  (MAGIC_SIZE + SIGNATURE_KEY_SIZE)

void transcript_begin(struct buf *out, const uint8_t public_key[SIGNATURE_KEY_SIZE])
{
	buf_put_text(out, TRANSCRIPT_MAGIC);
	buf_put(out, public_key, SIGNATURE_KEY_SIZE);
}

void transcript_add(struct buf *out, const struct record *r)
{
	packed_put(out, r);
}

void transcript_end(struct buf *out,
		    void (*sign)(void *key, struct bytes content,
				 uint8_t signature[SIGNATURE_SIZE]),
		    void *key)
{
	uint8_t signature[SIGNATURE_SIZE];

	sign(key, buf_bytes(out), signature);
	buf_put(out, signature, sizeof signature);
}

/* A verification under way. */
struct check {
	struct diag *diag;		/* borrowed */
	struct transcript_found *found; /* borrowed */
	const uint8_t *key;		/* borrowed */
	struct digest last;		/* chain value of the record before */
	struct digest statement;	/* SHA-256 of the last signed statement */
	struct arena arena;
};

static const struct diag_place whole;

#define COMPLAIN(c, r, id, ...) complain((c), (r)->n, (id), __VA_ARGS__)
__attribute__((format(printf, 4, 5))) static void complain(struct check *c, uint64_t n,
							   const char *id, const char *fmt, ...)
{
	struct buf b = {0};
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	buf_printf(&b, "record %llu: %s", (unsigned long long)n, text);
	diag_add(c->diag, DIAG_ERROR, whole, id, "%s", buf_text(&b));
	buf_fini(&b);
	free(text);
}

/* ---- Statements -------------------------------------------------------------------------- */

static void *from_arena(void *arena, size_t size)
{
	return arena_new(arena, size);
}

static void leave_in_arena(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

static Examd__Record__ReceiptStatement *unpack_statement(struct check *c,
							 ProtobufCBinaryData packed)
{
	ProtobufCAllocator allocator = {from_arena, leave_in_arena, &c->arena};

	return examd__record__receipt_statement__unpack(&allocator, packed.len, packed.data);
}

static bool is_digest(ProtobufCBinaryData b, const struct digest *d)
{
	return b.len == sizeof d->b && memcmp(b.data, d->b, sizeof d->b) == 0;
}

/* Do two messages pack to the same bytes?  Both may be absent. */
static bool is_same(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	size_t la, lb;
	uint8_t *pa, *pb;
	bool same;

	if (a == NULL || b == NULL)
		return a == b;
	la = protobuf_c_message_get_packed_size(a);
	lb = protobuf_c_message_get_packed_size(b);
	if (la != lb)
		return false;
	pa = mem_new(la);
	pb = mem_new(lb);
	protobuf_c_message_pack(a, pa);
	protobuf_c_message_pack(b, pb);
	same = memcmp(pa, pb, la) == 0;
	free(pa);
	free(pb);
	return same;
}

/* What a closing or rescoring record says, and what was signed for it. */
struct signed_part {
	ProtobufCBinaryData statement, signature;
	const Examd__Record__Score *score;
	ProtobufCBinaryData salt;
};

/* Is this the score that the statement commits to? */
static bool is_signed_score(const struct signed_part *p, const Examd__Record__ReceiptStatement *s)
{
	struct digest digest;
	uint8_t *text;
	size_t len;

	if (s->version < 2)
		return is_same(p->score == NULL ? NULL : &p->score->base,
			       s->score == NULL ? NULL : &s->score->base);
	if (p->score == NULL || s->score != NULL)
		return false;
	len = examd__record__score__get_packed_size(p->score);
	text = mem_new(p->salt.len + len);
	if (p->salt.len > 0)
		memcpy(text, p->salt.data, p->salt.len);
	examd__record__score__pack(p->score, text + p->salt.len);
	digest = digest_of(text, p->salt.len + len);
	free(text);
	return is_digest(s->score_hash, &digest);
}

/* Does the statement speak of the records before this one?  Each difference is an error. */
static void check_statement(struct check *c, const struct record *r, const struct signed_part *p,
			    const Examd__Record__ReceiptStatement *s)
{
	bool first = c->found->signatures == 0;

	if (s->attempt != subject_number(r->subject))
		COMPLAIN(c, r, "statement-attempt", "the statement is of attempt %lld",
			 (long long)s->attempt);
	if (s->records != r->n - 1)
		COMPLAIN(c, r, "statement-records", "the statement counts %llu records before it",
			 (unsigned long long)s->records);
	if (!is_digest(s->chain, &c->last))
		COMPLAIN(c, r, "statement-chain", "the statement has another chain value");
	if (!is_signed_score(p, s))
		COMPLAIN(c, r, "statement-score", "the score is not the one that was signed");
	if (first ? s->superseded.len != 0 : !is_digest(s->superseded, &c->statement))
		COMPLAIN(c, r, "statement-superseded",
			 "the statement does not name the one before it");
}

static const Examd__Record__ReceiptStatement *check_signed(struct check *c, const struct record *r,
							   const struct signed_part *p)
{
	const Examd__Record__ReceiptStatement *s;
	size_t errors = c->diag->errors;

	if (p->statement.len == 0) {
		COMPLAIN(c, r, "no-statement", "nothing was signed");
		return NULL;
	}
	if (!signature_holds(c->key, bytes_of(p->statement.data, p->statement.len),
			     bytes_of(p->signature.data, p->signature.len)))
		COMPLAIN(c, r, "signature", "the signature is not of this key and statement");
	if ((s = unpack_statement(c, p->statement)) == NULL) {
		COMPLAIN(c, r, "statement", "the statement cannot be read");
		return NULL;
	}
	check_statement(c, r, p, s);
	c->statement = digest_of(p->statement.data, p->statement.len);
	c->found->signatures++;
	if (c->diag->errors == errors)
		c->found->signed_records = c->found->records; /* before this one */
	return s;
}

static void check_closed(struct check *c, const struct record *r)
{
	const Examd__Record__AttemptClosed *m = (const void *)r->msg;
	struct signed_part p = {m->statement_bytes, m->signature, m->score, m->score_salt};
	const Examd__Record__ReceiptStatement *s = check_signed(c, r, &p);

	if (s == NULL)
		return;
	if (s->state != m->state)
		COMPLAIN(c, r, "statement-state", "the state is not the one that was signed");
	if (m->statement != NULL && !is_same(&m->statement->base, &s->base))
		COMPLAIN(c, r, "statement-shown", "the statement shown is not the one signed");
}

static void check_rescored(struct check *c, const struct record *r)
{
	const Examd__Record__AttemptRescored *m = (const void *)r->msg;
	struct signed_part p = {m->statement_bytes, m->signature, m->score, m->score_salt};

	check_signed(c, r, &p);
}

/* ---- Records ----------------------------------------------------------------------------- */

static void check_link(struct check *c, const struct record *r)
{
	if (c->found->records == 0)
		c->found->subject = r->subject;
	if (r->subject.v != c->found->subject.v)
		COMPLAIN(c, r, "subject", "it belongs to something else");
	if (r->n != c->found->records + 1)
		COMPLAIN(c, r, "number", "record %llu should stand here",
			 (unsigned long long)c->found->records + 1);
	if (!record_follows(r, &c->last))
		COMPLAIN(c, r, "chain", "it does not follow from the record before it");
}

static void check_record(struct check *c, struct record *r)
{
	check_link(c, r);
	if (record_kind_type(r->kind) == NULL)
		diag_add(c->diag, DIAG_WARNING, whole, "kind",
			 "record %llu: of kind %d, which this release does not know",
			 (unsigned long long)r->n, (int)r->kind);
	else if (record_decode(r, &c->arena) != ERR_OK)
		COMPLAIN(c, r, "content", "its content cannot be read");
	else if (r->kind == RECORD_ATTEMPT_CLOSED)
		check_closed(c, r);
	else if (r->kind == RECORD_ATTEMPT_RESCORED)
		check_rescored(c, r);
	c->last = r->chain;
	c->found->records++;
	arena_reset(&c->arena);
}

/* The signature over all that stands before it. */
static void check_end(struct check *c, struct bytes file)
{
	size_t signed_size = file.len - SIGNATURE_SIZE;

	if (!signature_holds(c->key, bytes_of(file.data, signed_size),
			     bytes_of(file.data + signed_size, SIGNATURE_SIZE)))
		diag_add(c->diag, DIAG_ERROR, whole, "end",
			 "the signature at the end is not of this key and file: it was changed, or "
			 "cut off");
}

/* The head of the file and its end; false: there is nothing to go on from. */
static bool check_head(struct check *c, struct bytes *file, const uint8_t *trusted)
{
	if (file->len < HEAD_SIZE + SIGNATURE_SIZE ||
	    memcmp(file->data, TRANSCRIPT_MAGIC, MAGIC_SIZE) != 0) {
		diag_add(c->diag, DIAG_ERROR, whole, "magic", "this is not a transcript");
		return false;
	}
	memcpy(c->found->public_key, file->data + MAGIC_SIZE, SIGNATURE_KEY_SIZE);
	if (trusted == NULL)
		diag_add(c->diag, DIAG_WARNING, whole, "key",
			 "the key is the file's own: it proves only that the file is of one piece");
	else if (memcmp(trusted, c->found->public_key, SIGNATURE_KEY_SIZE) != 0)
		diag_add(c->diag, DIAG_ERROR, whole, "key", "the file names another key");
	c->key = trusted == NULL ? c->found->public_key : trusted;
	check_end(c, *file);
	*file = bytes_of(file->data + HEAD_SIZE, file->len - HEAD_SIZE - SIGNATURE_SIZE);
	return true;
}

static void check_records(struct check *c, struct bytes rest)
{
	struct record r;

	while (rest.len > 0) {
		if (packed_next(&rest, &r) != ERR_OK) {
			diag_add(c->diag, DIAG_ERROR, whole, "cut-off",
				 "the file ends in the middle of record %llu",
				 (unsigned long long)c->found->records + 1);
			return;
		}
		check_record(c, &r);
	}
	if (c->found->records == 0)
		diag_add(c->diag, DIAG_ERROR, whole, "empty", "there is no record");
	else if (c->found->signatures == 0)
		diag_add(c->diag, DIAG_WARNING, whole, "not-signed",
			 "nothing was signed: it is not closed yet, or not an attempt");
}

enum err transcript_verify(struct bytes file, const uint8_t public_key[SIGNATURE_KEY_SIZE],
			   struct diag *diag, struct transcript_found *found)
{
	struct check c = {.diag = diag, .found = found};

	*found = (struct transcript_found){0};
	if (check_head(&c, &file, public_key))
		check_records(&c, file);
	arena_fini(&c.arena);
	return diag_has_errors(diag) ? ERR_BAD_INPUT : ERR_OK;
}
