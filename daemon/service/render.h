/* From the engine's state to the messages for candidates.  What is not in these messages cannot
 * leave: FormItem has no field for a key, a rationale, a section or a pretest mark. */
#ifndef DAEMON_SERVICE_RENDER_H
#define DAEMON_SERVICE_RENDER_H

#include "daemon/service/service.h"

/* The plaintext of a part of a form: a packed FormPart, the same bytes for the same form on any
 * machine. */
void render_part(const struct form *form, uint32_t part, struct buf *out);

/* One item as the candidate sees it, without stimulus. */
void render_item(const struct form_item *fi, Examd__V1__FormItem *out, struct arena *arena);

void render_clock(const struct core *core, const struct attempt *a, Examd__V1__Clock *out);
Examd__V1__Status *render_status(const struct core *core, const struct attempt *a,
				 struct arena *arena);

/* From a closing record: the result, with the score only when SCORE. */
struct result_head {
	struct attempt_id attempt;
	struct person_id person;
	const char *exam; /* its name */
	uint32_t state;
	int64_t used_ms;
	struct wall_ms closed;
	uint32_t items, answered;
};
Examd__V1__Result *render_result(const struct core *core, const struct result_head *head,
				 const Examd__Record__AttemptClosed *closing, struct arena *arena);
struct result_head result_head_of(const struct attempt *a);
struct result_head result_head_of_row(const struct store_result *row);
Examd__V1__Receipt *render_receipt(const struct core *core,
				   const Examd__Record__AttemptClosed *closing,
				   struct arena *arena);
Examd__V1__Score *render_score(const Examd__Record__Score *score, struct arena *arena);

/* An answer as the server has it, without its note, which is not in memory. */
Examd__V1__Answer *render_answer(uint32_t item, const struct attempt_answer *in,
				 struct arena *arena);

/* An item with its key, rationale and the candidate's answer: Review and Reveal. */
Examd__V1__ItemReview *render_review(const struct attempt *a, uint32_t item, struct arena *arena);

/* The sections of a score with their titles. */
size_t render_sections(const struct blueprint *b, const Examd__Record__Score *score,
		       Examd__V1__SectionScore ***out, struct arena *arena);

#endif
