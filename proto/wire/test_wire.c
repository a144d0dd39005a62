/* The rules of the wire's bytes: frames, what is decoded, the channel, the sealed form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/wire/channel.h"
#include "proto/wire/frame.h"
#include "proto/wire/seal.h"

/* ---- Frames ------------------------------------------------------------------------------------
 */

static void frames_are_found_however_the_bytes_are_split(void **state)
{
	static const char *const sent[] = {"a", "second", "the third and last"};
	struct buf all = {0};
	size_t cut, i;

	(void)state;
	for (i = 0; i < COUNT(sent); i++) {
		buf_put_u32(&all, (uint32_t)strlen(sent[i]));
		buf_put_text(&all, sent[i]);
	}
	for (cut = 0; cut <= buf_length(&all); cut++) {
		struct buf in = {0};
		struct bytes message;
		size_t found = 0, half;

		for (half = 0; half < 2; half++) {
			const uint8_t *p = buf_bytes(&all).data;

			buf_put(&in, half == 0 ? p : p + cut,
				half == 0 ? cut : buf_length(&all) - cut);
			while (frame_peek(&in, 100, &message) == ERR_OK) {
				assert_true(bytes_equal(bytes_of_text(sent[found]), message));
				frame_take(&in);
				found++;
			}
			assert_int_equal(ERR_NOT_FOUND, frame_peek(&in, 100, &message));
		}
		assert_int_equal(COUNT(sent), found);
		assert_int_equal(0, buf_length(&in));
		buf_fini(&in);
	}
	buf_fini(&all);
}

static void a_frame_past_its_bound_or_empty_is_refused_from_its_length_alone(void **state)
{
	static const struct {
		uint32_t length;
		enum err err;
	} cases[] = {{0, ERR_TOO_LARGE},
		     {1, ERR_NOT_FOUND},
		     {FRAME_MOST_BEFORE_LOGIN, ERR_NOT_FOUND},
		     {FRAME_MOST_BEFORE_LOGIN + 1, ERR_TOO_LARGE},
		     {UINT32_MAX, ERR_TOO_LARGE}};
	struct bytes message;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct buf in = {0};

		buf_put_u32(&in, cases[i].length);
		assert_int_equal(cases[i].err, frame_peek(&in, FRAME_MOST_BEFORE_LOGIN, &message));
		buf_fini(&in);
	}
}

static void a_message_is_read_as_it_was_put(void **state)
{
	Examd__V1__Hello hello = EXAMD__V1__HELLO__INIT;
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT, *got;
	Examd__V1__Reply reply = EXAMD__V1__REPLY__INIT, *answer;
	struct arena arena = {.cap = FRAME_ARENA_MOST};
	struct buf out = {0};
	struct bytes message;

	(void)state;
	hello.min_version = hello.max_version = PROTOCOL_VERSION;
	hello.client = (char *)"exam 0.1.0 é";
	request.id = UINT64_MAX;
	request.body_case = EXAMD__V1__REQUEST__BODY_HELLO;
	request.hello = &hello;
	frame_put(&out, &request.base);
	assert_int_equal(ERR_OK, frame_peek(&out, FRAME_MOST, &message));
	assert_int_equal(ERR_OK, request_decode(message, &arena, &got));
	assert_true(got->id == UINT64_MAX);
	assert_int_equal(EXAMD__V1__REQUEST__BODY_HELLO, got->body_case);
	assert_string_equal("exam 0.1.0 é", got->hello->client);
	frame_take(&out);
	assert_int_equal(0, buf_length(&out));

	reply.id = 7;
	reply.error = ERR_TOO_LATE;
	reply.detail = (char *)"too late";
	message_put(&out, &reply.base);
	assert_int_equal(ERR_OK, reply_decode(buf_bytes(&out), &arena, &answer));
	assert_int_equal(7, answer->id);
	assert_int_equal(ERR_TOO_LATE, answer->error);
	assert_string_equal("too late", answer->detail);
	buf_fini(&out);
	arena_fini(&arena);
}

/* ---- What is refused ---------------------------------------------------------------------------
 */

static enum err decode(const void *data, size_t len)
{
	struct arena arena = {.cap = FRAME_ARENA_MOST};
	Examd__V1__Request *got;
	enum err err = request_decode(bytes_of(data, len), &arena, &got);

	arena_fini(&arena);
	return err;
}

#define DECODE(text) decode(text, sizeof(text) - 1)

static void a_string_that_is_not_text_is_refused_wherever_it_stands(void **state)
{
	(void)state;
	/* log_in { user: ... } */
	assert_int_equal(ERR_OK, DECODE("\x5a\x05\x0a\x03"
					"ann"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x5a\x05\x0a\x03"
					      "a\0n"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x5a\x05\x0a\x03"
					      "an\0"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x5a\x05\x0a\x03"
					      "an\xff"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x5a\x05\x0a\x03"
					      "\xed\xa0\x80"));
	/* put_answers { answers { codes: "E11", codes: ... } }: repeated, and one level deeper */
	assert_int_equal(ERR_OK, DECODE("\x8a\x02\x0c\x0a\x0a\x22\x03"
					"E11\x22\x03"
					"E12"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x8a\x02\x0c\x0a\x0a\x22\x03"
					      "E11\x22\x03"
					      "E\0"
					      "2"));
	/* bytes may hold anything: hello { client_id: 00 ff } */
	assert_int_equal(ERR_OK, DECODE("\x52\x04\x22\x02\x00\xff"));
}

static void a_field_that_comes_twice_or_two_of_a_oneof_are_refused(void **state)
{
	(void)state;
	assert_int_equal(ERR_OK, DECODE("\x08\x01\x52\x02\x08\x01"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x08\x01\x08\x01"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x52\x02\x08\x01\x52\x02\x08\x01"));
	/* hello and log_in */
	assert_int_equal(ERR_PROTOCOL, DECODE("\x52\x02\x08\x01\x5a\x03\x0a\x01"
					      "a"));
}

static void fields_of_a_later_release_are_passed_over(void **state)
{
	(void)state;
	/* field 1000 in each wire type, twice */
	assert_int_equal(ERR_OK, DECODE("\xc0\x3e\x01\xc0\x3e\x01"));
	assert_int_equal(ERR_OK, DECODE("\xc1\x3e"
					"12345678\xc1\x3e"
					"12345678"));
	assert_int_equal(ERR_OK, DECODE("\xc2\x3e\x02\xff\x00"));
	assert_int_equal(ERR_OK, DECODE("\xc5\x3e"
					"1234"));
	/* but groups and what is no wire type at all are not */
	assert_int_equal(ERR_PROTOCOL, DECODE("\xc3\x3e\xc4\x3e"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\xc6\x3e\x00"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x00\x00"));
}

static void a_message_cut_short_anywhere_is_refused_or_a_whole_one(void **state)
{
	/* id, then log_in { user: "ann", password: "secret" } */
	static const char whole[] = "\x08\x81\x01\x5a\x0d\x0a\x03"
				    "ann\x12\x06"
				    "secret";
	size_t len;

	(void)state;
	assert_int_equal(ERR_OK, decode(whole, sizeof whole - 1));
	for (len = 0; len < sizeof whole - 1; len++)
		assert_int_equal(len == 0 || len == 3 ? ERR_OK : ERR_PROTOCOL, decode(whole, len));
}

static void a_varint_without_end_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ERR_OK, DECODE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	assert_int_equal(ERR_PROTOCOL, DECODE("\x08\xff"));
	/* a length of 2^64 - 1 */
	assert_int_equal(ERR_PROTOCOL, DECODE("\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

static void every_damaged_byte_is_refused_or_decoded_but_never_harmful(void **state)
{
	static const char whole[] = "\x08\x81\x01\x8a\x02\x16\x0a\x14\x08\x01\x10\x02\x1a\x02\x00"
				    "\x01\x22\x03"
				    "E11\x28\x01\x32\x01\x03\x38\x05";
	uint8_t copy[sizeof whole - 1];
	size_t i, refused = 0;
	unsigned v;

	(void)state;
	assert_int_equal(ERR_OK, decode(whole, sizeof copy));
	for (i = 0; i < sizeof copy; i++) {
		memcpy(copy, whole, sizeof copy);
		for (v = 0; v < 256; v++) {
			copy[i] = (uint8_t)v;
			refused += decode(copy, sizeof copy) != ERR_OK;
		}
	}
	assert_in_range(refused, 1000, sizeof copy * 256 - 1000);
}

/* 64 KiB of empty messages inside a PutAnswers: each takes two bytes, and 100 in memory. */
static void more_memory_than_the_arena_has_is_too_large(void **state)
{
	struct buf inner = {0}, all = {0};
	struct arena small = {.cap = FRAME_ARENA_MOST}, none = {0};
	Examd__V1__Request *got;

	(void)state;
	while (buf_length(&inner) + 10 < FRAME_MOST)
		buf_put(&inner, "\x0a\x00", 2);
	buf_put(&all, "\x8a\x02", 2);
	buf_put_u8(&all, (uint8_t)(buf_length(&inner) | 0x80));
	buf_put_u8(&all, (uint8_t)(buf_length(&inner) >> 7 | 0x80));
	buf_put_u8(&all, (uint8_t)(buf_length(&inner) >> 14));
	buf_put_bytes(&all, buf_bytes(&inner));
	assert_true(buf_length(&all) <= FRAME_MOST);

	assert_int_equal(ERR_TOO_LARGE, request_decode(buf_bytes(&all), &small, &got));
	assert_in_range(small.used, 1, FRAME_ARENA_MOST);
	assert_int_equal(ERR_TOO_LARGE, request_decode(buf_bytes(&all), &none, &got));
	assert_in_range(none.used, 1, FRAME_ARENA_MOST);
	assert_int_equal(0, none.cap);

	/* The arena serves again after a reset. */
	arena_reset(&small);
	assert_int_equal(ERR_OK, request_decode(bytes_of("\x08\x01", 2), &small, &got));
	assert_int_equal(1, got->id);
	arena_fini(&small);
	arena_fini(&none);
	buf_fini(&inner);
	buf_fini(&all);
}

/* The k-th piece of memory is refused, for every k, until it is enough. */
static void memory_refused_at_any_piece_is_too_large_and_nothing_worse(void **state)
{
	static const char whole[] = "\x08\x81\x01\x8a\x02\x16\x0a\x14\x08\x01\x10\x02\x1a\x02\x00"
				    "\x01\x22\x03"
				    "E11\x28\x01\x32\x01\x03\x38\x05\xc2\x3e\x02\xff\x00";
	Examd__V1__Request *got;
	size_t cap, refused = 0;
	enum err err = ERR_TOO_LARGE;

	(void)state;
	for (cap = 16; err != ERR_OK; cap += 16) {
		struct arena arena = {.cap = cap};

		err = request_decode(bytes_of(whole, sizeof whole - 1), &arena, &got);
		assert_true(err == ERR_OK || err == ERR_TOO_LARGE);
		refused += err == ERR_TOO_LARGE;
		arena_fini(&arena);
	}
	assert_in_range(refused, 5, 100);
}

/* ---- The descriptors ---------------------------------------------------------------------------
 */

#define DEPTH_MOST 8

/* Walks TYPE with those above it; each message has at most 64 fields, and none contains itself. */
static void walk(const ProtobufCMessageDescriptor *type, const ProtobufCMessageDescriptor **above,
		 size_t depth)
{
	unsigned i;
	size_t k;

	assert_true(depth < DEPTH_MOST);
	assert_true(type->n_fields <= 64);
	for (k = 0; k < depth; k++)
		assert_ptr_not_equal(above[k], type);
	above[depth] = type;
	for (i = 0; i < type->n_fields; i++)
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			walk(type->fields[i].descriptor, above, depth + 1);
}

static void no_message_contains_itself(void **state)
{
	const ProtobufCMessageDescriptor *above[DEPTH_MOST];

	(void)state;
	walk(&examd__v1__request__descriptor, above, 0);
	walk(&examd__v1__reply__descriptor, above, 0);
	walk(&examd__v1__form_part__descriptor, above, 0);
}

/* What a candidate may be sent: no field tells of a key before its release. */
static void a_form_has_no_field_for_what_must_stay_inside(void **state)
{
	static const char *const never[] = {"key",	"right",     "rationale",  "why",
					    "section",	"domain",    "difficulty", "pretest",
					    "accepted", "references"};
	const ProtobufCMessageDescriptor *types[] = {&examd__v1__form_part__descriptor,
						     &examd__v1__form_item__descriptor,
						     &examd__v1__stimulus__descriptor};
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(types); i++)
		for (k = 0; k < COUNT(never); k++)
			assert_null(
			    protobuf_c_message_descriptor_get_field_by_name(types[i], never[k]));
}

/* ---- The channel -------------------------------------------------------------------------------
 */

static void channel_messages_are_found_however_the_bytes_are_split(void **state)
{
	struct buf all = {0};
	size_t cut, mark;

	(void)state;
	buf_put_text(&all, "xyz"); /* so that a mark is no place in memory */
	channel_put(&all, CHANNEL_OPENED, (struct conn_id){0x0102030405060708},
		    bytes_of("\1::1", 4));
	buf_take(&all, 3);
	mark = channel_begin(&all, CHANNEL_FRAME, (struct conn_id){2});
	buf_put_text(&all, "a message");
	channel_end(&all, mark);
	mark = channel_begin(&all, CHANNEL_FRAME, (struct conn_id){3});
	buf_put_text(&all, "one that is taken back");
	channel_undo(&all, mark);
	channel_put(&all, CHANNEL_CLOSED, (struct conn_id){UINT64_MAX}, bytes_of(NULL, 0));
	for (cut = 0; cut <= buf_length(&all); cut++) {
		struct channel_message m[4];
		struct buf in = {0};
		size_t n = 0;

		buf_put(&in, buf_bytes(&all).data, cut);
		while (channel_peek(&in, &m[n]) == ERR_OK) {
			channel_take(&in);
			n++;
		}
		assert_int_equal(ERR_NOT_FOUND, channel_peek(&in, &m[3]));
		buf_put(&in, buf_bytes(&all).data + cut, buf_length(&all) - cut);
		while (n < 3 && channel_peek(&in, &m[n]) == ERR_OK) {
			if (n == 1)
				assert_true(bytes_equal(bytes_of_text("a message"), m[n].payload));
			channel_take(&in);
			n++;
		}
		assert_int_equal(3, n);
		assert_int_equal(0, buf_length(&in));
		assert_int_equal(CHANNEL_OPENED, m[0].kind);
		assert_true(m[0].conn.v == 0x0102030405060708);
		assert_int_equal(4, m[0].payload.len);
		assert_int_equal(CHANNEL_FRAME, m[1].kind);
		assert_int_equal(CHANNEL_CLOSED, m[2].kind);
		assert_true(m[2].conn.v == UINT64_MAX);
		assert_int_equal(0, m[2].payload.len);
		buf_fini(&in);
	}
	buf_fini(&all);
}

static void what_is_no_channel_message_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"\0\0\0\x08", 4},	     /* shorter than a head */
	    {"\xff\xff\xff\xff", 4}, /* longer than any */
	    {"\0\x10\0\x0a", 4},     /* by one byte */
	    {"\0\0\0\x09\0", 5},     /* a kind before the first */
	    {"\0\0\0\x09\x06", 5},   /* and one past the last */
	};
	struct channel_message m;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct buf in = {0};

		buf_put(&in, cases[i].bytes, cases[i].len);
		assert_int_equal(ERR_PROTOCOL, channel_peek(&in, &m));
		buf_fini(&in);
	}
}

/* ---- The sealed form ---------------------------------------------------------------------------
 */

static void key_of(uint8_t key[SEAL_KEY])
{
	uint8_t secret[32];
	struct digest hash = digest_of("the plaintext", 13);
	size_t i;

	for (i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	seal_key(secret, (struct attempt_id){8812}, 1, &hash, key);
}

/* Computed by another program (Python's hmac and cryptography). */
static void a_key_and_a_sealed_part_are_those_of_the_protocol(void **state)
{
	uint8_t key[SEAL_KEY];
	struct buf out = {0};
	char hex[2 * SEAL_KEY + 1];

	(void)state;
	key_of(key);
	hex_format(key, sizeof key, hex);
	assert_string_equal("a02bda2d26e04e8931489e7e1316f3107095bd4202da824e100c7d4cc4104f9a",
			    hex);
	seal_close(key, bytes_of_text("the plaintext"), &out);
	assert_int_equal(13 + SEAL_TAG, buf_length(&out));
	hex_format(buf_bytes(&out).data, buf_length(&out), hex);
	assert_string_equal("7599c6b201ccc6f41a042339759bb3f02b8a3606ec2720642afde072b7", hex);
	buf_fini(&out);
}

static void another_attempt_part_secret_or_text_gives_another_key(void **state)
{
	uint8_t secret[2][32] = {{1}, {2}}, key[5][SEAL_KEY];
	struct digest hash[2] = {{{1}}, {{2}}};
	size_t i, k;

	(void)state;
	seal_key(secret[0], (struct attempt_id){1}, 0, &hash[0], key[0]);
	seal_key(secret[0], (struct attempt_id){2}, 0, &hash[0], key[1]);
	seal_key(secret[0], (struct attempt_id){1}, 1, &hash[0], key[2]);
	seal_key(secret[0], (struct attempt_id){1}, 0, &hash[1], key[3]);
	seal_key(secret[1], (struct attempt_id){1}, 0, &hash[0], key[4]);
	for (i = 0; i < COUNT(key); i++)
		for (k = 0; k < i; k++)
			assert_memory_not_equal(key[i], key[k], SEAL_KEY);
}

static void a_sealed_part_opens_to_what_it_was(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 100000};
	uint8_t key[SEAL_KEY];
	size_t i;

	(void)state;
	key_of(key);
	for (i = 0; i < COUNT(lengths); i++) {
		struct buf plain = {0}, sealed = {0}, out = {0};

		while (buf_length(&plain) < lengths[i])
			buf_put_u8(&plain, (uint8_t)(buf_length(&plain) * 7));
		buf_put_text(&out, "before");
		seal_close(key, buf_bytes(&plain), &sealed);
		assert_int_equal(lengths[i] + SEAL_TAG, buf_length(&sealed));
		assert_int_equal(ERR_OK, seal_open(key, buf_bytes(&sealed), &out));
		buf_take(&out, 6);
		assert_true(bytes_equal(buf_bytes(&plain), buf_bytes(&out)));
		buf_fini(&plain);
		buf_fini(&sealed);
		buf_fini(&out);
	}
}

static void a_sealed_part_changed_at_any_byte_does_not_open(void **state)
{
	uint8_t key[SEAL_KEY];
	struct buf sealed = {0}, out = {0};
	size_t i;

	(void)state;
	key_of(key);
	seal_close(key, bytes_of_text("the plaintext"), &sealed);
	for (i = 0; i < buf_length(&sealed); i++) {
		sealed.data[sealed.start + i] ^= 1;
		assert_int_equal(ERR_CORRUPT, seal_open(key, buf_bytes(&sealed), &out));
		assert_int_equal(0, buf_length(&out));
		sealed.data[sealed.start + i] ^= 1;
	}
	for (i = 0; i < buf_length(&sealed); i++)
		assert_int_equal(ERR_CORRUPT,
				 seal_open(key, bytes_of(buf_bytes(&sealed).data, i), &out));
	for (i = 0; i < SEAL_KEY; i++) {
		key[i] ^= 0x80;
		assert_int_equal(ERR_CORRUPT, seal_open(key, buf_bytes(&sealed), &out));
		key[i] ^= 0x80;
	}
	assert_int_equal(ERR_OK, seal_open(key, buf_bytes(&sealed), &out));
	buf_fini(&sealed);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_are_found_however_the_bytes_are_split),
	    cmocka_unit_test(a_frame_past_its_bound_or_empty_is_refused_from_its_length_alone),
	    cmocka_unit_test(a_message_is_read_as_it_was_put),
	    cmocka_unit_test(a_string_that_is_not_text_is_refused_wherever_it_stands),
	    cmocka_unit_test(a_field_that_comes_twice_or_two_of_a_oneof_are_refused),
	    cmocka_unit_test(fields_of_a_later_release_are_passed_over),
	    cmocka_unit_test(a_message_cut_short_anywhere_is_refused_or_a_whole_one),
	    cmocka_unit_test(a_varint_without_end_is_refused),
	    cmocka_unit_test(every_damaged_byte_is_refused_or_decoded_but_never_harmful),
	    cmocka_unit_test(more_memory_than_the_arena_has_is_too_large),
	    cmocka_unit_test(memory_refused_at_any_piece_is_too_large_and_nothing_worse),
	    cmocka_unit_test(no_message_contains_itself),
	    cmocka_unit_test(a_form_has_no_field_for_what_must_stay_inside),
	    cmocka_unit_test(channel_messages_are_found_however_the_bytes_are_split),
	    cmocka_unit_test(what_is_no_channel_message_is_refused),
	    cmocka_unit_test(a_key_and_a_sealed_part_are_those_of_the_protocol),
	    cmocka_unit_test(another_attempt_part_secret_or_text_gives_another_key),
	    cmocka_unit_test(a_sealed_part_opens_to_what_it_was),
	    cmocka_unit_test(a_sealed_part_changed_at_any_byte_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
