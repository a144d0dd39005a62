/* A guest: one connection from outside, as its front knows it.  It keeps the limits of time, size
 * and rate that front.h states, cuts bytes into frames, and hands each frame to its host.
 *
 * A browser's connection is a guest, too, which carries tabs (carrier.h); each tab is a guest
 * without a connection of its own, alike to its host in everything but its name.
 *
 *   SHAKING -> OPEN -> ENDING -> gone
 *   SHAKING -> ENDING (not let in)
 *
 * SHAKING  TLS handshake; nothing is known of it
 * OPEN     frames go both ways; the host was told, and will be told that it is gone
 * ENDING   what is queued drains; input is dropped */
#ifndef DAEMON_FRONT_GUEST_H
#define DAEMON_FRONT_GUEST_H

#include <stdbool.h>
#include <uthash.h>

#include "daemon/front/bucket.h"
#include "daemon/front/front.h"
#include "proto/stream/conn.h"
#include "proto/wire/channel.h"

struct guest;
struct carrier;
struct web_tab;

/* Who has guests; outlives them. */
struct guest_host {
	struct loop *loop;		       /* borrowed */
	const struct front_settings *settings; /* borrowed */
	/* A tab of a browser is there, open: an id for it; on_open() follows. */
	struct conn_id (*on_tab)(struct guest_host *host, struct guest *g);
	/* The handshake is done; of a browser, that a tab is open. */
	void (*on_open)(struct guest_host *host, struct guest *g);
	/* A whole frame, without its length; borrowed for the call. */
	void (*on_frame)(struct guest_host *host, struct guest *g, struct bytes message);
	/* It is gone, whatever its state was, and freed after the call.  WHY is NULL when it simply
	 * closed, or was closed at the host's wish. */
	void (*on_gone)(struct guest_host *host, struct guest *g, const char *why);
};

enum guest_state { GUEST_SHAKING, GUEST_OPEN, GUEST_ENDING, GUEST_NSTATES };

/* Why it is not read; bits. */
enum guest_pause {
	GUEST_PAUSED_BY_RATE = 1,
	GUEST_PAUSED_BY_HOST = 2,
};

struct guest {
	/* For the host. */
	struct conn_id id;
	bool let_in;	/* counted at the door */
	bool announced; /* to a core */
	bool is_old;	/* it was, before the present core */
	UT_hash_handle hh;
	/* The guest's own. */
	struct guest_host *host; /* borrowed */
	struct conn *conn;	 /* owned; of a tab NULL */
	struct carrier
	    *carrier;	     /* a browser's connection: owned; a tab: of whom it is; else NULL */
	struct web_tab *tab; /* borrowed; NULL: it is none */
	struct conn_user user;
	enum guest_state state;
	unsigned pauses;
	bool spoken;		      /* its first frame has come */
	bool trusted, trusted_before; /* by the core; by an earlier one, too */
	struct mono_ms login_until, first_until, frame_until, rate_until; /* 0: no such limit now */
	const char *broken;	  /* the name of the error that it was refused with; NULL: none */
	struct mono_ms armed_for; /* when the timer fires; 0: it is not set */
	struct timer timer;
	struct bucket bucket;
	size_t left;  /* bytes that wait in the connection's buffer */
	size_t stale; /* so many of them are to be forgotten, when they are whole frames */
	char address[64];
};

/* Takes FD and shakes hands.  With PAUSED it will not be read until guest_pause(g, false). */
struct guest *guest_new(struct guest_host *host, int fd, struct tls *tls, struct conn_id id,
			bool paused);

/* Is it a browser's connection, which the core never hears of? */
static inline bool guest_is_carrier(const struct guest *g)
{
	return g->carrier != NULL && g->tab == NULL;
}

/* For the carrier: a tab opens, says a message (false: not now), is gone. */
struct guest *guest_of_tab(struct guest *browser, struct carrier *carrier, struct web_tab *tab);
bool guest_tab_message(struct guest *g, struct bytes message);
void guest_tab_gone(struct guest *g);

/* Ends it now, without on_gone().  NULL is welcome. */
void guest_free(struct guest *g);

/* Queues a message, with its length before it.  One that reads too slowly is ended by it: false
 * then, and on_gone() has been called. */
bool guest_send(struct guest *g, struct bytes message);

/* The core knows who it is; or (a new core) does not yet: then the time to log in begins anew. */
void guest_trust(struct guest *g, bool trusted);

/* Stops reading, or goes on with it: back-pressure, or no core. */
void guest_pause(struct guest *g, bool pause);

/* Drops the whole frames that came and were not handed on; a frame begun stays. */
void guest_forget(struct guest *g);

/* Says why in a Reply with id 0, then closes.  DETAIL may be NULL. */
void guest_refuse(struct guest *g, enum err err, const char *detail);

/* Lets drain what is queued, within LIMIT, then closes. */
void guest_close_soon(struct guest *g, struct millis limit);

#endif
