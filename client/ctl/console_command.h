/* What the console can do: a table of keys, and the draft of one command from the key to the
 * request.  No terminal and no network.
 *
 * A small letter is for the candidates that are marked, or for the one under the cursor; a capital
 * is for the room.  A draft asks for what its row demands, one thing after the other, and carries
 * the version that the proctor was looking at, so that the server can tell what changed.  A pause
 * and a seat ask for nothing: nobody shall walk away from a question in the belief that it is done.
 */
#ifndef CLIENT_CTL_CONSOLE_COMMAND_H
#define CLIENT_CTL_CONSOLE_COMMAND_H

#include "client/ctl/console_room.h"

/* What a draft still has to ask; a set of bits, asked in rising order. */
enum ask {
	ASK_NOTHING = 0,
	ASK_MINUTES = 1,
	ASK_TEXT = 2,	/* the message */
	ASK_REASON = 4, /* goes on record */
	ASK_WHY = 8,	/* the same, and may stay empty */
	ASK_SURE = 16,	/* y or n */
	ASK_WORD = 32,	/* the word itself, typed: it is for many and cannot be undone */
};

struct console_command {
	int key;      /* for candidates; 0: only for the room */
	int room_key; /* 0: not for the room */
	Examd__V1__RoomVerb verb;
	const char *word;    /* "pause" */
	const char *done;    /* "Paused" */
	unsigned asks;	     /* for one candidate */
	unsigned asks_many;  /* for several, or for the room */
	bool one;	     /* not for several */
	unsigned roles;	     /* 1 << Role */
	unsigned room_while; /* 1 << SittingState: when the room's key is shown */
	bool (*fits)(const Examd__V1__RoomRow *row);
	const char *help;
};
extern const struct console_command console_commands[];
extern const size_t nconsole_commands;

/* The command of a key; NULL: none.  ROOM: the key was the room's. */
const struct console_command *console_command_of(int key, bool *room);
bool console_command_allowed(const struct console_command *c, Examd__V1__Role role);

#define DRAFT_TEXT 501

struct draft {
	const struct console_command *command;
	bool room;
	int64_t *attempts; /* owned */
	size_t nattempts;
	size_t passed_over; /* marked, but it does not fit them */
	char who[160];	    /* "c3 Ana Ruiz", "3 candidates", "the room" */
	unsigned asks;	    /* what is still to be asked */
	int32_t minutes;
	char text[DRAFT_TEXT]; /* the message, or the reason */
	uint64_t version;
	bool force;
	uint8_t id[16];
	struct room_row before; /* of the one candidate, as it was looked at; its texts are not */
	Examd__V1__Sitting sitting_before;
};

/* Begins a command for those it is meant for.  ROW: under the cursor, rows.nrows for none.
 * Returns NULL, or why there is nothing to do, as a sentence in WHY. */
const char *draft_begin(struct draft *d, const struct console_command *c, bool room,
			const struct console_room *r, size_t row, char why[200]);
void draft_fini(struct draft *d);

/* The next thing to ask; ASK_NOTHING: it can be sent. */
enum ask draft_next(const struct draft *d);
/* The question in words. */
void draft_question(const struct draft *d, enum ask ask, char out[240]);
/* The answer to it; false: not good, and WHY says what would be. */
bool draft_answer(struct draft *d, enum ask ask, const char *answer, char why[200]);

/* The request; borrows from the draft. */
void draft_fill(const struct draft *d, int64_t sitting, Examd__V1__RoomCommand *out);
/* "Paused: c3 Ana Ruiz." */
void draft_done(const struct draft *d, char out[240]);
/* What is different now from what the proctor looked at: "was running, is now paused". */
void draft_changes(const struct draft *d, const struct console_room *r, char out[240]);
/* To be sent again although it has changed. */
void draft_force(struct draft *d);

#endif
