/* load: many candidates in one process, for benchmarks and torture runs.
 *
 *   load --server HOST:PORT --pin HEX --slips FILE [--seconds S] [--log-acks FILE] [--submit]
 *        [--window N] [--answers N] [--rate R] [--skip S] [--open] [--tell-at N]
 *
 * One connection for each slip of FILE (a line each): slip, check-in, sealed form, confirmation;
 * then it waits for the start and answers in a closed loop, N answers under way on each connection
 * (default 1), for S seconds or, with --answers, until N of each are acknowledged; with --submit it
 * hands in at the end.  With --rate it is an open loop: R answers a second over all connections,
 * each at its own moment, whatever is still under way, and latencies count from that moment.  With
 * --skip the latencies of what was sent in the first S seconds of them do not count.  A lost
 * connection is made again and what has no reply is sent again.  With --log-acks every
 * acknowledged answer becomes a line "attempt item seat revision choice".
 *
 * Prints a line of JSON for each phase, with the moment on CLOCK_MONOTONIC:
 *   form      everybody has the last byte of the sealed form
 *   checkin   ... and has confirmed it
 *   start     everybody has heard of the start
 *   open      with --open: everybody has unsealed and decoded the form
 *   answered  with --tell-at: N answers of each, on average, are acknowledged
 *   again     the first answer after a restart of the server is acknowledged
 *   closed    at the end, when attempts were closed: how late, after deadline and grace
 *   answers   at the end
 * Exit 1 when a server's reply breaks a promise. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/stream/conn.h"
#include "proto/wire/frame.h"
#include "proto/wire/seal.h"
#include "tests/bench/figures.h"
#include "tests/bench/steps.h"

#define GRACE_NS  2000000000ll /* after a deadline, as PROTOCOL.md has it */
#define AT_A_TIME 256	       /* connections that shake hands */
#define RATE_TICK 200000       /* ns between two looks at what is to be sent */

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
	struct slip slip;
	uint8_t client_id[16], token[32];
	bool has_token, was_ready, got_start, finishing, got_form, opened, shaking;
	int64_t attempt;
	uint32_t items, seat, next_item, acked;
	struct form_pieces form;
	struct buf sealed[STEPS_PARTS]; /* with --open */
	int64_t deadline_ns;		/* of the part under way; 0: not known */
	uint32_t *revision;
	struct under_way *way;
	uint64_t request_id, hello_id;
	uint8_t confirm_id[16], check_in_id[16], submit_id[16];
};

struct load {
	struct loop *loop;
	struct tls *tls;
	char host[256];
	bool pinned; /* to the certificate with this SHA-256 */
	struct digest pin;
	unsigned port;
	struct candidate *all;
	size_t begun, shaking;
	size_t n, ready, started, done, formed, opened;
	size_t window;
	uint32_t answers_each; /* 0: as many as the time allows */
	int64_t seconds, skip;
	bool submit;
	FILE *acks;
	struct arena arena;
	struct timer end;
	int64_t begin_ns, first_start_ns, run_ns;
	struct figures latency; /* of each acknowledged answer */
	uint64_t acked, kept, refused, reconnects, restarted;
	int64_t last_ack_ns, max_gap_ns; /* between two acknowledgements of whoever */
	int64_t rate;			 /* answers a second; 0: a closed loop */
	int64_t rate_from_ns;		 /* when the first was due */
	uint64_t offered, missed;	 /* that were due; of them, with no place in the window */
	struct watch rate_watch;
	bool open;
	struct buf plain;     /* the form that is being opened, as bytes */
	struct arena opening; /* ... and as a message */
	bool told_again;
	uint64_t tell_at; /* answers of all; 0: already told, or not wanted */
	int64_t *late_ns; /* of each closing that was told */
	size_t nlate;
	int64_t first_due_ns, last_close_ns;
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
	struct step s;

	c->phase = PHASE_HELLO;
	send_request(c, step_hello(&s, "load", c->client_id, c->has_token ? c->token : NULL));
	c->hello_id = c->request_id;
}

static void use_slip(struct candidate *c)
{
	struct step s;

	c->phase = PHASE_SLIP;
	send_request(c, step_use_slip(&s, &c->slip));
}

static void check_in(struct candidate *c)
{
	struct step s;

	c->phase = PHASE_CHECK_IN;
	send_request(c, step_check_in(&s, c->check_in_id));
}

static void get_piece(struct candidate *c)
{
	struct step s;

	c->phase = PHASE_FORM;
	send_request(c, step_get_piece(&s, &c->form));
}

static void confirm(struct candidate *c)
{
	struct step s;

	c->phase = PHASE_READY;
	send_request(c, step_confirm(&s, &c->form, c->confirm_id));
}

static void submit(struct candidate *c)
{
	struct step s;

	send_request(c, step_submit(&s, c->submit_id));
}

static void put_answer(struct candidate *c, const struct under_way *w)
{
	struct step s;

	send_request(c, step_put_answer(&s, w->item, w->revision, c->seat, w->choice));
}

static void broke(struct candidate *c, const char *what, uint32_t error, const char *detail)
{
	fprintf(stderr, "load: slip %s, phase %d: %s: error %u %s\n", c->slip.code, (int)c->phase,
		what, error, detail == NULL ? "" : detail);
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
		figures_phase("checkin", l->n, figures_since(l->begin_ns));
}

static void note_form(struct candidate *c)
{
	struct load *l = c->load;

	if (c->got_form)
		return;
	c->got_form = true;
	if (++l->formed == l->n)
		figures_phase("form", l->n, figures_since(l->begin_ns));
}

/* ---- An open loop -----------------------------------------------------------------------------
 */

static void put_next(struct candidate *c, struct under_way *w, int64_t due_ns)
{
	w->item = c->next_item++ % c->items;
	w->revision = ++c->revision[w->item];
	w->choice = w->revision % 2;
	w->sent_ns = due_ns;
	put_answer(c, w);
}

static void offer_one(struct load *l, int64_t due_ns)
{
	struct candidate *c = &l->all[l->offered++ % l->n];
	size_t i = 0;

	while (i < l->window && c->way[i].sent_ns != 0)
		i++;
	if (i == l->window || c->phase != PHASE_RUN)
		l->missed++;
	else
		put_next(c, &c->way[i], due_ns);
}

static void on_rate(struct watch *w, bool readable, bool writable)
{
	struct load *l = container_of(w, struct load, rate_watch);
	uint64_t ticks;
	int64_t due;

	(void)readable;
	(void)writable;
	if (read(w->fd, &ticks, sizeof ticks) != sizeof ticks)
		return;
	while (due = l->rate_from_ns + (int64_t)l->offered * 1000000000 / l->rate,
	       due <= mono_now_ns())
		offer_one(l, due);
}

static void begin_rate(struct load *l)
{
	const struct itimerspec every = {{0, RATE_TICK}, {0, RATE_TICK}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &every, NULL) != 0)
		abort();
	l->rate_from_ns = mono_now_ns();
	watch_init(&l->rate_watch, l->loop, fd, on_rate);
	watch_set(&l->rate_watch, true, false);
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
			figures_phase("start", l->n, (double)(l->run_ns - l->first_start_ns) / 1e9);
			if (l->rate > 0)
				begin_rate(l);
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
	c->attempt = s->attempt;
	c->items = s->items;
	form_pieces_begin(&c->form, s);
	if (c->revision == NULL)
		c->revision = mem_new_array(c->items, sizeof *c->revision);
	switch (s->state) {
	case EXAMD__V1__ATTEMPT_STATE__ADMITTED:
		for (size_t i = 0; i < STEPS_PARTS; i++)
			buf_clear(&c->sealed[i]);
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

	for (i = 0; l->rate == 0 && i < l->window && c->phase == PHASE_RUN; i++) {
		struct under_way *w = &c->way[i];

		if (w->sent_ns != 0)
			continue;
		put_next(c, w, mono_now_ns());
	}
}

static void note_gap(struct load *l)
{
	int64_t now = mono_now_ns();

	if (l->last_ack_ns != 0 && now - l->last_ack_ns > l->max_gap_ns)
		l->max_gap_ns = now - l->last_ack_ns;
	l->last_ack_ns = now;
}

/* What the bench waits for: the first N of each, and the first after a restart. */
static void tell_progress(struct load *l)
{
	if (l->tell_at != 0 && l->acked >= l->tell_at) {
		l->tell_at = 0;
		figures_phase("answered", l->n, figures_since(l->run_ns));
	}
	if (l->restarted > 0 && !l->told_again) {
		l->told_again = true;
		figures_phase("again", l->n, figures_since(l->run_ns));
	}
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
			if (l->skip == 0 || w->sent_ns - l->run_ns >= l->skip * 1000000000)
				figures_add(&l->latency, mono_now_ns() - w->sent_ns);
			l->acked++;
			c->acked++;
			note_gap(l);
			tell_progress(l);
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

static void *from_arena(void *arena, size_t size)
{
	return arena_new(arena, size);
}

static void leave_in_arena(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

/* The form, as the key of the start opens it: what a client does before it shows the first item. */
static void open_form(struct candidate *c, const Examd__V1__Status *s)
{
	struct load *l = c->load;
	ProtobufCAllocator allocator = {from_arena, leave_in_arena, &l->opening};
	Examd__V1__FormPart *part;

	if (!l->open || c->opened || s == NULL || s->n_keys == 0 || s->keys[0].len != SEAL_KEY)
		return;
	c->opened = true;
	buf_clear(&l->plain);
	arena_reset(&l->opening);
	if (seal_open(s->keys[0].data, buf_bytes(&c->sealed[0]), &l->plain) != ERR_OK) {
		broke(c, "the form does not open", 0, NULL);
		return;
	}
	part = examd__v1__form_part__unpack(&allocator, buf_length(&l->plain),
					    buf_bytes(&l->plain).data);
	if (part == NULL || part->n_items == 0)
		broke(c, "the form has no first item", 0, NULL);
	if (++l->opened == l->n)
		figures_phase("open", l->n, figures_since(l->first_start_ns));
}

static void note_clock(struct candidate *c, const Examd__V1__Clock *clock)
{
	if (clock->seat != 0)
		c->seat = clock->seat;
	if (clock->state == EXAMD__V1__ATTEMPT_STATE__RUNNING)
		c->deadline_ns = mono_now_ns() + clock->remaining_ms * 1000000;
}

static void note_closed(struct candidate *c)
{
	struct load *l = c->load;
	int64_t due = c->deadline_ns + GRACE_NS;

	if (c->phase == PHASE_DONE || c->deadline_ns == 0)
		return;
	l->late_ns = mem_resize(l->late_ns, (l->nlate + 1) * sizeof *l->late_ns);
	l->last_close_ns = mono_now_ns();
	l->late_ns[l->nlate++] = l->last_close_ns - due;
	if (l->first_due_ns == 0 || due < l->first_due_ns)
		l->first_due_ns = due;
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
		open_form(c, r->notice->status);
		return;
	case EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED:
		note_closed(c);
		candidate_done(c);
		return;
	default:
		return;
	}
}

static void on_reply(struct candidate *c, const Examd__V1__Reply *r)
{
	size_t i;

	if (r->clock != NULL)
		note_clock(c, r->clock);
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
		if (c->load->open)
			buf_put(&c->sealed[c->form.part], r->form_piece->data.data,
				r->form_piece->data.len);
		if (form_pieces_take(&c->form, r->form_piece))
			get_piece(c);
		else {
			note_form(c);
			confirm(c);
		}
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

static void begin_more(struct load *l);

/* Its handshake has ended, one way or the other. */
static void not_shaking(struct candidate *c)
{
	if (!c->shaking)
		return;
	c->shaking = false;
	c->load->shaking--;
	begin_more(c->load);
}

static void on_ready(struct conn_user *user)
{
	struct candidate *c = container_of(user, struct candidate, user);

	say_hello(c);
	not_shaking(c);
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	struct candidate *c = container_of(user, struct candidate, user);

	(void)why;
	c->conn = NULL;
	c->load->reconnects++;
	if (c->phase != PHASE_DONE)
		timer_set(&c->again, (struct millis){20 + (int64_t)(c - c->load->all) % 30});
	not_shaking(c);
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

/* Who waits here for its turn would wait in the server's queue else, where handshakes time out. */
static void begin_more(struct load *l)
{
	while (l->shaking < AT_A_TIME && l->begun < l->n) {
		struct candidate *c = &l->all[l->begun++];

		c->shaking = true;
		l->shaking++;
		connect_now(&c->again);
	}
}

static int compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report_closed(struct load *l)
{
	size_t n = l->nlate;

	if (n == 0)
		return;
	qsort(l->late_ns, n, sizeof *l->late_ns, compare_i64);
	printf("{\"phase\":\"closed\",\"n\":%zu,\"seconds\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"min_ms\":%.3f,\"max_ms\":%.3f}\n",
	       n, (double)(l->last_close_ns - l->first_due_ns) / 1e9,
	       (double)l->late_ns[n / 2] / 1e6, (double)l->late_ns[n * 99 / 100] / 1e6,
	       (double)l->late_ns[0] / 1e6, (double)l->late_ns[n - 1] / 1e6);
}

static void report(struct load *l)
{
	double seconds = (double)(mono_now_ns() - l->run_ns) / 1e9;

	figures_sort(&l->latency);
	printf("{\"phase\":\"answers\",\"connections\":%zu,\"seconds\":%.3f,\"acked\":%llu,"
	       "\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"max_gap_ms\":%.3f,\"kept\":%llu,\"reconnects\":%llu,"
	       "\"restarted\":%llu,\"missed\":%llu}\n",
	       l->n, seconds, (unsigned long long)l->acked, (double)l->acked / seconds,
	       figures_ms(&l->latency, 500), figures_ms(&l->latency, 990),
	       figures_ms(&l->latency, 999), figures_ms(&l->latency, 1000),
	       (double)l->max_gap_ns / 1e6, (unsigned long long)l->kept,
	       (unsigned long long)l->reconnects, (unsigned long long)l->restarted,
	       (unsigned long long)l->missed);
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
	struct slip *slips = slips_read(file, &l->n);

	l->all = mem_new_array(l->n, sizeof *l->all);
	for (size_t i = 0; i < l->n; i++)
		l->all[i].slip = slips[i];
	free(slips);
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
	}
	begin_more(l);
}

static void take_server(struct load *l, const char *text)
{
	char *colon;

	snprintf(l->host, sizeof l->host, "%s", text);
	if ((colon = strrchr(l->host, ':')) != NULL) {
		*colon = '\0';
		l->port = (unsigned)strtoul(colon + 1, NULL, 10);
	}
}

static const struct option options[] = {
    {"server", required_argument, NULL, 's'},
    {"pin", required_argument, NULL, 'p'},
    {"slips", required_argument, NULL, 'f'},
    {"seconds", required_argument, NULL, 't'},
    {"log-acks", required_argument, NULL, 'l'},
    {"submit", no_argument, NULL, 'u'},
    {"window", required_argument, NULL, 'w'},
    {"answers", required_argument, NULL, 'n'},
    {"rate", required_argument, NULL, 'r'},
    {"skip", required_argument, NULL, 'k'},
    {"open", no_argument, NULL, 'o'},
    {"tell-at", required_argument, NULL, 'a'},
    {0},
};

static bool take_option(struct load *l, int o, const char *text)
{
	switch (o) {
	case 's':
		take_server(l, text);
		return true;
	case 'p':
		l->pinned = true;
		return hex_parse(text, l->pin.b, 32) == ERR_OK;
	case 'f':
		read_slips(l, text);
		return true;
	case 't':
		l->seconds = strtol(text, NULL, 10);
		return true;
	case 'l':
		l->acks = fopen(text, "a");
		return l->acks != NULL && setvbuf(l->acks, NULL, _IOLBF, 0) == 0;
	case 'u':
		l->submit = true;
		return true;
	case 'w':
		l->window = strtoul(text, NULL, 10);
		return true;
	case 'n':
		l->answers_each = (uint32_t)strtoul(text, NULL, 10);
		return true;
	case 'r':
		l->rate = strtol(text, NULL, 10);
		return true;
	case 'k':
		l->skip = strtol(text, NULL, 10);
		return true;
	case 'o':
		l->open = true;
		return true;
	case 'a':
		l->tell_at = strtoul(text, NULL, 10);
		return true;
	default:
		return false;
	}
}

static bool take_options(struct load *l, int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(l, o, optarg))
			return false;
	return l->n > 0 && l->host[0] != '\0' && l->window > 0 && l->window <= 64 && l->rate >= 0;
}

int main(int argc, char **argv)
{
	static struct load l = {.seconds = 5, .window = 1, .port = 7443};
	struct tls_trust trust = {0};
	char detail[256];

	if (!take_options(&l, argc, argv)) {
		fputs("usage: load --server HOST:PORT --slips FILE [--pin HEX] [--seconds S] "
		      "[--log-acks FILE] [--submit] [--window N] [--answers N] [--rate R] "
		      "[--skip S] [--open] [--tell-at N]\n",
		      stderr);
		return 2;
	}
	trust.pin = l.pinned ? &l.pin : NULL;
	trust.any = !l.pinned;
	l.tell_at *= l.n;
	l.arena.cap = FRAME_ARENA_MOST;
	if (tls_client_new(&l.tls, &trust, detail) != ERR_OK) {
		fprintf(stderr, "load: %s\n", detail);
		return 1;
	}
	l.loop = loop_new();
	timer_init(&l.end, l.loop, on_end);
	begin(&l);
	loop_run(l.loop);
	report_closed(&l);
	report(&l);
	if (l.acks != NULL)
		fclose(l.acks);
	_exit(l.status);
}
