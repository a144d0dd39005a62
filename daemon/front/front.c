#include "daemon/front/front.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/confine/confine.h"
#include "daemon/front/door.h"
#include "daemon/front/guest.h"
#include "daemon/front/leash.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"
#include "proto/stream/loop.h"
#include "proto/stream/tls.h"
#include "proto/wire/channel.h"
#include "proto/wire/frame.h"

#define NUMBER_SHIFT 40
#define REFUSED_MOST                                                                               \
	32 /* connections over the cap that are being told so; of FRONT_DESCRIPTORS                \
	    */
#define FLOOD_LOOK	((struct millis){10})
#define STOP_LIMIT	((struct millis){800}) /* of the supervisor's second */
#define STOP_DRAIN	((struct millis){500})
#define CALM		SECONDS(1)
#define MOVES_LEAST	100 /* for memory to be given back */
#define FRAMES_CALM	100 /* the most within CALM: giving it back takes milliseconds */
#define PROTOCOL_EXAMD1 1   /* in OPENED */

struct front {
	struct guest_host host;
	struct front_settings settings;
	struct loop *loop;	     /* owned */
	struct tls *tls;	     /* owned */
	struct listener **listeners; /* owned */
	size_t nlisteners;
	struct listener_user accepting;
	struct guest *guests; /* owned: a hash table, by id */
	struct door door;
	uint32_t nrefused; /* guests that are not let in */
	uint64_t last_id;
	struct conn *core; /* owned; NULL: there is none now */
	struct conn_user core_user;
	int next_core; /* a channel that waits for the old one's end; -1: none */
	bool flooded;  /* the core does not keep up: nobody is read */
	bool stopping;
	struct timer flood_timer, stop_timer;
	unsigned moves;	      /* guests that came or went since memory was given back */
	unsigned moves_seen;  /* of them, when calm_timer was set */
	uint64_t frames;      /* from guests, ever */
	uint64_t frames_seen; /* of them, when calm_timer was set */
	bool watching_calm;   /* calm_timer is set */
	struct timer calm_timer;
	struct loop_pass pass;
	struct watch leash;
	struct log_rate log_rate; /* of lines about connections */
	int status;		  /* what front_main() returns */
};

/* ---- The log -------------------------------------------------------------------------------- */

static void log_about(struct front *f, enum log_event event, const struct guest *g, const char *why)
{
	if (log_may(&f->log_rate, event, loop_now(f->loop)))
		log_event(event, F_TEXT("address", g->address),
			  F_INT("connection", g->id.v & ((1ull << NUMBER_SHIFT) - 1)),
			  F_TEXT("why", why));
}

/* ---- To the core ---------------------------------------------------------------------------- */

static void tell_core(struct front *f, enum channel_kind kind, const struct guest *g,
		      struct bytes payload)
{
	if (f->core == NULL)
		return;
	channel_put(conn_out(f->core), kind, g->id, payload);
	conn_written(f->core);
}

static void tell_core_opened(struct front *f, struct guest *g)
{
	struct buf payload = {0};

	if (f->core == NULL)
		return;
	buf_put_u8(&payload, PROTOCOL_EXAMD1);
	buf_put_text(&payload, g->address);
	tell_core(f, CHANNEL_OPENED, g, buf_bytes(&payload));
	buf_fini(&payload);
	g->announced = true;
}

/* ---- Guests --------------------------------------------------------------------------------- */

static bool is_holding(const struct front *f)
{
	return f->core == NULL || f->flooded || f->stopping;
}

/* Reading of everybody stops or goes on, as things stand now. */
static void hold_or_go_on(struct front *f)
{
	struct guest *g, *next;
	bool hold = is_holding(f);

	HASH_ITER (hh, f->guests, g, next) {
		guest_pause(g, hold);
	}
}

static void pause_listeners(struct front *f, bool pause)
{
	size_t i;

	for (i = 0; i < f->nlisteners; i++)
		listener_pause(f->listeners[i], pause);
}

/* A handshake needs memory that the connection does not, and leaves it in pieces: what a crowd left
 * goes back to the system when the crowd has passed and little is said, because it takes a while.
 */
static void watch_calm(struct front *f)
{
	f->watching_calm = true;
	f->moves_seen = f->moves;
	f->frames_seen = f->frames;
	timer_set(&f->calm_timer, CALM);
}

static void on_calm_timer(struct timer *t)
{
	struct front *f = container_of(t, struct front, calm_timer);

	if (f->moves != f->moves_seen || f->frames - f->frames_seen > FRAMES_CALM) {
		watch_calm(f);
		return;
	}
	f->watching_calm = false;
	if (f->moves < MOVES_LEAST)
		return;
	f->moves = 0;
	malloc_trim(0);
}

static void guest_moved(struct front *f)
{
	f->moves++;
	if (!f->watching_calm)
		watch_calm(f);
}

/* A tab is counted where its browser's connection was: at the door. */
static struct conn_id on_guest_tab(struct guest_host *host, struct guest *g)
{
	struct front *f = container_of(host, struct front, host);

	g->id.v = ++f->last_id;
	HASH_ADD(hh, f->guests, id, sizeof g->id, g);
	guest_pause(g, is_holding(f));
	return g->id;
}

static void on_guest_open(struct guest_host *host, struct guest *g)
{
	struct front *f = container_of(host, struct front, host);

	guest_moved(f);
	tell_core_opened(f, g);
}

static void on_guest_frame(struct guest_host *host, struct guest *g, struct bytes message)
{
	struct front *f = container_of(host, struct front, host);

	f->frames++;
	tell_core(f, CHANNEL_FRAME, g, message);
}

static void on_guest_gone(struct guest_host *host, struct guest *g, const char *why)
{
	struct front *f = container_of(host, struct front, host);

	HASH_DEL(f->guests, g);
	guest_moved(f);
	if (g->announced)
		tell_core(f, CHANNEL_CLOSED, g, bytes_of("", 0));
	if (g->tab != NULL) {
		; /* the connection stays */
	} else if (g->let_in) {
		door_leave(&f->door, g->address);
	} else if (f->nrefused-- == REFUSED_MOST && !f->stopping) {
		pause_listeners(f, false);
	}
	if (why != NULL)
		log_about(f, LOG_CONN_DROPPED, g, why);
	if (f->stopping && f->guests == NULL)
		loop_stop(f->loop);
}

static void on_accept(struct listener_user *user, int fd)
{
	struct front *f = container_of(user, struct front, accepting);
	struct conn_id id = {++f->last_id};
	struct guest *g = guest_new(&f->host, fd, f->tls, id, is_holding(f));

	HASH_ADD(hh, f->guests, id, sizeof g->id, g);
	g->let_in = door_enter(&f->door, g->address) == ERR_OK;
	if (g->let_in)
		return;
	log_about(f, LOG_CONN_REFUSED, g, "too many connections");
	if (++f->nrefused == REFUSED_MOST)
		pause_listeners(f, true);
}

/* ---- From the core -------------------------------------------------------------------------- */

static void on_core_message(struct front *f, const struct channel_message *m)
{
	struct guest *g;

	HASH_FIND(hh, f->guests, &m->conn, sizeof m->conn, g);
	if (g == NULL)
		return; /* it has left; the core will know in a moment */
	switch (m->kind) {
	case CHANNEL_FRAME:
		guest_send(g, m->payload);
		break;
	case CHANNEL_CLOSE:
		guest_close_soon(g, SECONDS(2));
		break;
	case CHANNEL_TRUSTED:
		guest_trust(g, true);
		break;
	case CHANNEL_OPENED:
	case CHANNEL_CLOSED:
		break; /* nothing that a core says */
	}
}

static void close_everybody(struct front *f)
{
	struct guest *g, *next;

	if (f->guests == NULL)
		loop_stop(f->loop);
	HASH_ITER (hh, f->guests, g, next) {
		guest_close_soon(g, STOP_DRAIN);
	}
}

static void on_core_data(struct conn_user *user, struct buf *in)
{
	struct front *f = container_of(user, struct front, core_user);
	struct channel_message m;
	enum err err;

	while ((err = channel_peek(in, &m)) == ERR_OK) {
		on_core_message(f, &m);
		channel_take(in);
	}
	if (err == ERR_NOT_FOUND)
		return;
	log_event(LOG_CHANNEL_LOST, F_TEXT("why", "the core does not follow the protocol"));
	f->status = FRONT_RESTART;
	loop_stop(f->loop);
}

static void on_core_closed(struct conn_user *user, enum conn_end why);

static const struct conn_user core_calls = {.on_data = on_core_data, .on_closed = on_core_closed};

/* Two walks: no client hears of the restart before the core knows everybody. */
static void introduce_everybody(struct front *f)
{
	Examd__V1__Reply reply = EXAMD__V1__REPLY__INIT;
	Examd__V1__Notice notice = EXAMD__V1__NOTICE__INIT;
	struct buf restarted = {0};
	struct guest *g, *next;

	notice.kind = EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED;
	reply.body_case = EXAMD__V1__REPLY__BODY_NOTICE;
	reply.notice = &notice;
	message_put(&restarted, &reply.base);
	HASH_ITER (hh, f->guests, g, next) {
		g->is_old = g->announced;
		g->announced = false;
		if (g->state == GUEST_OPEN && !guest_is_carrier(g))
			tell_core_opened(f, g);
	}
	HASH_ITER (hh, f->guests, g, next) {
		if (!g->is_old)
			continue;
		guest_forget(g);
		guest_trust(g, false);
		guest_send(g, buf_bytes(&restarted));
	}
	buf_fini(&restarted);
}

static void adopt_core(struct front *f, int fd)
{
	f->core_user = core_calls;
	f->core = conn_accept(f->loop, fd, NULL, SECONDS(1), &f->core_user);
	introduce_everybody(f);
	hold_or_go_on(f);
}

static void on_core_closed(struct conn_user *user, enum conn_end why)
{
	struct front *f = container_of(user, struct front, core_user);
	int fd = f->next_core;

	(void)why;
	f->core = NULL;
	f->flooded = false;
	f->next_core = -1;
	timer_stop(&f->flood_timer);
	if (f->stopping) {
		close_everybody(f);
		return;
	}
	log_event(LOG_CHANNEL_LOST, F_INT("connections", HASH_COUNT(f->guests)));
	hold_or_go_on(f);
	if (fd >= 0)
		adopt_core(f, fd);
}

/* ---- Back-pressure -------------------------------------------------------------------------- */

static void look_at_core_queue(struct front *f)
{
	size_t queued = f->core == NULL ? 0 : conn_queued(f->core);
	bool flooded =
	    queued > (f->flooded ? f->settings.core_queue_most / 4 : f->settings.core_queue_most);

	if (flooded)
		timer_set(&f->flood_timer, FLOOD_LOOK); /* no pass may follow the one that drains */
	if (flooded == f->flooded)
		return;
	f->flooded = flooded;
	hold_or_go_on(f);
}

static void on_pass(struct loop_pass *pass)
{
	look_at_core_queue(container_of(pass, struct front, pass));
}

static void on_flood_timer(struct timer *t)
{
	look_at_core_queue(container_of(t, struct front, flood_timer));
}

/* ---- From the supervisor -------------------------------------------------------------------- */

static void close_listeners(struct front *f)
{
	size_t i;

	for (i = 0; i < f->nlisteners; i++)
		listener_free(f->listeners[i]);
	f->nlisteners = 0;
}

/* The core has been told as well: its channel ends when its last reply is out. */
static void stop(struct front *f)
{
	if (f->stopping)
		return;
	log_event(LOG_STOPPING, F_INT("connections", HASH_COUNT(f->guests)));
	f->stopping = true;
	close_listeners(f);
	hold_or_go_on(f);
	timer_set(&f->stop_timer, STOP_LIMIT);
	if (f->core == NULL)
		close_everybody(f);
}

static void on_stop_limit(struct timer *t)
{
	loop_stop(container_of(t, struct front, stop_timer)->loop);
}

static void use_core_channel(struct front *f, const struct leash_message *m)
{
	if (m->fd < 0)
		return;
	if (f->core == NULL) {
		adopt_core(f, m->fd);
		return;
	}
	/* The old core's last replies come first. */
	if (f->next_core >= 0)
		close(f->next_core);
	f->next_core = m->fd;
}

/* Connections that are open keep the key that they began with. */
static void use_keys(struct front *f, const struct leash_message *m)
{
	struct bytes cert = {0}, key = {0};
	struct tls *tls = NULL;
	char detail[256] = "";

	if (leash_keys_read(m, &cert, &key) != ERR_OK ||
	    tls_server_new(&tls, cert, key, detail) != ERR_OK) {
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "certificate"), F_TEXT("detail", detail));
		return;
	}
	tls_allow_h2(tls);
	tls_free(f->tls);
	f->tls = tls;
}

/* How many connections the descriptors allow, at most WANTED. */
static uint32_t connections_possible(uint32_t wanted)
{
	struct rlimit files = {0};
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return wanted;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	room = files.rlim_cur > FRONT_DESCRIPTORS + 1 ? files.rlim_cur - FRONT_DESCRIPTORS : 1;
	if (room >= wanted)
		return wanted;
	log_event(LOG_CONFIG_BAD, F_TEXT("what", "connections_most is lowered by RLIMIT_NOFILE"),
		  F_INT("wanted", wanted), F_INT("possible", room));
	return (uint32_t)room;
}

/* For what begins from now on. */
static void use_settings(struct front *f, const struct leash_message *m)
{
	struct leash_settings set;

	if (leash_settings_read(m, &set) != ERR_OK)
		return;
	f->settings = set.front;
	log_set_level(set.log_level);
	door_limit(&f->door, connections_possible(set.front.connections_most),
		   set.front.connections_per_address);
}

static void on_leash(struct watch *w, bool readable, bool writable)
{
	static struct leash_message m; /* too large for the stack */
	struct front *f = container_of(w, struct front, leash);
	enum err err;

	(void)readable;
	(void)writable;
	while ((err = leash_receive(w->fd, &m)) == ERR_OK || err == ERR_PROTOCOL) {
		if (err == ERR_PROTOCOL)
			continue;
		if (m.letter == LEASH_CORE_CHANNEL)
			use_core_channel(f, &m);
		else if (m.fd >= 0)
			close(m.fd);
		if (m.letter == LEASH_KEYS)
			use_keys(f, &m);
		if (m.letter == LEASH_SETTINGS)
			use_settings(f, &m);
		if (m.letter == LEASH_STOP)
			stop(f);
	}
	explicit_bzero(m.payload, sizeof m.payload);
	if (err != ERR_NOT_FOUND)
		loop_stop(f->loop); /* the supervisor is gone */
}

/* ---- The process ---------------------------------------------------------------------------- */

static void open_listeners(struct front *f, const struct front_start *start)
{
	size_t i;

	f->accepting.on_accept = on_accept;
	f->listeners = mem_new_array(start->nlisten, sizeof(struct listener *));
	for (i = 0; i < start->nlisten; i++)
		f->listeners[i] = listener_new(f->loop, start->listen_fds[i], &f->accepting);
	f->nlisteners = start->nlisten;
}

static void front_init(struct front *f, const struct front_start *start, struct tls *tls)
{
	*f = (struct front){.settings = *start->settings, .tls = tls, .next_core = -1};
	f->last_id = (uint64_t)(start->number & 0xffffff) << NUMBER_SHIFT;
	f->loop = loop_new();
	f->host = (struct guest_host){
	    .loop = f->loop,
	    .settings = &f->settings,
	    .on_tab = on_guest_tab,
	    .on_open = on_guest_open,
	    .on_frame = on_guest_frame,
	    .on_gone = on_guest_gone,
	};
	f->pass.on_pass = on_pass;
	loop_add_pass(f->loop, &f->pass);
	timer_init(&f->calm_timer, f->loop, on_calm_timer);
	timer_init(&f->flood_timer, f->loop, on_flood_timer);
	timer_init(&f->stop_timer, f->loop, on_stop_limit);
	door_init(&f->door, connections_possible(f->settings.connections_most),
		  f->settings.connections_per_address);
	open_listeners(f, start);
	watch_init(&f->leash, f->loop, start->leash_fd, on_leash);
	watch_set(&f->leash, true, false);
}

static void front_fini(struct front *f)
{
	struct guest *g, *next;

	HASH_ITER (hh, f->guests, g, next) {
		HASH_DEL(f->guests, g);
		guest_free(g);
	}
	close_listeners(f);
	free(f->listeners);
	conn_free(f->core);
	if (f->next_core >= 0)
		close(f->next_core);
	watch_fini(&f->leash);
	close(f->leash.fd);
	timer_fini(&f->calm_timer);
	timer_fini(&f->flood_timer);
	timer_fini(&f->stop_timer);
	loop_remove_pass(f->loop, &f->pass);
	door_fini(&f->door);
	tls_free(f->tls);
	loop_free(f->loop);
}

int front_main(const struct front_start *start)
{
	struct tls *tls = NULL;
	char detail[256] = "";
	struct front f;

	if (tls_server_new(&tls, start->cert_pem, start->key_pem, detail) != ERR_OK) {
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "certificate"), F_TEXT("detail", detail));
		return FRONT_CONFIGURATION;
	}
	tls_allow_h2(tls);
	front_init(&f, start, tls);
	if (confine(CONFINE_FRONT, NULL, 0) != ERR_OK) {
		front_fini(&f);
		return FRONT_CONFIGURATION;
	}
	log_event(LOG_LISTENING, F_INT("front", start->number),
		  F_INT("connections_most", f.door.most));
	loop_run(f.loop);
	front_fini(&f);
	return f.status;
}
