/* A hostile client that sends every message in every state, replays, forges and mangles; what it
 * must not see is marked, and no mark is in any byte that it gets before the release.
 *
 *   test_canaries                       a sample, as ctest does
 *   test_canaries --requests 1000000 --seed 7
 *
 * All of it in the service's own process: the store's thread, and no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/archive.h"
#include "daemon/service/passwords.h"
#include "daemon/service/people.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"
#include "proto/wire/seal.h"
#include "tests/hostile/world.h"

static unsigned long requests_wanted = 20000;
static uint64_t seed = 1;

/* ---- Chance -----------------------------------------------------------------------------------
 */

static uint64_t dice;

/* splitmix64: the same seed, the same requests. */
static uint64_t roll(void)
{
	uint64_t z = dice += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned below(size_t n)
{
	return (unsigned)(roll() % n);
}

/* ---- What is planted --------------------------------------------------------------------------
 */

#define SECRETS_MOST 64

struct secret {
	const char *name;
	uint8_t data[64];
	size_t len;
};

struct siege {
	struct harness *h;
	struct candidate victim; /* whose data is to be kept */
	struct candidate mallory;
	struct fake_client *clients[5]; /* mallory's: with the seat, the second device, by password,
					   a stranger, one who has not said Hello */
	struct secret secrets[SECRETS_MOST];
	size_t nsecrets;
	const struct fake_client *sender;
	uint64_t sent, replies, carried_out, seen_bytes, leaks;
	struct buf kept[64]; /* requests to be replayed */
	unsigned long serial;
};

static void plant(struct siege *s, const char *name, const void *data, size_t len)
{
	struct secret *secret = &s->secrets[s->nsecrets++];

	assert_true(s->nsecrets <= SECRETS_MOST && len <= sizeof(secret->data));
	secret->name = name;
	secret->len = len;
	memcpy(secret->data, data, len);
}

static void plant_form_keys(struct siege *s, const struct candidate *p, uint32_t from,
			    const char *name)
{
	for (uint32_t part = from; part < p->nparts; part++) {
		uint8_t key[SEAL_KEY];
		struct digest hash;

		memcpy(hash.b, p->hash[part], sizeof(hash.b));
		seal_key(s->h->core->secrets.seal_key, p->attempt, part, &hash, key);
		plant(s, name, key, sizeof(key));
	}
}

/* The victim's name, mail, group, note, and the messages and the title of the victim's room. */
static void plant_victim(struct siege *s)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	struct store_person row = {.user = CANARY "-user",
				   .name = CANARY "-name",
				   .email = CANARY "@mail",
				   .group = CANARY "-group",
				   .role = EXAMD__V1__ROLE__ROLE_CANDIDATE};
	REQUEST_OF(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	s->victim = world_candidate(s->h, CANARY "-victim", "exam", STAGE_RUNNING);
	row.id = s->victim.person;
	people_put(s->h->core, &row);
	answer.revision = answer.seat = 1;
	answer.note = wire_text(CANARY "-note-of-another");
	in.answers = answers;
	in.n_answers = 1;
	assert_int_equal(client_ask(s->victim.c, &request)->error, ERR_OK);
	plant(s, "another's token", s->victim.c->token, TOKEN_SIZE);
	plant_form_keys(s, &s->victim, 0, "another's form key");
}

static void plant_installation(struct siege *s)
{
	const struct secrets *keys = &s->h->core->secrets;

	plant(s, "slip key", keys->slip_key, sizeof(keys->slip_key));
	plant(s, "seal key", keys->seal_key, sizeof(keys->seal_key));
	plant(s, "sign seed", keys->sign_seed, sizeof(keys->sign_seed));
}

/* ---- The watch --------------------------------------------------------------------------------
 */

static void tell(const struct siege *s, const char *name, const uint8_t *at, size_t left)
{
	size_t n = left < 48 ? left : 48;

	print_error("seed %llu, request %llu: %s leaked: %.*s\n", (unsigned long long)seed,
		    (unsigned long long)s->sent, name, (int)n, (const char *)at);
}

/* A candidate's own attempt is named only by what is not marked, so any mark is a leak. */
static void search(struct siege *s, struct bytes raw, const void *data, size_t len,
		   const char *name, bool quiet)
{
	const uint8_t *at = memmem(raw.data, raw.len, data, len);

	if (at == NULL)
		return;
	if (!quiet && s->leaks < 5)
		tell(s, name, at, raw.len - (size_t)(at - raw.data));
	s->leaks++;
}

static void watch_bytes(struct siege *s, struct bytes raw, bool quiet)
{
	s->seen_bytes += raw.len;
	if (raw.len == 0)
		return;
	search(s, raw, CANARY, strlen(CANARY), "a marked text", quiet);
	search(s, raw, "CNRY", 4, "an accepted code", quiet);
	for (size_t i = 0; i < s->nsecrets; i++)
		search(s, raw, s->secrets[i].data, s->secrets[i].len, s->secrets[i].name, quiet);
}

static void count(struct siege *s, const struct fake_client *c)
{
	s->replies += c->nreceived;
	for (size_t i = 0; i < c->nreceived; i++)
		s->carried_out += c->received[i].msg->error == ERR_OK;
}

static void watch_all(struct siege *s, bool quiet)
{
	harness_drain(s->h);
	for (size_t i = 0; i < COUNT(s->clients); i++)
		if (s->clients[i] != NULL) {
			count(s, s->clients[i]);
			watch_bytes(s, buf_bytes(&s->clients[i]->raw), quiet);
			client_forget(s->clients[i]);
		}
}

/* ---- Requests by chance -----------------------------------------------------------------------
 */

static int64_t some_number(const struct siege *s)
{
	const int64_t numbers[] = {0,
				   1,
				   2,
				   3,
				   -1,
				   INT64_MAX,
				   s->victim.attempt.v,
				   s->victim.sitting.v,
				   s->victim.person.v,
				   s->mallory.attempt.v,
				   s->mallory.sitting.v};

	return below(8) == 0 ? (int64_t)(roll() >> below(64)) : numbers[below(COUNT(numbers))];
}

static char *some_text(struct siege *s, struct arena *arena)
{
	static const char *const texts[] = {
	    "",	   "exam",  "exam-practice", "one",    "two",	"first",	"admin",
	    "csv", "A00.0", "0000000000",    "recall", "../..", "a' or 1=1 --", "%n%s"};
	/* The victim's user: what is asked for with it must not come back. */
	char *random;

	if (below(6) == 0)
		return arena_copy_text(arena, s->victim.user);
	if (below(6) == 0)
		return arena_copy_text(arena, s->mallory.user);
	if (below(8) != 0)
		return arena_copy_text(arena, texts[below(COUNT(texts))]);
	random = arena_new(arena, 11);
	base32_format((const uint8_t[]){(uint8_t)roll(), (uint8_t)roll(), (uint8_t)roll(),
					(uint8_t)roll(), (uint8_t)roll(), (uint8_t)roll(),
					(uint8_t)roll()},
		      10, random);
	return random;
}

static ProtobufCBinaryData some_bytes(struct siege *s, const char *field, struct arena *arena)
{
	ProtobufCBinaryData out = {16, arena_new(arena, 64)};

	for (size_t i = 0; i < 64; i++)
		out.data[i] = (uint8_t)roll();
	if (strcmp(field, "client_id") == 0 && below(10) != 0) {
		memcpy(out.data, s->sender->client_id, 16); /* or one would soon be a stranger */
	} else if (strcmp(field, "token") == 0 && below(10) != 0) {
		out.len = 32;
		memcpy(out.data, s->sender->token, 32);
	} else if (strcmp(field, "hash") == 0) {
		out.len = 32;
		if (below(2) == 0)
			memcpy(out.data, s->mallory.hash[below(2)], 32);
	} else if (strcmp(field, "token") == 0) {
		out.len = below(2) * 32;
		if (below(2) == 0)
			memcpy(out.data, s->clients[below(3)]->token, 32);
	} else if (strcmp(field, "client_id") == 0) {
		const struct fake_client *c = s->clients[below(COUNT(s->clients))];

		memcpy(out.data, below(4) == 0 ? s->victim.c->client_id : c->client_id, 16);
	} else if (below(8) == 0) {
		out.len = below(64);
	} else if (below(4) == 0) {
		memset(out.data, (int)below(4), 16); /* ids that come again */
	}
	return out;
}

static void fill_message(struct siege *s, ProtobufCMessage *m, struct arena *arena);

static void put_one(struct siege *s, const ProtobufCFieldDescriptor *f, void *to,
		    struct arena *arena)
{
	ProtobufCMessage *sub;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(char **)to = some_text(s, arena);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)to = some_bytes(s, f->name, arena);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)to = below(2) == 0;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		*(int64_t *)to = some_number(s);
		break;
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)to =
		    below(10) == 0 ? (uint32_t)(roll() >> below(32)) : (uint32_t)below(9);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		sub = arena_new(
		    arena, ((const ProtobufCMessageDescriptor *)f->descriptor)->sizeof_message);
		((const ProtobufCMessageDescriptor *)f->descriptor)->message_init(sub);
		fill_message(s, sub, arena);
		*(ProtobufCMessage **)to = sub;
		break;
	default:
		fail_msg("no such type is in the protocol: %d", f->type);
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return 8;
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default:
		return 4;
	}
}

static void fill_message(struct siege *s, ProtobufCMessage *m, struct arena *arena)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		char *at = (char *)m + f->offset;
		size_t n, size = size_of(f);
		char *list;

		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			put_one(s, f, at, arena);
			continue;
		}
		n = below(4);
		list = arena_new(arena, (n + 1) * size);
		for (size_t k = 0; k < n; k++)
			put_one(s, f, list + k * size, arena);
		*(char **)at = list;
		*(size_t *)(void *)((char *)m + f->quantifier_offset) = n;
	}
}

/* Any request of the protocol, with any values. */
static void some_request(struct siege *s, struct buf *out)
{
	const ProtobufCMessageDescriptor *d = &examd__v1__request__descriptor;
	const ProtobufCFieldDescriptor *f = &d->fields[1 + below(d->n_fields - 1)];
	wire_request request = EXAMD__V1__REQUEST__INIT;
	struct arena arena = {0};
	ProtobufCMessage *body;

	/* Who logs out and hands in all the time sees little. */
	if ((f->id == EXAMD__V1__REQUEST__BODY_LOG_OUT ||
	     f->id == EXAMD__V1__REQUEST__BODY_SUBMIT) &&
	    below(40) != 0)
		f = protobuf_c_message_descriptor_get_field(d, EXAMD__V1__REQUEST__BODY_GET_REVIEW);
	request.id = ++s->serial;
	request.body_case = (Examd__V1__Request__BodyCase)f->id;
	put_one(s, f, &body, &arena);
	memcpy((char *)&request + f->offset, &body, sizeof(body));
	message_put(out, &request.base);
	arena_fini(&arena);
}

static void mangle(struct buf *b)
{
	size_t len = buf_length(b);
	uint8_t *copy = mem_copy(buf_bytes(b).data, len);

	for (unsigned i = 0; i <= below(3); i++)
		copy[below(len)] ^= (uint8_t)(1u << below(8));
	buf_clear(b);
	buf_put(b, copy, below(4) == 0 ? below(len) + 1 : len);
	free(copy);
}

static void send_one(struct siege *s, struct fake_client *c)
{
	struct buf message = {0};
	struct buf *kept = &s->kept[below(COUNT(s->kept))];

	s->sender = c;
	if (below(10) == 0 && buf_length(kept) > 0) {
		client_send_raw(c, buf_bytes(kept).data, buf_length(kept));
	} else {
		some_request(s, &message);
		/* A message that breaks the rules ends the connection. */
		if (below(c == s->clients[0] || c == s->clients[2] ? 150 : 4) == 0)
			mangle(&message);
		client_send_raw(c, buf_bytes(&message).data, buf_length(&message));
		buf_clear(kept);
		buf_put_bytes(kept, buf_bytes(&message));
	}
	buf_fini(&message);
	s->sent++;
}

/* ---- A siege ----------------------------------------------------------------------------------
 */

#define MALLORYS_PASSWORD "mallory's own password"

static struct fake_client *by_password(struct siege *s)
{
	static char hash[PASSWORD_HASH_SIZE];
	struct fake_client *c = client_connect(s->h, "mallory's phone", "10.6.6.6");
	enum err err;

	if (hash[0] == '\0')
		password_hash_now(MALLORYS_PASSWORD, hash);
	people_put_password(s->h->core, s->mallory.person, hash, false);
	throttle_forget(&s->h->core->throttle, s->mallory.user);
	throttle_succeeded(&s->h->core->throttle, "10.6.6.6", s->mallory.user);
	assert_int_equal(client_hello(c)->error, ERR_OK);
	/* What the last state had hashed may stand in the queue still. */
	do {
		harness_run(s->h, 4);
		err = (enum err)client_log_in_as(c, s->mallory.user, MALLORYS_PASSWORD)->error;
	} while (err == ERR_BUSY);
	assert_int_equal(err, ERR_OK);
	return c;
}

/* The connections are made anew for each state.  By password only while the sitting is under way:
 * before and after it practice with the same bank is open to candidates, and its tutor tells keys.
 */
static void connect_all(struct siege *s, enum stage stage)
{
	bool sits = stage >= STAGE_CHECKED_IN && stage <= STAGE_BREAK;
	char slip[SLIP_SYMBOLS + 1];

	s->clients[0] = s->mallory.c;
	s->clients[1] = client_connect(s->h, "mallory's tablet", "10.6.6.7");
	assert_int_equal(client_hello(s->clients[1])->error, ERR_OK);
	slip_make(s->h->core, s->mallory.sitting, s->mallory.person, slip);
	assert_int_equal(client_use_slip(s->clients[1], slip)->error, ERR_OK);
	s->clients[3] = client_connect(s->h, "stranger", "10.6.6.8");
	assert_int_equal(client_hello(s->clients[3])->error, ERR_OK);
	s->clients[4] = client_connect(s->h, "silent", "10.6.6.9");
	s->clients[2] = sits ? by_password(s) : s->clients[3];
}

static void dispose(struct siege *s, struct fake_client *c)
{
	struct fake_client **at = &s->h->clients;

	if (!c->closed)
		client_lose(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	client_forget(c);
	free(c->received);
	buf_fini(&c->raw);
	free(c);
}

static void dispose_all(struct siege *s)
{
	for (size_t i = 0; i < COUNT(s->clients); i++) {
		struct fake_client *c = s->clients[i];

		if (c == NULL)
			continue;
		for (size_t k = i; k < COUNT(s->clients); k++)
			if (s->clients[k] == c)
				s->clients[k] = NULL;
		dispose(s, c);
	}
}

/* A connection that was closed, or whose session was given up, comes back. */
static void come_back(struct siege *s, size_t i)
{
	struct fake_client *c = s->clients[i], *again;
	char slip[SLIP_SYMBOLS + 1];

	if (!c->closed && below(2) != 0)
		return;
	again = client_connect(s->h, "again", "10.6.6.10");
	memcpy(again->client_id, c->client_id, CLIENT_SIZE);
	memcpy(again->token, c->token, TOKEN_SIZE);
	again->has_token = c->has_token;
	for (size_t k = 0; k < COUNT(s->clients); k++)
		if (s->clients[k] == c)
			s->clients[k] = again;
	dispose(s, c);
	if (i == 4 || client_hello(again)->hello->session != NULL || i >= 2)
		return;
	slip_make(s->h->core, s->mallory.sitting, s->mallory.person, slip);
	throttle_succeeded(&s->h->core->throttle, "10.6.6.10", "");
	client_use_slip(again, slip);
}

/* Is the attempt as open as it was made? */
static bool is_under_way(const struct siege *s)
{
	const struct attempt *a = engine_attempt(s->h->core->engine, s->mallory.attempt);

	return a != NULL && attempt_is_open(a);
}

#define BATCH 128

static void siege_stage(struct siege *s, enum stage stage);

static void besiege(struct siege *s, enum stage stage, unsigned long n, bool quiet)
{
	static const unsigned who[] = {0, 0, 0, 0, 1, 2, 2, 2, 3, 4};

	const uint64_t until = s->sent + n; /* to who is closed nothing is sent */

	while (s->sent < until) {
		bool was_under_way = is_under_way(s);

		for (unsigned i = 0; i < BATCH && s->sent < until; i++) {
			struct fake_client *c = s->clients[who[below(COUNT(who))]];

			if (!c->closed)
				send_one(s, c);
		}
		harness_drain(s->h);
		/* Handed in: practice is open again, and lists what there is. */
		if (was_under_way && !is_under_way(s) && s->clients[2] != s->clients[3])
			client_forget(s->clients[2]);
		watch_all(s, quiet);
		if (was_under_way && !is_under_way(s)) {
			siege_stage(s, stage);
			continue;
		}
		for (size_t i = 0; i < COUNT(s->clients); i++)
			come_back(s, i);
		watch_all(s, quiet);
	}
}

static void siege_begin(struct siege *s)
{
	*s = (struct siege){.h = harness_new()};
	dice = seed;
	world_bank(s->h, "bank", "exam", true);
	world_exam(s->h, "exam", "bank", true);
	world_exam(s->h, "exam-practice", "bank", true);
	plant_victim(s);
	plant_installation(s);
}

/* A new person in a new sitting, in this state. */
static void siege_stage(struct siege *s, enum stage stage)
{
	static unsigned number;
	char user[32];

	dispose_all(s);
	for (size_t i = 0; i < COUNT(s->kept); i++)
		buf_clear(&s->kept[i]);
	snprintf(user, sizeof(user), "mallory-%u-", ++number);
	s->mallory = world_candidate(s->h, user, "exam", stage);
	connect_all(s, stage);
	watch_all(s, false);
}

static void siege_end(struct siege *s)
{
	for (size_t i = 0; i < COUNT(s->kept); i++)
		buf_fini(&s->kept[i]);
	harness_free(s->h);
}

static const enum stage stages[] = {
    STAGE_GONE,	   STAGE_EXPIRED, STAGE_NONE,  STAGE_CHECKED_IN, STAGE_ADMITTED, STAGE_READY,
    STAGE_RUNNING, STAGE_PAUSED,  STAGE_BREAK, STAGE_SUBMITTED,	 STAGE_CLOSED,	 STAGE_VOIDED};

static void test_nothing_marked_leaves_before_the_release(void **state)
{
	struct siege s;

	(void)state;
	siege_begin(&s);
	for (size_t i = 0; i < COUNT(stages); i++) {
		siege_stage(&s, stages[i]);
		besiege(&s, stages[i], requests_wanted / COUNT(stages) + 1, false);
	}
	print_message("%llu requests, %llu replies, %llu carried out, %llu bytes, %llu leaks\n",
		      (unsigned long long)s.sent, (unsigned long long)s.replies,
		      (unsigned long long)s.carried_out, (unsigned long long)s.seen_bytes,
		      (unsigned long long)s.leaks);
	assert_int_equal(s.leaks, 0);
	assert_true(s.sent >= requests_wanted);
	assert_true(s.replies > s.sent / 2); /* it was answered, and much of it was let in */
	assert_true(s.carried_out > s.sent / 25);
	siege_end(&s);
}

/* ---- It can fail ------------------------------------------------------------------------------
 */

static void test_a_release_is_seen(void **state)
{
	struct siege s;

	(void)state;
	siege_begin(&s);
	siege_stage(&s, STAGE_RELEASED);
	besiege(&s, STAGE_RELEASED, 6000, true);
	assert_true(s.leaks > 0);
	siege_end(&s);
}

static void test_a_permission_too_many_is_seen(void **state)
{
	struct siege s;
	struct route *r =
	    (struct route *)(uintptr_t)route_find(EXAMD__V1__REQUEST__BODY_PEOPLE_LIST);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)r / page * page;
	unsigned was = r->who;

	(void)state;
	assert_int_equal(mprotect((void *)from, (uintptr_t)(r + 1) - from, PROT_READ | PROT_WRITE),
			 0);
	siege_begin(&s);
	siege_stage(&s, STAGE_RUNNING);
	r->who |= MAY_CANDIDATE;
	besiege(&s, STAGE_RUNNING, 6000, true);
	r->who = was;
	assert_true(s.leaks > 0);
	siege_end(&s);
}

/* ---- The open form ----------------------------------------------------------------------------
 */

static void fetch_part(struct fake_client *c, uint32_t part, struct buf *out)
{
	const wire_reply *reply;
	REQUEST_OF(get_form_piece, GET_FORM_PIECE, Examd__V1__GetFormPiece,
		   EXAMD__V1__GET_FORM_PIECE__INIT);

	in.part = part;
	do {
		in.offset = (uint32_t)buf_length(out);
		reply = client_ask(c, &request);
		assert_int_equal(reply->error, ERR_OK);
		buf_put(out, reply->form_piece->data.data, reply->form_piece->data.len);
	} while (buf_length(out) < reply->form_piece->size);
}

/* With the key of the part that is open its text is there, and nothing else that is marked; the
 * part that is not open stays shut under every key that was given. */
static void test_an_opened_part_holds_its_text_and_no_key(void **state)
{
	struct siege s;
	struct buf sealed = {0}, plain = {0};
	const wire_reply *reply;
	const uint8_t *at;
	size_t left, seen = 0;

	(void)state;
	siege_begin(&s);
	s.mallory = world_candidate(s.h, "mallory", "exam", STAGE_RUNNING);
	reply = client_hello(s.mallory.c);
	assert_int_equal(reply->hello->status->n_keys, 1);
	fetch_part(s.mallory.c, 0, &sealed);
	assert_int_equal(seal_open(reply->hello->status->keys[0].data, buf_bytes(&sealed), &plain),
			 ERR_OK);
	at = buf_bytes(&plain).data;
	left = buf_length(&plain);
	while ((at = memmem(at, left, CANARY, strlen(CANARY))) != NULL) {
		assert_memory_equal(at, CANARY "-form", strlen(CANARY "-form"));
		seen++;
		at++;
		left = buf_length(&plain) - (size_t)(at - buf_bytes(&plain).data);
	}
	assert_true(seen >= 4 * 5); /* stems and options */
	buf_clear(&sealed);
	buf_clear(&plain);
	fetch_part(s.mallory.c, 1, &sealed);
	assert_int_equal(seal_open(reply->hello->status->keys[0].data, buf_bytes(&sealed), &plain),
			 ERR_CORRUPT);
	buf_fini(&sealed);
	buf_fini(&plain);
	siege_end(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_marked_leaves_before_the_release),
	    cmocka_unit_test(test_a_release_is_seen),
	    cmocka_unit_test(test_a_permission_too_many_is_seen),
	    cmocka_unit_test(test_an_opened_part_holds_its_text_and_no_key),
	};

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--requests") == 0)
			requests_wanted = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	if (requests_wanted <= 100000)
		alarm(280);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
