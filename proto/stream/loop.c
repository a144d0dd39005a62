#include "proto/stream/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "proto/base/mem.h"
#include "proto/stream/loop_inside.h"

/* libevent fails here only without memory or without descriptors. */
static void *or_die(void *p)
{
	if (p == NULL) {
		fputs("the event loop cannot be made\n", stderr);
		abort();
	}
	return p;
}

static void must(int done)
{
	(void)or_die(done == 0 ? &done : NULL);
}

static struct timeval timeval_of(struct millis d)
{
	int64_t ms = d.v > 0 ? d.v : 0;

	return (struct timeval){.tv_sec = (time_t)(ms / 1000), .tv_usec = (ms % 1000) * 1000};
}

struct loop *loop_new(void)
{
	struct loop *loop = mem_new(sizeof *loop);
	struct event_config *config = or_die(event_config_new());

	signal(SIGPIPE, SIG_IGN);
	must(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV));
	loop->base = or_die(event_base_new_with_config(config));
	event_config_free(config);
	TAILQ_INIT(&loop->tell);
	TAILQ_INIT(&loop->dirty);
	TAILQ_INIT(&loop->again);
	TAILQ_INIT(&loop->shaking);
	TAILQ_INIT(&loop->dead);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	conns_reap(loop);
	event_base_free(loop->base);
	free(loop);
}

void loop_begin(struct loop *loop)
{
	if (loop->in_pass)
		return;
	loop->in_pass = true;
	loop->now = mono_now();
}

struct mono_ms loop_now(const struct loop *loop)
{
	return loop->in_pass ? loop->now : mono_now();
}

static void call_passes(struct loop *loop)
{
	struct loop_pass *pass;

	for (pass = loop->passes; pass != NULL; pass = loop->next_pass) {
		loop->next_pass = pass->next;
		pass->on_pass(pass);
	}
}

/* Telling, passing and flushing may each give the others more to do. */
static void end_pass(struct loop *loop)
{
	loop_begin(loop);
	do {
		conns_tell(loop);
		call_passes(loop);
		conns_flush(loop);
	} while (!TAILQ_EMPTY(&loop->tell));
	conns_reap(loop);
	loop->in_pass = false;
}

void loop_run(struct loop *loop)
{
	loop->stopping = false;
	end_pass(loop); /* what was begun outside of the loop */
	while (!loop->stopping) {
		int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

		if (loop->nagain > 0 || !TAILQ_EMPTY(&loop->shaking))
			flags |= EVLOOP_NONBLOCK;
		if (event_base_loop(loop->base, flags) < 0)
			must(-1);
		conns_read_on(loop);
		if (loop->in_pass)
			end_pass(loop);
		conns_shake(loop);
		if (loop->in_pass)
			end_pass(loop);
	}
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

void loop_add_pass(struct loop *loop, struct loop_pass *pass)
{
	struct loop_pass **at = &loop->passes;

	while (*at != NULL)
		at = &(*at)->next;
	*at = pass;
	pass->next = NULL;
}

void loop_remove_pass(struct loop *loop, struct loop_pass *pass)
{
	struct loop_pass **at = &loop->passes;

	while (*at != NULL && *at != pass)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = pass->next;
	if (loop->next_pass == pass)
		loop->next_pass = pass->next;
}

/* ---- Timers --------------------------------------------------------------------------------- */

static void timer_arm(struct timer *t)
{
	struct timeval tv = timeval_of(mono_left(t->until, loop_now(t->loop)));

	must(event_add(t->ev, &tv));
}

/* libevent counts from a coarse clock that it read a while ago, so it may call too early. */
static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	(void)fd;
	(void)what;
	loop_begin(t->loop);
	if (mono_left(t->until, t->loop->now).v > 0)
		timer_arm(t);
	else
		t->on_time(t);
}

void timer_init(struct timer *t, struct loop *loop, void (*on_time)(struct timer *t))
{
	*t = (struct timer){.on_time = on_time, .loop = loop};
	t->ev = or_die(event_new(loop->base, -1, 0, timer_fired, t));
}

void timer_set(struct timer *t, struct millis delay)
{
	t->until = mono_add(loop_now(t->loop), delay);
	timer_arm(t);
}

void timer_stop(struct timer *t)
{
	if (t->ev != NULL)
		event_del(t->ev);
}

bool timer_is_set(const struct timer *t)
{
	return t->ev != NULL && event_pending(t->ev, EV_TIMEOUT, NULL) != 0;
}

void timer_fini(struct timer *t)
{
	if (t->ev != NULL)
		event_free(t->ev);
	t->ev = NULL;
}

/* ---- Descriptors ---------------------------------------------------------------------------- */

static void watch_fired(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	loop_begin(w->loop);
	w->on_ready(w, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

void watch_init(struct watch *w, struct loop *loop, int fd,
		void (*on_ready)(struct watch *w, bool readable, bool writable))
{
	*w = (struct watch){.on_ready = on_ready, .loop = loop, .fd = fd};
	w->read_ev = or_die(event_new(loop->base, fd, EV_READ | EV_PERSIST, watch_fired, w));
	w->write_ev = or_die(event_new(loop->base, fd, EV_WRITE | EV_PERSIST, watch_fired, w));
}

static void event_set_on(struct event *ev, bool on)
{
	must(on ? event_add(ev, NULL) : event_del(ev));
}

void watch_set(struct watch *w, bool read, bool write)
{
	event_set_on(w->read_ev, read);
	event_set_on(w->write_ev, write);
}

void watch_fini(struct watch *w)
{
	if (w->read_ev != NULL)
		event_free(w->read_ev);
	if (w->write_ev != NULL)
		event_free(w->write_ev);
	w->read_ev = w->write_ev = NULL;
}

/* ---- Signals -------------------------------------------------------------------------------- */

static void signal_fired(evutil_socket_t number, short what, void *arg)
{
	struct signal_watch *s = arg;

	(void)what;
	loop_begin(s->loop);
	s->on_signal(s, (int)number);
}

void signal_watch_init(struct signal_watch *s, struct loop *loop, int number,
		       void (*on_signal)(struct signal_watch *s, int number))
{
	*s = (struct signal_watch){.on_signal = on_signal, .loop = loop, .number = number};
	s->ev = or_die(event_new(loop->base, number, EV_SIGNAL | EV_PERSIST, signal_fired, s));
	must(event_add(s->ev, NULL));
}

void signal_watch_fini(struct signal_watch *s)
{
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = NULL;
}
