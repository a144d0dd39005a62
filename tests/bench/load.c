/* load: many candidates in one process, for benchmarks and torture runs.
 *
 *   load --server HOST:PORT --pin HEX --slips FILE [--seconds S] [--log-acks FILE] [--submit]
 *        [--window N] [--answers N]
 *
 * One connection for each slip of FILE (a line each): slip, check-in, sealed form, confirmation;
 * then it waits for the start and answers in a closed loop, N answers under way on each connection
 * (default 1), for S seconds or, with --answers, until N of each are acknowledged; with --submit it
 * hands in at the end.  A lost connection is made again and what has no reply is sent again.  With
 * --log-acks every acknowledged answer becomes a line "attempt item seat revision choice".  Prints
 * a line of JSON for each phase: checkin, start, answers.  Exit 1 when a server's reply breaks a
 * promise. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/stream/conn.h"
#include "proto/wire/frame.h"

struct load;

struct under_way {
	uint32_t item, revision, choice;
	int64_t sent_ns; /* 0: nothing under way */
};

enum phase {
	PHASE_AWAY,
	PHASE_HELLO,
	PHASE_SLIP,
	PHASE_CHECK_IN,
	PHASE_FORM,
	PHASE_READY,
	PHASE_RUN,
	PHASE_DONE
};

struct candidate {
	struct conn_user user;
	struct timer again;
	struct load *load;
	struct conn *conn;
	enum phase phase;
	char slip[16];
	uint8_t client_id[16], token[32];
	bool has_token, was_ready, got_start, finishing;
	int64_t attempt;
	uint32_t items, seat, parts, part, offset, next_item, acked;
	uint32_t sealed_size[8];
	uint8_t hash[8][32];
	uint32_t *revision;
	struct under_way *way;
	uint64_t request_id, hello_id;
	uint8_t confirm_id[16], check_in_id[16], submit_id[16];
};

struct load {
	struct loop *loop;
	struct tls *tls;
	char host[256];
	unsigned port;
	struct candidate *all;
	size_t n, ready, started, done;
	size_t window;
	uint32_t answers_each; /* 0: as many as the time allows */
	int64_t seconds;
	bool submit;
	FILE *acks;
	struct arena arena;
	struct timer end;
	int64_t begin_ns, first_start_ns, run_ns;
	uint32_t *latency_us; /* of each acknowledged answer */
	size_t nlatency, latency_cap;
	uint64_t acked, kept, refused, reconnects, restarted;
	int64_t last_ack_ns, max_gap_ns; /* between two acknowledgements of whoever */
	int status;
};

static void answer_more(struct candidate *c);

static void send_request(struct candidate *c, Examd__V1__Request *q)
{
	q->id = ++c->request_id;
	frame_put(conn_out(c->conn), &q->base);
	conn_written(c->conn);
}

static void say_hello(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Hello h = EXAMD__V1__HELLO__INIT;

	h.min_version = h.max_version = PROTOCOL_VERSION;
	h.client = (char *)"load";
	h.client_id = (ProtobufCBinaryData){sizeof c->client_id, c->client_id};
	if (c->has_token)
		h.token = (ProtobufCBinaryData){sizeof c->token, c->token};
	q.body_case = EXAMD__V1__REQUEST__BODY_HELLO;
	q.hello = &h;
	c->phase = PHASE_HELLO;
	send_request(c, &q);
	c->hello_id = c->request_id;
}

static void use_slip(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__UseSlip s = EXAMD__V1__USE_SLIP__INIT;

	s.slip = c->slip;
	q.body_case = EXAMD__V1__REQUEST__BODY_USE_SLIP;
	q.use_slip = &s;
	c->phase = PHASE_SLIP;
	send_request(c, &q);
}

static void check_in(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__CheckIn k = EXAMD__V1__CHECK_IN__INIT;

	k.command_id = (ProtobufCBinaryData){16, c->check_in_id};
	q.body_case = EXAMD__V1__REQUEST__BODY_CHECK_IN;
	q.check_in = &k;
	c->phase = PHASE_CHECK_IN;
	send_request(c, &q);
}

static void get_piece(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetFormPiece g = EXAMD__V1__GET_FORM_PIECE__INIT;

	g.part = c->part;
	g.offset = c->offset;
	q.body_case = EXAMD__V1__REQUEST__BODY_GET_FORM_PIECE;
	q.get_form_piece = &g;
	c->phase = PHASE_FORM;
	send_request(c, &q);
}

static void confirm(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__ConfirmForm f = EXAMD__V1__CONFIRM_FORM__INIT;
	ProtobufCBinaryData hashes[8];
	uint32_t i;

	for (i = 0; i < c->parts; i++)
		hashes[i] = (ProtobufCBinaryData){32, c->hash[i]};
	f.command_id = (ProtobufCBinaryData){16, c->confirm_id};
	f.hash = hashes;
	f.n_hash = c->parts;
	q.body_case = EXAMD__V1__REQUEST__BODY_CONFIRM_FORM;
	q.confirm_form = &f;
	c->phase = PHASE_READY;
	send_request(c, &q);
}

static void submit(struct candidate *c)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Submit s = EXAMD__V1__SUBMIT__INIT;

	s.command_id = (ProtobufCBinaryData){16, c->submit_id};
	q.body_case = EXAMD__V1__REQUEST__BODY_SUBMIT;
	q.submit = &s;
	send_request(c, &q);
}

static void put_answer(struct candidate *c, const struct under_way *w)
{
	Examd__V1__Request q = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PutAnswers p = EXAMD__V1__PUT_ANSWERS__INIT;
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT, *one = &a;
	uint32_t chosen = w->choice;

	a.item = w->item;
	a.revision = w->revision;
	a.seat = c->seat;
	a.chosen = &chosen;
	a.n_chosen = 1;
	p.answers = &one;
	p.n_answers = 1;
	q.body_case = EXAMD__V1__REQUEST__BODY_PUT_ANSWERS;
	q.put_answers = &p;
	send_request(c, &q);
}

static void phase_line(const char *name, size_t n, double seconds)
{
	printf("{\"phase\":\"%s\",\"n\":%zu,\"seconds\":%.4f}\n", name, n, seconds);
	fflush(stdout);
}

static void broke(struct candidate *c, const char *what, uint32_t error, const char *detail)
{
	fprintf(stderr, "load: slip %s, phase %d: %s: error %u %s\n", c->slip, (int)c->phase, what,
		error, detail == NULL ? "" : detail);
	c->load->status = 1;
	loop_stop(c->load->loop);
}

static void candidate_done(struct candidate *c)
{
	if (c->phase == PHASE_DONE)
		return;
	c->phase = PHASE_DONE;
	if (++c->load->done == c->load->n)
		loop_stop(c->load->loop);
}

/* It has answered enough: hands in, if it shall, again after a lost connection. */
static void finish(struct candidate *c)
{
	c->finishing = true;
	if (!c->load->submit)
		candidate_done(c);
	else if (c->conn != NULL && c->phase == PHASE_RUN) {
		c->phase = PHASE_READY;
		submit(c);
	}
}

static void become_ready(struct candidate *c)
{
	struct load *l = c->load;

	c->phase = PHASE_READY;
	if (c->was_ready)
		return;
	c->was_ready = true;
	if (++l->ready == l->n)
		phase_line("checkin", l->n, (double)(mono_now_ns() - l->begin_ns) / 1e9);
}

static void become_running(struct candidate *c)
{
	struct load *l = c->load;
	size_t i;

	c->phase = PHASE_RUN;
	if (!c->got_start) {
		c->got_start = true;
		if (l->started == 0)
			l->first_start_ns = mono_now_ns();
		if (++l->started == l->n) {
			l->run_ns = mono_now_ns();
			phase_line("start", l->n, (double)(l->run_ns - l->first_start_ns) / 1e9);
			if (l->seconds > 0 && l->answers_each == 0)
				timer_set(&l->end, (struct millis){l->seconds * 1000});
		}
	}
	for (i = 0; i < l->window; i++)
		if (c->way[i].sent_ns != 0)
			put_answer(c, &c->way[i]);
	if (c->finishing)
		finish(c);
	else
		answer_more(c);
}

/* Wherever the server says this candidate stands: the next step from there. */
static void go_on(struct candidate *c, const Examd__V1__Status *s)
{
	uint32_t i;

	c->attempt = s->attempt;
	c->items = s->items;
	c->parts = (uint32_t)(s->n_parts > 8 ? 8 : s->n_parts);
	for (i = 0; i < c->parts; i++) {
		c->sealed_size[i] = s->parts[i]->sealed_size;
		if (s->parts[i]->hash.len == 32)
			memcpy(c->hash[i], s->parts[i]->hash.data, 32);
	}
	if (c->revision == NULL)
		c->revision = mem_new_array(c->items, sizeof *c->revision);
	switch (s->state) {
	case EXAMD__V1__ATTEMPT_STATE__ADMITTED:
		c->part = c->offset = 0;
		get_piece(c);
		return;
	case EXAMD__V1__ATTEMPT_STATE__READY:
		become_ready(c);
		return;
	case EXAMD__V1__ATTEMPT_STATE__RUNNING:
		become_running(c);
		return;
	case EXAMD__V1__ATTEMPT_STATE__CHECKED_IN:
		return;
	default:
		candidate_done(c);
		return;
	}
}

static void answer_more(struct candidate *c)
{
	struct load *l = c->load;
	size_t i;

	for (i = 0; i < l->window && c->phase == PHASE_RUN; i++) {
		struct under_way *w = &c->way[i];

		if (w->sent_ns != 0)
			continue;
		w->item = c->next_item++ % c->items;
		w->revision = ++c->revision[w->item];
		w->choice = w->revision % 2;
		w->sent_ns = mono_now_ns();
		put_answer(c, w);
	}
}

static void note_gap(struct load *l)
{
	int64_t now = mono_now_ns();

	if (l->last_ack_ns != 0 && now - l->last_ack_ns > l->max_gap_ns)
		l->max_gap_ns = now - l->last_ack_ns;
	l->last_ack_ns = now;
}

static void on_ack(struct candidate *c, const Examd__V1__AnswerAck *ack)
{
	struct load *l = c->load;
	size_t i;

	for (i = 0; i < l->window; i++) {
		struct under_way *w = &c->way[i];

		if (w->sent_ns == 0 || w->item != ack->item || w->revision != ack->revision)
			continue;
		if (ack->error == ERR_OK) {
			if (l->nlatency == l->latency_cap) {
				l->latency_cap = l->latency_cap * 2 + 1024;
				l->latency_us = mem_resize(l->latency_us,
							   l->latency_cap * sizeof *l->latency_us);
			}
			l->latency_us[l->nlatency++] =
			    (uint32_t)((mono_now_ns() - w->sent_ns) / 1000);
			l->acked++;
			c->acked++;
			note_gap(l);
			if (l->acks != NULL)
				fprintf(l->acks, "%lld %u %u %u %u\n", (long long)c->attempt,
					w->item, c->seat, w->revision, w->choice);
		} else if (ack->error == ERR_KEPT_FOR_PROCTOR || ack->error == ERR_TOO_LATE) {
			l->kept++;
		} else {
			broke(c, "answer", ack->error, NULL);
		}
		w->sent_ns = 0;
	}
	if (l->answers_each != 0 && c->acked >= l->answers_each && !c->finishing)
		finish(c);
	else if (!c->finishing)
		answer_more(c);
}

static void on_notice(struct candidate *c, const Examd__V1__Reply *r)
{
	switch (r->notice->kind) {
	case EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED:
		c->load->restarted++;
		if (c->phase != PHASE_DONE)
			say_hello(c);
		return;
	case EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED:
		if (c->phase == PHASE_CHECK_IN)
			get_piece(c);
		return;
	case EXAMD__V1__NOTICE_KIND__NOTICE_STARTED:
		become_running(c);
		return;
	case EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED:
		candidate_done(c);
		return;
	default:
		return;
	}
}

static void on_reply(struct candidate *c, const Examd__V1__Reply *r)
{
	size_t i;

	if (r->clock != NULL && r->clock->seat != 0)
		c->seat = r->clock->seat;
	if (r->id == 0) {
		if (r->body_case == EXAMD__V1__REPLY__BODY_NOTICE)
			on_notice(c, r);
		else if (r->error != 0)
			broke(c, "notice", r->error, r->detail);
		return;
	}
	/* About a request from before Hello: it is sent again. */
	if (c->phase == PHASE_HELLO && r->id != c->hello_id)
		return;
	if (r->error == ERR_BUSY || r->error == ERR_TOO_MANY) {
		c->load->refused++;
		say_hello(c);
		return;
	}
	if (r->error != 0) {
		broke(c, "reply", r->error, r->detail);
		return;
	}
	switch (r->body_case) {
	case EXAMD__V1__REPLY__BODY_HELLO:
		if (r->hello->status != NULL)
			go_on(c, r->hello->status);
		else if (c->has_token && r->hello->session != NULL)
			check_in(c);
		else
			use_slip(c);
		return;
	case EXAMD__V1__REPLY__BODY_SESSION:
		if (r->session->token.len == 32) {
			memcpy(c->token, r->session->token.data, 32);
			c->has_token = true;
		}
		check_in(c);
		return;
	case EXAMD__V1__REPLY__BODY_STATUS:
		if (c->phase == PHASE_READY &&
		    r->status->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED)
			return;
		go_on(c, r->status);
		return;
	case EXAMD__V1__REPLY__BODY_FORM_PIECE:
		c->offset += (uint32_t)r->form_piece->data.len;
		if (c->offset >= r->form_piece->size) {
			c->part++;
			c->offset = 0;
		}
		if (c->part < c->parts)
			get_piece(c);
		else
			confirm(c);
		return;
	case EXAMD__V1__REPLY__BODY_ANSWER_ACKS:
		for (i = 0; i < r->answer_acks->n_acks; i++)
			on_ack(c, r->answer_acks->acks[i]);
		return;
	default:
		if (c->phase == PHASE_READY)
			become_ready(c);
		return;
	}
}

static void on_data(struct conn_user *user, struct buf *in)
{
	struct candidate *c = container_of(user, struct candidate, user);
	Examd__V1__Reply *r;
	struct bytes message;

	while (frame_peek(in, FRAME_MOST, &message) == ERR_OK) {
		arena_reset(&c->load->arena);
		if (reply_decode(message, &c->load->arena, &r) != ERR_OK) {
			broke(c, "undecodable reply", 0, NULL);
			return;
		}
		on_reply(c, r);
		if (c->conn == NULL)
			return;
		frame_take(in);
	}
}

static void on_ready(struct conn_user *user)
{
	say_hello(container_of(user, struct candidate, user));
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	struct candidate *c = container_of(user, struct candidate, user);

	(void)why;
	c->conn = NULL;
	c->load->reconnects++;
	if (c->phase != PHASE_DONE)
		timer_set(&c->again, (struct millis){20 + (int64_t)(c - c->load->all) % 30});
}

static void connect_now(struct timer *t)
{
	struct candidate *c = container_of(t, struct candidate, again);
	struct load *l = c->load;

	c->phase = PHASE_AWAY;
	if (conn_connect(&c->conn, l->loop, l->host, l->port, l->tls, SECONDS(20), &c->user) !=
	    ERR_OK)
		timer_set(&c->again, (struct millis){100});
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(struct load *l)
{
	double seconds = (double)(mono_now_ns() - l->run_ns) / 1e9;
	size_t n = l->nlatency;

	if (n > 0)
		qsort(l->latency_us, n, sizeof *l->latency_us, compare_u32);
	printf("{\"phase\":\"answers\",\"connections\":%zu,\"seconds\":%.3f,\"acked\":%llu,"
	       "\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"max_gap_ms\":%.3f,\"kept\":%llu,\"reconnects\":%llu,"
	       "\"restarted\":%llu}\n",
	       l->n, seconds, (unsigned long long)l->acked, (double)l->acked / seconds,
	       n ? l->latency_us[n / 2] / 1e3 : 0.0, n ? l->latency_us[n * 99 / 100] / 1e3 : 0.0,
	       n ? l->latency_us[n * 999 / 1000] / 1e3 : 0.0, n ? l->latency_us[n - 1] / 1e3 : 0.0,
	       (double)l->max_gap_ns / 1e6, (unsigned long long)l->kept,
	       (unsigned long long)l->reconnects, (unsigned long long)l->restarted);
	fflush(stdout);
}

static void on_end(struct timer *t)
{
	struct load *l = container_of(t, struct load, end);
	size_t i;

	if (!l->submit) {
		loop_stop(l->loop);
		return;
	}
	for (i = 0; i < l->n; i++)
		if (l->all[i].phase != PHASE_DONE)
			finish(&l->all[i]);
}

static void read_slips(struct load *l, const char *file)
{
	FILE *f = fopen(file, "r");
	char line[64];

	if (f == NULL) {
		perror(file);
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL) {
		struct candidate *c;

		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			continue;
		l->all = mem_resize(l->all, (l->n + 1) * sizeof *l->all);
		c = &l->all[l->n++];
		memset(c, 0, sizeof *c);
		snprintf(c->slip, sizeof c->slip, "%.15s", line);
	}
	fclose(f);
}

static void begin(struct load *l)
{
	size_t i;

	l->begin_ns = mono_now_ns();
	for (i = 0; i < l->n; i++) {
		struct candidate *c = &l->all[i];

		c->load = l;
		c->user = (struct conn_user){on_ready, on_data, on_closed};
		c->way = mem_new_array(l->window, sizeof *c->way);
		random_bytes(c->client_id, 16);
		random_bytes(c->confirm_id, 16);
		random_bytes(c->check_in_id, 16);
		random_bytes(c->submit_id, 16);
		timer_init(&c->again, l->loop, connect_now);
		connect_now(&c->again);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"server", required_argument, NULL, 's'},
	    {"pin", required_argument, NULL, 'p'},
	    {"slips", required_argument, NULL, 'f'},
	    {"seconds", required_argument, NULL, 't'},
	    {"log-acks", required_argument, NULL, 'l'},
	    {"submit", no_argument, NULL, 'u'},
	    {"window", required_argument, NULL, 'w'},
	    {"answers", required_argument, NULL, 'n'},
	    {0},
	};
	static struct load l = {.seconds = 5, .window = 1, .port = 7443};
	struct tls_trust trust = {0};
	struct digest pin;
	char detail[256], *colon;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's':
			snprintf(l.host, sizeof l.host, "%s", optarg);
			if ((colon = strrchr(l.host, ':')) != NULL) {
				*colon = '\0';
				l.port = (unsigned)strtoul(colon + 1, NULL, 10);
			}
			break;
		case 'p':
			if (hex_parse(optarg, pin.b, 32) != ERR_OK)
				return 2;
			trust.pin = &pin;
			break;
		case 'f':
			read_slips(&l, optarg);
			break;
		case 't':
			l.seconds = strtol(optarg, NULL, 10);
			break;
		case 'l':
			if ((l.acks = fopen(optarg, "a")) == NULL)
				return 2;
			setvbuf(l.acks, NULL, _IOLBF, 0);
			break;
		case 'u':
			l.submit = true;
			break;
		case 'w':
			l.window = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			l.answers_each = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	trust.any = trust.pin == NULL;
	if (l.n == 0 || l.host[0] == '\0' || l.window == 0 || l.window > 64) {
		fputs("usage: load --server HOST:PORT --slips FILE [--pin HEX] [--seconds S] "
		      "[--log-acks FILE] [--submit] [--window N] [--answers N]\n",
		      stderr);
		return 2;
	}
	l.arena.cap = FRAME_ARENA_MOST;
	if (tls_client_new(&l.tls, &trust, detail) != ERR_OK) {
		fprintf(stderr, "load: %s\n", detail);
		return 1;
	}
	l.loop = loop_new();
	timer_init(&l.end, l.loop, on_end);
	begin(&l);
	loop_run(l.loop);
	report(&l);
	if (l.acks != NULL)
		fclose(l.acks);
	_exit(l.status);
}
