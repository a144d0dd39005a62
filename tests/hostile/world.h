/* What the tests of the hostile world stand on, above daemon/service/harness.h: content whose
 * secrets are marked, and candidates who are brought into any state of an attempt. */
#ifndef TESTS_HOSTILE_WORLD_H
#define TESTS_HOSTILE_WORLD_H

#include "daemon/service/harness_staff.h"

/* Every text that is planted begins with it and occurs nowhere else. */
#define CANARY "cnry"

/* A bank of single items, typed codes and a set for the exams EXAM and EXAM-practice.  Each text
 * that candidates may not see begins with CANARY and has a number of its own; each text of the form
 * itself (stems, options, labels, stimuli) does so too when FORMS. */
void world_bank(struct harness *h, const char *name, const char *exam, bool forms);

/* An exam of two parts of a minute each, with breaks that stop the clock; released by hand.  TITLES
 * of the exam, its parts and sections are planted when MARKED. */
void world_exam(struct harness *h, const char *exam, const char *bank, bool marked);

/* How far an attempt has come. */
enum stage {
	STAGE_NONE, /* the room is open, the slip was used */
	STAGE_CHECKED_IN,
	STAGE_ADMITTED,
	STAGE_READY,
	STAGE_RUNNING,
	STAGE_PAUSED,
	STAGE_BREAK,
	STAGE_SUBMITTED,
	STAGE_EXPIRED,
	STAGE_CLOSED,
	STAGE_VOIDED,
	STAGE_RELEASED, /* closed, result and review released */
	STAGE_GONE,	/* closed long ago: not in memory */
	STAGE_COUNT
};

struct candidate {
	struct fake_client *c;
	struct person_id person;
	char user[32];
	struct sitting_id sitting;
	struct attempt_id attempt; /* 0: none yet */
	uint32_t nparts;
	uint8_t hash[8][32]; /* of the parts */
};

/* N persons named PREFIX0, PREFIX1 ..., each with a sitting alone, and the attempt at that stage.
 * STAGE_EXPIRED and STAGE_GONE turn the clock, so make those first.  The caller frees the array. */
struct candidate *world_candidates(struct harness *h, const char *prefix, const char *exam,
				   enum stage stage, size_t n);
/* One. */
struct candidate world_candidate(struct harness *h, const char *prefix, const char *exam,
				 enum stage stage);

#endif
