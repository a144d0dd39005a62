#include "daemon/front/carrier.h"

#include <stdlib.h>

#include "proto/base/mem.h"

#define DRAIN SECONDS(2)

struct carrier {
	struct guest *guest; /* borrowed: whose connection it is */
	struct web *web;     /* owned */
	struct web_host host;
	struct timer tick;
	struct mono_ms beat_at, idle_until; /* idle_until 0: somebody is logged in */
};

static struct mono_ms now_of(const struct carrier *c)
{
	return loop_now(c->guest->host->loop);
}

static void on_tab(struct web_host *host, struct web_tab *tab)
{
	struct carrier *c = container_of(host, struct carrier, host);

	web_tab_set_user(tab, guest_of_tab(c->guest, c, tab));
}

static bool on_message(struct web_host *host, struct web_tab *tab, struct bytes message)
{
	(void)host;
	return guest_tab_message(web_tab_user(tab), message);
}

static void on_tab_gone(struct web_host *host, struct web_tab *tab)
{
	(void)host;
	guest_tab_gone(web_tab_user(tab));
}

/* A tab for which the connection lasts: somebody is logged in, or cannot log in now. */
static bool is_settled(const struct web_tab *tab)
{
	const struct guest *g = web_tab_user(tab);

	return g != NULL && g->state == GUEST_OPEN &&
	       (g->trusted || (g->pauses & GUEST_PAUSED_BY_HOST));
}

/* The time does not begin anew with each tab that is opened. */
static bool is_idle_too_long(struct carrier *c, struct mono_ms now)
{
	if (web_any_tab(c->web, is_settled))
		c->idle_until.v = 0;
	else if (c->idle_until.v == 0)
		c->idle_until = mono_add(now, c->guest->host->settings->login);
	return c->idle_until.v != 0 && c->idle_until.v <= now.v;
}

static void on_tick(struct timer *t)
{
	struct carrier *c = container_of(t, struct carrier, tick);
	struct mono_ms now = now_of(c);

	web_tick(c->web, now);
	if (c->beat_at.v <= now.v) {
		web_heartbeat(c->web);
		c->beat_at = mono_add(now, CARRIER_HEARTBEAT);
	}
	/* That it is over may have been said in a pass in which nothing came. */
	if (web_is_over(c->web) || is_idle_too_long(c, now)) {
		guest_close_soon(c->guest, DRAIN);
		return;
	}
	carrier_flush(c);
	timer_set(&c->tick, CARRIER_TICK);
}

struct carrier *carrier_new(struct guest *g)
{
	struct carrier *c = mem_new(sizeof *c);

	c->guest = g;
	c->host = (struct web_host){on_tab, on_message, on_tab_gone};
	c->web = web_new(&c->host, g->host->settings->frame);
	timer_init(&c->tick, g->host->loop, on_tick);
	timer_set(&c->tick, CARRIER_TICK);
	c->beat_at = mono_add(now_of(c), CARRIER_HEARTBEAT);
	c->idle_until = mono_add(now_of(c), g->host->settings->login);
	carrier_flush(c);
	return c;
}

void carrier_free(struct carrier *c)
{
	if (c == NULL)
		return;
	timer_fini(&c->tick);
	web_free(c->web);
	free(c);
}

void carrier_end(struct carrier *c)
{
	web_end_tabs(c->web);
	carrier_free(c);
}

void carrier_data(struct carrier *c, struct buf *in)
{
	bool good = web_feed(c->web, buf_bytes(in), now_of(c));

	buf_take(in, buf_length(in));
	carrier_flush(c);
	if (!good || web_is_over(c->web))
		guest_close_soon(c->guest, DRAIN);
}

void carrier_fill(struct carrier *c, struct buf *out)
{
	web_pull(c->web, out);
}

/* A connection that drains asks for what is left by itself.  To be told that there is more would
 * make it drop its queue, of which TLS may have half a record under way. */
void carrier_flush(struct carrier *c)
{
	if (c->guest->conn != NULL && c->guest->state != GUEST_ENDING)
		conn_written(c->guest->conn);
}

void carrier_goodbye(struct carrier *c)
{
	web_goodbye(c->web);
}
