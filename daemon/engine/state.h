/* What the engine keeps.  Only the engine's own files include this; everybody else asks through
 * attempt.h and sitting.h.
 *
 * All of it follows from the records alone, except what stands under "not recorded". */
#ifndef DAEMON_ENGINE_STATE_H
#define DAEMON_ENGINE_STATE_H

#include "daemon/engine/attempt.h"
#include "daemon/engine/due.h"
#include "daemon/engine/seen.h"
#include "daemon/engine/sitting.h"
#include "daemon/engine/timing.h"

/* Where the chain of a subject stands. */
struct chain_end {
	uint64_t n;
	struct digest chain;
};

/* The last record that counts as a change for staff (attempt_version()). */
struct change {
	uint64_t version;
	enum record_kind kind;
	struct person_id person;
};

struct kept_answer {
	uint32_t seat, item, revision;
	struct digest bytes;
};

struct attempt {
	struct engine *engine; /* borrowed: it owns this */
	struct attempt_id id;
	struct chain_end end;
	struct change change;
	struct seen seen;
	struct service_ms last_at;
	struct wall_ms last_wall;

	/* From its first record. */
	struct arena arena; /* owns form, draw and hashes */
	struct person_id person;
	struct sitting_id sitting;	   /* 0: practice */
	const struct blueprint *blueprint; /* borrowed from the engine, like the bank */
	const struct bank *bank;
	struct form form;
	struct form_draw draw;
	struct digest *plain_hashes; /* one a part */
	bool tutor;

	enum attempt_state state; /* changed by attempt_move() only */
	struct timing timing;
	struct millis bases[BLUEPRINT_PARTS_MOST]; /* before accommodation and minutes added */
	uint32_t extra_percent;
	struct millis added[BLUEPRINT_PARTS_MOST];
	bool started;		     /* its first part was open */
	struct service_ms restarted; /* while STOP_RESTART is set: since when */
	bool on_break;

	struct seat_no seat;
	bool held, waited;
	uint8_t client_id[16]; /* zeros unless .held */
	uint8_t waiting[16];   /* while .waited */

	struct attempt_answer *answers; /* one an item; NULL before the first */
	uint32_t answered;
	uint64_t applied; /* answers put */
	bool saved;
	struct service_ms saved_at;
	struct kept_answer *kept; /* owned */
	uint32_t nkept, kept_cap;
	uint32_t reports; /* and breaks */
	uint32_t focus_lost;
	struct wall_ms focus_lost_wall;
	bool off_page; /* attempt_is_off_page() */
	uint32_t takeovers;

	struct wall_ms started_wall, closed_wall;
	Examd__Record__AttemptClosed *closing; /* owned; NULL: not closed */
	bool superseding;
	struct digest superseded; /* of the earlier statement, after a reopening */
	bool released_result, released_review;

	/* Not recorded. */
	bool here;
	struct service_ms away; /* while not .here: since when */
	size_t due[DUE_NKINDS]; /* due.h */
};

/* A person of a sitting and its attempt. */
struct member {
	struct person_id person;
	struct attempt_id attempt; /* 0: not checked in */
};

struct sitting {
	struct sitting_id id;
	struct chain_end end;
	struct change change;
	struct seen seen;
	const struct blueprint *blueprint; /* borrowed from the engine */
	const struct bank *bank;
	enum sitting_state state;
	bool paused, admitting;
	struct millis added;
	struct wall_ms opens, closes, room_ends;
	int64_t title_row;
	struct person_id *persons; /* owned; as they were named */
	struct member *members;	   /* owned; sorted by person; as many */
	size_t npersons;
	struct attempt_id *attempts; /* owned; in order of check-in */
	size_t nattempts, attempts_cap;
	bool released_result, released_review;
};

struct made; /* a command that made an attempt or a sitting */

struct engine {
	struct engine_config config;
	struct bank **banks; /* owned */
	size_t nbanks;
	struct blueprint **blueprints; /* owned */
	size_t nblueprints;
	struct attempt **attempts; /* owned; by id */
	size_t nattempts, attempts_cap;
	struct sitting **sittings; /* owned; by id */
	size_t nsittings, sittings_cap;
	struct attempt_id highest_attempt;
	struct sitting_id highest_sitting;
	struct made *made; /* owned; stays when what was made leaves memory */
	struct due due[DUE_NKINDS];
};

/* ---- engine.c ---- */

/* Like engine_attempt() and engine_sitting(), for those who apply. */
struct attempt *engine_find_attempt(const struct engine *e, struct attempt_id id);
struct sitting *engine_find_sitting(const struct engine *e, struct sitting_id id);
/* Places a new one; taken. */
void engine_keep_attempt(struct engine *e, struct attempt *a);
void engine_keep_sitting(struct engine *e, struct sitting *s);
/* Remembers that the command of BY made the subject. */
void engine_note_made(struct engine *e, const Examd__Record__By *by, struct subject subject);
/* As seen_find(), with what it made. */
MUST_USE enum err engine_find_made(const struct engine *e, const struct by *by,
				   struct subject *out);

/* ---- attempt_apply.c, sitting_apply.c ---- */

void attempt_apply(struct engine *e, const struct record *r);
void attempt_free(struct attempt *a);
/* Puts the attempt where it belongs in the heaps; after every change. */
void attempt_refresh(struct attempt *a);
void sitting_apply(struct engine *e, const struct record *r);
void sitting_free(struct sitting *s);
struct member *sitting_member(const struct sitting *s, struct person_id person);
/* Notes the attempt of a person; who is no member, or has that attempt already, is ignored. */
void sitting_note_attempt(struct sitting *s, struct person_id person, struct attempt_id attempt);

/* The caller of engine_apply() promised that bank and blueprint are known; going on without them
 * would silently change a candidate's exam, so NULL ends the process. */
const void *must_be_known(const void *p);
/* 32 bytes of a message; zeros for another length. */
struct digest record_digest(const ProtobufCBinaryData *data);
/* The message's By, whatever its kind; NULL: none. */
const Examd__Record__By *record_by(const struct record *r);
/* Brings end, change and seen up to the record. */
void chain_advance(struct chain_end *end, const struct record *r);

#endif
