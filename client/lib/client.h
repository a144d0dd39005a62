/* The inside of the client: what exam_client.c, entry.c and hold.c share.
 *
 * exam_client.c  the public calls, and what comes over the link
 * entry.c        the way in: a table of steps, one under way at a time
 * hold.c         the attempt held: journal, answers, sealed form
 * recall.c       answers that only the server has */
#ifndef CLIENT_LIB_CLIENT_H
#define CLIENT_LIB_CLIENT_H

#include "client/lib/answers.h"
#include "client/lib/device.h"
#include "client/lib/journal.h"
#include "client/lib/link.h"
#include "client/lib/sealed_form.h"
#include "client/lib/traces.h"

/* A message kept beyond its frame. */
struct kept {
	struct arena arena;
	ProtobufCMessage *message; /* in the arena; NULL: none */
};

/* Names one answer. */
struct put_order {
	struct item_no item;
	struct seat_no seat;
	uint32_t revision;
};

struct step; /* entry.c */

struct exam_client {
	struct link link;
	struct link_owner owner;
	struct exam_client_user *hooks; /* borrowed; may be NULL */
	char *program;			/* owned */
	struct device device;
	struct join server;

	/* the session */
	struct digest whose; /* who sessions in the state directory belong to */
	bool keeps_session;
	uint8_t token[TOKEN_BYTES];
	bool has_token;
	struct kept session, status;

	/* the clock, as of the last reply that had one */
	int64_t remaining_ms;
	struct boot_ms clock_read;
	uint32_t stopped, part;
	struct seat_no seat;
	Examd__V1__AttemptState state;

	/* the way in */
	bool take;	  /* the seat is wanted */
	bool failed;	  /* refused: nothing more is tried */
	bool seat_asked;  /* another holds it; the proctor decides */
	bool want_status; /* something has changed that only the status tells */
	bool probing;	  /* the device slept: is the connection alive? */
	bool in_doubt;	/* the log-in holds no attempt any more: taken over, or closed long ago? */
	bool form_told; /* ENTRY_FORM_HELD was told for this form */
	bool rules_first, agreed; /* rules wait for a person; the person agreed */
	bool form_confirmed;	  /* by this connection's server, for this form */
	int64_t take_sitting;	  /* 0: that of the slip */
	char *user, *password;	  /* owned; of a log-in that is wanted */
	char *new_password;	  /* owned; that it is to be; NULL: none */
	bool asks_password;	  /* a person is there who can type one */
	bool told_password;	  /* and was told that it is wanted */
	uint8_t check_in_id[16], confirm_id[16];
	const struct step *step; /* under way; NULL: none */
	struct call step_call;
	struct timer retry; /* a step was refused for now */
	struct millis retry_wait;

	/* the attempt held */
	struct attempt_id attempt; /* 0: none yet */
	struct journal *journal;   /* owned; NULL: in memory only, or removed */
	enum err journal_error;
	struct journal_reader reader;
	struct answers answers;
	struct traces traces;
	struct answers_finder finder;
	struct sealed_form form;
	bool taken_over;
	bool receipted; /* the server's receipt was seen */
	bool filed;	/* and the journal is gone */
	struct call put_call;
	bool putting;
	struct put_order batch[ANSWERS_BATCH]; /* under way */
	size_t nbatch;
	struct call recall_call;
	bool recalling, recall_wanted;
	struct attempt_id recall_of;
	struct item_no recall_next; /* items below it have been asked for */
	struct buf found;	    /* put_orders that answers_compare() found saved */
	struct timer put_again;	    /* the server was busy */
	struct millis put_wait;

	/* once a second: has the device slept, is the status old? */
	struct timer beat;
	int64_t asleep_ms; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC at the last beat */
	struct mono_ms status_read;
	bool changed; /* tell on_change() when this message is done */
};

/* ---- exam_client.c ---- */
const Examd__V1__Session *client_session(const struct exam_client *c);
const Examd__V1__Status *client_status(const struct exam_client *c);
void client_tell_entry(struct exam_client *c, enum entry_step step, enum err err,
		       const char *detail);
void client_tell_change(struct exam_client *c);
/* The session is no longer good: log in again. */
void client_drop_session(struct exam_client *c);
/* Another client has the seat. */
void client_taken_over(struct exam_client *c, const char *text);
bool client_is_closed(const struct exam_client *c);
/* Is this error of the moment, so that the same may be tried again? */
bool client_error_passes(enum err err);

/* ---- entry.c ---- */
void entry_init(struct exam_client *c, struct loop *loop);
void entry_fini(struct exam_client *c);
/* A step may be tried again only after a back-off. */
void entry_wait(struct exam_client *c);
/* Begin the first step of the table that is needed, unless one is under way. */
void entry_advance(struct exam_client *c);
/* After Hello: what an earlier connection had under way is void. */
void entry_greeted(struct exam_client *c);
void entry_refuse(struct exam_client *c, enum err err, const char *detail);

/* ---- hold.c ---- */
void hold_init(struct exam_client *c, struct loop *loop);
void hold_fini(struct exam_client *c);
/* The session holds this attempt: open its journal and sealed form. */
void hold_attempt(struct exam_client *c, struct attempt_id attempt);
/* A status came; WITH_ANSWERS: its list says all that the server has. */
void hold_status(struct exam_client *c, bool with_answers);
/* Send open answers, file the journal away when all is done. */
void hold_flush(struct exam_client *c);

/* ---- recall.c ---- */
void recall_init(struct exam_client *c);
/* The server has listed what it has: ask for what is unknown here. */
void recall_listed(struct exam_client *c);
/* Ask for the next page, if one is wanted and can be had. */
void recall_flush(struct exam_client *c);

#endif
