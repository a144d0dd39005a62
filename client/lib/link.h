/* The link: one connection that is kept up, Hello, and the calls that are open on it.
 *
 *   CONNECTING -> GREETING -> UP           the handshake, then Hello was answered
 *   CONNECTING, GREETING, UP -> WAITING    lost; back-off, then CONNECTING again
 *   UP -> GREETING                         the notice "restarted", or link_greet_again()
 *   CONNECTING, GREETING -> REFUSED        another key, or no version in common: for ever
 *
 * Replies are matched by id; a reply that nobody waits for is dropped, so a call that was sent
 * twice still has one reply. */
#ifndef CLIENT_LIB_LINK_H
#define CLIENT_LIB_LINK_H

#include "client/lib/exam_client.h"

enum link_phase {
	PHASE_CONNECTING,
	PHASE_GREETING,
	PHASE_UP,
	PHASE_WAITING,
	PHASE_REFUSED,
	PHASE_NPHASES
};

struct link_owner {
	void (*fill_hello)(struct link_owner *o, Examd__V1__Hello *hello);
	void (*on_hello)(struct link_owner *o, const Examd__V1__Reply *reply);
	void (*on_state)(struct link_owner *o, enum link_state state, enum err why);
	/* Before the call's own on_reply(): the clock, a session, a status. */
	void (*on_reply)(struct link_owner *o, const Examd__V1__Reply *reply);
	void (*on_notice)(struct link_owner *o, const Examd__V1__Reply *reply);
};

struct link {
	struct loop *loop;	  /* borrowed */
	struct link_owner *owner; /* borrowed */
	struct tls *tls;	  /* owned */
	char host[256];
	unsigned port;
	const char *server_name; /* NULL, or HOST */
	struct millis request_limit, back_off, back_off_most;

	struct conn_user user;
	struct conn *conn; /* owned; NULL: none */
	struct arena arena;
	struct digest pin; /* of the server, after the handshake */
	bool has_pin;

	enum link_phase phase;
	struct millis wait;	/* the next back-off, without jitter */
	struct timer again;	/* WAITING: connect; otherwise: end the connection */
	enum err told;		/* by the server, before it closes the connection */
	enum err dying;		/* the connection is to be ended for this; ERR_OK: it is not */
	struct timer tick;	/* looks at time limits */
	struct mono_ms greeted; /* when Hello was sent, or the connection begun */
	uint64_t last_id, hello_id;
	uint32_t round_trip_ms; /* of the last call; 0: none was answered */
	struct call *calls;	/* open, in order of their making */
	struct call
	    *stillborn; /* do not fit a frame, or the link is refused: told at the next tick */
};

struct link_config {
	struct loop *loop;
	struct link_owner *owner;
	struct tls *tls; /* taken */
	const char *host;
	unsigned port;
	bool name_is_verified; /* by the CA: so tell the name */
	struct millis request_limit, back_off, back_off_most;
};

/* Begins to connect in the next pass of the loop. */
void link_init(struct link *l, const struct link_config *config);
/* Every open call gets ERR_CLOSED. */
void link_fini(struct link *l);

/* LIMIT .v 0: the link's own. */
void link_call(struct link *l, struct call *call, Examd__V1__Request *request, bool resend,
	       struct millis limit);

/* Hello again on this connection; open calls are sent again after it. */
void link_greet_again(struct link *l);

bool link_is_up(const struct link *l);

/* From sending the last call that was answered to its reply, at least 1; 0: none was. */
uint32_t link_round_trip(const struct link *l);

/* A back-off: between half of WAIT and WAIT, by chance. */
struct millis link_jitter(struct millis wait);

#endif
