/* The client library: one connection to a server that is kept up.
 *
 * It connects, says Hello, goes on with its session after a lost connection (jittered back-off from
 * 0.2 s to 5 s) and after the notice "restarted", and sends again whatever has no reply yet: a
 * command keeps its id, so sending again is harmless.  A candidate's answers are put into a journal
 * first (journal.h) and stay there until the receipt; after each Hello the library compares
 * (seat, revision) of every item with what the server has and sends what it lacks, acknowledged or
 * not.  Nothing is "saved" before the server said so.
 *
 * One thread; runs in the caller's loop. */
#ifndef CLIENT_LIB_EXAM_CLIENT_H
#define CLIENT_LIB_EXAM_CLIENT_H

#include "proto/stream/conn.h"
#include "proto/wire/frame.h"

struct exam_client;

/* A join line: exam://HOST:PORT/SLIP#PIN, PIN as base64url or hex of SHA-256(SPKI). */
struct join {
	char host[256];
	unsigned port; /* 7443 when not said */
	char slip[16]; /* "" : none */
	bool has_pin;
	struct digest pin;
};
/* Reads a join line, HOST:PORT or HOST.
 *
 * ERR_INVALID */
MUST_USE enum err join_parse(const char *text, struct join *out);
void join_format(const struct join *join, char *out, size_t size);

enum link_state { LINK_CONNECTING, LINK_UP, LINK_WAITING, LINK_REFUSED };

struct exam_client_user {
	/* The link came up (after Hello was answered) or went down; for a status line. */
	void (*on_link)(struct exam_client_user *u, enum link_state state, enum err why);
	/* The session, status or clock changed; read them with the calls below. */
	void (*on_change)(struct exam_client_user *u);
	void (*on_notice)(struct exam_client_user *u, const Examd__V1__Notice *notice);
	/* One more answer was acknowledged, or refused with ERR. */
	void (*on_saved)(struct exam_client_user *u, struct item_no item, enum err err);
	/* A part can be read now: exam_client_item(). */
	void (*on_part_open)(struct exam_client_user *u, uint32_t part);
};

struct exam_client_config {
	struct loop *loop; /* borrowed */
	struct join server;
	const char *ca_file;   /* with no pin: verify by CA; NULL: the system's */
	bool trust_any;	       /* with no pin: take what is shown; exam_client_pin() tells */
	const char *state_dir; /* journal, client id; created 0700; NULL: keep in memory only */
	const char *program;   /* "exam 0.1.0" */
	struct exam_client_user *user;
	struct millis request_limit; /* 0: 30 s */
};

MUST_USE enum err exam_client_new(struct exam_client **out, const struct exam_client_config *config,
				  char detail[256]);
void exam_client_free(struct exam_client *c);

/* Any request.  BODY is set by the caller in a Request on its stack and copied; a command id is
 * filled in by the caller (exam_client_command_id).  on_reply() comes exactly once: with the
 * server's reply, or with ERR_CLOSED when the client is freed, ERR_TIMEOUT when RESEND is false and
 * the link went down or the limit passed.  RESEND: survive lost connections. */
struct call {
	void (*on_reply)(struct call *call, enum err err,
			 const Examd__V1__Reply *reply /* NULL on local errors */);
	struct call *next; /* the library's */
	uint64_t id;
	uint8_t *packed;
	size_t packed_len;
	bool resend;
};
void exam_client_call(struct exam_client *c, struct call *call, Examd__V1__Request *request,
		      bool resend);
void exam_client_command_id(uint8_t id[16]);

/* ---- The candidate ------------------------------------------------------------------------- */

const Examd__V1__Session *
exam_client_session(const struct exam_client *c);			  /* NULL: not logged in */
const Examd__V1__Status *exam_client_status(const struct exam_client *c); /* NULL: no attempt */
struct millis
exam_client_remaining(const struct exam_client *c); /* by BOOTTIME since the last Clock */
uint32_t exam_client_stopped(const struct exam_client *c);
Examd__V1__AttemptState exam_client_state(const struct exam_client *c);
struct digest exam_client_pin(const struct exam_client *c);

/* Fetches the sealed form piece by piece and confirms it, whenever the status asks for it; nothing
 * to call.  An item of an open part; NULL: not open yet. */
const Examd__V1__FormItem *exam_client_item(const struct exam_client *c, struct item_no item);
const char *exam_client_stimulus(const struct exam_client *c, struct item_no item);

/* What the candidate has put for an item, acknowledged or not; NULL: nothing. */
const Examd__V1__Answer *exam_client_answer(const struct exam_client *c, struct item_no item);

/* Puts the whole of an answer: journal first, then the wire.  Revision and seat are filled in. */
MUST_USE enum err exam_client_put_answer(struct exam_client *c, const Examd__V1__Answer *answer);

/* Answers put and answers acknowledged as saved: "saved 37/37". */
void exam_client_saved(const struct exam_client *c, uint32_t *put, uint32_t *saved);

#endif
