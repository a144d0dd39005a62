/* Answers: ordered by (seat, revision); the higher one stands. */
#ifndef DAEMON_ENGINE_ANSWERS_H
#define DAEMON_ENGINE_ANSWERS_H

#include "daemon/engine/decision.h"

void answers_apply_put(struct attempt *a, const struct record *r,
		       const Examd__Record__AnswerPut *m);
void answers_apply_kept(struct attempt *a, const Examd__Record__AnswerKept *m);
void answers_free(struct attempt *a);

/* What stands for an item of the form; all zero before its first answer. */
const struct attempt_answer *answer_at(const struct attempt *a, size_t item);

/* Has it an option or a code? */
bool answer_is_given(const struct attempt_answer *answer);

#endif
