/* Practice: what a person who logged in without a sitting can begin, go on with and look back at.
 * Asks the server for the lists; starting and resuming give the client an attempt, and the desk
 * does the rest. */
#ifndef CLIENT_TERM_PRACTICE_H
#define CLIENT_TERM_PRACTICE_H

#include "client/lib/exam_client.h"

#define PRACTICE_SECTIONS_MOST 64

/* What is asked for of one exam. */
struct drill {
	bool tutor, missed_only;
	bool section[PRACTICE_SECTIONS_MOST]; /* none: all of them */
	unsigned level;			      /* place in drill_levels; 0: any */
	uint32_t items, minutes;	      /* 0: as the exam has them */
};

#define DRILL_LEVELS 4
extern const char *const drill_levels[DRILL_LEVELS]; /* as the server names them */

struct practice {
	struct exam_client *client; /* borrowed */
	/* Something has come, or was refused. */
	void (*on_change)(struct practice *p);
	struct arena exams_arena, attempts_arena;
	const Examd__V1__Exams *exams;	     /* NULL: not here yet */
	const Examd__V1__Attempts *attempts; /* NULL: not here yet */
	struct call exams_call, attempts_call, start_call;
	bool asked, starting;
	bool started; /* the server gave an attempt; for the owner to take back */
	enum err err; /* of the last start, resumption or list */
	char detail[256];
	bool closing;
};

void practice_init(struct practice *p, struct exam_client *client,
		   void (*on_change)(struct practice *p));
void practice_fini(struct practice *p);
/* Calls end: the client is about to be freed. */
void practice_close(struct practice *p);

/* Asks for both lists, unless they are asked for. */
void practice_ask(struct practice *p);
/* So that they are asked for again. */
void practice_forget(struct practice *p);

void practice_start(struct practice *p, const Examd__V1__Exam *exam, const struct drill *drill);
void practice_resume(struct practice *p, int64_t attempt);

/* Percent of the points, 0 to 100; -1: none to be had. */
int practice_percent(int32_t points, int32_t points_most);

/* The section of an attempt by its name; NULL: it has none. */
const Examd__V1__SectionScore *practice_section(const Examd__V1__AttemptInfo *attempt,
						const char *section);

#endif
