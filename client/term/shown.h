/* What the candidate is told, from plain facts: which scene, the corner that tells the truth, the
 * time left, what the navigator lists.  Nothing here knows a terminal, a socket or a clock. */
#ifndef CLIENT_TERM_SHOWN_H
#define CLIENT_TERM_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/lib/exam_client.h"

/* ---- Which scene ------------------------------------------------------------------------- */

enum scene {
	SCENE_REFUSED,
	SCENE_TAKEN_OVER,
	SCENE_LOG_IN,	    /* the server knows nobody: a password is wanted */
	SCENE_NEW_PASSWORD, /* the one that was given is good for one time */
	SCENE_PRACTICE,	    /* nothing is under way: what to begin */
	SCENE_LOBBY,	    /* connecting, waiting for admission or the start */
	SCENE_RULES,	    /* the rules wait to be confirmed */
	SCENE_PAUSED,	    /* no item is shown */
	SCENE_ITEMS,
	SCENE_TIME_UP, /* the server is about to close */
	SCENE_CLOSED,
	SCENES
};

struct scene_facts {
	bool refused, taken_over;
	bool wants_password, must_change;
	bool chooses; /* logged in for practice, and at no attempt or done with it */
	bool has_status, has_rules, rules_agreed;
	Examd__V1__AttemptState state;
	uint32_t stopped;     /* bits of Stop */
	bool on_break;	      /* with the clock running */
	bool part_open;	      /* its items can be read */
	int64_t remaining_ms; /* while running */
};
enum scene scene_of(const struct scene_facts *f);

/* Why the clock stands, for a person; "" when it runs. */
const char *stop_words(uint32_t stopped);

/* ---- The corner -------------------------------------------------------------------------- */

struct truth_facts {
	uint32_t put, saved; /* exam_client_saved() */
	uint32_t unsaved;    /* put or being typed, and not acknowledged */
	enum link_state link;
	enum err journal;
};
/* "saved 37/37", "2 not saved yet, reconnecting".  True: all is well. */
bool truth_format(const struct truth_facts *f, char *out, size_t size);

/* ---- The time ---------------------------------------------------------------------------- */

/* "1:02:03" from an hour on, else "02:03"; a second begun counts as one. */
void time_format(int64_t ms, char *out, size_t size);

#define CLOCK_COMES_BACK_MS (5 * 60000)
/* A clock that was hidden is shown again in the last five minutes. */
bool clock_is_shown(bool hidden, int64_t remaining_ms);

/* ---- The pace of practice ---------------------------------------------------------------- */

struct pace {
	int64_t here_ms;  /* this question, so far */
	int64_t each_ms;  /* used so far for each question that is complete; 0: none is */
	int64_t given_ms; /* the exam's own time for a question; 0: it has none */
};
/* "this one 00:45, each 01:05, exam gives 02:24" */
void pace_format(const struct pace *p, char *out, size_t size);
/* TIME over N; 0 where there is nothing to divide. */
int64_t pace_each(int64_t time_ms, uint32_t n);

/* The warning that has become due between two looks at the clock, in minutes; 0: none.  The
 * smallest, when several have.  None that is as long as the whole budget. */
uint32_t warning_due(const uint32_t *warnings, size_t n, int64_t before_ms, int64_t now_ms,
		     int64_t budget_ms);

/* ---- The navigator ----------------------------------------------------------------------- */

enum progress { PROGRESS_UNSEEN, PROGRESS_INCOMPLETE, PROGRESS_COMPLETE };

struct item_facts {
	bool seen;
	bool elsewhere; /* the server has an answer that was put on another device */
	const Examd__V1__Answer *answer; /* NULL: none */
	const Examd__V1__FormItem *item; /* NULL: cannot be read */
};
enum progress item_progress(const struct item_facts *f);
const char *progress_word(enum progress p);

enum filter { FILTER_ALL, FILTER_NOT_COMPLETE, FILTER_UNSEEN, FILTER_FLAGGED, FILTERS };
const char *filter_word(enum filter f);
bool filter_shows(enum filter f, enum progress p, bool flagged);

/* ---- Codes ------------------------------------------------------------------------------- */

#define CODE_TYPED_MOST 16 /* bytes */
/* The character to put into a code for one typed: upper case; 0: none belongs there. */
char code_character(int key);

#endif
