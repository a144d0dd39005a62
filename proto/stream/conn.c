#include "proto/stream/conn.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/address.h"
#include "proto/stream/loop_inside.h"
#include "proto/stream/tls_inside.h"
#include "proto/stream/transport.h"

#define READ_MOST      (64 * 1024)  /* of one TLS connection in one pass; others wait */
#define READ_PLAIN     (256 * 1024) /* at once, from another process of ours */
#define KEEP_PLAIN     (1024 * 1024)
#define TLS_WRITE_MOST SCRATCH

enum conn_state {
	CONN_CONNECTING,
	CONN_SHAKING, /* the handshake of TLS */
	CONN_OPENED,  /* on_ready() is due */
	CONN_OPEN,
	CONN_DRAINING,	/* asked to close: the queue goes out, input is thrown away */
	CONN_LINGERING, /* close_notify and FIN are out: waits for the other side's */
	CONN_OVER,	/* on_closed() is due */
	CONN_DEAD,	/* freed at the end of the pass */
};

/* Which of the loop's lists a connection is in. */
struct conn_lists {
	bool tell, dirty, again, shaking;
};

struct conn {
	struct loop *loop;	 /* borrowed */
	struct conn_user *user;	 /* borrowed: outlives the connection */
	struct transport wire;	 /* owned */
	struct tls *tls;	 /* shared; NULL: plain */
	struct addrinfo *addrs;	 /* owned; NULL: connected */
	struct addrinfo *next;	 /* of them, to be tried */
	char *host;		 /* owned; while connecting with TLS */
	struct buf in, out;	 /* owned */
	struct mono_ms limit;	 /* of connecting, shaking hands, closing; 0: none */
	struct mono_ms deadline; /* of the owner; 0: none */
	struct mono_ms armed;	 /* when time_ev fires; 0: not set */
	struct event read_ev, write_ev, time_ev;
	TAILQ_ENTRY(conn) tell, dirty, again; /* again: also in the list of the dead */
	TAILQ_ENTRY(conn) shaking;
	struct conn_lists on;
	enum conn_state state;
	enum conn_end why;
	bool reading, writing; /* read_ev, write_ev are added */
	bool paused;	       /* by the owner */
	bool offer_again;      /* went on after a pause: what is left in the buffer is news */
	bool ended;	       /* the other side sends no more */
	bool broken;	       /* cannot be written to */
	bool closing;	       /* conn_close_soon() during the handshake */
	void (*source)(struct conn_user *user, struct buf *out); /* NULL: none */
	bool read_needs_write; /* TLS must write before it can read on */
	char peer[ADDRESS_TEXT];
};

/* ---- The loop's lists ----------------------------------------------------------------------- */

static void want_tell(struct conn *c)
{
	if (!c->on.tell)
		TAILQ_INSERT_TAIL(&c->loop->tell, c, tell);
	c->on.tell = true;
}

static void want_flush(struct conn *c)
{
	if (!c->on.dirty)
		TAILQ_INSERT_TAIL(&c->loop->dirty, c, dirty);
	c->on.dirty = true;
}

static void want_again(struct conn *c)
{
	if (c->on.again)
		return;
	TAILQ_INSERT_TAIL(&c->loop->again, c, again);
	c->loop->nagain++;
	c->on.again = true;
}

static void no_again(struct conn *c)
{
	if (!c->on.again)
		return;
	TAILQ_REMOVE(&c->loop->again, c, again);
	c->loop->nagain--;
	c->on.again = false;
}

static void want_shake(struct conn *c)
{
	if (!c->on.shaking)
		TAILQ_INSERT_TAIL(&c->loop->shaking, c, shaking);
	c->on.shaking = true;
}

static void no_shake(struct conn *c)
{
	if (c->on.shaking)
		TAILQ_REMOVE(&c->loop->shaking, c, shaking);
	c->on.shaking = false;
}

static void leave_lists(struct conn *c)
{
	if (c->on.tell)
		TAILQ_REMOVE(&c->loop->tell, c, tell);
	if (c->on.dirty)
		TAILQ_REMOVE(&c->loop->dirty, c, dirty);
	c->on.tell = c->on.dirty = false;
	no_again(c);
	no_shake(c);
}

/* ---- Events --------------------------------------------------------------------------------- */

static void set_event(struct event *ev, bool *is_on, bool on)
{
	if (*is_on == on)
		return;
	*is_on = on;
	if ((on ? event_add(ev, NULL) : event_del(ev)) != 0)
		abort(); /* only without memory */
}

static void set_writing(struct conn *c, bool on)
{
	set_event(&c->write_ev, &c->writing, on);
}

static void update_reading(struct conn *c)
{
	static const bool reads[] = {
	    [CONN_SHAKING] = true,   [CONN_OPEN] = true,  [CONN_DRAINING] = true,
	    [CONN_LINGERING] = true, [CONN_DEAD] = false,
	};

	bool held = c->paused && c->state == CONN_OPEN;

	/* What has come is not taken in before TLS has written, and would be told in every pass. */
	set_event(&c->read_ev, &c->reading,
		  reads[c->state] && !held && !c->ended && !c->read_needs_write);
}

static void set_read_needs_write(struct conn *c, bool needs)
{
	c->read_needs_write = needs;
	if (needs)
		set_writing(c, true);
	update_reading(c);
}

static void move(struct conn *c, enum conn_state state)
{
	c->state = state;
	update_reading(c);
}

/* The connection is over; its owner is told at the end of the pass. */
static void end(struct conn *c, enum conn_end why)
{
	if (c->state >= CONN_OVER)
		return;
	c->why = why;
	if (c->state != CONN_OPEN)
		c->paused = false; /* there is no input to be held back */
	set_writing(c, false);
	move(c, CONN_OVER);
	want_tell(c);
}

static bool is_over(const struct conn *c)
{
	return c->state >= CONN_OVER;
}

/* ---- Time ----------------------------------------------------------------------------------- */

/* The earlier of the two limits; 0: none. */
static struct mono_ms soonest(const struct conn *c)
{
	if (c->limit.v == 0 || (c->deadline.v != 0 && c->deadline.v < c->limit.v))
		return c->deadline;
	return c->limit;
}

/* The timer is moved only to fire earlier: limits are set and cleared with every frame.  One that
 * fires too early is set anew. */
static void arm(struct conn *c)
{
	struct mono_ms at = soonest(c);
	int64_t left;
	struct timeval tv;

	if (at.v == 0 || (c->armed.v != 0 && c->armed.v <= at.v))
		return;
	left = mono_left(at, loop_now(c->loop)).v;
	tv = (struct timeval){.tv_sec = (time_t)(left / 1000), .tv_usec = left % 1000 * 1000};
	if (event_add(&c->time_ev, &tv) != 0)
		abort(); /* only without memory */
	c->armed = at;
}

static void set_limit(struct conn *c, struct millis limit)
{
	struct mono_ms at = mono_add(loop_now(c->loop), limit);

	if (c->limit.v == 0 || at.v < c->limit.v)
		c->limit = at;
	arm(c);
}

static void on_limit(struct conn *c)
{
	c->paused = c->offer_again = false;
	if (c->state == CONN_OVER)
		want_tell(c); /* it had ended during the pause */
	else
		end(c, c->state == CONN_LINGERING ? CONN_END_OURS : CONN_END_TIME);
}

static void time_fired(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	loop_begin(c->loop);
	c->armed.v = 0;
	if (soonest(c).v != 0 && mono_left(soonest(c), c->loop->now).v == 0)
		on_limit(c);
	else
		arm(c);
}

void conn_set_deadline(struct conn *c, struct millis limit)
{
	if (c->closing || c->state > CONN_OPEN)
		return;
	c->deadline = mono_add(loop_now(c->loop), limit);
	arm(c);
}

void conn_clear_deadline(struct conn *c)
{
	c->deadline.v = 0;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void offer(struct conn *c)
{
	c->offer_again = false;
	c->user->on_data(c->user, &c->in);
	if (c->state != CONN_DEAD && c->tls != NULL && buf_length(&c->in) == 0)
		buf_fini(&c->in);
}

/* One read.  Input that nobody wants any more is dropped. */
static enum io read_some(struct conn *c, size_t *len)
{
	bool keep = c->state == CONN_OPEN;
	enum io io;

	if (keep && c->tls == NULL) {
		io = transport_read(&c->wire, buf_reserve(&c->in, READ_PLAIN), READ_PLAIN, len);
		buf_added(&c->in, *len);
		return io;
	}
	io = transport_read(&c->wire, c->loop->scratch, SCRATCH, len);
	if (keep)
		buf_put(&c->in, c->loop->scratch, *len);
	return io;
}

/* What follows when reading has come to its end. */
static void on_no_more(struct conn *c, enum io io)
{
	c->ended = true;
	if (c->state == CONN_LINGERING)
		end(c, CONN_END_OURS);
	else if (io == IO_FAILED || c->broken)
		end(c, CONN_END_ERROR);
	else if (c->state == CONN_OPEN)
		end(c, CONN_END_PEER);
	update_reading(c); /* draining goes on: the other side may have closed one half only */
}

/* Reads what is there, up to a bound, and offers it; then tells the end, if it has come. */
static void read_on(struct conn *c)
{
	size_t sum = 0, len;
	enum io io;

	do {
		io = read_some(c, &len);
		sum += len;
	} while (io == IO_OK && sum < READ_MOST && (c->broken || transport_has_more(&c->wire)));
	if (io == IO_OK && (c->broken || transport_has_more(&c->wire)))
		want_again(c); /* no event will tell of it */
	set_read_needs_write(c, io == IO_WANT_WRITE);
	if (c->state == CONN_OPEN && (sum > 0 || c->offer_again))
		offer(c);
	if (is_over(c))
		return;
	if (io == IO_END || io == IO_FAILED || (io == IO_WANT_READ && c->broken))
		on_no_more(c, io);
}

void conns_read_on(struct loop *loop)
{
	size_t n;
	struct conn *c;

	for (n = loop->nagain; n > 0 && (c = TAILQ_FIRST(&loop->again)) != NULL; n--) {
		no_again(c);
		loop_begin(loop);
		if (c->state >= CONN_OPEN && !is_over(c) && !c->paused && !c->ended)
			read_on(c);
	}
}

/* An end that came with the last bytes waits until they are wanted; a time limit does not. */
static void pause_end(struct conn *c, bool pause)
{
	if (c->why == CONN_END_TIME)
		return;
	c->paused = pause;
	if (pause)
		return;
	c->offer_again = buf_length(&c->in) > 0;
	want_tell(c);
}

void conn_pause_reading(struct conn *c, bool pause)
{
	if (c->closing || c->paused == pause || c->state == CONN_DEAD)
		return;
	if (c->state == CONN_OVER) {
		pause_end(c, pause);
		return;
	}
	c->paused = pause;
	if (!pause) {
		c->offer_again = buf_length(&c->in) > 0;
		want_again(c);
	}
	update_reading(c);
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* It cannot be written to any more, but what the other side had sent before is still offered. */
static void on_broken(struct conn *c)
{
	c->broken = true;
	buf_fini(&c->out);
	set_writing(c, false);
	if (c->state == CONN_DRAINING || c->ended)
		end(c, CONN_END_ERROR);
	else
		want_again(c);
}

static void finish(struct conn *c)
{
	enum io io = transport_finish(&c->wire);

	if (io == IO_WANT_WRITE) {
		set_writing(c, true);
		return;
	}
	/* Nothing is written after it; a socket that is always writable is not to be watched. */
	set_read_needs_write(c, false);
	set_writing(c, false);
	move(c, CONN_LINGERING);
	/* Closing with input unread would reset the connection, and the last reply be lost. */
	if (io == IO_FAILED || c->ended)
		end(c, CONN_END_OURS);
	else
		want_again(c);
}

static void tidy(struct conn *c)
{
	if (c->tls != NULL || c->out.cap > KEEP_PLAIN)
		buf_fini(&c->out);
}

/* Asks the owner when the queue is empty. */
static bool has_output(struct conn *c)
{
	if (buf_length(&c->out) == 0 && c->source != NULL)
		c->source(c->user, &c->out);
	return buf_length(&c->out) > 0;
}

static void flush(struct conn *c)
{
	enum io io = IO_OK;
	size_t len;

	if (c->broken || (c->state != CONN_OPEN && c->state != CONN_DRAINING))
		return;
	while (io == IO_OK && has_output(c)) {
		struct bytes b = buf_bytes(&c->out);

		if (c->tls != NULL && b.len > TLS_WRITE_MOST)
			b.len = TLS_WRITE_MOST;
		io = transport_write(&c->wire, b.data, b.len, &len);
		buf_take(&c->out, len);
	}
	/* TLS 1.3 never reads in order to write, so anything but these two is a failure. */
	if (io != IO_OK && io != IO_WANT_WRITE) {
		on_broken(c);
		return;
	}
	set_writing(c, io == IO_WANT_WRITE || c->read_needs_write);
	if (buf_length(&c->out) > 0)
		return;
	tidy(c);
	if (c->state == CONN_DRAINING)
		finish(c);
}

void conns_flush(struct loop *loop)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&loop->dirty)) != NULL) {
		TAILQ_REMOVE(&loop->dirty, c, dirty);
		c->on.dirty = false;
		flush(c);
	}
}

struct buf *conn_out(struct conn *c)
{
	return &c->out;
}

void conn_written(struct conn *c)
{
	if (c->broken || c->closing || c->state > CONN_OPEN)
		buf_fini(&c->out);
	else
		want_flush(c);
}

void conn_write(struct conn *c, const void *data, size_t len)
{
	if (c->broken || c->closing || c->state > CONN_OPEN)
		return;
	buf_put(&c->out, data, len);
	want_flush(c);
}

void conn_set_source(struct conn *c, void (*source)(struct conn_user *user, struct buf *out))
{
	c->source = source;
}

size_t conn_queued(const struct conn *c)
{
	return buf_length(&c->out);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

static void on_opened(struct conn *c)
{
	if (c->closing) {
		move(c, CONN_DRAINING);
		want_flush(c);
		return;
	}
	c->limit.v = 0;
	move(c, CONN_OPENED);
	want_tell(c);
}

/* A server says who could not shake hands; a client tells its owner. */
static void log_failure(const struct conn *c, const char *why)
{
	if (c->tls->is_server && log_may(&c->loop->failures, LOG_TLS_FAILED, loop_now(c->loop)))
		log_event(LOG_TLS_FAILED, F_TEXT("peer", c->peer), F_TEXT("why", why));
}

/* Of a server nothing of TLS is made before there is something for it to read. */
static enum io shake_hands(struct conn *c)
{
	enum io io = IO_OK;

	if (c->wire.ssl == NULL) {
		io = transport_await_record(&c->wire, c->loop->scratch, SCRATCH);
		if (io == IO_OK)
			transport_secure(&c->wire, c->tls, NULL);
	}
	return io == IO_OK ? transport_handshake(&c->wire) : io;
}

static void shake(struct conn *c)
{
	enum io io = shake_hands(c);

	set_writing(c, io == IO_WANT_WRITE);
	switch (io) {
	case IO_OK:
		on_opened(c);
		break;
	case IO_UNTRUSTED:
		log_failure(c, "untrusted");
		end(c, CONN_END_UNTRUSTED);
		break;
	case IO_FAILED:
		log_failure(c, "failed");
		end(c, CONN_END_ERROR);
		break;
	case IO_END: /* somebody looked whether the port is open */
		end(c, CONN_END_PEER);
		break;
	case IO_WANT_READ:
	case IO_WANT_WRITE:
		break;
	}
}

/* A handshake costs a server as much as thirty answers: those who answer do not wait for a crowd
 * that comes in.  A client's goes on at once. */
static void shake_in_turn(struct conn *c)
{
	if (c->tls->is_server)
		want_shake(c);
	else
		shake(c);
}

/* Who waits for its turn is not to be told again and again that there is something to read. */
static void hush_those_who_wait(struct loop *loop)
{
	struct conn *c = TAILQ_LAST(&loop->shaking, conn_list);

	for (; c != NULL && c->reading; c = TAILQ_PREV(c, conn_list, shaking))
		set_event(&c->read_ev, &c->reading, false);
}

void conns_shake(struct loop *loop)
{
	int64_t until = TAILQ_EMPTY(&loop->shaking) ? 0 : mono_now_ns() + SHAKING_MOST_NS;
	struct conn *c;

	while ((c = TAILQ_FIRST(&loop->shaking)) != NULL) {
		no_shake(c);
		loop_begin(loop);
		if (c->state == CONN_SHAKING)
			shake(c);
		update_reading(c);
		if (mono_now_ns() >= until)
			break;
	}
	hush_those_who_wait(loop);
}

static void begin(struct conn *c)
{
	address_of_peer(c->wire.fd, c->peer);
	if (c->tls == NULL) {
		on_opened(c);
		return;
	}
	move(c, CONN_SHAKING);
	if (c->tls->is_server)
		return;
	transport_secure(&c->wire, c->tls, c->host);
	free(c->host);
	c->host = NULL;
	shake(c);
}

static bool connect_next(struct conn *c);

/* The descriptor of a connection under way is writable: it is there, or has failed. */
static void on_connected(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof error;

	set_writing(c, false);
	if (getsockopt(c->wire.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		transport_close(&c->wire);
		if (!connect_next(c))
			end(c, CONN_END_ERROR);
		return;
	}
	freeaddrinfo(c->addrs);
	c->addrs = c->next = NULL;
	begin(c);
}

static void read_fired(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	loop_begin(c->loop);
	if (c->state == CONN_SHAKING)
		shake_in_turn(c);
	else
		read_on(c);
}

static void write_fired(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	loop_begin(c->loop);
	if (c->state == CONN_CONNECTING) {
		on_connected(c);
	} else if (c->state == CONN_SHAKING) {
		shake_in_turn(c);
	} else {
		if (c->read_needs_write)
			want_again(c);
		set_read_needs_write(c, false);
		flush(c);
	}
}

static void attach(struct conn *c, int fd)
{
	struct event_base *base = c->loop->base;

	c->wire.fd = fd;
	if (event_assign(&c->read_ev, base, fd, EV_READ | EV_PERSIST, read_fired, c) != 0 ||
	    event_assign(&c->write_ev, base, fd, EV_WRITE | EV_PERSIST, write_fired, c) != 0)
		abort(); /* only with wrong arguments */
}

static struct conn *conn_new(struct loop *loop, struct tls *tls, struct conn_user *user)
{
	struct conn *c = mem_new(sizeof *c);

	c->loop = loop;
	c->user = user;
	c->tls = tls == NULL ? NULL : tls_share(tls);
	c->wire.fd = -1;
	if (event_assign(&c->time_ev, loop->base, -1, 0, time_fired, c) != 0)
		abort(); /* only with wrong arguments */
	return c;
}

struct conn *conn_accept(struct loop *loop, int fd, struct tls *tls, struct millis handshake,
			 struct conn_user *user)
{
	struct conn *c = conn_new(loop, tls, user);
	int flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	address_tune(fd);
	attach(c, fd);
	if (tls != NULL)
		set_limit(c, handshake);
	begin(c);
	return c;
}

/* Begins to connect to the next address that takes it. */
static bool connect_next(struct conn *c)
{
	const struct addrinfo *a;
	int fd;

	while ((a = c->next) != NULL) {
		c->next = a->ai_next;
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		address_tune(fd);
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) {
			attach(c, fd);
			set_writing(c, true);
			return true;
		}
		close(fd);
	}
	return false;
}

static void bury(struct conn *c);

enum err conn_connect(struct conn **out, struct loop *loop, const char *host, unsigned port,
		      struct tls *tls, struct millis limit, struct conn_user *user)
{
	struct conn *c = conn_new(loop, tls, user);
	enum err err = address_find(host, port, false, &c->addrs);

	c->next = c->addrs;
	if (tls != NULL)
		c->host = mem_copy_text(host);
	if (err == ERR_OK && !connect_next(c))
		err = ERR_IO;
	if (err != ERR_OK) {
		bury(c);
		return err;
	}
	set_limit(c, limit);
	*out = c;
	return ERR_OK;
}

/* ---- The end -------------------------------------------------------------------------------- */

/* Nothing more happens to it; it goes at the end of the pass, because who called may still be
 * working on it. */
static void bury(struct conn *c)
{
	set_writing(c, false);
	move(c, CONN_DEAD);
	if (c->armed.v != 0)
		event_del(&c->time_ev);
	leave_lists(c);
	TAILQ_INSERT_TAIL(&c->loop->dead, c, again);
}

void conn_free(struct conn *c)
{
	if (c == NULL || c->state == CONN_DEAD)
		return;
	if (c->state == CONN_OPEN && !c->broken)
		transport_goodbye(&c->wire);
	bury(c);
}

void conns_reap(struct loop *loop)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&loop->dead)) != NULL) {
		TAILQ_REMOVE(&loop->dead, c, again);
		transport_close(&c->wire);
		tls_free(c->tls);
		if (c->addrs != NULL)
			freeaddrinfo(c->addrs);
		free(c->host);
		buf_fini(&c->in);
		buf_fini(&c->out);
		free(c);
	}
}

void conn_close_soon(struct conn *c, struct millis limit)
{
	if (c->closing || c->state == CONN_DEAD)
		return;
	c->closing = true;
	c->paused = c->offer_again = false;
	c->deadline.v = 0;
	if (c->state == CONN_OVER) {
		want_tell(c);
		return;
	}
	set_limit(c, limit);
	if (c->state < CONN_OPENED) {
		if (buf_length(&c->out) == 0)
			end(c, CONN_END_OURS);
	} else if (c->broken) {
		end(c, CONN_END_ERROR);
	} else {
		move(c, CONN_DRAINING);
		want_flush(c);
	}
}

static void tell_opened(struct conn *c)
{
	move(c, CONN_OPEN);
	want_again(c); /* bytes may have come with the handshake's last ones */
	if (buf_length(&c->out) > 0)
		want_flush(c);
	if (c->user->on_ready != NULL)
		c->user->on_ready(c->user);
}

static void tell_over(struct conn *c)
{
	if (c->offer_again)
		offer(c);
	if (c->paused || c->state == CONN_DEAD)
		return;
	bury(c);
	c->user->on_closed(c->user, c->why);
}

void conns_tell(struct loop *loop)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&loop->tell)) != NULL) {
		TAILQ_REMOVE(&loop->tell, c, tell);
		c->on.tell = false;
		if (c->state == CONN_OPENED)
			tell_opened(c);
		else if (c->state == CONN_OVER)
			tell_over(c);
	}
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}

bool conn_is_h2(const struct conn *c)
{
	return transport_is_h2(&c->wire);
}

struct digest conn_peer_pin(const struct conn *c)
{
	return transport_peer_pin(&c->wire);
}
