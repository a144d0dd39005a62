/* PROTOCOL.md says what is so: its tables are complete, and its exchange is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/wire/frame.h"
#include "proto/wire/seal.h"

/* ---- The document ------------------------------------------------------------------------------
 */

struct document {
	struct buf text;
	struct buf client[16], server[16], plaintext; /* the blocks of hex */
	size_t nclient, nserver;
	struct arena arena;
};

static const char *text_of(const struct document *d)
{
	return (const char *)d->text.data; /* ended by a NUL in setup() */
}

static void read_file(struct buf *out)
{
	FILE *f = fopen(PROTOCOL_MD, "r");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf_reserve(out, 4096), 1, 4096, f)) > 0)
		buf_added(out, n);
	fclose(f);
	buf_text(out);
}

static void read_hex(const char *from, const char *to, struct buf *out)
{
	char pair[3] = "";
	size_t n = 0;
	uint8_t byte;

	for (; from < to; from++) {
		if (isspace((unsigned char)*from))
			continue;
		pair[n++] = *from;
		if (n < 2)
			continue;
		assert_int_equal(ERR_OK, hex_parse(pair, &byte, 1));
		buf_put_u8(out, byte);
		n = 0;
	}
	assert_int_equal(0, n);
}

static struct buf *block_for(struct document *d, const char *who)
{
	if (strncmp(who, "client\n", 7) == 0) {
		assert_true(d->nclient < COUNT(d->client));
		return &d->client[d->nclient++];
	}
	if (strncmp(who, "server\n", 7) == 0) {
		assert_true(d->nserver < COUNT(d->server));
		return &d->server[d->nserver++];
	}
	assert_int_equal(0, strncmp(who, "plaintext\n", 10));
	return &d->plaintext;
}

static int setup(void **state)
{
	static const char fence[] = "```hex ";
	struct document *d = mem_new(sizeof *d);
	const char *at, *body, *end;

	read_file(&d->text);
	for (at = strstr(text_of(d), fence); at != NULL; at = strstr(end, fence)) {
		struct buf *out = block_for(d, at + strlen(fence));

		body = strchr(at, '\n') + 1;
		end = strstr(body, "```");
		assert_non_null(end);
		read_hex(body, end, out);
		end += 3;
	}
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct document *d = *state;
	size_t i;

	for (i = 0; i < COUNT(d->client); i++) {
		buf_fini(&d->client[i]);
		buf_fini(&d->server[i]);
	}
	buf_fini(&d->plaintext);
	buf_fini(&d->text);
	arena_fini(&d->arena);
	free(d);
	return 0;
}

/* ---- Its tables --------------------------------------------------------------------------------
 */

static void every_error_stands_in_the_table_with_number_and_sentence(void **state)
{
	const struct document *d = *state;
	struct buf row = {0};
	unsigned i;
	enum err err;

	for (i = 0; err_nth(i, &err); i++) {
		buf_clear(&row);
		buf_printf(&row, "\n| %u | `%s` | %s |\n", (unsigned)err, err_name(err),
			   err_sentence(err));
		if (strstr(text_of(d), buf_text(&row)) == NULL)
			fail_msg("PROTOCOL.md lacks the row%s", buf_text(&row));
	}
	assert_true(i > 40);
	buf_fini(&row);
}

static void expect_named(const struct document *d, const char *name)
{
	struct buf quoted = {0};

	buf_printf(&quoted, "`%s`", name);
	if (strstr(text_of(d), buf_text(&quoted)) == NULL)
		fail_msg("PROTOCOL.md does not tell of %s", buf_text(&quoted));
	buf_fini(&quoted);
}

static void expect_bodies_named(const struct document *d, const ProtobufCMessageDescriptor *type)
{
	unsigned i;

	for (i = 0; i < type->n_fields; i++)
		if ((type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
			expect_named(d, type->fields[i].name);
}

static void every_request_reply_notice_and_state_is_told_of(void **state)
{
	static const ProtobufCEnumDescriptor *const enums[] = {
	    &examd__v1__notice_kind__descriptor, &examd__v1__attempt_state__descriptor};
	const struct document *d = *state;
	size_t k;
	unsigned i;

	expect_bodies_named(d, &examd__v1__request__descriptor);
	expect_bodies_named(d, &examd__v1__reply__descriptor);
	for (k = 0; k < COUNT(enums); k++)
		for (i = 0; i < enums[k]->n_values; i++)
			if (enums[k]->values[i].value != 0)
				expect_named(d, enums[k]->values[i].name);
}

static void the_limits_are_those_of_the_code(void **state)
{
	static const struct {
		unsigned long limit;
		const char *text;
	} limits[] = {{FRAME_MOST_BEFORE_LOGIN, "4,096"},
		      {FRAME_MOST, "65,536"},
		      {PIECE_MOST, "32,768"},
		      {PROTOCOL_VERSION, "# The examd protocol, version 1\n"}};
	const struct document *d = *state;
	char digits[32];
	size_t i, k, n;

	for (i = 0; i < COUNT(limits); i++) {
		assert_non_null(strstr(text_of(d), limits[i].text));
		for (k = n = 0; limits[i].text[k] != '\0'; k++)
			if (isdigit((unsigned char)limits[i].text[k]))
				digits[n++] = limits[i].text[k];
		digits[n] = '\0';
		assert_int_equal(limits[i].limit, strtoul(digits, NULL, 10));
	}
}

/* ---- Its exchange ------------------------------------------------------------------------------
 */

/* The message of a block that is one frame and nothing else. */
static struct bytes message_of(const struct buf *block)
{
	struct bytes message;

	assert_int_equal(ERR_OK, frame_peek(block, FRAME_MOST, &message));
	assert_int_equal(buf_length(block), 4 + message.len);
	return message;
}

/* Packed again it gives the same bytes. */
static void expect_same(const struct buf *block, const ProtobufCMessage *m)
{
	struct buf again = {0};

	frame_put(&again, m);
	assert_true(bytes_equal(buf_bytes(block), buf_bytes(&again)));
	buf_fini(&again);
}

static Examd__V1__Request *request(struct document *d, size_t i)
{
	Examd__V1__Request *m;

	assert_int_equal(ERR_OK, request_decode(message_of(&d->client[i]), &d->arena, &m));
	expect_same(&d->client[i], &m->base);
	return m;
}

static Examd__V1__Reply *reply(struct document *d, size_t i)
{
	Examd__V1__Reply *m;

	assert_int_equal(ERR_OK, reply_decode(message_of(&d->server[i]), &d->arena, &m));
	expect_same(&d->server[i], &m->base);
	return m;
}

#define ASKS(name) EXAMD__V1__REQUEST__BODY_##name
#define SAYS(name) EXAMD__V1__REPLY__BODY_##name

static void the_exchange_is_one(void **state)
{
	static const Examd__V1__Request__BodyCase asked[] = {
	    ASKS(HELLO),	ASKS(USE_SLIP),	   ASKS(CHECK_IN), ASKS(GET_FORM_PIECE),
	    ASKS(CONFIRM_FORM), ASKS(PUT_ANSWERS), ASKS(SUBMIT),
	};
	static const struct {
		uint64_t id;
		Examd__V1__Reply__BodyCase body;
	} said[] = {
	    {1, SAYS(HELLO)},  {2, SAYS(SESSION)}, {3, SAYS(STATUS)},	   {4, SAYS(FORM_PIECE)},
	    {5, SAYS(STATUS)}, {0, SAYS(NOTICE)},  {6, SAYS(ANSWER_ACKS)}, {7, SAYS(STATUS)},
	};
	struct document *d = *state;
	size_t i;

	assert_int_equal(COUNT(asked), d->nclient);
	assert_int_equal(COUNT(said), d->nserver);
	for (i = 0; i < COUNT(asked); i++) {
		assert_int_equal(i + 1, request(d, i)->id);
		assert_int_equal(asked[i], request(d, i)->body_case);
	}
	for (i = 0; i < COUNT(said); i++) {
		assert_int_equal(said[i].id, reply(d, i)->id);
		assert_int_equal(said[i].body, reply(d, i)->body_case);
		assert_int_equal(ERR_OK, reply(d, i)->error);
		assert_int_equal(i >= 2, reply(d, i)->clock != NULL);
	}
}

static void the_exchange_says_what_stands_beside_it(void **state)
{
	struct document *d = *state;
	const Examd__V1__Session *session = reply(d, 1)->session;
	const Examd__V1__Status *status = reply(d, 2)->status, *closed = reply(d, 7)->status;
	const Examd__V1__Answer *answer = request(d, 5)->put_answers->answers[0];
	const Examd__V1__AnswerAck *ack = reply(d, 6)->answer_acks->acks[0];

	assert_int_equal(16, request(d, 0)->hello->client_id.len);
	assert_string_equal("7QK2M-9XWRT", request(d, 1)->use_slip->slip);
	assert_int_equal(32, session->token.len);
	assert_string_equal("Ann Example", session->name);
	assert_int_equal(3, session->sitting);
	assert_int_equal(8812, status->attempt);
	assert_int_equal(EXAMD__V1__ATTEMPT_STATE__ADMITTED, status->state);
	assert_int_equal(78, status->parts[0]->sealed_size);
	assert_int_equal(3600000, reply(d, 2)->clock->remaining_ms);
	assert_int_equal(EXAMD__V1__ATTEMPT_STATE__READY, reply(d, 4)->status->state);
	assert_int_equal(EXAMD__V1__NOTICE_KIND__NOTICE_STARTED, reply(d, 5)->notice->kind);
	assert_int_equal(1, answer->chosen[0]);
	assert_int_equal(answer->item, ack->item);
	assert_int_equal(answer->seat, ack->seat);
	assert_int_equal(answer->revision, ack->revision);
	assert_int_equal(ERR_OK, ack->error);
	assert_int_equal(3595988, reply(d, 6)->clock->remaining_ms);
	assert_int_equal(EXAMD__V1__ATTEMPT_STATE__SUBMITTED, closed->state);
	assert_int_equal(answer->revision, closed->have[0]->revision);
}

static void the_sealed_form_of_the_exchange_opens(void **state)
{
	struct document *d = *state;
	const ProtobufCBinaryData *hash = &reply(d, 2)->status->parts[0]->hash;
	const ProtobufCBinaryData *sealed = &reply(d, 3)->form_piece->data;
	const ProtobufCBinaryData *key = &reply(d, 5)->notice->status->keys[0];
	struct digest plain_hash;
	struct buf plain = {0};
	uint8_t secret[32], made[SEAL_KEY];
	Examd__V1__FormPart *part;
	ProtobufCMessage *m;
	size_t i;

	assert_int_equal(SEAL_KEY, key->len);
	assert_int_equal(ERR_OK, seal_open(key->data, bytes_of(sealed->data, sealed->len), &plain));
	assert_true(bytes_equal(buf_bytes(&d->plaintext), buf_bytes(&plain)));
	plain_hash = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	assert_int_equal(sizeof plain_hash.b, hash->len);
	assert_memory_equal(hash->data, plain_hash.b, sizeof plain_hash.b);
	assert_memory_equal(hash->data, request(d, 4)->confirm_form->hash[0].data, hash->len);
	for (i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	seal_key(secret, (struct attempt_id){8812}, 0, &plain_hash, made);
	assert_memory_equal(key->data, made, SEAL_KEY);

	assert_int_equal(ERR_OK, message_decode(&examd__v1__form_part__descriptor,
						buf_bytes(&plain), &d->arena, &m));
	part = container_of(m, Examd__V1__FormPart, base);
	assert_int_equal(EXAMD__V1__ITEM_KIND__SINGLE, part->items[0]->kind);
	assert_string_equal("What does \"systemic\" refer to?", part->items[0]->stem);
	assert_string_equal("The whole body", part->items[0]->options[1]);
	buf_fini(&plain);
}

static bool signature_holds(const Examd__V1__Receipt *r)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, r->public_key.data,
						    r->public_key.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool holds = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		     EVP_DigestVerify(ctx, r->signature.data, r->signature.len, r->statement.data,
				      r->statement.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return holds;
}

static void the_receipt_of_the_exchange_is_signed(void **state)
{
	struct document *d = *state;
	const Examd__V1__Receipt *receipt = reply(d, 7)->status->receipt;
	char hex[65];

	assert_true(signature_holds(receipt));
	receipt->statement.data[20] ^= 1;
	assert_false(signature_holds(receipt));
	hex_format(receipt->public_key.data, receipt->public_key.len, hex);
	assert_non_null(strstr(text_of(d), hex));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(every_error_stands_in_the_table_with_number_and_sentence),
	    RULE(every_request_reply_notice_and_state_is_told_of),
	    RULE(the_limits_are_those_of_the_code),
	    RULE(the_exchange_is_one),
	    RULE(the_exchange_says_what_stands_beside_it),
	    RULE(the_sealed_form_of_the_exchange_opens),
	    RULE(the_receipt_of_the_exchange_is_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
