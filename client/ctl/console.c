/* console: a sitting live on the full screen, for a proctor.
 *
 * One loop: the terminal is a watch, the network the client library, the clock a timer.  Nothing
 * waits: a command is a call whose reply comes later, and the keys go on working meanwhile. */
#include "client/ctl/console.h"

#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/base/mem.h"

#define REDRAW_EVERY ((struct millis){100}) /* at most, of what the server tells */
#define TICK	     SECONDS(1)
#define ASK_AGAIN    SECONDS(15) /* for the whole room, so that a dead connection is noticed */

void console_say(struct console *c, enum tone tone, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->message, sizeof c->message, fmt, args);
	va_end(args);
	c->tone = tone;
}

Examd__V1__Role console_role(const struct console *c)
{
	const Examd__V1__Session *s = exam_client_session(c->client);

	return s != NULL ? s->role : EXAMD__V1__ROLE__ROLE_NONE;
}

void console_draw_soon(struct console *c)
{
	if (!c->over && !timer_is_set(&c->redraw))
		timer_set(&c->redraw, mono_left(mono_add(c->drawn, REDRAW_EVERY), mono_now()));
}

static void on_redraw(struct timer *t)
{
	console_draw(container_of(t, struct console, redraw));
}

void console_end(struct console *c)
{
	c->quit = true;
	loop_stop(c->loop);
}

/* ---- Watching ---------------------------------------------------------------------------- */

static void on_watching(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct console *c = container_of(call, struct console, watch_call);

	(void)reply;
	c->watching = false;
	if (err == ERR_OK)
		c->round_trip.v = mono_now().v - c->asked.v;
	else if (err == ERR_NOT_FOUND || err == ERR_FORBIDDEN) {
		c->fatal = err;
		loop_stop(c->loop);
	} else if (err == ERR_TIMEOUT)
		c->asked.v -= ASK_AGAIN.v; /* at the next tick, when the link is up */
	else if (err != ERR_CLOSED)
		console_say(c, TONE_BAD, "The room cannot be watched: %s", err_sentence(err));
	console_draw_soon(c);
}

static void ask_room(struct console *c)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__WatchSitting body = EXAMD__V1__WATCH_SITTING__INIT;

	if (c->watching)
		return;
	body.sitting = c->sitting;
	request.body_case = EXAMD__V1__REQUEST__BODY_WATCH_SITTING;
	request.watch_sitting = &body;
	c->watch_call = (struct call){.on_reply = on_watching};
	c->watching = true;
	c->asked = mono_now();
	exam_client_call(c->client, &c->watch_call, &request, false);
}

static void on_notice(struct remote_watcher *w, const Examd__V1__Notice *notice)
{
	struct console *c = container_of(w, struct console, watcher);

	if (notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_ROOM && notice->room != NULL) {
		console_room_take(&c->room, notice->room, mono_now());
		c->room.whole |= !notice->room->more;
	}
	console_draw_soon(c);
}

static void on_link(struct remote_watcher *w, enum link_state state, enum err why)
{
	struct console *c = container_of(w, struct console, watcher);

	if (state == LINK_REFUSED)
		c->fatal = why; /* the remote ends the loop */
	if (state != LINK_UP && c->up) {
		c->up = false;
		c->down_since = mono_now();
		console_room_lost(&c->room);
	}
	if (state == LINK_UP) {
		c->up = true;
		ask_room(c);
	}
	console_draw_soon(c);
}

static void on_tick(struct timer *t)
{
	struct console *c = container_of(t, struct console, tick);

	if (c->up && mono_left(mono_add(c->asked, ASK_AGAIN), mono_now()).v == 0)
		ask_room(c);
	timer_set(&c->tick, TICK);
	console_draw_soon(c);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void on_input(struct watch *w, bool readable, bool writable)
{
	struct console *c = container_of(w, struct console, input);
	struct screen_event e;
	int waiting = 0;

	(void)readable;
	(void)writable;
	if (ioctl(w->fd, FIONREAD, &waiting) != 0 || waiting == 0) { /* the terminal is gone */
		console_end(c);
		return;
	}
	while ((e = screen_read()).kind != SCREEN_NOTHING && !c->quit)
		console_event(c, &e);
	console_draw(c);
}

static void on_resized(struct signal_watch *s, int number)
{
	struct console *c = container_of(s, struct console, resized);

	(void)number;
	screen_resized();
	console_draw(c);
}

static void on_interrupt(struct signal_watch *s, int number)
{
	(void)number;
	console_end(container_of(s, struct console, ended[0]));
}

static void on_terminate(struct signal_watch *s, int number)
{
	(void)number;
	console_end(container_of(s, struct console, ended[1]));
}

static void on_hang_up(struct signal_watch *s, int number)
{
	(void)number;
	console_end(container_of(s, struct console, ended[2]));
}

static void console_init(struct console *c)
{
	c->loop = remote_loop(c->ctl);
	c->client = remote_client(c->ctl);
	c->up = true;
	watch_init(&c->input, c->loop, STDIN_FILENO, on_input);
	watch_set(&c->input, true, false);
	timer_init(&c->redraw, c->loop, on_redraw);
	timer_init(&c->tick, c->loop, on_tick);
	timer_set(&c->tick, TICK);
	signal_watch_init(&c->resized, c->loop, SIGWINCH, on_resized);
	signal_watch_init(&c->ended[0], c->loop, SIGINT, on_interrupt);
	signal_watch_init(&c->ended[1], c->loop, SIGTERM, on_terminate);
	signal_watch_init(&c->ended[2], c->loop, SIGHUP, on_hang_up);
	remote_watch(c->ctl, &c->watcher);
}

static void console_fini(struct console *c)
{
	c->over = true;
	remote_watch(c->ctl, NULL);
	for (size_t i = 0; i < COUNT(c->ended); i++)
		signal_watch_fini(&c->ended[i]);
	signal_watch_fini(&c->resized);
	timer_fini(&c->tick);
	timer_fini(&c->redraw);
	watch_fini(&c->input);
	draft_fini(&c->draft);
}

static int run(struct console *c)
{
	console_init(c);
	ask_room(c);
	console_draw(c);
	while (!c->quit && c->fatal == ERR_OK)
		loop_run(c->loop);
	screen_close();
	return c->fatal != ERR_OK ? ctl_failed("%s", err_sentence(c->fatal)) : EXIT_DONE;
}

int console(struct ctl *ctl)
{
	struct console c = {.watcher = {.on_notice = on_notice, .on_link = on_link}, .ctl = ctl};
	int status;

	setlocale(LC_CTYPE, "");
	if (!ctl_number(ctl->args[0], 1, &c.sitting))
		return EXIT_USAGE;
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return ctl_wrong("the console needs a terminal; sitting watch writes lines");
	if (!remote_open(ctl))
		return EXIT_REFUSED;
	if (!screen_open())
		return ctl_failed("this terminal (TERM) cannot show a full screen");
	status = run(&c);
	console_fini(&c);
	/* Open calls are told that it is over, into errands and rows that still stand. */
	remote_close(ctl);
	errands_end(&c);
	console_room_fini(&c.room);
	return status;
}
