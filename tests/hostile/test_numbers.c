/* Numbers that no attempt can have.  What a record is about is four times the number of its
 * attempt, so that a number far above all others would name a victim's records if nobody looked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/log.h"
#include "tests/hostile/world.h"

#define TURN (INT64_C(1) << 62) /* four of it are none */

static enum err review(struct fake_client *c, int64_t attempt)
{
	REQUEST_OF(get_review, GET_REVIEW, Examd__V1__GetReview, EXAMD__V1__GET_REVIEW__INIT);

	in.attempt = attempt;
	return (enum err)client_ask(c, &request)->error;
}

static enum err resume(struct fake_client *c, int64_t attempt)
{
	REQUEST_OF(practice_resume, PRACTICE_RESUME, Examd__V1__PracticeResume,
		   EXAMD__V1__PRACTICE_RESUME__INIT);
	uint8_t id[16] = {1};

	in.command_id = (ProtobufCBinaryData){sizeof id, id};
	in.attempt = attempt;
	return (enum err)client_ask(c, &request)->error;
}

static enum err result(struct fake_client *c, int64_t attempt)
{
	REQUEST_OF(get_result, GET_RESULT, Examd__V1__GetResult, EXAMD__V1__GET_RESULT__INIT);

	in.attempt = attempt;
	return (enum err)client_ask(c, &request)->error;
}

static void test_a_number_beyond_all_attempts_is_nobodys(void **state)
{
	struct harness *h = harness_new();
	struct candidate gone, victim, mallory;

	(void)state;
	world_bank(h, "bank", "exam", true);
	world_exam(h, "exam", "bank", true);
	gone = world_candidate(h, "gone", "exam", STAGE_GONE);
	victim = world_candidate(h, "victim", "exam", STAGE_RUNNING);
	mallory = world_candidate(h, "mallory", "exam", STAGE_RUNNING);
	for (int64_t turn = 0; turn < 2; turn++) {
		const int64_t numbers[] = {gone.attempt.v + TURN,    victim.attempt.v + TURN,
					   mallory.attempt.v + TURN, victim.attempt.v + TURN / 2,
					   victim.attempt.v - TURN,  INT64_MAX - turn,
					   INT64_MIN + turn};

		for (size_t i = 0; i < COUNT(numbers); i++) {
			assert_int_equal(review(mallory.c, numbers[i]), ERR_NOT_FOUND);
			assert_int_equal(result(mallory.c, numbers[i]), ERR_NOT_FOUND);
			assert_int_not_equal(resume(mallory.c, numbers[i]), ERR_OK);
		}
	}
	assert_int_equal(client_hello(victim.c)->hello->status->state,
			 EXAMD__V1__ATTEMPT_STATE__RUNNING);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_number_beyond_all_attempts_is_nobodys),
	};

	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
