#include "client/lib/test_server.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/seal.h"

#define LIMIT SECONDS(10)

struct fake_conn {
	struct conn_user user;
	struct conn *conn; /* owned */
	struct fake *fake;
	struct arena arena;
	bool logged_in, holds;
	struct fake_conn *next;
};

/* What a reply points to. */
struct answered {
	Examd__V1__Reply reply;
	Examd__V1__Clock clock;
	Examd__V1__HelloReply hello;
	Examd__V1__Session session;
	Examd__V1__Status status;
	Examd__V1__PartInfo part, *parts[1];
	Examd__V1__Receipt receipt;
	Examd__V1__ItemOrder orders[FAKE_ITEMS], *have[FAKE_ITEMS];
	ProtobufCBinaryData key;
	Examd__V1__FormPiece piece;
	Examd__V1__AnswerAcks acks;
	Examd__V1__AnswerAck ack[64], *list[64];
	Examd__V1__Answers answers;
	Examd__V1__Answer *recalled[FAKE_ITEMS];
	uint8_t token[32], piece_copy[PIECE_MOST];
	bool silent;
};

/* ---- What it says ------------------------------------------------------------------------ */

static void fill_session(const struct fake_conn *k, struct answered *a)
{
	examd__v1__session__init(&a->session);
	a->session.role = EXAMD__V1__ROLE__ROLE_CANDIDATE;
	a->session.user = (char *)(uintptr_t) "ann";
	a->session.sitting = k->fake->password[0] != '\0' ? 0 : 1;
	a->session.password_must_change = k->fake->must_change;
	a->session.attempt = k->holds ? 5 : 0;
	a->session.takeover_asked = k->fake->seat_is_anothers;
}

static void fill_have(const struct fake *f, struct answered *a)
{
	for (uint32_t i = 0; i < FAKE_ITEMS; i++) {
		if (f->have[i].revision == 0)
			continue;
		examd__v1__item_order__init(&a->orders[i]);
		a->orders[i].item = i;
		a->orders[i].seat = f->have[i].seat;
		a->orders[i].revision = f->have[i].revision;
		a->have[a->status.n_have++] = &a->orders[i];
	}
	a->status.have = a->have;
}

static void fill_status(const struct fake *f, struct answered *a)
{
	examd__v1__status__init(&a->status);
	examd__v1__part_info__init(&a->part);
	a->part.items = FAKE_ITEMS;
	a->part.sealed_size = (uint32_t)buf_length(&f->sealed);
	a->part.hash = (ProtobufCBinaryData){32, (uint8_t *)(uintptr_t)f->hash.b};
	a->parts[0] = &a->part;
	a->status.attempt = 5;
	a->status.state = f->state;
	a->status.parts = a->parts;
	a->status.n_parts = 1;
	a->status.items = FAKE_ITEMS;
	fill_have(f, a);
	if (f->state >= EXAMD__V1__ATTEMPT_STATE__RUNNING) {
		a->key = (ProtobufCBinaryData){32, (uint8_t *)(uintptr_t)f->key};
		a->status.keys = &a->key;
		a->status.n_keys = 1;
	}
	examd__v1__receipt__init(&a->receipt);
	if (f->receipt)
		a->status.receipt = &a->receipt;
}

static void fill_clock(const struct fake *f, struct answered *a)
{
	examd__v1__clock__init(&a->clock);
	a->clock.remaining_ms = f->remaining_ms;
	a->clock.stopped = f->stopped;
	a->clock.state = f->state;
	a->clock.seat = f->seat;
	a->reply.clock = &a->clock;
}

static void send(struct fake_conn *k, struct answered *a)
{
	if (k->holds)
		fill_clock(k->fake, a);
	frame_put(conn_out(k->conn), &a->reply.base);
	conn_written(k->conn);
}

static void reply_status(struct fake_conn *k, struct answered *a)
{
	fill_status(k->fake, a);
	a->reply.body_case = EXAMD__V1__REPLY__BODY_STATUS;
	a->reply.status = &a->status;
}

static void notify_one(struct fake_conn *k, Examd__V1__NoticeKind kind, bool with_status)
{
	struct answered a = {.reply = EXAMD__V1__REPLY__INIT};
	Examd__V1__Notice notice = EXAMD__V1__NOTICE__INIT;

	notice.kind = kind;
	if (with_status) {
		fill_status(k->fake, &a);
		notice.status = &a.status;
	}
	a.reply.body_case = EXAMD__V1__REPLY__BODY_NOTICE;
	a.reply.notice = &notice;
	send(k, &a);
}

void fake_notify(struct fake *f, Examd__V1__NoticeKind kind, bool with_status)
{
	for (struct fake_conn *k = f->conns; k != NULL; k = k->next)
		notify_one(k, kind, with_status);
}

void fake_reopen(struct fake *f)
{
	f->state = EXAMD__V1__ATTEMPT_STATE__RUNNING;
	f->stopped = EXAMD__V1__STOP__STOP_NOT_STARTED;
	f->seat++;
	f->receipt = false;
	f->seat_is_nobodys = true;
	for (struct fake_conn *k = f->conns; k != NULL; k = k->next)
		k->holds = false;
	fake_notify(f, EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED, false);
}

void fake_begin(struct fake *f)
{
	f->state = EXAMD__V1__ATTEMPT_STATE__RUNNING;
	fake_notify(f, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED, true);
}

/* ---- What it does ------------------------------------------------------------------------ */

static void on_hello(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	struct fake *f = k->fake;

	f->greetings++;
	k->logged_in = rq->hello->token.len == 32 && f->forget_tokens == 0;
	if (rq->hello->token.len == 32 && f->forget_tokens > 0)
		f->forget_tokens--;
	k->holds = k->logged_in && f->state != 0 && !f->seat_is_anothers && !f->seat_is_nobodys;
	examd__v1__hello_reply__init(&a->hello);
	a->hello.version = PROTOCOL_VERSION;
	if (k->logged_in) {
		fill_session(k, a);
		a->hello.session = &a->session;
	}
	if (k->holds) {
		fill_status(f, a);
		a->hello.status = &a->status;
	}
	a->reply.body_case = EXAMD__V1__REPLY__BODY_HELLO;
	a->reply.hello = &a->hello;
}

static void on_use_slip(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	(void)rq;
	k->fake->slips++;
	k->logged_in = true;
	k->holds = k->fake->state != 0 && !k->fake->seat_is_anothers;
	fill_session(k, a);
	memset(a->token, 7, sizeof a->token);
	a->session.token = (ProtobufCBinaryData){sizeof a->token, a->token};
	a->reply.body_case = EXAMD__V1__REPLY__BODY_SESSION;
	a->reply.session = &a->session;
}

static void reply_session(struct fake_conn *k, struct answered *a)
{
	k->logged_in = true;
	fill_session(k, a);
	memset(a->token, 7, sizeof a->token);
	a->session.token = (ProtobufCBinaryData){sizeof a->token, a->token};
	a->reply.body_case = EXAMD__V1__REPLY__BODY_SESSION;
	a->reply.session = &a->session;
}

static void on_log_in(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	k->fake->log_ins++;
	if (strcmp(rq->log_in->password, k->fake->password) != 0)
		a->reply.error = ERR_LOGIN_FAILED;
	else
		reply_session(k, a);
}

static void on_change_password(struct fake_conn *k, const Examd__V1__Request *rq,
			       struct answered *a)
{
	struct fake *f = k->fake;

	f->changes++;
	if (strcmp(rq->change_password->old_password, f->password) != 0) {
		a->reply.error = ERR_LOGIN_FAILED;
	} else if (strlen(rq->change_password->new_password) < 8) {
		a->reply.error = ERR_PASSWORD_WEAK;
	} else {
		snprintf(f->password, sizeof f->password, "%s", rq->change_password->new_password);
		f->must_change = false;
		a->silent = f->hold_change;
		reply_session(k, a);
	}
}

static void on_check_in(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	struct fake *f = k->fake;

	(void)rq;
	if (f->seat_is_anothers) {
		a->reply.error = ERR_SEAT_TAKEN;
		return;
	}
	if (f->state == 0)
		f->state = EXAMD__V1__ATTEMPT_STATE__ADMITTED;
	f->seat_is_nobodys = false;
	k->holds = true;
	reply_status(k, a);
}

static void on_get_form_piece(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	struct fake *f = k->fake;
	struct bytes sealed = buf_bytes(&f->sealed);
	size_t at = rq->get_form_piece->offset, n = sealed.len - at;
	size_t most = f->piece_most > 0 ? f->piece_most : PIECE_MOST;

	f->pieces++;
	f->pieces_from_0 += at == 0;
	n = n < most ? n : most;
	memcpy(a->piece_copy, sealed.data + at, n);
	if (f->wrong_pieces > 0) {
		f->wrong_pieces--;
		a->piece_copy[0] ^= 1;
	}
	examd__v1__form_piece__init(&a->piece);
	a->piece.offset = (uint32_t)at;
	a->piece.size = (uint32_t)sealed.len;
	a->piece.data = (ProtobufCBinaryData){n, a->piece_copy};
	a->reply.body_case = EXAMD__V1__REPLY__BODY_FORM_PIECE;
	a->reply.form_piece = &a->piece;
}

static void on_confirm_form(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	const Examd__V1__ConfirmForm *in = rq->confirm_form;

	if (in->n_hash != 1 || memcmp(in->hash[0].data, k->fake->hash.b, 32) != 0) {
		a->reply.error = ERR_WRONG_FORM;
		return;
	}
	if (k->fake->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED)
		k->fake->state = EXAMD__V1__ATTEMPT_STATE__READY;
	reply_status(k, a);
}

static struct fake_answer fake_answer_of(const Examd__V1__Answer *in)
{
	struct fake_answer a = {.seat = in->seat, .revision = in->revision};

	if (examd__v1__answer__get_packed_size(in) > sizeof a.packed)
		abort();
	a.packed_len = examd__v1__answer__pack(in, a.packed);
	a.content = digest_of(a.packed, a.packed_len);
	return a;
}

void fake_has(struct fake *f, uint32_t item, uint32_t seat, uint32_t revision, uint32_t option)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;

	a.item = item;
	a.seat = seat;
	a.revision = revision;
	a.chosen = &option;
	a.n_chosen = 1;
	f->have[item] = fake_answer_of(&a);
}

/* As the engine orders them. */
static enum err put_one(struct fake *f, const Examd__V1__Answer *in)
{
	struct fake_answer *had = &f->have[in->item];
	struct fake_answer now = fake_answer_of(in);

	if (in->seat < f->seat || f->seat_is_anothers) {
		f->kept++;
		return ERR_KEPT_FOR_PROCTOR;
	}
	if (had->seat == in->seat && had->revision == in->revision)
		return digest_equal(&had->content, &now.content) ? ERR_OK : ERR_CONFLICT;
	if (had->seat > in->seat || (had->seat == in->seat && had->revision > in->revision))
		return ERR_OK;
	*had = now;
	f->effects++;
	return ERR_OK;
}

static bool goes_wrong(struct fake_conn *k, struct answered *a)
{
	struct fake *f = k->fake;

	if (f->busy > 0) {
		f->busy--;
		a->reply.error = ERR_BUSY;
		return true;
	}
	if (f->restart_instead == 0 || --f->restart_instead > 0)
		return false;
	k->holds = k->logged_in = false;
	a->silent = true;
	notify_one(k, EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED, false);
	return true;
}

static void on_put_answers(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	k->fake->puts++;
	k->fake->round_trip_ms = rq->put_answers->round_trip_ms;
	if (goes_wrong(k, a))
		return;
	examd__v1__answer_acks__init(&a->acks);
	for (size_t i = 0; i < rq->put_answers->n_answers; i++) {
		const Examd__V1__Answer *in = rq->put_answers->answers[i];

		examd__v1__answer_ack__init(&a->ack[i]);
		a->ack[i].item = in->item;
		a->ack[i].seat = in->seat;
		a->ack[i].revision = in->revision;
		a->ack[i].error = (uint32_t)put_one(k->fake, in);
		a->list[i] = &a->ack[i];
	}
	a->acks.acks = a->list;
	a->acks.n_acks = rq->put_answers->n_answers;
	a->silent = k->fake->hold_puts;
	a->reply.body_case = EXAMD__V1__REPLY__BODY_ANSWER_ACKS;
	a->reply.answer_acks = &a->acks;
}

static Examd__V1__Answer *recall_one(struct fake_conn *k, const struct fake_answer *had)
{
	Examd__V1__Answer *answer;
	ProtobufCMessage *m;

	if (message_decode(&examd__v1__answer__descriptor, bytes_of(had->packed, had->packed_len),
			   &k->arena, &m) != ERR_OK)
		abort();
	answer = container_of(m, Examd__V1__Answer, base);
	answer->revision -= k->fake->recall_older;
	return answer;
}

static void on_get_answers(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	const struct fake *f = k->fake;
	size_t most = f->recall_most > 0 ? f->recall_most : FAKE_ITEMS;

	k->fake->recalls++;
	if (goes_wrong(k, a))
		return;
	a->reply.error = (uint32_t)f->recall_is;
	if (f->recall_is != ERR_OK)
		return;
	examd__v1__answers__init(&a->answers);
	a->answers.answers = a->recalled;
	a->answers.more = f->recall_more;
	for (uint32_t i = rq->get_answers->first_item; i < FAKE_ITEMS; i++) {
		if (f->have[i].revision == 0)
			continue;
		if (a->answers.n_answers == most) {
			a->answers.more = true;
			break;
		}
		a->recalled[a->answers.n_answers++] = recall_one(k, &f->have[i]);
	}
	a->reply.body_case = EXAMD__V1__REPLY__BODY_ANSWERS;
	a->reply.answers = &a->answers;
}

static void on_get_status(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	(void)rq;
	if (k->fake->seat_is_nobodys)
		a->reply.error = ERR_OUT_OF_TURN;
	else
		reply_status(k, a);
}

/* Once for each command id. */
static void carry_out(struct fake *f, const ProtobufCBinaryData *id)
{
	for (size_t i = 0; i < f->ncommands; i++)
		if (memcmp(f->commands[i], id->data, 16) == 0)
			return;
	memcpy(f->commands[f->ncommands++ % FAKE_COMMANDS], id->data, 16);
	f->effects++;
}

static void on_submit(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	carry_out(k->fake, &rq->submit->command_id);
	k->fake->state = EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
	k->fake->receipt = true;
	reply_status(k, a);
}

static void on_person_change(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a)
{
	if (!goes_wrong(k, a))
		carry_out(k->fake, &rq->person_change->command_id);
}

static const struct {
	Examd__V1__Request__BodyCase body;
	void (*handle)(struct fake_conn *k, const Examd__V1__Request *rq, struct answered *a);
	bool logged_in;
} routes[] = {
    {EXAMD__V1__REQUEST__BODY_HELLO, on_hello, false},
    {EXAMD__V1__REQUEST__BODY_USE_SLIP, on_use_slip, false},
    {EXAMD__V1__REQUEST__BODY_LOG_IN, on_log_in, false},
    {EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD, on_change_password, true},
    {EXAMD__V1__REQUEST__BODY_PERSON_CHANGE, on_person_change, false},
    {EXAMD__V1__REQUEST__BODY_CHECK_IN, on_check_in, true},
    {EXAMD__V1__REQUEST__BODY_GET_FORM_PIECE, on_get_form_piece, true},
    {EXAMD__V1__REQUEST__BODY_CONFIRM_FORM, on_confirm_form, true},
    {EXAMD__V1__REQUEST__BODY_PUT_ANSWERS, on_put_answers, true},
    {EXAMD__V1__REQUEST__BODY_GET_ANSWERS, on_get_answers, true},
    {EXAMD__V1__REQUEST__BODY_GET_STATUS, on_get_status, true},
    {EXAMD__V1__REQUEST__BODY_SUBMIT, on_submit, true},
};

static void handle(struct fake_conn *k, const Examd__V1__Request *rq)
{
	struct answered *a = mem_new(sizeof *a);

	examd__v1__reply__init(&a->reply);
	a->reply.id = rq->id;
	a->reply.error = ERR_FORBIDDEN;
	for (size_t i = 0; i < COUNT(routes); i++) {
		if (routes[i].body != rq->body_case)
			continue;
		a->reply.error = ERR_OK;
		if (routes[i].logged_in && !k->logged_in)
			a->reply.error = ERR_LOGIN_NEEDED;
		else
			routes[i].handle(k, rq, a);
	}
	if (!a->silent)
		send(k, a);
	free(a);
}

/* ---- Connections ------------------------------------------------------------------------- */

static void on_data(struct conn_user *user, struct buf *in)
{
	struct fake_conn *k = container_of(user, struct fake_conn, user);
	struct bytes message;

	while (frame_peek(in, FRAME_MOST, &message) == ERR_OK) {
		Examd__V1__Request *rq;

		if (request_decode(message, &k->arena, &rq) != ERR_OK)
			abort();
		frame_take(in);
		handle(k, rq);
		arena_reset(&k->arena);
	}
}

static void forget(struct fake_conn *k)
{
	struct fake_conn **at = &k->fake->conns;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	arena_fini(&k->arena);
	free(k);
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	(void)why;
	forget(container_of(user, struct fake_conn, user));
}

static void on_accept(struct listener_user *user, int fd)
{
	struct fake *f = container_of(user, struct fake, user);
	struct fake_conn *k = mem_new(sizeof *k);

	k->user = (struct conn_user){NULL, on_data, on_closed};
	k->fake = f;
	k->arena.cap = FRAME_ARENA_MOST;
	k->next = f->conns;
	f->conns = k;
	f->connections++;
	k->conn = conn_accept(f->loop, fd, f->tls, LIMIT, &k->user);
}

static void make_form(struct fake *f)
{
	static char *options[] = {(char *)(uintptr_t) "one", (char *)(uintptr_t) "two"};
	Examd__V1__FormPart part = EXAMD__V1__FORM_PART__INIT;
	Examd__V1__FormItem items[FAKE_ITEMS], *list[FAKE_ITEMS];

	for (size_t i = 0; i < FAKE_ITEMS; i++) {
		examd__v1__form_item__init(&items[i]);
		items[i].kind = EXAMD__V1__ITEM_KIND__SINGLE;
		items[i].stem = (char *)(uintptr_t) "Which?";
		items[i].options = options;
		items[i].n_options = 2;
		list[i] = &items[i];
	}
	part.items = list;
	part.n_items = FAKE_ITEMS;
	message_put(&f->plain, &part.base);
	f->hash = digest_of(buf_bytes(&f->plain).data, buf_length(&f->plain));
	memset(f->key, 9, sizeof f->key);
	seal_close(f->key, buf_bytes(&f->plain), &f->sealed);
}

void fake_start(struct fake *f, struct loop *loop)
{
	static const char *const names[] = {"localhost"};
	static struct buf cert, key; /* made once: this is the slow part */
	int fd;

	*f = (struct fake){.loop = loop, .user = {on_accept}, .seat = 1, .remaining_ms = 60000};
	if (buf_length(&cert) == 0 && tls_make_self_signed(names, 1, 1, &cert, &key) != ERR_OK)
		abort();
	if (tls_server_new(&f->tls, buf_bytes(&cert), buf_bytes(&key), NULL) != ERR_OK ||
	    tls_pin_of_pem(buf_bytes(&cert), &f->pin) != ERR_OK ||
	    listen_open("127.0.0.1", 0, &fd) != ERR_OK)
		abort();
	f->port = listen_port(fd);
	f->listener = listener_new(loop, fd, &f->user);
	make_form(f);
}

void fake_stop(struct fake *f)
{
	while (f->conns != NULL) {
		conn_free(f->conns->conn);
		forget(f->conns);
	}
	listener_free(f->listener);
	tls_free(f->tls);
	buf_fini(&f->plain);
	buf_fini(&f->sealed);
}

/* ---- The wire ---------------------------------------------------------------------------- */

struct wire_end {
	struct conn_user user;
	struct conn *conn; /* owned; NULL: closed */
	struct wire_pair *pair;
	bool is_client;
};

struct wire_pair {
	struct wire *wire;
	struct wire_end client, server;
	bool first, cut;
	struct wire_pair *next;
};

static void end_both(struct wire_pair *p)
{
	p->cut = true;
	if (p->client.conn != NULL)
		conn_close_soon(p->client.conn, LIMIT);
	if (p->server.conn != NULL)
		conn_close_soon(p->server.conn, LIMIT);
}

/* Carries what may still pass; at the limit both ends are closed. */
static void carry(struct conn_user *user, struct buf *in)
{
	struct wire_end *from = container_of(user, struct wire_end, user);
	struct wire_pair *p = from->pair;
	struct wire_end *to = from->is_client ? &p->server : &p->client;
	size_t *carried = from->is_client ? &p->wire->up : &p->wire->down;
	size_t limit = from->is_client ? p->wire->cut_up : p->wire->cut_down;
	size_t n = buf_length(in);
	bool over = p->first && limit > 0 && *carried + n >= limit;

	if (p->cut)
		return;
	if (over)
		n = limit - *carried;
	if (p->first)
		*carried += n;
	if (to->conn != NULL && n > 0)
		conn_write(to->conn, buf_bytes(in).data, n);
	buf_take(in, n);
	if (over)
		end_both(p);
}

static void end_closed(struct conn_user *user, enum conn_end why)
{
	struct wire_end *e = container_of(user, struct wire_end, user);

	(void)why;
	e->conn = NULL;
	end_both(e->pair);
}

static void wire_accept(struct listener_user *user, int fd)
{
	struct wire *w = container_of(user, struct wire, user);
	struct wire_pair *p = mem_new(sizeof *p);

	p->wire = w;
	p->first = w->connections++ == 0;
	p->client = (struct wire_end){{NULL, carry, end_closed}, NULL, p, true};
	p->server = (struct wire_end){{NULL, carry, end_closed}, NULL, p, false};
	p->next = w->pairs;
	w->pairs = p;
	p->client.conn = conn_accept(w->loop, fd, NULL, LIMIT, &p->client.user);
	if (conn_connect(&p->server.conn, w->loop, "127.0.0.1", w->to, NULL, LIMIT,
			 &p->server.user) != ERR_OK)
		abort();
}

void wire_start(struct wire *w, struct loop *loop, unsigned to)
{
	int fd;

	w->loop = loop;
	w->to = to;
	w->user.on_accept = wire_accept;
	if (listen_open("127.0.0.1", 0, &fd) != ERR_OK)
		abort();
	w->port = listen_port(fd);
	w->listener = listener_new(loop, fd, &w->user);
}

void wire_stop(struct wire *w)
{
	while (w->pairs != NULL) {
		struct wire_pair *p = w->pairs;

		w->pairs = p->next;
		conn_free(p->client.conn);
		conn_free(p->server.conn);
		free(p);
	}
	listener_free(w->listener);
}
