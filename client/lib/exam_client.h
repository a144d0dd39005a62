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

#include "client/lib/traces.h"
#include "proto/stream/conn.h"
#include "proto/wire/frame.h"

struct exam_client;

/* A join line: exam://HOST:PORT/SLIP#PIN, PIN as base64url or hex of SHA-256(SPKI).  An IPv6
 * address stands in brackets. */
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
/* The join line, with the pin in hex; JOIN_TEXT_SIZE is always enough. */
#define JOIN_TEXT_SIZE 384
void join_format(const struct join *join, char *out, size_t size);
/* The pin of a server as text: hex or base64url, with or without "sha256:" before it.
 *
 * ERR_INVALID */
MUST_USE enum err pin_parse(const char *text, struct digest *out);

/* WAITING: lost or not reached, another try follows.  REFUSED: another key than expected, or no
 * version in common; there is no further try. */
enum link_state { LINK_CONNECTING, LINK_UP, LINK_WAITING, LINK_REFUSED };

/* The way from a slip or a password to the exam, as far as it has come. */
enum entry_step {
	ENTRY_LOGGED_IN,
	ENTRY_NOT_OPEN_YET, /* the sitting does not let anybody in yet; it is tried again */
	ENTRY_SEAT_ASKED,   /* another client holds the seat; the proctor has been asked */
	ENTRY_CHECKED_IN,
	ENTRY_FORM_HELD,  /* the sealed form is here, all of it */
	ENTRY_CONFIRMED,  /* and the server knows: ready for the start */
	ENTRY_WRONG_FORM, /* it did not fit its hash; it is fetched again */
	ENTRY_TAKEN_OVER, /* another client has the seat now; nothing can be answered here any more
			   */
	/* With .asks_password: nobody is logged in, or the password was wrong; exam_client_log_in()
	 * goes on. */
	ENTRY_PASSWORD_WANTED,
	/* With .asks_password: it was good for one time, and the server lets nothing be done before
	 * it is changed; or the new one was refused.  exam_client_change_password() goes on. */
	ENTRY_PASSWORD_OLD,
	ENTRY_REFUSED, /* with the error; nothing more is tried */
};

/* Hooks; each may be NULL.  None of them may free the client. */
struct exam_client_user {
	/* The link came up (after Hello was answered) or went down; for a status line. */
	void (*on_link)(struct exam_client_user *u, enum link_state state, enum err why);
	/* The session, status or clock changed; read them with the calls below. */
	void (*on_change)(struct exam_client_user *u);
	void (*on_notice)(struct exam_client_user *u, const Examd__V1__Notice *notice);
	/* An answer was settled: ERR_OK says that the server has it on disk and that it counts;
	 * ERR_KEPT_FOR_PROCTOR that it is on disk and does not count by itself; anything else that
	 * it was refused.  Comes again for an answer that the server was found to lack. */
	void (*on_saved)(struct exam_client_user *u, struct item_no item, enum err err);
	/* The same with the whole answer, before on_saved(). */
	void (*on_settled)(struct exam_client_user *u, const Examd__V1__Answer *answer,
			   enum err err);
	/* A step of the way in; DETAIL is the server's, may be "". */
	void (*on_entry)(struct exam_client_user *u, enum entry_step step, enum err err,
			 const char *detail);
	/* A part can be read now: exam_client_item(). */
	void (*on_part_open)(struct exam_client_user *u, uint32_t part);
};

struct exam_client_config {
	struct loop *loop; /* borrowed */
	struct join server;
	const char *ca_file;	/* with no pin: verify by CA; NULL: the system's */
	bool trust_any;		/* with no pin: take what is shown; exam_client_pin() tells */
	const char *state_dir;	/* journal, client id; created 0700; NULL: keep in memory only */
	const char *program;	/* "exam 0.1.0" */
	bool asks_password;	/* a person is there to be asked, once the server demands it */
	bool rules_first;	/* an exam with rules is not "ready" before exam_client_agree() */
	const char *login_user; /* who will log in by password: a session of this user that is kept
				   in the state directory is gone on with; NULL: by slip */
	const uint8_t *token;	/* 32 bytes, of a session that the caller keeps; NULL: none */
	/* 16 bytes, under which that token was given: it is good for no other; NULL: that of the
	 * state directory, or made anew. */
	const uint8_t *client_id;
	struct exam_client_user *user;	       /* borrowed, outlives the client; may be NULL */
	struct millis request_limit;	       /* 0: 30 s */
	struct millis back_off, back_off_most; /* 0: 0.2 s and 5 s */
};

/* Begins to connect.
 *
 * ERR_IO, ERR_FORBIDDEN, ERR_DISK_FULL  the state directory;  ERR_INVALID  the CA file */
MUST_USE enum err exam_client_new(struct exam_client **out, const struct exam_client_config *config,
				  char detail[256]);
void exam_client_free(struct exam_client *c);

/* Any request.  BODY is set by the caller in a Request on its stack and copied; a command id is
 * filled in by the caller (exam_client_command_id).  on_reply() comes exactly once, never before
 * exam_client_call() has returned: with the error in the server's reply, or with ERR_CLOSED when
 * the client is freed, ERR_TIMEOUT when RESEND is false and the link went down or the limit passed,
 * ERR_TOO_LARGE when it does not fit a frame.  RESEND: survive lost connections; a server that does
 * not answer within the limit is reconnected. */
struct call {
	void (*on_reply)(struct call *call, enum err err,
			 const Examd__V1__Reply *reply /* NULL on local errors */);
	struct call *next; /* this and all below: the library's */
	uint64_t id;
	uint8_t *packed;
	size_t packed_len;
	bool resend, sent;
	struct mono_ms until, sent_at;
};
void exam_client_call(struct exam_client *c, struct call *call, Examd__V1__Request *request,
		      bool resend);
void exam_client_command_id(uint8_t id[16]);

/* The token of the session, for a caller that keeps it; NULL: none. */
const uint8_t *exam_client_token(const struct exam_client *c);
/* After a log-out: the token is forgotten, here and in the state directory. */
void exam_client_forget_session(struct exam_client *c);

/* ---- The candidate ------------------------------------------------------------------------- */

/* Take the seat: slip, check-in, form, confirmation, each as soon as it is possible, again after a
 * lost connection; on_entry() tells.  Needs a join line with a slip, or a log-in by password and
 * SITTING (0: that of the slip).  After ENTRY_TAKEN_OVER it asks for the seat again. */
void exam_client_take(struct exam_client *c, int64_t sitting);

/* The candidate has agreed to the rules of this attempt (Status.rules). */
void exam_client_agree(struct exam_client *c);

/* Log in by password, now or as soon as the link is up; on_entry(ENTRY_LOGGED_IN or ENTRY_REFUSED)
 * tells.  The password is kept only until then. */
void exam_client_log_in(struct exam_client *c, const char *user, const char *password);

/* After ENTRY_PASSWORD_OLD; on_entry(ENTRY_LOGGED_IN, or ENTRY_PASSWORD_OLD again) tells.  Both are
 * kept only until then. */
void exam_client_change_password(struct exam_client *c, const char *old_password,
				 const char *new_password);

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

/* What the candidate has put for an item: on this device, acknowledged or not, or at another one,
 * as soon as the server has been asked for it (on_change()); NULL: nothing, or not here yet.  Valid
 * until the loop runs again or another answer is put. */
const Examd__V1__Answer *exam_client_answer(const struct exam_client *c, struct item_no item);

/* Has the item an answer, put here or held by the server (from another device)? */
bool exam_client_is_answered(const struct exam_client *c, struct item_no item);

/* The candidate looks at an item now; kept at this device (traces.h). */
void exam_client_look(struct exam_client *c, struct item_no item);
/* Was it ever looked at here, or has it an answer? */
bool exam_client_is_seen(const struct exam_client *c, struct item_no item);
/* Where they were at this device; false: not known. */
bool exam_client_place(const struct exam_client *c, struct item_no *item);
/* Highlights, or takes the highlight off; kept at this device.
 *
 * ERR_OUT_OF_TURN  no attempt;  ERR_INVALID, ERR_TOO_MANY as traces_mark() */
MUST_USE enum err exam_client_mark(struct exam_client *c, struct item_no item, struct mark mark);
size_t exam_client_marks(const struct exam_client *c, struct item_no item, const struct mark **out);

/* Puts the whole of an answer: journal first, then the wire.  Revision and seat are filled in.
 * Should the journal fail (a full disk), the answer is sent all the same: exam_client_journal().
 *
 * ERR_OUT_OF_TURN  no attempt, or the part of this item is not open
 * ERR_TOO_LATE     the attempt is closed
 * ERR_SEAT_TAKEN   another client has taken over
 * ERR_NO_ITEM, ERR_NO_OPTION, ERR_INVALID (an answer that the server would not read) */
MUST_USE enum err exam_client_put_answer(struct exam_client *c, const Examd__V1__Answer *answer);

/* Items with an answer, and those of them that the server has told to have saved: "saved 37/37". */
void exam_client_saved(const struct exam_client *c, uint32_t *put, uint32_t *saved);

/* Answers that are not settled: neither saved nor kept nor refused. */
uint32_t exam_client_unsettled(const struct exam_client *c);

/* ERR_OK, or why the journal cannot be written: answers survive then only on the server. */
enum err exam_client_journal(const struct exam_client *c);

#endif
