/* What the other layers rely on in the lowest one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/times.h"
#include "proto/base/worker.h"

static void every_error_has_its_own_number_and_a_sentence(void **state)
{
	enum err a, b;
	unsigned i, k;

	(void)state;
	for (i = 0; err_nth(i, &a); i++) {
		assert_int_equal(a, err_from_number(a));
		assert_true(strlen(err_sentence(a)) > 4);
		assert_string_not_equal("unknown", err_name(a));
		for (k = 0; k < i; k++) {
			assert_true(err_nth(k, &b));
			assert_int_not_equal(a, b);
		}
	}
	assert_int_equal(ERR_PROTOCOL, err_from_number(99999));
	assert_string_equal("too_late", err_name(ERR_TOO_LATE));
}

static void text_is_utf8_without_nul(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is;
	} cases[] = {
	    {"plain", 5, true},
	    {"a\0b", 3, false},
	    {"\xc3\xa9", 2, true},
	    {"\xc0\x80", 2, false},
	    {"\xe2\x82\xac", 3, true},
	    {"\xe2\x82", 2, false},
	    {"\xed\xa0\x80", 3, false},
	    {"\xf0\x9f\x99\x82", 4, true},
	    {"\xf4\x90\x80\x80", 4, false},
	    {"\x80", 1, false},
	    {"\xe0\x80\x80", 3, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].is,
				 bytes_is_text(bytes_of(cases[i].bytes, cases[i].len)));
}

static void a_buffer_gives_back_what_was_put_in_order(void **state)
{
	struct buf b = {0};
	uint32_t put = 0, taken = 0;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		buf_put_u32(&b, put++);
		if (i % 3 != 0) {
			assert_int_equal(taken++, u32_read(buf_bytes(&b).data));
			buf_take(&b, 4);
		}
	}
	assert_int_equal((put - taken) * 4, buf_length(&b));
	while (buf_length(&b) > 0) {
		assert_int_equal(taken++, u32_read(buf_bytes(&b).data));
		buf_take(&b, 4);
	}
	buf_printf(&b, "%d-%s", 7, "x");
	assert_string_equal("7-x", buf_text(&b));
	buf_take(&b, 1);
	buf_cut(&b, 1);
	assert_string_equal("-", buf_text(&b));
	buf_cut(&b, 0);
	assert_int_equal(0, buf_length(&b));
	buf_fini(&b);
}

static void an_arena_gives_zeroed_pieces_up_to_its_cap(void **state)
{
	struct arena a = {.cap = 10000};
	unsigned char *p;
	int i, k;

	(void)state;
	for (k = 0; k < 3; k++) {
		size_t sum = 0;

		while ((p = arena_new(&a, 100)) != NULL) {
			for (i = 0; i < 100; i++)
				assert_int_equal(0, p[i]);
			memset(p, 0xff, 100);
			sum += 100;
		}
		assert_in_range(sum, 8000, 10000);
		arena_reset(&a);
	}
	assert_null(arena_new(&a, 10001));
	assert_null(arena_new(&a, SIZE_MAX));
	arena_fini(&a);
}

static void a_time_is_read_as_it_is_written(void **state)
{
	static const char *const bad[] = {"",
					  "2026-11-23",
					  "2026-02-30T10:00Z",
					  "2026-11-23T10:00",
					  "2026-11-23T25:00Z",
					  "2026-11-23T10:00:00ZZ",
					  "2026-11-23T10:00+1:00"};
	char text[WALL_TEXT_SIZE];
	struct wall_ms t, u;
	size_t i;

	(void)state;
	assert_int_equal(ERR_OK, wall_parse("2026-11-23T07:02:11.482Z", &t));
	wall_format(t, text);
	assert_string_equal("2026-11-23T07:02:11.482Z", text);
	assert_int_equal(ERR_OK, wall_parse("2026-11-23T09:02:11.482+02:00", &u));
	assert_int_equal(t.v, u.v);
	assert_int_equal(ERR_OK, wall_parse("2026-11-23T07:02Z", &u));
	assert_int_equal(t.v - 11482, u.v);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(ERR_INVALID, wall_parse(bad[i], &u));
}

/* The library's own calendar is the other opinion. */
static void a_time_is_written_with_the_date_that_the_calendar_has(void **state)
{
	static const int64_t first = -62167219200, last = 253402300799; /* years 0 to 9999 */
	const int64_t step = 86400 * 5 + 3661;
	char text[WALL_TEXT_SIZE], want[80];
	int64_t s;

	(void)state;
	for (s = first; s <= last; s += step) {
		time_t at = (time_t)s;
		struct tm tm;

		wall_format((struct wall_ms){s * 1000 + 7}, text);
		assert_non_null(gmtime_r(&at, &tm));
		snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.007Z",
			 (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			 tm.tm_min, tm.tm_sec);
		assert_string_equal(want, text);
	}
}

/* Four times such a number would be that of somebody else. */
static void a_number_that_nobody_can_have_has_no_subject(void **state)
{
	static const int64_t made_up[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX / 4 + 2,
					  SUBJECT_NUMBER_MOST + 1};
	const struct subject most = subject_attempt((struct attempt_id){SUBJECT_NUMBER_MOST});

	(void)state;
	for (size_t i = 0; i < COUNT(made_up); i++) {
		assert_int_equal(subject_attempt((struct attempt_id){made_up[i]}).v, -1);
		assert_int_equal(subject_sitting((struct sitting_id){made_up[i]}).v, -1);
	}
	assert_int_equal(subject_number(most), SUBJECT_NUMBER_MOST);
	assert_int_equal(subject_kind(most), SUBJECT_ATTEMPT);
	assert_int_equal(subject_sitting((struct sitting_id){7}).v, 30);
}

static void hex_and_base32_are_read_back(void **state)
{
	uint8_t in[7] = {0x00, 0xff, 0x12, 0x34, 0x56, 0x78, 0x9a}, out[7];
	char hex[15], slip[11], canon[11];

	(void)state;
	hex_format(in, 7, hex);
	assert_string_equal("00ff123456789a", hex);
	assert_int_equal(ERR_OK, hex_parse("00FF123456789a", out, 7));
	assert_memory_equal(in, out, 7);
	assert_int_equal(ERR_INVALID, hex_parse("00", out, 7));
	assert_int_equal(ERR_INVALID, hex_parse("0g000000000000", out, 7));
	base32_format(in, 10, slip);
	assert_int_equal(10, strlen(slip));
	assert_int_equal(ERR_OK, base32_canonical("oi-l 2345abc", 9 + 1, canon));
	assert_string_equal("0112345ABC", canon);
	assert_int_equal(ERR_INVALID, base32_canonical("U123456789", 10, canon));
	assert_int_equal(ERR_INVALID, base32_canonical("012345678", 10, canon));
	assert_int_equal(ERR_INVALID, base32_canonical("01234567890", 10, canon));
}

static void diagnostics_are_printed_by_place(void **state)
{
	struct diag d = {0};
	struct buf out = {0};

	(void)state;
	diag_add(&d, DIAG_WARNING, (struct diag_place){"b.yaml", 3, 1}, NULL, "second");
	diag_add(&d, DIAG_ERROR, (struct diag_place){"b.yaml", 2, 7}, "some-rule", "first %d", 1);
	diag_sort(&d);
	diag_print(&d, &out);
	assert_string_equal("b.yaml:2:7: error: first 1 [some-rule]\n"
			    "b.yaml:3:1: warning: second\n",
			    buf_text(&out));
	assert_true(diag_has_errors(&d));
	buf_fini(&out);
	diag_fini(&d);
}

struct sum_job {
	struct job job;
	int n, ran, *total;
};

static void sum_run(struct job *job)
{
	container_of(job, struct sum_job, job)->ran = 1;
}

static void sum_done(struct job *job)
{
	struct sum_job *s = container_of(job, struct sum_job, job);

	*s->total += s->ran ? s->n : 0;
	free(s);
}

static void a_worker_runs_jobs_and_refuses_those_past_its_bound(void **state)
{
	struct worker *w = worker_new(4);
	int i, total = 0, accepted = 0;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct sum_job *s = mem_new(sizeof *s);

		*s = (struct sum_job){{sum_run, sum_done, NULL}, 1, 0, &total};
		if (worker_add(w, &s->job) == ERR_OK)
			accepted++;
		else
			free(s);
	}
	assert_int_equal(4, accepted);
	while (total < accepted) {
		struct pollfd p = {worker_fd(w), POLLIN, 0};

		assert_int_equal(1, poll(&p, 1, 10000));
		worker_settle(w);
	}
	worker_free(w);
}

/* What comes out on standard error until log_ends(). */
static int log_kept, log_pipe[2];

static void log_begins(void)
{
	assert_int_equal(pipe(log_pipe), 0);
	log_kept = dup(STDERR_FILENO);
	dup2(log_pipe[1], STDERR_FILENO);
}

static void log_ends(char *out, size_t size)
{
	ssize_t n;

	dup2(log_kept, STDERR_FILENO);
	close(log_kept);
	close(log_pipe[1]);
	n = read(log_pipe[0], out, size - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	close(log_pipe[0]);
}

static void lines_about_strangers_are_twenty_a_second_and_the_rest_is_counted(void **state)
{
	struct log_rate rate = {0};
	struct mono_ms now = {5000};
	char said[400];
	int i, written = 0;

	(void)state;
	log_begins();
	for (i = 0; i < 50; i++)
		written += log_may(&rate, LOG_TLS_FAILED, now);
	assert_int_equal(written, LOG_RATE_MOST);
	assert_false(log_may(&rate, LOG_TLS_FAILED, (struct mono_ms){5999}));
	assert_true(log_may(&rate, LOG_TLS_FAILED, (struct mono_ms){6000}));
	assert_true(log_may(&rate, LOG_TLS_FAILED, (struct mono_ms){6000}));
	log_ends(said, sizeof said);
	assert_non_null(strstr(said, "lines_left_out event=TLS_FAILED lines=31\n"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* and only once */
}

static void the_level_of_the_log_can_be_changed(void **state)
{
	char said[400];

	(void)state;
	log_begins();
	log_set_level(LOG_LEVEL_ERROR);
	log_event(LOG_STARTED, F_INT("n", 1));
	log_set_level(LOG_LEVEL_INFO);
	log_event(LOG_STARTED, F_INT("n", 2));
	log_ends(said, sizeof said);
	assert_null(strstr(said, "n=1"));
	assert_non_null(strstr(said, "n=2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_error_has_its_own_number_and_a_sentence),
	    cmocka_unit_test(text_is_utf8_without_nul),
	    cmocka_unit_test(a_buffer_gives_back_what_was_put_in_order),
	    cmocka_unit_test(an_arena_gives_zeroed_pieces_up_to_its_cap),
	    cmocka_unit_test(a_time_is_read_as_it_is_written),
	    cmocka_unit_test(a_time_is_written_with_the_date_that_the_calendar_has),
	    cmocka_unit_test(a_number_that_nobody_can_have_has_no_subject),
	    cmocka_unit_test(hex_and_base32_are_read_back),
	    cmocka_unit_test(diagnostics_are_printed_by_place),
	    cmocka_unit_test(lines_about_strangers_are_twenty_a_second_and_the_rest_is_counted),
	    cmocka_unit_test(the_level_of_the_log_can_be_changed),
	    cmocka_unit_test(a_worker_runs_jobs_and_refuses_those_past_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
