#include "daemon/front/guest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/front/carrier.h"
#include "proto/base/mem.h"
#include "proto/wire/frame.h"

#define DRAIN	  SECONDS(2) /* for a refusal to be read */

#define TO(state) (1u << GUEST_##state)
static const unsigned moves[GUEST_NSTATES] = {
    [GUEST_SHAKING] = TO(OPEN) | TO(ENDING),
    [GUEST_OPEN] = TO(ENDING),
    [GUEST_ENDING] = 0,
};

static void guest_move(struct guest *g, enum guest_state next)
{
	assert(moves[g->state] & (1u << next));
	g->state = next;
}

/* ---- Time limits ---------------------------------------------------------------------------- */

static const struct mono_ms never = {0};

static struct mono_ms now_of(const struct guest *g)
{
	return loop_now(g->host->loop);
}

static struct mono_ms earlier(struct mono_ms a, struct mono_ms b)
{
	return a.v != 0 && (b.v == 0 || a.v < b.v) ? a : b;
}

/* The next moment at which something has to be done. */
static struct mono_ms next_time(const struct guest *g)
{
	struct mono_ms next = earlier(g->login_until, earlier(g->first_until, g->frame_until));

	if (g->pauses & GUEST_PAUSED_BY_HOST)
		return never;
	return g->pauses & GUEST_PAUSED_BY_RATE ? earlier(g->rate_until, g->login_until) : next;
}

/* A timer that is set too early costs one look; one that is set at each frame costs more. */
static void arm(struct guest *g)
{
	struct mono_ms next = next_time(g);

	if (next.v == 0 || (g->armed_for.v != 0 && g->armed_for.v <= next.v))
		return;
	g->armed_for = next;
	timer_set(&g->timer, mono_left(next, now_of(g)));
}

/* All limits begin anew: it has just been opened, or has not been read for a while. */
static void begin_limits(struct guest *g)
{
	const struct front_settings *set = g->host->settings;
	struct mono_ms now = now_of(g);

	g->login_until = g->trusted ? never : mono_add(now, set->login);
	g->first_until = g->spoken ? never : mono_add(now, set->first_frame);
	g->frame_until = g->frame_until.v == 0 ? never : mono_add(now, set->frame);
	arm(g);
}

/* ---- Frames in ------------------------------------------------------------------------------ */

static size_t frame_most(const struct guest *g)
{
	return g->trusted || g->trusted_before ? FRAME_MOST : FRAME_MOST_BEFORE_LOGIN;
}

/* The handshake goes on whatever the pauses are. */
static void pause_for(struct guest *g, enum guest_pause why, bool pause)
{
	unsigned before = g->pauses;

	g->pauses = pause ? before | why : before & ~(unsigned)why;
	if (g->state != GUEST_OPEN || (before == 0) == (g->pauses == 0))
		return;
	if (g->tab == NULL)
		conn_pause_reading(g->conn, g->pauses != 0);
	else if (g->pauses == 0)
		web_tab_go_on(g->tab);
}

static void wait_for_token(struct guest *g)
{
	struct millis wait = bucket_wait(&g->bucket, g->host->settings->frames_per_second);

	g->rate_until = mono_add(now_of(g), wait);
	pause_for(g, GUEST_PAUSED_BY_RATE, true);
}

/* Hands on the frames at the front of IN, until one is not whole or it must wait.  Returns true
 * when what is left begins a frame that began in this call. */
static bool hand_on(struct guest *g, struct buf *in)
{
	const struct front_settings *set = g->host->settings;
	struct bytes message;
	bool took = false;
	enum err err;

	while (g->state == GUEST_OPEN && g->pauses == 0) {
		err = frame_peek(in, frame_most(g), &message);
		if (err == ERR_NOT_FOUND)
			break;
		if (err != ERR_OK) {
			guest_refuse(g, err, "The frame is empty or longer than allowed.");
			break;
		}
		if (!bucket_take(&g->bucket, set->frames_per_second, set->frames_burst,
				 now_of(g))) {
			wait_for_token(g);
			break;
		}
		g->spoken = took = true;
		g->first_until = never;
		g->host->on_frame(g->host, g, message);
		frame_take(in);
	}
	return took;
}

/* Whole frames that were there when the host asked to forget them. */
static void drop_stale(struct guest *g, struct buf *in)
{
	struct bytes message;

	while (frame_peek(in, FRAME_MOST, &message) == ERR_OK && 4 + message.len <= g->stale) {
		g->stale -= 4 + message.len;
		frame_take(in);
	}
	g->stale = 0;
}

/* What is left in IN when it must wait is offered again after the pause. */
static void on_data(struct conn_user *user, struct buf *in)
{
	struct guest *g = container_of(user, struct guest, user);

	if (g->carrier != NULL && g->state == GUEST_OPEN) {
		carrier_data(g->carrier, in);
		return;
	}
	if (g->state == GUEST_OPEN && g->stale > 0)
		drop_stale(g, in);
	if (hand_on(g, in))
		g->frame_until = never;
	if (g->state != GUEST_OPEN) {
		buf_take(in, buf_length(in));
		return;
	}
	g->left = buf_length(in);
	if (g->left == 0 || (g->pauses & GUEST_PAUSED_BY_RATE)) /* what waits for it is whole */
		g->frame_until = never;
	else if (g->frame_until.v == 0)
		g->frame_until = mono_add(now_of(g), g->host->settings->frame);
	arm(g);
}

/* ---- Time ----------------------------------------------------------------------------------- */

static bool is_past(struct mono_ms limit, struct mono_ms now)
{
	return limit.v != 0 && limit.v <= now.v;
}

/* The sentence about the limit that has passed; NULL: none has. */
static const char *broken_limit(const struct guest *g, struct mono_ms now)
{
	if (is_past(g->login_until, now))
		return "Nobody logged in on this connection in time.";
	if (g->pauses != 0)
		return NULL;
	if (is_past(g->first_until, now))
		return "The first message did not come in time.";
	if (is_past(g->frame_until, now))
		return "A message that was begun did not come whole in time.";
	return NULL;
}

static void on_time(struct timer *t)
{
	struct guest *g = container_of(t, struct guest, timer);
	struct mono_ms now = now_of(g);
	const char *broken;

	g->armed_for = never;
	if (g->state != GUEST_OPEN || (g->pauses & GUEST_PAUSED_BY_HOST))
		return;
	if ((broken = broken_limit(g, now)) != NULL) {
		guest_refuse(g, ERR_TIMEOUT, broken);
		return;
	}
	/* The frame that waits for it is handed on in the next pass. */
	if ((g->pauses & GUEST_PAUSED_BY_RATE) && is_past(g->rate_until, now))
		pause_for(g, GUEST_PAUSED_BY_RATE, false);
	arm(g);
}

/* ---- Beginning and end ---------------------------------------------------------------------- */

static void fill(struct conn_user *user, struct buf *out)
{
	carrier_fill(container_of(user, struct guest, user)->carrier, out);
}

static void on_ready(struct conn_user *user)
{
	struct guest *g = container_of(user, struct guest, user);

	if (g->state != GUEST_SHAKING)
		return;
	if (!g->let_in) {
		guest_refuse(g, ERR_TOO_MANY, NULL);
		return;
	}
	guest_move(g, GUEST_OPEN);
	if (conn_is_h2(g->conn)) {
		g->pauses = 0;
		g->carrier = carrier_new(g);
		conn_set_source(g->conn, fill);
		return;
	}
	conn_pause_reading(g->conn, g->pauses != 0);
	g->bucket = bucket_full(g->host->settings->frames_burst, now_of(g));
	begin_limits(g);
	g->host->on_open(g->host, g);
}

static void fini(struct guest *g)
{
	timer_fini(&g->timer);
	if (g->tab == NULL)
		carrier_free(g->carrier);
	free(g);
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	static const char *const reasons[] = {
	    [CONN_END_PEER] = NULL,
	    [CONN_END_ERROR] = "error",
	    [CONN_END_TIME] = "the handshake took too long",
	    [CONN_END_UNTRUSTED] = NULL,
	    [CONN_END_OURS] = NULL,
	};
	struct guest *g = container_of(user, struct guest, user);
	const char *reason = NULL;

	g->conn = NULL; /* its own to free */
	if (g->carrier != NULL) {
		carrier_end(g->carrier);
		g->carrier = NULL;
	}
	/* The stream has said why a handshake failed. */
	if (g->state != GUEST_SHAKING || why == CONN_END_TIME)
		reason = g->broken == NULL ? reasons[why] : g->broken;
	g->host->on_gone(g->host, g, reason);
	fini(g);
}

struct guest *guest_new(struct guest_host *host, int fd, struct tls *tls, struct conn_id id,
			bool paused)
{
	struct guest *g = mem_new(sizeof *g);

	g->id = id;
	g->host = host;
	g->user = (struct conn_user){on_ready, on_data, on_closed};
	g->pauses = paused ? GUEST_PAUSED_BY_HOST : 0;
	timer_init(&g->timer, host->loop, on_time);
	g->conn = conn_accept(host->loop, fd, tls, host->settings->handshake, &g->user);
	snprintf(g->address, sizeof g->address, "%s", conn_peer(g->conn));
	return g;
}

void guest_free(struct guest *g)
{
	if (g == NULL)
		return;
	conn_free(g->conn);
	fini(g);
}

static void end_now(struct guest *g, const char *why)
{
	conn_free(g->conn);
	g->conn = NULL;
	g->host->on_gone(g->host, g, why);
	fini(g);
}

/* ---- Tabs ----------------------------------------------------------------------------------- */

struct guest *guest_of_tab(struct guest *browser, struct carrier *carrier, struct web_tab *tab)
{
	struct guest *g = mem_new(sizeof *g);

	g->host = browser->host;
	g->carrier = carrier;
	g->tab = tab;
	g->state = GUEST_OPEN;
	snprintf(g->address, sizeof g->address, "%s", browser->address);
	timer_init(&g->timer, g->host->loop, on_time);
	g->bucket = bucket_full(g->host->settings->frames_burst, now_of(g));
	g->id = g->host->on_tab(g->host, g);
	begin_limits(g);
	g->host->on_open(g->host, g);
	return g;
}

bool guest_tab_message(struct guest *g, struct bytes message)
{
	const struct front_settings *set = g->host->settings;

	if (g->state != GUEST_OPEN || g->pauses != 0)
		return false;
	if (!bucket_take(&g->bucket, set->frames_per_second, set->frames_burst, now_of(g))) {
		wait_for_token(g);
		arm(g);
		return false;
	}
	g->spoken = true;
	g->first_until = never;
	g->host->on_frame(g->host, g, message);
	return true;
}

void guest_tab_gone(struct guest *g)
{
	g->host->on_gone(g->host, g, g->broken);
	fini(g);
}

static void send_to_tab(struct guest *g, struct bytes message)
{
	if (web_tab_queued(g->tab) > g->host->settings->client_queue_most) {
		g->broken = "reads too slowly";
		guest_move(g, GUEST_ENDING);
		timer_stop(&g->timer);
		web_tab_cut(g->tab);
	} else {
		web_tab_send(g->tab, message);
	}
	carrier_flush(g->carrier);
}

/* ---- For the host --------------------------------------------------------------------------- */

bool guest_send(struct guest *g, struct bytes message)
{
	struct buf *out;

	if (g->state != GUEST_OPEN)
		return true;
	if (g->tab != NULL) {
		send_to_tab(g, message);
		return true;
	}
	if (conn_queued(g->conn) > g->host->settings->client_queue_most) {
		end_now(g, "reads too slowly");
		return false;
	}
	out = conn_out(g->conn);
	buf_put_u32(out, (uint32_t)message.len);
	buf_put_bytes(out, message);
	conn_written(g->conn);
	return true;
}

void guest_trust(struct guest *g, bool trusted)
{
	g->trusted_before = g->trusted_before || g->trusted || trusted;
	g->trusted = trusted;
	if (g->tab != NULL)
		web_tab_trust(g->tab, trusted);
	if (g->state != GUEST_OPEN)
		return;
	g->login_until = trusted ? never : mono_add(now_of(g), g->host->settings->login);
	arm(g);
}

void guest_pause(struct guest *g, bool pause)
{
	bool goes_on = !pause && (g->pauses & GUEST_PAUSED_BY_HOST) != 0;

	if (guest_is_carrier(g))
		return; /* its tabs wait */
	pause_for(g, GUEST_PAUSED_BY_HOST, pause);
	if (goes_on && g->state == GUEST_OPEN)
		begin_limits(g);
}

void guest_forget(struct guest *g)
{
	if (g->tab == NULL) {
		g->stale = g->left;
		return;
	}
	web_tab_forget(g->tab);
	carrier_flush(g->carrier);
}

static void say_last(struct guest *g, const Examd__V1__Reply *reply)
{
	struct buf message = {0};

	if (g->tab == NULL) {
		if (conn_is_h2(g->conn))
			return; /* the door was full: that the connection closes must do */
		frame_put(conn_out(g->conn), &reply->base);
		conn_written(g->conn);
		return;
	}
	message_put(&message, &reply->base);
	web_tab_send(g->tab, buf_bytes(&message));
	buf_fini(&message);
}

void guest_refuse(struct guest *g, enum err err, const char *detail)
{
	Examd__V1__Reply reply = EXAMD__V1__REPLY__INIT;
	char *text = mem_copy_text(detail == NULL ? err_sentence(err) : detail);

	if (g->state == GUEST_ENDING)
		goto out;
	g->broken = err_name(err);
	reply.error = (uint32_t)err;
	reply.detail = text;
	say_last(g, &reply);
	guest_close_soon(g, DRAIN);
out:
	free(text);
}

void guest_close_soon(struct guest *g, struct millis limit)
{
	if (g->state == GUEST_ENDING)
		return;
	if (g->state == GUEST_OPEN && g->pauses != 0 && g->tab == NULL)
		conn_pause_reading(g->conn, false); /* to see the other side's end */
	guest_move(g, GUEST_ENDING);
	timer_stop(&g->timer);
	if (g->tab != NULL) {
		web_tab_end(g->tab);
		carrier_flush(g->carrier);
		return;
	}
	if (g->carrier != NULL)
		carrier_goodbye(g->carrier);
	conn_close_soon(g->conn, limit);
}
