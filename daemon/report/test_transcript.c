/* A transcript proves what it says, and every change of it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report/transcript.h"
#include "proto/base/diag.h"

#define ATTEMPT 7
#define MOST	16

/* An attempt whose records are made one by one; what is wrong with the next statement is told. */
struct given {
	EVP_PKEY *key;
	uint8_t public_key[SIGNATURE_KEY_SIZE];
	struct arena arena;
	struct record records[MOST];
	size_t n;
	struct digest superseded;
	bool closed_before;
	bool version_1; /* statements of the first form, with the score in them */
	struct {
		int64_t attempt;
		uint64_t records;
		bool chain, score, state, superseded, shown, signature, unsigned_;
	} wrong;
};

static struct diag diag;
static struct transcript_found found;

static void given_attempt(struct given *g)
{
	size_t len = sizeof g->public_key;

	*g = (struct given){0};
	g->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(g->key);
	assert_int_equal(1, EVP_PKEY_get_raw_public_key(g->key, g->public_key, &len));
}

static void given_gone(struct given *g)
{
	EVP_PKEY_free(g->key);
	arena_fini(&g->arena);
	diag_fini(&diag);
}

static struct digest last_chain(const struct given *g)
{
	return g->n == 0 ? (struct digest){0} : g->records[g->n - 1].chain;
}

static void append(struct given *g, enum record_kind kind, const ProtobufCMessage *msg)
{
	struct digest before = last_chain(g);
	struct record *r = &g->records[g->n];

	assert_true(g->n < MOST);
	*r = (struct record){
	    .subject = subject_attempt((struct attempt_id){ATTEMPT}),
	    .n = g->n + 1,
	    .at = {(int64_t)g->n * 1000},
	    .noted = {(int64_t)g->n * 1000 + 5},
	    .kind = kind,
	    .msg = msg,
	};
	record_seal(r, &before, &g->arena);
	r->msg = NULL;
	g->n++;
}

static void when_answered(struct given *g, uint32_t item)
{
	Examd__Record__AnswerPut put = EXAMD__RECORD__ANSWER_PUT__INIT;

	put.item = item;
	append(g, RECORD_ANSWER_PUT, &put.base);
}

static void sign(struct given *g, const uint8_t *data, size_t len, uint8_t out[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = 64;

	assert_int_equal(1, EVP_DigestSignInit(ctx, NULL, NULL, NULL, g->key));
	assert_int_equal(1, EVP_DigestSign(ctx, out, &size, data, len));
	EVP_MD_CTX_free(ctx);
	if (g->wrong.signature)
		out[10] ^= 1;
}

static void fill_statement(struct given *g, Examd__Record__ReceiptStatement *s,
			   struct digest *before)
{
	*before = last_chain(g);
	s->version = g->version_1 ? 1 : 2;
	s->attempt = g->wrong.attempt != 0 ? g->wrong.attempt : ATTEMPT;
	s->records = g->wrong.records != 0 ? g->wrong.records : g->n;
	s->state = 5;
	if (g->wrong.chain)
		before->b[0] ^= 1;
	s->chain = (ProtobufCBinaryData){sizeof before->b, before->b};
	if (g->closed_before && !g->wrong.superseded)
		s->superseded = (ProtobufCBinaryData){sizeof g->superseded.b, g->superseded.b};
}

static void when_closed(struct given *g)
{
	Examd__Record__AttemptClosed closed = EXAMD__RECORD__ATTEMPT_CLOSED__INIT;
	Examd__Record__ReceiptStatement statement = EXAMD__RECORD__RECEIPT_STATEMENT__INIT;
	Examd__Record__Score score = EXAMD__RECORD__SCORE__INIT, other = EXAMD__RECORD__SCORE__INIT;
	uint8_t packed[512], signature[64], salted[64];
	struct digest before, hash;
	size_t len;

	score.points = 7150;
	other.points = 7151;
	fill_statement(g, &statement, &before);
	if (g->version_1) {
		statement.score = &score;
	} else {
		memcpy(salted, "0123456789abcdef", 16);
		len = examd__record__score__pack(&score, salted + 16);
		hash = digest_of(salted, 16 + len);
		statement.score_hash = (ProtobufCBinaryData){sizeof hash.b, hash.b};
		closed.score_salt = (ProtobufCBinaryData){16, salted};
	}
	len = examd__record__receipt_statement__pack(&statement, packed);
	sign(g, packed, len, signature);
	closed.state = g->wrong.state ? 6 : 5;
	closed.score = g->wrong.score ? &other : &score;
	if (g->wrong.shown)
		statement.answers = 99;
	closed.statement = &statement;
	if (!g->wrong.unsigned_)
		closed.statement_bytes = (ProtobufCBinaryData){len, packed};
	closed.signature = (ProtobufCBinaryData){sizeof signature, signature};
	append(g, RECORD_ATTEMPT_CLOSED, &closed.base);
	g->superseded = digest_of(packed, len);
	g->closed_before = true;
}

static void given_closed_attempt(struct given *g)
{
	given_attempt(g);
	when_answered(g, 1);
	when_answered(g, 2);
	when_closed(g);
}

static void sign_whole(void *key, struct bytes content, uint8_t signature[64])
{
	struct given *g = key;
	bool wrong = g->wrong.signature;

	g->wrong.signature = false;
	sign(g, content.data, content.len, signature);
	g->wrong.signature = wrong;
}

static void export(struct given *g, struct buf *out)
{
	size_t i;

	transcript_begin(out, g->public_key);
	for (i = 0; i < g->n; i++)
		transcript_add(out, &g->records[i]);
	transcript_end(out, sign_whole, g);
}

static enum err verified(struct bytes file, const uint8_t *key)
{
	diag_fini(&diag);
	diag = (struct diag){0};
	return transcript_verify(file, key, &diag, &found);
}

static enum err verified_export(struct given *g)
{
	struct buf out = {0};
	enum err err;

	export(g, &out);
	err = verified(buf_bytes(&out), g->public_key);
	buf_fini(&out);
	return err;
}

static bool complained(const char *id)
{
	size_t i;

	for (i = 0; i < diag.length; i++)
		if (strcmp(diag.entries[i].id, id) == 0)
			return true;
	return false;
}

static void a_closed_attempt_verifies_with_the_key_alone(void **state)
{
	struct given g;

	(void)state;
	given_closed_attempt(&g);
	assert_int_equal(ERR_OK, verified_export(&g));
	assert_int_equal(0, diag.length);
	assert_int_equal(ATTEMPT, subject_number(found.subject));
	assert_int_equal(3, found.records);
	assert_int_equal(1, found.signatures);
	assert_int_equal(2, found.signed_records);
	given_gone(&g);
}

/* Those of the first form had the score in the statement. */
static void a_statement_of_version_1_still_verifies(void **state)
{
	struct given g;

	(void)state;
	given_attempt(&g);
	g.version_1 = true;
	when_answered(&g, 1);
	when_closed(&g);
	assert_int_equal(ERR_OK, verified_export(&g));
	given_gone(&g);
	given_attempt(&g);
	g.version_1 = g.wrong.score = true;
	when_closed(&g);
	assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
	assert_string_equal("statement-score", diag.entries[0].id);
	given_gone(&g);
}

static void a_reopened_attempt_names_the_receipt_that_it_supersedes(void **state)
{
	struct given g;

	(void)state;
	given_closed_attempt(&g);
	when_answered(&g, 3);
	when_closed(&g);
	assert_int_equal(ERR_OK, verified_export(&g));
	assert_int_equal(2, found.signatures);
	assert_int_equal(4, found.signed_records);
	given_gone(&g);

	given_closed_attempt(&g);
	g.wrong.superseded = true;
	when_closed(&g);
	assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
	assert_true(complained("statement-superseded"));
	given_gone(&g);
}

/* Whoever changes one bit changes a record, its chain value, or the key. */
static void no_bit_can_be_changed(void **state)
{
	struct buf out = {0};
	struct given g;
	uint8_t *file;
	size_t i, len;

	(void)state;
	given_closed_attempt(&g);
	export(&g, &out);
	len = buf_length(&out);
	file = mem_copy(buf_bytes(&out).data, len);
	for (i = 0; i < len * 8; i++) {
		file[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(ERR_BAD_INPUT, verified(bytes_of(file, len), g.public_key));
		file[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(ERR_OK, verified(bytes_of(file, len), g.public_key));
	free(file);
	buf_fini(&out);
	given_gone(&g);
}

static void no_record_can_be_left_out_or_moved(void **state)
{
	struct record kept[MOST];
	struct given g;
	size_t i;

	(void)state;
	given_closed_attempt(&g);
	memcpy(kept, g.records, sizeof kept);
	for (i = 0; i + 1 < 3; i++) {
		memmove(&g.records[i], &g.records[i + 1], (2 - i) * sizeof *g.records);
		g.n = 2;
		assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
		memcpy(g.records, kept, sizeof kept);
		g.records[i] = kept[i + 1];
		g.records[i + 1] = kept[i];
		g.n = 3;
		assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
		memcpy(g.records, kept, sizeof kept);
	}
	given_gone(&g);
}

/* A forger can make a new chain, but not the signature over it. */
static void a_chain_made_anew_does_not_carry_the_old_signature(void **state)
{
	struct given g, forged;
	struct arena arena = {0};

	(void)state;
	given_closed_attempt(&g);
	forged = g;
	forged.arena = arena;
	forged.n = 0;
	when_answered(&forged, 9);
	when_answered(&forged, 2);
	assert_int_equal(ERR_OK, record_decode(&g.records[2], &forged.arena));
	append(&forged, RECORD_ATTEMPT_CLOSED, g.records[2].msg);
	assert_int_equal(ERR_BAD_INPUT, verified_export(&forged));
	assert_true(complained("statement-chain"));
	assert_false(complained("chain"));
	assert_int_equal(0, found.signed_records);
	arena_fini(&forged.arena);
	given_gone(&g);
}

/* Well chained, but with a number or a subject that cannot be. */
static void append_forged(struct given *g, int64_t number, uint64_t n)
{
	Examd__Record__AttemptReady ready = EXAMD__RECORD__ATTEMPT_READY__INIT;
	struct digest before = last_chain(g);
	struct record *r = &g->records[g->n++];

	*r = (struct record){
	    .subject = subject_attempt((struct attempt_id){number}),
	    .n = n,
	    .kind = RECORD_ATTEMPT_READY,
	    .msg = &ready.base,
	};
	record_seal(r, &before, &g->arena);
	r->msg = NULL;
}

static void a_chain_that_skips_a_number_or_changes_its_subject_is_refused(void **state)
{
	struct given g;

	(void)state;
	given_attempt(&g);
	when_answered(&g, 1);
	append_forged(&g, ATTEMPT, 3);
	assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
	assert_true(complained("number"));
	assert_int_equal(1, diag.errors);
	given_gone(&g);

	given_attempt(&g);
	when_answered(&g, 1);
	append_forged(&g, ATTEMPT + 1, 2);
	assert_int_equal(ERR_BAD_INPUT, verified_export(&g));
	assert_true(complained("subject"));
	assert_int_equal(1, diag.errors);
	given_gone(&g);
}

#define EACH_WRONG(member, value, rule)                                                            \
	do {                                                                                       \
		given_attempt(&g);                                                                 \
		when_answered(&g, 1);                                                              \
		g.wrong.member = (value);                                                          \
		when_closed(&g);                                                                   \
		assert_int_equal(ERR_BAD_INPUT, verified_export(&g));                              \
		assert_true(complained(rule));                                                     \
		assert_int_equal(1, diag.errors);                                                  \
		given_gone(&g);                                                                    \
	} while (0)

static void everything_in_a_statement_is_compared(void **state)
{
	struct given g;

	(void)state;
	EACH_WRONG(attempt, 8, "statement-attempt");
	EACH_WRONG(records, 9, "statement-records");
	EACH_WRONG(chain, true, "statement-chain");
	EACH_WRONG(score, true, "statement-score");
	EACH_WRONG(state, true, "statement-state");
	EACH_WRONG(shown, true, "statement-shown");
	EACH_WRONG(signature, true, "signature");
	EACH_WRONG(unsigned_, true, "no-statement");
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct buf out = {0};
	struct given g;
	size_t len;

	(void)state;
	given_closed_attempt(&g);
	export(&g, &out);
	for (len = 0; len < buf_length(&out); len++)
		assert_int_equal(ERR_BAD_INPUT,
				 verified(bytes_of(buf_bytes(&out).data, len), g.public_key));
	buf_fini(&out);
	given_gone(&g);
}

static void another_key_is_refused_and_the_files_own_is_not_trusted(void **state)
{
	struct buf out = {0};
	struct given g, other;

	(void)state;
	given_closed_attempt(&g);
	given_attempt(&other);
	export(&g, &out);
	assert_int_equal(ERR_BAD_INPUT, verified(buf_bytes(&out), other.public_key));
	assert_true(complained("key"));
	assert_true(complained("signature"));
	assert_int_equal(ERR_OK, verified(buf_bytes(&out), NULL));
	assert_true(complained("key"));
	assert_int_equal(1, diag.warnings);
	buf_fini(&out);
	given_gone(&other);
	given_gone(&g);
}

static void an_attempt_under_way_is_chained_but_not_signed(void **state)
{
	struct given g;

	(void)state;
	given_attempt(&g);
	when_answered(&g, 1);
	assert_int_equal(ERR_OK, verified_export(&g));
	assert_true(complained("not-signed"));
	assert_int_equal(1, diag.warnings);
	given_gone(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_closed_attempt_verifies_with_the_key_alone),
	    cmocka_unit_test(a_statement_of_version_1_still_verifies),
	    cmocka_unit_test(a_reopened_attempt_names_the_receipt_that_it_supersedes),
	    cmocka_unit_test(no_bit_can_be_changed),
	    cmocka_unit_test(no_record_can_be_left_out_or_moved),
	    cmocka_unit_test(a_chain_made_anew_does_not_carry_the_old_signature),
	    cmocka_unit_test(a_chain_that_skips_a_number_or_changes_its_subject_is_refused),
	    cmocka_unit_test(everything_in_a_statement_is_compared),
	    cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
	    cmocka_unit_test(another_key_is_refused_and_the_files_own_is_not_trusted),
	    cmocka_unit_test(an_attempt_under_way_is_chained_but_not_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
