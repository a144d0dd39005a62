/* The engine: the rules of the exam, without socket, disk, clock or random device.
 *
 * engine_decide() takes an event, changes nothing and returns the records that must become true and
 * the effects that follow, or a refusal.  engine_apply() takes one record, changes the state and
 * never refuses.  Live: decide, apply each record at once, queue them for the disk (replies and
 * notices wait for the commit).  After a restart: apply alone.  So a newer release may decide
 * otherwise without reading an old attempt differently.
 *
 * Every call that depends on time is told the service time. */
#ifndef DAEMON_ENGINE_ENGINE_H
#define DAEMON_ENGINE_ENGINE_H

#include "daemon/engine/form.h"
#include "daemon/engine/score.h"
#include "daemon/record/record.h"

struct engine;
struct attempt; /* attempt.h tells about one */
struct sitting; /* sitting.h */

#define GRACE	   SECONDS(2)	 /* after a deadline: what arrived by then counts */
#define STAND_MOST SECONDS(60)	 /* after a restart, until the client is back */
#define PARK_AFTER SECONDS(3600) /* a practice attempt without its client */
#define PRACTICE_MOST                                                                              \
	((struct millis){30LL * 24 * 3600 * 1000}) /* wall time untouched, then closed */
#define OUTAGE_MOST	     MINUTES(5) /* a longer one: sittings come back paused, practice parked */
#define TICK_MOST	     256  /* attempts that one EVENT_TICK sees to; tick again while due */
#define MINUTES_MOST	     1440 /* that one command can add or take */
#define SITTING_PERSONS_MOST 5000
#define REPORTS_MOST	     1000 /* reported events and breaks of an attempt */
#define TAKEOVERS_MOST	     200  /* asked for, of an attempt */
#define KEPT_AN_ITEM	     4 /* answers kept for the proctor: at most so many times the items */
#define ANSWER_NOTE_MOST     500
#define ENGINE_RULES	     1 /* AttemptOpened.rules_version */
#define EXTRA_PERCENT_MOST   1000

struct engine_config {
	uint8_t installation[16];
	/* Signs a receipt's statement: a pure function (Ed25519, RFC 8032). */
	void (*sign)(void *key, struct bytes statement, uint8_t signature[64]);
	void *key; /* borrowed */
};

struct engine *engine_new(const struct engine_config *config);
void engine_free(struct engine *e);

/* Banks and blueprints must be known before an event or record that names them.  Taken over;
 * several versions of a name live side by side, the last added is the one that new sittings get.
 * One whose hash is known already is freed, and the known one counts as added last: look it up
 * again. */
void engine_add_bank(struct engine *e, struct bank *bank);
void engine_add_blueprint(struct engine *e, struct blueprint *blueprint);
const struct blueprint *engine_blueprint(const struct engine *e, const char *exam);
const struct blueprint *engine_blueprint_by_hash(const struct engine *e, const struct digest *hash);
const struct bank *engine_bank(const struct engine *e, const char *name);
const struct bank *engine_bank_by_hash(const struct engine *e, const struct digest *hash);

/* ---- Events ------------------------------------------------------------------------------ */

/* Who, by which command, and why: as it goes into the record. */
struct by {
	struct person_id person;   /* 0: the server itself */
	struct command_id command; /* zero: none */
	struct digest content;	   /* SHA-256 of the command's content */
	struct digest reason;	   /* of the salted text; .reason_row 0: no reason was given */
	int64_t reason_row;
	bool force;
	uint64_t version; /* that it was decided on; 0: any */
};

enum event_kind {
	/* sittings */
	EVENT_SITTING_CREATE,
	EVENT_ROOM, /* a room command, to all or to some attempts */
	EVENT_RELEASE,
	/* attempts */
	EVENT_CHECK_IN,
	EVENT_PRACTICE_START,
	EVENT_FORM_CONFIRMED,
	EVENT_ANSWER,
	EVENT_LEAVE_PART,
	EVENT_SUBMIT,
	EVENT_BREAK,
	EVENT_BACK_FROM_BREAK,
	EVENT_REPORTED,
	EVENT_CLIENT_CAME, /* a session with this client id holds or wants the seat */
	EVENT_CLIENT_LEFT,
	EVENT_PRACTICE_RESUME,
	/* time */
	EVENT_RESTARTED, /* after recovery: running attempts stand */
	EVENT_TICK,	 /* something is due */
	/* later additions */
	EVENT_ACCOMMODATE, /* an attempt's extra time is another from now on */
};

/* As the wire's RoomVerb. */
enum room_verb {
	VERB_OPEN = 1,
	VERB_ADMIT,
	VERB_START,
	VERB_PAUSE,
	VERB_RESUME,
	VERB_ADD_MINUTES,
	VERB_MESSAGE,
	VERB_RELEASE_SEAT,
	VERB_REFUSE_SEAT,
	VERB_CLOSE,
	VERB_REOPEN,
	VERB_VOID,
	VERB_NVERBS
};

struct answer_in {
	struct seat_no seat;
	struct item_no item;
	uint32_t revision;	/* from 1 */
	const uint32_t *chosen; /* borrowed; rising places in the form */
	size_t nchosen;
	const char *const *codes; /* as typed; kept in canonical form */
	size_t ncodes;
	bool flagged;
	const uint32_t *struck;
	size_t nstruck;
	uint32_t seen_ms;
	struct digest note;
	int64_t note_row; /* 0: no note; of two answers of the same order only its being there is
			     compared, because each time it has another salt */
};

struct event {
	enum event_kind kind;
	struct service_ms now;
	struct wall_ms wall; /* for people, and for windows */
	struct by by;
	struct attempt_id attempt; /* of events about one */
	struct sitting_id sitting;
	const uint8_t *client_id; /* 16 bytes, not all zero, where a client matters */
	union {
		struct {
			const char *exam;
			const struct person_id *persons;
			size_t npersons;
			struct wall_ms opens, closes, room_ends; /* .v 0: none */
			struct digest title;
			int64_t title_row;
		} create;
		struct {
			enum room_verb verb;
			const struct attempt_id *attempts; /* NULL: the room */
			size_t nattempts;
			struct millis minutes; /* may be negative to add */
			struct digest text;
			int64_t text_row;
			struct person_id persons_added; /* unused: 0 */
		} room;
		struct {
			bool result, review;
		} release;
		/* Check-in and practice: the form was made by the caller (form_make), rendered and
		 * hashed. */
		struct {
			struct person_id person;
			uint32_t extra_percent;
			const struct blueprint *blueprint;
			const struct bank *bank;
			const uint8_t *seed;
			const struct form_draw *draw;
			const struct form *form;
			const struct digest *plain_hashes; /* one a part */
			bool tutor;
		} open;
		const struct digest *confirmed; /* one a part; count is the form's */
		uint32_t extra_percent;		/* EVENT_ACCOMMODATE */
		struct answer_in answer;
		uint32_t part; /* EVENT_LEAVE_PART */
		uint32_t reported;
		struct millis outage; /* EVENT_RESTARTED: how long by the wall clock, 0 if it went
					 backwards */
	} u;
};

/* What each event means.  "Open" is an attempt that is not submitted, expired, closed or voided.
 *
 * SITTING_CREATE   persons distinct; exam and bank are pinned by their hashes as they are now.
 *
 * ROOM             u.room.attempts NULL: the room; else only those, which must be of the sitting
 *                  (0: practice) and in memory.  What does not fit one named attempt is refused
 *                  whole; for the room, attempts that it does not concern are passed over.
 *   open           a sitting that was created; the room only
 *   admit          the room: everybody from now on
 *   start          the room: an open one, within its window; runs the attempts that are ready, not
 *                  stopped, and whose client is here.  The others start when that becomes true
 *                  (late start "on ready"), or by a start that names them.
 *                  ERR_NOT_OPEN, ERR_NOT_READY, ERR_PAUSED
 *   pause          the room: a started one; stops every open attempt (STOP_SITTING).  Named: one
 *                  that runs (STOP_ATTEMPT).  ERR_TOO_LATE: it is in its grace
 *   resume         named: frees what staff or an outage stopped, the room's pause too
 *   add minutes    to the part under way, else to the first; a reason; a budget is never below what
 *                  is used
 *   message        to the room or to those named; not practice
 *   release seat   one attempt: the waiting client gets the seat; nobody waits: the next to come
 *   refuse seat    one attempt
 *   close          with score and receipt; a room that was never opened too
 *   reopen         one that was submitted, expired or closed; a reason; goes on in its last part
 *                  with exactly the minutes given, in a new seat that the first client to come
 *                  gets; the clock stands (STOP_NOT_STARTED) until it comes
 *   void           one, in any state; a reason
 *
 * RELEASE          of a sitting, or of one attempt when .attempt is given; the values replace those
 *                  of the last release.
 * ACCOMMODATE      an open attempt; parts that are over stay as they are.
 *
 * CHECK_IN         once a person: again it finds the same attempt (.repeated).  d.attempt names it;
 *                  when engine_attempt() does not know it, it is packed.
 * PRACTICE_START   an attempt without sitting, admitted at once.  Both give the seat to .client_id;
 *                  that it is here, CLIENT_CAME says.
 * FORM_CONFIRMED   ready; starts at once where it is practice or a late comer.
 * ANSWER           ERR_OK without records: this answer stands already, or a later one of its seat.
 *                  ERR_CONFLICT          another one of the same order is kept
 *                  ERR_KEPT_FOR_PROCTOR  an earlier seat, or the time and its grace are over
 *                  ERR_TOO_LATE          the same, but too many are kept
 *                  ERR_LOCKED            another part; linear: not the item that is open
 *                  ERR_NOT_READY         not started
 * LEAVE_PART       the next part starts at once; the last: as SUBMIT.  A part that was left before:
 *                  ERR_OK.  ERR_PAUSED while the clock stands, because it would show the next part.
 * BREAK, BACK_FROM_BREAK   as the blueprint says.
 * CLIENT_CAME      .client_id wants to use the attempt.  ERR_OK: it holds the seat; then call
 *                  engine_client_here().  Another client holds it: in a sitting ERR_SEAT_TAKEN, and
 *                  the proctor is asked (a record!); in practice it takes over at once.
 * CLIENT_LEFT      then call engine_client_here().  Stops the clock where the exam says so.
 * PRACTICE_RESUME  as CLIENT_CAME, and frees a parked attempt.
 *
 * RESTARTED        once, after all records were applied and before any other event.
 * TICK             closes what is over, frees what stood for STAND_MOST, parks practice without
 *                  client; closes parked practice in memory that was untouched for PRACTICE_MOST
 *                  (which is wall time: engine_next_due() does not tell it).
 *
 * Command ids are kept in the subject that the command is about: the same id with the same content
 * is ERR_OK, .repeated, without records; with another content ERR_COMMAND_REUSED.  A .version that
 * is not attempt_version() of the one attempt that is named, else sitting_version(), is
 * ERR_CHANGED_MEANWHILE unless .force. */

/* ---- Decisions --------------------------------------------------------------------------- */

enum effect_kind {
	EFFECT_NOTICE,	      /* tell the holder of the attempt; notice is the wire's NoticeKind */
	EFFECT_ROOM_CHANGED,  /* of a sitting, or of one attempt's row: tell who watches */
	EFFECT_TELL_WAITING,  /* tell the client that waits for the seat: granted or refused */
	EFFECT_TELL_OLD_SEAT, /* tell the client that lost it */
	EFFECT_CLOSED,	      /* write the result row; the attempt can be packed.  Closed, or voided
				 (attempt_closing() is NULL when it never was closed) */
};

/* effect.notice: numbers of the wire's NoticeKind. */
enum tell {
	TELL_ADMITTED = 2,
	TELL_STARTED = 3,
	TELL_PAUSED = 4,
	TELL_RESUMED = 5,
	TELL_MINUTES_ADDED = 6,
	TELL_MESSAGE = 7,
	TELL_CLOSED = 8,
	TELL_TAKEN_OVER = 9,
	TELL_SEAT_GRANTED = 10, /* say Hello again; also to who waits when the attempt is closed */
	TELL_SEAT_REFUSED = 11,
	TELL_PART = 12,
	TELL_REOPENED = 13,
	TELL_VOIDED = 14,
	TELL_RELEASED = 15
};

struct effect {
	enum effect_kind kind;
	struct attempt_id attempt; /* 0: the sitting */
	struct sitting_id sitting; /* 0: practice */
	unsigned notice;
	struct millis added;
	int64_t text_row;
	uint8_t
	    client_id[16]; /* of a notice: who held the seat when it was decided; zeros: nobody */
};

/* {0} is an empty one; reused from event to event; engine_decision_fini() at the end. */
struct decision {
	struct arena arena; /* owns what the records and effects point to */
	struct record *records;
	size_t nrecords, records_cap;
	struct effect *effects;
	size_t neffects, effects_cap;
	struct attempt_id attempt; /* that a check-in or practice start made or found */
	struct sitting_id sitting; /* that a create made */
	bool repeated;	     /* the command was carried out before: no records, the same reply */
	uint64_t changed_by; /* with ERR_CHANGED_MEANWHILE: number of the record that moved it, */
	enum record_kind changed_kind;	 /* what it was, */
	struct person_id changed_person; /* and who did it; 0: the server */
	struct tail *tails;		 /* the engine's own: last chain value of each subject */
	size_t ntails, tails_cap;
};
void decision_reset(struct decision *d);
void decision_fini(struct decision *d);

/* Decides; the decision is reset first.  On a refusal it holds no records.
 *
 * anybody          ERR_NOT_FOUND, ERR_OUT_OF_TURN, ERR_INVALID, ERR_COMMAND_REUSED,
 *                  ERR_CHANGED_MEANWHILE
 * create           ERR_NO_EXAM, ERR_NO_BANK
 * check-in, practice start   ERR_NOT_OPEN, ERR_NOT_IN_SITTING, ERR_NO_EXAM, ERR_NO_BANK
 * form confirmed   ERR_NOT_ADMITTED, ERR_WRONG_FORM
 * answers          ERR_TOO_LATE, ERR_LOCKED, ERR_NO_ITEM, ERR_NO_OPTION, ERR_CONFLICT,
 *                  ERR_KEPT_FOR_PROCTOR, ERR_NOT_READY
 * parts, submit    ERR_TOO_LATE, ERR_PAUSED
 * breaks           ERR_NO_BREAKS, ERR_TOO_LATE, ERR_PAUSED, ERR_TOO_MANY
 * clients          ERR_SEAT_TAKEN, ERR_TOO_MANY
 * reports          ERR_TOO_MANY
 *
 * ERR_KEPT_FOR_PROCTOR and ERR_SEAT_TAKEN come with records: they must be applied and kept too; so
 * does every return with .nrecords > 0. */
MUST_USE enum err engine_decide(const struct engine *e, const struct event *ev, struct decision *d);

/* Lets a fact become true.  Live and after a crash the only function that changes a sitting or an
 * attempt; it cannot fail.  The record's msg is only read, and nothing points to it afterwards.
 * Records of an attempt whose first one was never applied (its transcript is elsewhere), and
 * records that were applied before, change nothing. */
void engine_apply(struct engine *e, const struct record *r);

/* When something is due next; false: nothing is. */
bool engine_next_due(const struct engine *e, struct service_ms *due_out);

/* A session of the client that holds the seat begins or ends.  It is no fact that a crash must
 * keep, so it is no record and outside the state hash: after a start nobody is here.  Matters to
 * the room's start (only attempts whose client is here), to parking, and to the exam's policy after
 * a restart. Unknown attempts are ignored. */
void engine_client_here(struct engine *e, struct attempt_id id, bool here, struct service_ms now);

/* Is anything due one day, so that heartbeats are needed? */
bool engine_is_running(const struct engine *e);

/* A closed or parked attempt leaves memory; apply its records again to bring it back. */
void engine_forget_attempt(struct engine *e, struct attempt_id id);
void engine_forget_sitting(struct engine *e, struct sitting_id id);
/* The person has had its run in a sitting in memory, but the attempt itself is packed: so that a
 * second check-in finds it.  Sittings that the engine does not know are ignored. */
void engine_remember_attempt(struct engine *e, struct sitting_id sitting, struct person_id person,
			     struct attempt_id attempt);
/* Ids that were ever used: after recovery, what transcripts and results know, so that they are not
 * given again. */
void engine_reserve(struct engine *e, struct attempt_id highest_attempt,
		    struct sitting_id highest_sitting);

/* ---- What is ----------------------------------------------------------------------------- */

const struct attempt *engine_attempt(const struct engine *e, struct attempt_id id);
const struct sitting *engine_sitting(const struct engine *e, struct sitting_id id);
/* The attempt of a person in a sitting; NULL: none. */
const struct attempt *engine_attempt_of(const struct engine *e, struct sitting_id sitting,
					struct person_id person);
/* All in memory, in order of id; start with NULL. */
const struct attempt *engine_attempt_after(const struct engine *e, const struct attempt *a);
const struct sitting *engine_sitting_after(const struct engine *e, const struct sitting *s);

/* SHA-256 over the whole state, for tests: equal states, equal values. */
struct digest engine_state_hash(const struct engine *e);

#endif
