/* The candidate's desk: one attempt as a person sees it, without saying how it looks.  It owns the
 * client (client/lib), knows which item is looked at, keeps the answer that is being made, and
 * collects what the candidate must be told.  full_screen.c and plain.c show it.
 *
 * Nothing here waits: each call returns at once, and on_change() of the owner follows whenever
 * something may look different. */
#ifndef CLIENT_TERM_DESK_H
#define CLIENT_TERM_DESK_H

#include "client/term/practice.h"
#include "client/term/shown.h"

#define DESK_OPTIONS_MOST 32
#define DESK_FIELDS_MOST  32
#define DESK_NOTE_MOST	  500 /* bytes */
#define DESK_TOLD_MOST	  8

/* The answer that is being made for the item that is looked at. */
struct draft {
	bool chosen[DESK_OPTIONS_MOST], struck[DESK_OPTIONS_MOST];
	char codes[DESK_FIELDS_MOST][CODE_TYPED_MOST + 1];
	char note[DESK_NOTE_MOST + 1];
	bool flagged;
	bool dirty;		 /* not handed to the client yet */
	uint32_t seat, revision; /* of the answer that it began as; 0: none */
};

/* What is said to the candidate until it is dismissed; a hint only until the next key. */
enum told { TOLD_MESSAGE, TOLD_TIME, TOLD_TROUBLE, TOLD_HINT };
struct told_text {
	enum told what;
	char *text; /* owned */
};

/* Handing in, or leaving a part. */
enum leaving { LEAVING_NOT, LEAVING_WAITS_SAVED, LEAVING_ASKED };

struct desk_owner {
	void (*on_change)(struct desk_owner *o);
	/* Something to be said at once; but for a hint it stands in .told too.  TEXT is valid until
	 * this returns. */
	void (*on_told)(struct desk_owner *o, enum told what, const char *text);
};

struct desk_config {
	struct exam_client_config client; /* .user and .loop are set by the desk */
	struct loop *loop;
	/* USER NULL: by slip.  PASSWORD NULL: it is asked for when the server demands it. */
	const char *user, *password;
	int64_t sitting;
	int acks_fd; /* of --log-acks; -1: none */
	struct desk_owner *owner;
};

struct desk {
	struct exam_client_user hooks;
	struct desk_owner *owner; /* borrowed */
	struct exam_client *client;
	struct exam_client_config config;
	int acks_fd; /* borrowed; -1: none */
	enum link_state link;
	enum err link_why, refused;
	char *refusal; /* owned; what the server said with it */
	enum entry_step step;
	bool was_refused, was_taken_over, rules_agreed, on_break;
	bool wants_password, must_change, logging_in;
	enum err password_error; /* of the last try; ERR_OK: there was none */
	const char *user;	 /* borrowed; NULL: by slip */
	char *typed_password;	 /* owned; that was logged in with, until it need not be changed */
	char *pause_text;	 /* owned; NULL: none was given */

	uint32_t item; /* looked at */
	bool has_item;
	struct draft draft;
	struct timer put_later, tick, again;
	struct mono_ms shown_since;
	uint32_t *seen_ms; /* owned; by item, up to the last change of item */
	size_t nitems;
	int64_t last_remaining;

	struct told_text told[DESK_TOLD_MOST];
	size_t ntold;

	enum leaving leaving;
	uint32_t leaving_part;
	uint8_t command_id[16];
	struct call call, break_call;
	bool calling, breaking, closing;
	bool going_on; /* in a linear part: to the next item, when this one is saved */

	bool may_practise; /* logged in by password, without a sitting */
	bool at_practice;  /* back at the list, done with the last attempt */
	struct practice practice;
	int64_t attempt; /* that the items, the result and the rationales are of */
	struct call reveal_call;
	bool revealing;
	struct arena reveal_arena;
	const Examd__V1__ItemReview *revealed; /* NULL: not here */

	/* After the end. */
	bool result_asked;
	enum err result_error; /* of the last answer: ERR_NOT_RELEASED */
	struct arena result_arena, review_arena;
	const Examd__V1__Result *result;       /* NULL: not here */
	const Examd__V1__ItemReview **reviews; /* owned */
	size_t nreviews;
	bool review_asked, review_whole;
	enum err review_error;
};

/* Begins to connect and to take the seat.
 *
 * and the errors of exam_client_new() */
MUST_USE enum err desk_open(struct desk *d, const struct desk_config *config, char detail[256]);
void desk_close(struct desk *d);

enum scene desk_scene(const struct desk *d);
/* With the password that a person has typed; refusals show as .password_error. */
void desk_log_in(struct desk *d, const char *password);
/* OLD NULL: the one that was logged in with; only where desk_knows_password(). */
void desk_change_password(struct desk *d, const char *old, const char *new_password);
bool desk_knows_password(const struct desk *d);

struct truth_facts desk_truth(const struct desk *d);
/* Items to be handed over by this device and by hand: unsettled ones, and the draft. */
uint32_t desk_unsaved(const struct desk *d);

/* The part under way; NULL: none. */
const Examd__V1__PartInfo *desk_part(const struct desk *d);
bool desk_is_last_part(const struct desk *d);
bool desk_has_tool(const struct desk *d, const char *tool);
/* 1, 2, ... in its part. */
uint32_t desk_number(const struct desk *d, uint32_t item);

/* Of practice; false: there is none to show. */
bool desk_pace(const struct desk *d, struct pace *out);
/* The exam's own time for a question, over all parts. */
int64_t desk_given_each(const struct desk *d);

/* The item that is looked at; NULL: none. */
const Examd__V1__FormItem *desk_item(const struct desk *d);
enum progress desk_progress(const struct desk *d, uint32_t item);
bool desk_is_flagged(const struct desk *d, uint32_t item);
const char *desk_note(const struct desk *d, uint32_t item);
/* The server has an answer from another device, whose content is not known here. */
bool desk_is_elsewhere(const struct desk *d, uint32_t item);
/* Of the part under way. */
void desk_count(const struct desk *d, uint32_t of[PROGRESS_COMPLETE + 1], uint32_t *flagged);

/* All of these may be refused, and then say why to the owner. */
void desk_go(struct desk *d, uint32_t item);
/* In a linear part this one must be answered, and the next one comes when it is saved. */
void desk_next(struct desk *d);
void desk_previous(struct desk *d);
void desk_choose(struct desk *d, uint32_t option);
void desk_strike(struct desk *d, uint32_t option);
void desk_flag(struct desk *d);
void desk_set_note(struct desk *d, const char *note);
/* Highlights a part of the text, or takes the highlight off. */
void desk_mark(struct desk *d, struct mark mark);
/* A code of the draft was changed by its owner: it is put when nothing follows for a moment. */
void desk_code_changed(struct desk *d);
/* Puts the draft, when there is something to put.  In a linear part that is final, and needs a
 * choice: a flag or a note alone stays a draft. */
void desk_put(struct desk *d);
/* The same where it is not final: nothing in a linear part, before the candidate goes on. */
void desk_put_early(struct desk *d);

void desk_agree(struct desk *d);
/* The part, or all of it when it is the last one; waits until everything is saved. */
void desk_hand_in(struct desk *d);
void desk_stay(struct desk *d);
void desk_break(struct desk *d, bool begin);
/* Asks for the rationales, when they are released. */
void desk_ask_review(struct desk *d);

/* Practice: begin, go on, come back to the list, ask for the key of the item looked at. */
void desk_practice(struct desk *d, const Examd__V1__Exam *exam, const struct drill *drill);
void desk_resume(struct desk *d, int64_t attempt);
void desk_to_practice(struct desk *d);
void desk_reveal(struct desk *d);

void desk_tell(struct desk *d, enum told what, const char *text);
void desk_dismiss(struct desk *d);

#endif
