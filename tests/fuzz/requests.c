/* Every message behind the route table, from every role and in every state, at a whole core.
 *
 * An input is steps: u8 actor, u16 length, a message (as many as come; the last one may be cut
 * short).  Actors beyond the people are what happens besides: time passes, a connection is lost,
 * the core starts again.  The core lives on from one input to the next, because making one takes
 * long; after a while a new one is made.  When the process fails, what was given to this core is
 * written as one input, which fails again when it is replayed alone: requests-history-PID beside
 * where it ran, or in FUZZ_HISTORY. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/attempt.h"
#include "daemon/service/fronts.h"
#include "daemon/service/harness_staff.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"
#include "tests/fuzz/grown.h"
#include "tests/fuzz/target.h"

#define BANK	   "questions/banks/kinds-starter.yaml"
#define EXAM	   "questions/banks/kinds.yaml"
#define STEP_HEAD  3
/* A core serves so many bytes and steps. */
#define BYTES_MOST (256 * 1024)
#define STEPS_MOST 4000

enum actor {
	STRANGER, /* nothing said */
	GREETED,
	RUNNING,    /* anna, in an attempt that runs */
	SUBMITTED,  /* ben, whose attempt is closed */
	ADMITTED,   /* carl, who has not confirmed his form */
	PRACTISING, /* dora, in practice */
	CANDIDATE,  /* emma, logged in by password */
	PROCTOR,
	INSTRUCTOR,
	ADMIN,
	ACTORS
};

/* Actors that are no people; the length says how much. */
enum besides { TIME_PASSES = ACTORS, CONNECTION_LOST, CORE_STARTS_AGAIN, KINDS };

static struct harness *harness;
static struct fake_client *people[ACTORS];
static struct buf history;
static unsigned steps;

/* ---- What is there --------------------------------------------------------------------------- */

static void start_practice(struct fake_client *c)
{
	const wire_reply *reply;
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);

	in.command_id = command_of(c, 1);
	in.exam = wire_text("kinds");
	in.tutor = true;
	reply = client_ask(c, &request);
	MUST(reply->error == ERR_OK);
	MUST(client_confirm(c, reply->status, 2)->error == ERR_OK);
}

static void submit(struct fake_client *c)
{
	REQUEST_OF(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	in.command_id = command_of(c, 7);
	MUST(client_ask(c, &request)->error == ERR_OK);
}

static struct sitting_id open_room(const struct person_id *who, size_t nwho)
{
	static const enum room_verb verbs[] = {VERB_OPEN, VERB_ADMIT};
	struct sitting_id sitting = harness_sitting(harness, "kinds", who, nwho);

	for (size_t i = 0; i < COUNT(verbs); i++)
		MUST(harness_room(harness, sitting, (struct attempt_id){0}, verbs[i],
				  (struct millis){0}) == ERR_OK);
	return sitting;
}

static struct person_id candidate(const char *user)
{
	return harness_person(harness, user, EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
}

static void seat_people(void)
{
	struct person_id who[] = {candidate("anna"), candidate("ben")}, carl = candidate("carl");
	struct sitting_id running = open_room(who, COUNT(who)), open = open_room(&carl, 1);

	for (int i = 0; i < ACTORS; i++)
		people[i] = NULL;
	people[RUNNING] = client_connect(harness, "anna", "10.0.0.1");
	people[SUBMITTED] = client_connect(harness, "ben", "10.0.0.2");
	people[ADMITTED] = client_connect(harness, "carl", "10.0.0.3");
	client_ready(people[RUNNING], running, who[0]);
	client_ready(people[SUBMITTED], running, who[1]);
	MUST(harness_room(harness, running, (struct attempt_id){0}, VERB_START,
			  (struct millis){0}) == ERR_OK);
	MUST(client_answer(people[RUNNING], 0, 1, 1, 0)->error == ERR_OK);
	submit(people[SUBMITTED]);
	MUST(client_use_new_slip(people[ADMITTED], open, carl)->error == ERR_OK);
	MUST(client_check_in(people[ADMITTED], 1)->error == ERR_OK);
}

static void remove_harness(void)
{
	if (harness != NULL)
		harness_free(harness);
	harness = NULL;
	buf_clear(&history);
	steps = 0;
}

static void make_harness(void)
{
	remove_harness();
	log_setup("core", LOG_LEVEL_OFF);
	harness = harness_new();
	harness_load(harness, BANK, EXAM);
	seat_people();
	people[STRANGER] = client_connect(harness, "nobody", "10.0.0.4");
	people[GREETED] = client_connect(harness, "somebody", "10.0.0.5");
	MUST(client_hello(people[GREETED])->error == ERR_OK);
	people[PRACTISING] = staff_connect(harness, "dora", EXAMD__V1__ROLE__ROLE_CANDIDATE);
	start_practice(people[PRACTISING]);
	people[CANDIDATE] = staff_connect(harness, "emma", EXAMD__V1__ROLE__ROLE_CANDIDATE);
	people[PROCTOR] = staff_connect(harness, "prue", EXAMD__V1__ROLE__ROLE_PROCTOR);
	people[INSTRUCTOR] = staff_connect(harness, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR);
	people[ADMIN] = staff_connect(harness, "alma", EXAMD__V1__ROLE__ROLE_ADMIN);
	harness_drain(harness);
}

/* ---- Failing --------------------------------------------------------------------------------- */

extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void keep_history(void)
{
	const char *dir = getenv("FUZZ_HISTORY");
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/requests-history-%ld", dir != NULL ? dir : ".",
		 (long)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, buf_bytes(&history).data, buf_length(&history)) > 0)
		fprintf(stderr, "what was said to this core stands in %s\n", path);
	close(fd);
}

static void at_first(void)
{
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(keep_history);
	atexit(remove_harness);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

struct step {
	uint8_t kind;
	struct bytes message;
};

static bool take_step(struct bytes *in, struct step *out)
{
	size_t len;

	if (in->len < STEP_HEAD)
		return false;
	out->kind = in->data[0] % KINDS;
	len = (size_t)in->data[1] << 8 | in->data[2];
	if (len > in->len - STEP_HEAD)
		len = in->len - STEP_HEAD;
	out->message = bytes_of(in->data + STEP_HEAD, len);
	*in = bytes_of(out->message.data + len, in->len - STEP_HEAD - len);
	return true;
}

static void put_step(struct buf *out, const struct step *s)
{
	buf_put_u8(out, s->kind);
	buf_put_u8(out, (uint8_t)(s->message.len >> 8));
	buf_put_u8(out, (uint8_t)s->message.len);
	buf_put_bytes(out, s->message);
}

/* On a new connection, with its token if it has one. */
static void come_again(enum actor who)
{
	struct fake_client *old = people[who], *c = client_connect(harness, "", "10.0.0.6");

	memcpy(c->client_id, old->client_id, CLIENT_SIZE);
	memcpy(c->token, old->token, TOKEN_SIZE);
	c->has_token = old->has_token;
	people[who] = c;
	harness_drain(harness);
	if (who != STRANGER)
		(void)client_hello(c);
}

static void say(enum actor who, struct bytes message)
{
	struct client *c = client_find(harness->core, people[who]->conn);

	if (c == NULL || people[who]->closed) {
		come_again(who);
		c = client_find(harness->core, people[who]->conn);
	}
	MUST(c != NULL);
	fronts_serve(harness->core, c, message);
	MUST(harness->core->arena.used == 0 && harness->core->scratch.used == 0);
}

static void do_step(const struct step *s)
{
	switch (s->kind) {
	case TIME_PASSES:
		harness_turn(harness, (struct millis){(int64_t)(s->message.len % 40) * 100});
		break;
	case CONNECTION_LOST:
		client_lose(people[s->message.len % ACTORS]);
		break;
	case CORE_STARTS_AGAIN:
		harness_drain(harness);
		harness_restart(harness, (struct millis){(int64_t)s->message.len * 100});
		break;
	default:
		say((enum actor)s->kind, s->message);
		break;
	}
	steps++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct bytes rest = bytes_of(data, size);
	struct step step;

	if (!begun)
		at_first();
	begun = true;
	if (harness == NULL || buf_length(&history) > BYTES_MOST || steps > STEPS_MOST)
		make_harness();
	while (take_step(&rest, &step)) {
		put_step(&history, &step);
		do_step(&step);
		/* Nothing that a client says ends the core, or is refused by the schema. */
		MUST(core_status(harness->core) == -1);
	}
	harness_drain(harness);
	MUST(!harness->core->failed && core_status(harness->core) == -1);
	return 0;
}

/* ---- Mutation: steps are moved whole, messages grow from their descriptor ---------------------
 */

#ifdef FUZZING
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#define STEPS_OF_INPUT 64

struct script {
	struct step steps[STEPS_OF_INPUT];
	size_t length;
	struct buf grown;
};

static void insert_step(struct script *s, size_t at, struct step step)
{
	if (s->length == STEPS_OF_INPUT)
		return;
	memmove(&s->steps[at + 1], &s->steps[at], (s->length - at) * sizeof s->steps[0]);
	s->steps[at] = step;
	s->length++;
}

static void drop_step(struct script *s, size_t at)
{
	s->length--;
	memmove(&s->steps[at], &s->steps[at + 1], (s->length - at) * sizeof s->steps[0]);
}

static void change(struct script *s, uint64_t *random)
{
	size_t at = (size_t)grown_draw(random, s->length + 1);
	struct step step;

	switch (grown_draw(random, 4)) {
	case 0:
	case 1:
		step.kind =
		    (uint8_t)grown_draw(random, grown_draw(random, 8) == 0 ? KINDS : ACTORS);
		buf_clear(&s->grown);
		grown_request(random, &s->grown);
		step.message = buf_bytes(&s->grown);
		insert_step(s, at, step);
		break;
	case 2:
		if (at < s->length)
			insert_step(s, (size_t)grown_draw(random, s->length + 1), s->steps[at]);
		break;
	default:
		if (at < s->length && grown_draw(random, 2) == 0)
			drop_step(s, at);
		else if (at < s->length)
			s->steps[at].kind = (uint8_t)grown_draw(random, KINDS);
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct script script;
	struct bytes rest = bytes_of(data, size);
	struct buf out = {0};
	uint64_t random = seed;
	size_t len;

	if (grown_draw(&random, 4) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	script.length = 0;
	while (script.length < STEPS_OF_INPUT && take_step(&rest, &script.steps[script.length]))
		script.length++;
	change(&script, &random);
	for (size_t i = 0; i < script.length; i++)
		put_step(&out, &script.steps[i]);
	len = buf_length(&out);
	if (len > max_size)
		len = max_size;
	if (len > 0)
		memcpy(data, buf_bytes(&out).data, len);
	buf_fini(&out);
	return len;
}
#endif
