/* Records: packed and decoded again they are the same, and the chain shows every change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/record.h"

static const struct digest zero;

static struct record given_answer(uint64_t n, Examd__Record__AnswerPut *msg)
{
	static uint32_t chosen[] = {1, 3};

	examd__record__answer_put__init(msg);
	msg->seat = 1;
	msg->item = 14;
	msg->revision = 2;
	msg->chosen = chosen;
	msg->n_chosen = 2;
	return (struct record){.subject = subject_attempt((struct attempt_id){7}),
			       .n = n,
			       .at = {1000},
			       .noted = {2000},
			       .kind = RECORD_ANSWER_PUT,
			       .msg = &msg->base};
}

static void a_record_decodes_to_what_was_packed(void **state)
{
	struct arena arena = {0};
	Examd__Record__AnswerPut msg;
	const Examd__Record__AnswerPut *back;
	struct record r = given_answer(1, &msg);

	(void)state;
	record_seal(&r, &zero, &arena);
	r.msg = NULL;
	assert_int_equal(ERR_OK, record_decode(&r, &arena));
	back = (const void *)r.msg;
	assert_int_equal(14, back->item);
	assert_int_equal(2, back->n_chosen);
	assert_int_equal(3, back->chosen[1]);
	arena_fini(&arena);
}

/* The bytes are spelled out here from the header alone: a chain of today verifies for ever. */
static void the_chain_is_the_hash_that_the_header_promises(void **state)
{
	struct arena arena = {0};
	struct buf b = {0};
	Examd__Record__AnswerPut msg;
	struct record r = given_answer(1, &msg);
	struct digest before = digest_of("before", 6), want;

	(void)state;
	record_seal(&r, &before, &arena);
	buf_put(&b, before.b, 32);
	buf_put_u64(&b, 7 * 4 + 1);
	buf_put_u64(&b, 1);
	buf_put_u64(&b, 1000);
	buf_put_u64(&b, 2000);
	buf_put_u32(&b, 25);
	buf_put_u32(&b, (uint32_t)r.body.len);
	buf_put_bytes(&b, r.body);
	want = digest_of(buf_bytes(&b).data, buf_length(&b));
	assert_true(digest_equal(&want, &r.chain));
	assert_true(record_follows(&r, &before));
	assert_false(record_follows(&r, &zero));
	buf_fini(&b);
	arena_fini(&arena);
}

static void every_field_of_a_record_is_under_the_chain(void **state)
{
	struct arena arena = {0};
	Examd__Record__AnswerPut msg;
	struct record good = given_answer(1, &msg), bad;
	uint8_t *body;

	(void)state;
	record_seal(&good, &zero, &arena);
	bad = good, bad.subject.v++;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.n++;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.at.v++;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.noted.v++;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.kind = RECORD_ANSWER_KEPT;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.body.len--;
	assert_false(record_follows(&bad, &zero));
	bad = good, bad.chain.b[31] ^= 1;
	assert_false(record_follows(&bad, &zero));
	body = arena_copy(&arena, good.body.data, good.body.len);
	body[1] ^= 1;
	bad = good, bad.body.data = body;
	assert_false(record_follows(&bad, &zero));
	assert_true(record_follows(&good, &zero));
	arena_fini(&arena);
}

static void bytes_that_are_no_message_are_called_corrupt(void **state)
{
	static const uint8_t cut[] = {0x22, 0x7f, 0x01}; /* a length that goes past the end */
	struct arena arena = {0};
	struct record r = {.kind = RECORD_ANSWER_PUT, .body = bytes_of(cut, sizeof cut)};

	(void)state;
	assert_int_equal(ERR_CORRUPT, record_decode(&r, &arena));
	r.kind = (enum record_kind)11;
	r.body.len = 0;
	assert_int_equal(ERR_CORRUPT, record_decode(&r, &arena));
	r.kind = (enum record_kind)4000;
	assert_int_equal(ERR_CORRUPT, record_decode(&r, &arena));
	arena_fini(&arena);
}

static void an_empty_body_is_a_message_of_defaults(void **state)
{
	struct arena arena = {0};
	struct record r = {.kind = RECORD_ATTEMPT_ADMITTED};

	(void)state;
	assert_int_equal(ERR_OK, record_decode(&r, &arena));
	assert_null(((const Examd__Record__AttemptAdmitted *)(const void *)r.msg)->by);
	arena_fini(&arena);
}

static void each_kind_has_a_name_and_a_message(void **state)
{
	(void)state;
	assert_string_equal("answer_put", record_kind_name(RECORD_ANSWER_PUT));
	assert_string_equal("unknown", record_kind_name((enum record_kind)0));
	assert_string_equal("unknown", record_kind_name((enum record_kind)12345));
	assert_null(record_kind_type((enum record_kind)0));
	assert_string_equal("examd.record.SittingCreated",
			    record_kind_type(RECORD_SITTING_CREATED)->name);
}

/* traps: a message that contains itself can overflow the stack of the decoder. */
static bool contains(const ProtobufCMessageDescriptor *d, const ProtobufCMessageDescriptor *what,
		     unsigned depth)
{
	unsigned i;

	assert_true(depth < 16);
	for (i = 0; i < d->n_fields; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
		    (d->fields[i].descriptor == what ||
		     contains(d->fields[i].descriptor, what, depth + 1)))
			return true;
	return false;
}

static void no_message_contains_itself(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 256; kind++) {
		const ProtobufCMessageDescriptor *d = record_kind_type((enum record_kind)kind);

		if (d != NULL)
			assert_false(contains(d, d, 0));
	}
}

/* ---- What is stored stays readable ---------------------------------------------------------- */

#define TYPES_MOST 64

struct listing {
	const ProtobufCMessageDescriptor *seen[TYPES_MOST];
	size_t nseen;
	struct buf text; /* one line a field, as record.kept has them */
};

static void list_type(struct listing *l, const ProtobufCMessageDescriptor *type)
{
	static const char *const names[] = {"int32",	"sint32", "sfixed32", "int64",	"sint64",
					    "sfixed64", "uint32", "fixed32",  "uint64", "fixed64",
					    "float",	"double", "bool",     "enum",	"string",
					    "bytes",	"message"};
	const ProtobufCFieldDescriptor *f;
	unsigned i;

	for (i = 0; i < l->nseen; i++)
		if (l->seen[i] == type)
			return;
	assert_true(l->nseen < TYPES_MOST);
	l->seen[l->nseen++] = type;
	for (i = 0; i < type->n_fields; i++) {
		f = &type->fields[i];
		buf_printf(&l->text, "%s.%s %u %s%s\n", type->short_name, f->name, f->id,
			   f->label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : "",
			   names[f->type]);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			list_type(l, f->descriptor);
	}
}

static void list_all(struct listing *l)
{
	int kind;

	buf_put_text(&l->text, "\n");
#define RECORD(name, number, message, member)                                                      \
	buf_printf(&l->text, "kind %d %s %s\n", number, #member, #message);
#include "daemon/record/record.def"
#undef RECORD
	for (kind = 0; kind < 256; kind++)
		if (record_kind_type((enum record_kind)kind) != NULL)
			list_type(l, record_kind_type((enum record_kind)kind));
}

static void every_field_that_was_ever_stored_keeps_its_number_and_type(void **state)
{
	FILE *kept = fopen(RECORD_FOLDER "/record.kept", "r");
	struct listing now = {0};
	char line[256] = "\n";
	int lines = 0;

	(void)state;
	assert_non_null(kept);
	list_all(&now);
	while (fgets(line + 1, sizeof line - 1, kept) != NULL) {
		if (line[1] == '#')
			continue;
		if (strstr(buf_text(&now.text), line) == NULL)
			fail_msg("not as it was stored:%s", line);
		lines++;
	}
	assert_true(lines > 150);
	fclose(kept);
	buf_fini(&now.text);
}

static void the_same_text_under_another_salt_has_another_hash(void **state)
{
	uint8_t salt[16] = {1}, other[16] = {2};
	struct digest a = record_text_hash(salt, bytes_of_text("fire alarm"));
	struct digest b = record_text_hash(other, bytes_of_text("fire alarm"));
	struct digest want;
	uint8_t both[26];

	(void)state;
	memcpy(both, salt, 16);
	memcpy(both + 16, "fire alarm", 10);
	want = digest_of(both, sizeof both);
	assert_true(digest_equal(&want, &a));
	assert_false(digest_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_decodes_to_what_was_packed),
	    cmocka_unit_test(the_chain_is_the_hash_that_the_header_promises),
	    cmocka_unit_test(every_field_of_a_record_is_under_the_chain),
	    cmocka_unit_test(bytes_that_are_no_message_are_called_corrupt),
	    cmocka_unit_test(an_empty_body_is_a_message_of_defaults),
	    cmocka_unit_test(each_kind_has_a_name_and_a_message),
	    cmocka_unit_test(no_message_contains_itself),
	    cmocka_unit_test(every_field_that_was_ever_stored_keeps_its_number_and_type),
	    cmocka_unit_test(the_same_text_under_another_salt_has_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
