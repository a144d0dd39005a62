#include "daemon/service/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/shelf.h"
#include "daemon/service/install.h"
#include "daemon/service/passwords.h"
#include "daemon/service/people.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

/* ---- Commits --------------------------------------------------------------------------------- */

static bool commits_are_held;

void __real_store_kick(struct store *s);
void __wrap_store_kick(struct store *s);

/* The writer begins when it is kicked: without a kick nothing is committed. */
void __wrap_store_kick(struct store *s)
{
	if (!commits_are_held)
		__real_store_kick(s);
}

void harness_hold_commits(bool hold)
{
	commits_are_held = hold;
}

static bool commits_fail;

enum err __real_store_settle(struct store *s, struct store_seq *upto);
enum err __wrap_store_settle(struct store *s, struct store_seq *upto);

enum err __wrap_store_settle(struct store *s, struct store_seq *upto)
{
	return commits_fail ? ERR_UNDECIDED : __real_store_settle(s, upto);
}

void harness_fail_commits(void)
{
	commits_fail = true;
}

/* ---- The clock ------------------------------------------------------------------------------- */

static struct mono_ms hand_mono(const struct time_source *source)
{
	return container_of(source, struct hand_clock, source)->mono;
}

static struct wall_ms hand_wall(const struct time_source *source)
{
	return container_of(source, struct hand_clock, source)->wall;
}

void harness_forward(struct harness *h, struct millis by)
{
	h->clock.mono.v += by.v;
	h->clock.wall.v += by.v;
}

void harness_turn(struct harness *h, struct millis by)
{
	while (by.v > 0) {
		int64_t step = by.v < HEARTBEAT.v ? by.v : HEARTBEAT.v;

		harness_forward(h, (struct millis){step});
		harness_drain(h);
		by.v -= step;
	}
}

/* ---- The front's end of the channel ---------------------------------------------------------- */

static struct fake_client *find_client(const struct harness *h, struct conn_id conn)
{
	struct fake_client *c = h->clients;

	while (c != NULL && c->conn.v != conn.v)
		c = c->next;
	return c;
}

static void receive(struct fake_client *c, struct bytes message)
{
	struct received *r;

	if (c->nreceived == c->cap) {
		c->cap = c->cap == 0 ? 16 : c->cap * 2;
		c->received = mem_resize(c->received, c->cap * sizeof(c->received[0]));
	}
	r = &c->received[c->nreceived++];
	*r = (struct received){0};
	buf_put_bytes(&c->raw, message);
	assert_int_equal(reply_decode(message, &r->arena, &r->msg), ERR_OK);
	if (c == c->harness->waits && r->msg->id == c->harness->waits_for)
		loop_stop(core_loop(c->harness->core));
}

static void on_data(struct conn_user *user, struct buf *in)
{
	struct harness *h = container_of(user, struct harness, user);
	struct channel_message m;

	while (channel_peek(in, &m) == ERR_OK) {
		struct fake_client *c = find_client(h, m.conn);

		if (c != NULL && m.kind == CHANNEL_FRAME)
			receive(c, m.payload);
		else if (c != NULL && m.kind == CHANNEL_TRUSTED)
			c->trusted = true;
		else if (c != NULL && m.kind == CHANNEL_CLOSE)
			c->closed = true;
		channel_take(in);
	}
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	(void)why;
	container_of(user, struct harness, user)->channel = NULL;
}

static void open_channel(struct harness *h)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	core_add_front(h->core, fd[0], 1, (uint32_t)getpid());
	h->user = (struct conn_user){.on_data = on_data, .on_closed = on_closed};
	h->channel = conn_accept(core_loop(h->core), fd[1], NULL, SECONDS(60), &h->user);
}

static void channel_say(struct harness *h, enum channel_kind kind, struct conn_id conn,
			struct bytes payload)
{
	channel_put(conn_out(h->channel), kind, conn, payload);
	conn_written(h->channel);
}

/* ---- Opening and closing --------------------------------------------------------------------- */

static void on_pass(struct timer *timer)
{
	struct harness *h = container_of(timer, struct harness, passes);

	if (--h->passes_left > 0)
		timer_set(timer, (struct millis){0});
	else
		loop_stop(core_loop(h->core));
}

void harness_run(struct harness *h, unsigned passes)
{
	h->passes_left = passes;
	timer_set(&h->passes, (struct millis){0});
	loop_run(core_loop(h->core));
}

static bool is_drained(const struct core *core)
{
	if (store_last(core->store).v > core->committed.v)
		return false;
	for (const struct front *f = core->fronts; f != NULL; f = f->next)
		if (outbox_waiting(&f->outbox) > 0 || conn_queued(f->conn) > 0)
			return false;
	return true;
}

void harness_drain(struct harness *h)
{
	do
		harness_run(h, 4);
	while (!is_drained(h->core));
	harness_run(h, 8); /* and the clients have read it */
}

static void open_core(struct harness *h)
{
	assert_int_equal(core_open(&h->core, h->dir, &h->settings, &h->clock.source), ERR_OK);
	timer_init(&h->passes, core_loop(h->core), on_pass);
	open_channel(h);
}

static void close_core(struct harness *h)
{
	timer_fini(&h->passes);
	conn_free(h->channel);
	h->channel = NULL;
	core_close(h->core);
	h->core = NULL;
}

struct harness *harness_new(void)
{
	const char *tmp = getenv("TMPDIR");
	struct harness *h = mem_new(sizeof(*h));

	commits_are_held = commits_fail = false;
	snprintf(h->dir, sizeof(h->dir), "%.40s/examd-core-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(h->dir));
	h->clock.source = (struct time_source){hand_mono, hand_wall};
	h->clock.mono.v = 5000000;
	h->clock.wall.v = 1800000000000;
	h->settings.lock_wait.v = 1;
	assert_int_equal(install_make(h->dir, "admin", h->admin_password), ERR_OK);
	open_core(h);
	return h;
}

void client_forget(struct fake_client *c)
{
	for (size_t i = 0; i < c->nreceived; i++)
		arena_fini(&c->received[i].arena);
	c->nreceived = 0;
	buf_clear(&c->raw);
}

static void fake_free(struct fake_client *c)
{
	client_forget(c);
	free(c->received);
	buf_fini(&c->raw);
	free(c);
}

void harness_free(struct harness *h)
{
	char command[128];

	commits_are_held = commits_fail = false;
	close_core(h);
	while (h->clients != NULL) {
		struct fake_client *c = h->clients;

		h->clients = c->next;
		fake_free(c);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", h->dir);
	assert_int_equal(system(command), 0);
	free(h);
}

static void announce(struct fake_client *c, const char *address)
{
	struct buf opened = {0};

	buf_put_u8(&opened, 1);
	buf_put_text(&opened, address);
	channel_say(c->harness, CHANNEL_OPENED, c->conn, buf_bytes(&opened));
	buf_fini(&opened);
}

void harness_restart(struct harness *h, struct millis down)
{
	close_core(h);
	harness_forward(h, down);
	open_core(h);
	for (struct fake_client *c = h->clients; c != NULL; c = c->next)
		if (!c->closed)
			announce(c, "127.0.0.1");
	harness_drain(h);
}

static void command(const char *verb, const char *from, const char *to)
{
	char *line = mem_printf("%s '%s' %s", verb, from, to);

	assert_int_equal(system(line), 0);
	free(line);
}

void harness_save(struct harness *h, char saved[64])
{
	char target[80];

	snprintf(saved, 64, "/tmp/examd-saved-XXXXXX");
	assert_non_null(mkdtemp(saved));
	snprintf(target, sizeof(target), "'%s'", saved);
	command("cp -r --no-target-directory", h->dir, target);
}

void harness_back(struct harness *h, const char saved[64])
{
	char target[80];

	close_core(h); /* what it still writes is thrown away */
	for (struct fake_client *c = h->clients; c != NULL; c = c->next)
		c->closed = true;
	commits_are_held = false;
	command("rm -rf", h->dir, "");
	snprintf(target, sizeof(target), "'%s'", h->dir);
	command("cp -r --no-target-directory", saved, target);
	open_core(h);
	harness_drain(h);
}

void harness_forget(const char saved[64])
{
	command("rm -rf", saved, "");
}

void harness_crash(struct harness *h)
{
	char saved[64];

	harness_save(h, saved);
	harness_back(h, saved);
	harness_forget(saved);
}

/* ---- Content and people ---------------------------------------------------------------------- */

static void read_file(const char *name, struct buf *out)
{
	char *path = mem_printf("%s/%s", SOURCE_TREE, name);
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	do {
		n = fread(buf_reserve(out, 65536), 1, 65536, f);
		buf_added(out, n);
	} while (n > 0);
	fclose(f);
	free(path);
}

void harness_load(struct harness *h, const char *bank_file, const char *exam_file)
{
	struct buf text = {0};
	struct diag diag = {0};
	struct bank *bank;
	struct blueprint *blueprint;

	read_file(bank_file, &text);
	assert_int_equal(bank_parse(&bank, buf_bytes(&text), bank_file, &diag), ERR_OK);
	shelf_put_bank(h->core, bank, buf_bytes(&text));
	buf_clear(&text);
	read_file(exam_file, &text);
	assert_int_equal(blueprint_parse(&blueprint, buf_bytes(&text), exam_file, &diag), ERR_OK);
	shelf_put_exam(h->core, blueprint, buf_bytes(&text));
	buf_fini(&text);
	diag_fini(&diag);
	harness_drain(h);
}

struct person_id harness_person(struct harness *h, const char *user, Examd__V1__Role role,
				const char *password)
{
	struct store_person row = {.id = person_id_random(),
				   .user = user,
				   .name = user,
				   .email = "",
				   .group = "",
				   .role = (uint32_t)role};
	char hash[PASSWORD_HASH_SIZE];

	people_put(h->core, &row);
	if (password != NULL) {
		password_hash_now(password, hash);
		people_put_password(h->core, row.id, hash, false);
	}
	harness_drain(h);
	return row.id;
}

struct sitting_id harness_sitting(struct harness *h, const char *exam, const struct person_id *who,
				  size_t nwho)
{
	struct event ev = service_event(h->core, EVENT_SITTING_CREATE);
	struct text_ref title = text_put(h->core, "Mock exam");

	text_pin(h->core, title.row);
	ev.u.create.exam = exam;
	ev.u.create.persons = who;
	ev.u.create.npersons = nwho;
	ev.u.create.title = title.hash;
	ev.u.create.title_row = title.row;
	assert_int_equal(service_decide_and_apply(h->core, &ev), ERR_OK);
	harness_drain(h);
	return h->core->decision.sitting;
}

enum err harness_room(struct harness *h, struct sitting_id sitting, struct attempt_id attempt,
		      enum room_verb verb, struct millis minutes)
{
	struct event ev = service_event(h->core, EVENT_ROOM);
	enum err err;

	ev.sitting = sitting;
	ev.u.room.verb = verb;
	ev.u.room.minutes = minutes;
	if (attempt.v != 0) {
		ev.u.room.attempts = &attempt;
		ev.u.room.nattempts = 1;
	}
	err = service_decide_and_apply(h->core, &ev);
	harness_drain(h);
	return err;
}

/* ---- Clients --------------------------------------------------------------------------------- */

struct fake_client *client_connect(struct harness *h, const char *name, const char *address)
{
	struct fake_client *c = mem_new(sizeof(*c));
	struct digest d = digest_of(name, strlen(name));

	c->harness = h;
	c->conn.v = ((uint64_t)1 << 40) + ++h->next_conn;
	memcpy(c->client_id, d.b, CLIENT_SIZE);
	c->next = h->clients;
	h->clients = c;
	announce(c, address);
	return c;
}

void client_lose(struct fake_client *c)
{
	channel_say(c->harness, CHANNEL_CLOSED, c->conn, (struct bytes){NULL, 0});
	c->closed = true;
	harness_drain(c->harness);
}

void client_send_raw(struct fake_client *c, const void *data, size_t len)
{
	channel_say(c->harness, CHANNEL_FRAME, c->conn, bytes_of(data, len));
}

uint64_t client_tell(struct fake_client *c, wire_request *request)
{
	struct buf packed = {0};

	request->id = ++c->last_request;
	message_put(&packed, &request->base);
	client_send_raw(c, buf_bytes(&packed).data, buf_length(&packed));
	buf_fini(&packed);
	return request->id;
}

const wire_reply *client_reply(const struct fake_client *c, uint64_t id)
{
	for (size_t i = 0; i < c->nreceived; i++)
		if (c->received[i].msg->id == id)
			return c->received[i].msg;
	return NULL;
}

const wire_reply *client_ask(struct fake_client *c, wire_request *request)
{
	struct harness *h = c->harness;
	uint64_t id = client_tell(c, request);

	h->waits = c;
	h->waits_for = id;
	loop_run(core_loop(h->core));
	h->waits = NULL;
	assert_non_null(client_reply(c, id));
	return client_reply(c, id);
}

const wire_reply *client_notice(struct fake_client *c, Examd__V1__NoticeKind kind)
{
	for (size_t i = 0; i < c->nreceived; i++) {
		struct received *r = &c->received[i];

		if (r->seen || r->msg->id != 0 ||
		    r->msg->body_case != EXAMD__V1__REPLY__BODY_NOTICE ||
		    r->msg->notice->kind != kind)
			continue;
		r->seen = true;
		return r->msg;
	}
	return NULL;
}

#define REQUEST(field, BODY, Type, Init)                                                           \
	wire_request request = EXAMD__V1__REQUEST__INIT;                                           \
	Type in = Init;                                                                            \
	request.body_case = EXAMD__V1__REQUEST__BODY_##BODY;                                       \
	request.field = &in

/* A text for a field of a message, which knows no const. */
static char *field(const char *text)
{
	return (char *)(uintptr_t)text;
}

const wire_reply *client_hello(struct fake_client *c)
{
	REQUEST(hello, HELLO, Examd__V1__Hello, EXAMD__V1__HELLO__INIT);

	in.min_version = in.max_version = PROTOCOL_VERSION;
	in.client = field("harness");
	in.client_id = (ProtobufCBinaryData){CLIENT_SIZE, c->client_id};
	if (c->has_token)
		in.token = (ProtobufCBinaryData){TOKEN_SIZE, c->token};
	return client_ask(c, &request);
}

static const wire_reply *keep_token(struct fake_client *c, const wire_reply *reply)
{
	if (reply->error == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_SESSION &&
	    reply->session->token.len == TOKEN_SIZE) {
		memcpy(c->token, reply->session->token.data, TOKEN_SIZE);
		c->has_token = true;
	}
	return reply;
}

const wire_reply *client_log_in_as(struct fake_client *c, const char *user, const char *password)
{
	REQUEST(log_in, LOG_IN, Examd__V1__LogIn, EXAMD__V1__LOG_IN__INIT);

	in.user = field(user);
	in.password = field(password);
	return keep_token(c, client_ask(c, &request));
}

const wire_reply *client_use_slip(struct fake_client *c, const char *slip)
{
	REQUEST(use_slip, USE_SLIP, Examd__V1__UseSlip, EXAMD__V1__USE_SLIP__INIT);

	in.slip = field(slip);
	return keep_token(c, client_ask(c, &request));
}

ProtobufCBinaryData command_of(const struct fake_client *c, uint8_t number)
{
	static uint8_t id[COMMAND_SIZE];

	memcpy(id, c->client_id, COMMAND_SIZE);
	id[0] ^= number;
	id[1] = (uint8_t)~id[1];
	return (ProtobufCBinaryData){COMMAND_SIZE, id};
}

const wire_reply *client_check_in(struct fake_client *c, uint8_t command)
{
	REQUEST(check_in, CHECK_IN, Examd__V1__CheckIn, EXAMD__V1__CHECK_IN__INIT);

	in.command_id = command_of(c, command);
	return client_ask(c, &request);
}

const wire_reply *client_confirm(struct fake_client *c, const Examd__V1__Status *status,
				 uint8_t command)
{
	ProtobufCBinaryData hashes[BLUEPRINT_PARTS_MOST];
	REQUEST(confirm_form, CONFIRM_FORM, Examd__V1__ConfirmForm, EXAMD__V1__CONFIRM_FORM__INIT);

	for (size_t i = 0; i < status->n_parts; i++)
		hashes[i] = status->parts[i]->hash;
	in.command_id = command_of(c, command);
	in.hash = hashes;
	in.n_hash = status->n_parts;
	return client_ask(c, &request);
}

const wire_reply *client_answer(struct fake_client *c, uint32_t item, uint32_t seat,
				uint32_t revision, uint32_t chosen)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	REQUEST(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	answer.item = item;
	answer.seat = seat;
	answer.revision = revision;
	answer.chosen = &chosen;
	answer.n_chosen = 1;
	in.answers = answers;
	in.n_answers = 1;
	return client_ask(c, &request);
}

const wire_reply *client_use_new_slip(struct fake_client *c, struct sitting_id sitting,
				      struct person_id person)
{
	char slip[SLIP_SYMBOLS + 1];

	slip_make(c->harness->core, sitting, person, slip);
	assert_int_equal(client_hello(c)->error, ERR_OK);
	return client_use_slip(c, slip);
}

const wire_reply *client_ready(struct fake_client *c, struct sitting_id sitting,
			       struct person_id person)
{
	const wire_reply *reply;

	assert_int_equal(client_use_new_slip(c, sitting, person)->error, ERR_OK);
	reply = client_check_in(c, 1);
	assert_int_equal(reply->error, ERR_OK);
	reply = client_confirm(c, reply->status, 2);
	assert_int_equal(reply->error, ERR_OK);
	return reply;
}
