/* web: one browser's connection: HTTP/2 (RFC 9113, by nghttp2) with the files of the web client and
 * the messages of examd.  Bytes in, bytes out; it knows no socket and no clock but the one given.
 *
 *   GET  /PATH             a file of the web client (web_files.h)
 *   POST /examd.v1/open    opens a tab; the response never ends by itself: frames as of examd/1
 *                          (4 bytes of length, big-endian, and a Reply), the notices of that tab; a
 *                          frame of length 0 is a heartbeat.  Its header examd-tab names the tab.
 *   POST /examd.v1/NAME    with the header examd-tab: a Request whose member is NAME, answered with
 *                          the Reply that has its id
 *
 * A tab is to the core what a connection of examd/1 is; it lasts as long as its stream.
 *
 * The token of a session never reaches a script: it is taken out of the reply and set as the cookie
 * __Host-examd (RFC 6265bis: Secure, HttpOnly, SameSite=Strict, Path=/), and put from there into
 * Hello.  A POST is taken only with the content type application/proto, an Origin that is this host
 * (RFC 6454), and a Sec-Fetch-Site, when there is one, of same-origin; else 403 or 415.
 *
 * Statuses: 200; 400 not such a Request, or not the member of its path, or its id is 0 or under
 * way; 403, 404 no such file; 405; 410 no such tab; 413 body too long (as a frame of examd/1); 415;
 * 429 WEB_CALLS_MOST calls of a tab, WEB_TABS_MOST tabs or WEB_BODIES_MOST of bodies; 503 the core
 * was lost: say Hello again.
 */
#ifndef DAEMON_FRONT_WEB_H
#define DAEMON_FRONT_WEB_H

#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/times.h"
#include "proto/wire/frame.h"

#define WEB_TABS_MOST	 8    /* of a connection */
#define WEB_CALLS_MOST	 32   /* of a tab, not yet answered */
#define WEB_STREAMS_MOST 100  /* of a connection; the browser is told */
#define WEB_HEADERS_MOST 8192 /* bytes of names and values of a request */
#define WEB_OUT_MOST	 (128 * 1024)
#define WEB_BODIES_MOST	 (4 * FRAME_MOST) /* of all requests of a connection, not yet handed on */
#define WEB_FRAMES_MOST	 512 /* that wait because the browser does not read; more is a flood */
#define WEB_END		 SECONDS(2) /* that a tab's last words may take to be read */
/* HTTP/2 frames that ask for nothing (PING, SETTINGS, PRIORITY, empty DATA): so many at once, so
 * many a second for long; more is a flood.  Streams that the browser takes back, or makes us take
 * back, likewise. */
#define WEB_IDLE_BURST	 200
#define WEB_IDLE_A_SEC	 20
#define WEB_RESETS_BURST 100
#define WEB_RESETS_A_SEC 20
#define WEB_TAB_NAME	 32 /* hex digits */
#define WEB_TOKEN	 32 /* bytes */

struct web;
struct web_tab;

struct web_host {
	/* A tab is there; the host may keep its own in web_tab_set_user(). */
	void (*on_tab)(struct web_host *host, struct web_tab *tab);
	/* A whole Request of it; borrowed for the call.  False: not now; web_tab_go_on() later. */
	bool (*on_message)(struct web_host *host, struct web_tab *tab, struct bytes message);
	/* Its stream has ended, and it is freed after the call; not after web_free(). */
	void (*on_tab_gone)(struct web_host *host, struct web_tab *tab);
};

/* BODY: how long a body that was begun may take until it is whole. */
struct web *web_new(struct web_host *host, struct millis body);
void web_free(struct web *w);

/* Bytes that came.  False: this is not HTTP/2 as it must be, or a flood; what web_pull() gives then
 * says so, and after it the connection is to be closed. */
MUST_USE bool web_feed(struct web *w, struct bytes data, struct mono_ms now);

/* Appends to OUT what is to be sent, until OUT holds WEB_OUT_MOST bytes or there is no more now.
 * Streams that have ended by it are told of inside this call. */
void web_pull(struct web *w, struct buf *out);
/* Neither side has anything more to say. */
bool web_is_over(const struct web *w);

/* To be called about once a second: ends streams whose body is overdue, and tabs that were to end
 * WEB_END ago. */
void web_tick(struct web *w, struct mono_ms now);
/* All tabs are gone at once, each told of: the connection is. */
void web_end_tabs(struct web *w);
/* A heartbeat into each tab. */
void web_heartbeat(struct web *w);
/* No new streams; what is under way ends. */
void web_goodbye(struct web *w);

size_t web_tabs(const struct web *w);
/* Is there one that IS holds of? */
bool web_any_tab(const struct web *w, bool (*is)(const struct web_tab *tab));

/* ---- A tab ---------------------------------------------------------------------------------- */

void web_tab_set_user(struct web_tab *t, void *user);
void *web_tab_user(const struct web_tab *t);

/* A Reply: to the call that waits for its id, else into the tab's stream. */
void web_tab_send(struct web_tab *t, struct bytes reply);
/* Bytes that wait for the browser to read them. */
size_t web_tab_queued(const struct web_tab *t);
/* Bodies may be FRAME_MOST long, else FRAME_MOST_BEFORE_LOGIN. */
void web_tab_trust(struct web_tab *t, bool trusted);
/* Hands on what waited while on_message() said no. */
void web_tab_go_on(struct web_tab *t);
/* The core is gone: calls that it has not answered, or not seen, end with 503. */
void web_tab_forget(struct web_tab *t);
/* Ends its stream after what is queued, WEB_END later at the latest, or at once; on_tab_gone()
 * follows, not from inside this call. */
void web_tab_end(struct web_tab *t);
void web_tab_cut(struct web_tab *t);

#endif
