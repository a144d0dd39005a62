/* What the core tells an operator: metrics, and doubts about the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/doubts.h"
#include "daemon/service/harness.h"
#include "daemon/service/metrics.h"
#include "proto/base/log.h"
#include "proto/stream/tls.h"

#define BANK "questions/banks/cpc-style.yaml"
#define EXAM "questions/banks/cpc-demo.yaml"

static int given_core(void **state)
{
	*state = harness_new();
	return 0;
}

static int core_goes(void **state)
{
	harness_free(*state);
	return 0;
}

/* ---- Metrics --------------------------------------------------------------------------------- */

static void says(const struct harness *h, const char *line)
{
	struct buf text = {0};
	char *whole = mem_printf("\n%s\n", line);

	metrics_text(h->core->metrics, &text);
	if (strstr(buf_text(&text), whole) == NULL)
		fail_msg("no line %s in:\n%s", line, buf_text(&text));
	free(whole);
	buf_fini(&text);
}

static void order(struct harness *h, struct sitting_id sitting, enum room_verb verb)
{
	assert_int_equal(harness_room(h, sitting, (struct attempt_id){0}, verb, (struct millis){0}),
			 ERR_OK);
}

static void test_metrics_count_who_is_there_and_what_was_acknowledged(void **state)
{
	struct harness *h = *state;
	struct person_id anna;
	struct sitting_id sitting;
	struct fake_client *c;

	harness_load(h, BANK, EXAM);
	anna = harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	sitting = harness_sitting(h, "cpc-demo", &anna, 1);
	says(h, "examd_connections 0");
	says(h, "examd_sittings{state=\"created\"} 1");
	order(h, sitting, VERB_OPEN);
	order(h, sitting, VERB_ADMIT);
	c = client_connect(h, "anna's laptop", "10.0.0.1");
	client_ready(c, sitting, anna);
	says(h, "examd_connections 1");
	says(h, "examd_sessions 1");
	says(h, "examd_attempts{state=\"ready\"} 1");
	order(h, sitting, VERB_START);
	client_answer(c, 0, 1, 1, 1);
	client_answer(c, 1, 1, 1, 1);
	client_answer(c, 9999, 1, 1, 1); /* there is no such item */
	says(h, "examd_answers_acknowledged_total 2");
	says(h, "examd_attempts{state=\"running\"} 1");
	says(h, "examd_attempts{state=\"ready\"} 0");
	says(h, "examd_sittings{state=\"started\"} 1");
	says(h, "# TYPE examd_answers_acknowledged_total counter");
	metrics_set(h->core->metrics, (struct millis){0}, 3, 5);
	says(h, "examd_process_starts_total{process=\"core\"} 3");
	says(h, "examd_process_starts_total{process=\"front\"} 5");
}

/* Prometheus wants HELP and TYPE once for each name, before its values. */
static void test_every_value_stands_below_help_and_type_of_its_name(void **state)
{
	struct harness *h = *state;
	struct buf text = {0};
	char name[80] = "", help[80], type[20], *line, *rest;

	metrics_text(h->core->metrics, &text);
	buf_put_u8(&text, 0);
	rest = (char *)(uintptr_t)buf_bytes(&text).data;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		if (sscanf(line, "# HELP %79s", help) == 1) {
			assert_string_not_equal(help, name);
			line = strsep(&rest, "\n");
			assert_int_equal(sscanf(line, "# TYPE %79s %19s", name, type), 2);
			assert_string_equal(help, name);
			assert_true(strcmp(type, "gauge") == 0 || strcmp(type, "counter") == 0);
			continue;
		}
		assert_memory_equal(line, name, strlen(name));
		assert_non_null(strchr(" {", line[strlen(name)]));
	}
	buf_fini(&text);
}

/* The thread has written: the loop runs until it has said so. */
static bool is_there(struct harness *h, const char *path, bool wanted)
{
	struct stat st;
	int i;

	for (i = 0; i < 1000000; i++) {
		if ((stat(path, &st) == 0) == wanted)
			return true;
		harness_run(h, 1);
	}
	return false;
}

static void test_the_file_is_written_when_it_is_wanted_and_only_then(void **state)
{
	struct harness *h = *state;
	char *path = mem_printf("%s/metrics.prom", h->dir);
	char *other = mem_printf("%s/metrics.prom.new", h->dir);
	char line[200] = "";
	FILE *f;

	metrics_set(h->core->metrics, (struct millis){0}, 1, 1);
	harness_run(h, 100);
	assert_int_not_equal(access(path, F_OK), 0);
	metrics_set(h->core->metrics, MINUTES(5), 1, 1);
	assert_true(is_there(h, path, true));
	assert_true(is_there(h, other, false)); /* it was moved, so nobody sees a part of it */
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "# HELP examd_connections Clients that are connected.\n");
	fclose(f);
	/* What changes while it is being written is written after it. */
	assert_int_equal(unlink(path), 0);
	metrics_set(h->core->metrics, MINUTES(5), 1, 1);
	metrics_set(h->core->metrics, MINUTES(5), 1, 77);
	do {
		assert_true(is_there(h, path, true));
		f = fopen(path, "re");
		while (fgets(line, sizeof line, f) != NULL)
			;
		fclose(f);
	} while (unlink(path) == 0 && strstr(line, "77") == NULL);
	free(path);
	free(other);
}

/* ---- Doubts ---------------------------------------------------------------------------------- */

#define GIB    (1ull << 30)
#define DAY_MS (24ll * 60 * 60 * 1000)

static const struct doubt_facts sound = {
    .disk_free = 10 * GIB,
    .disk_size = 100 * GIB,
    .descriptors = 1000,
    .descriptors_needed = 1000,
    .wall = {1800000000000},
    .certificate_until = {1800000000000 + 15 * DAY_MS},
};

static void test_a_sound_machine_leaves_no_doubt_and_each_fault_its_own(void **state)
{
	struct doubt_facts f = sound;

	(void)state;
	assert_int_equal(doubts_judge(&f), 0);
	f.disk_free = 5 * GIB - 1; /* of 100 */
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_DISK);
	f.disk_size = 4 * GIB;
	f.disk_free = GIB - 1; /* a quarter */
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_DISK);
	f.disk_free = GIB;
	assert_int_equal(doubts_judge(&f), 0);
	f = sound;
	f.in_memory = true;
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_MEMORY);
	f = sound;
	f.descriptors = 999;
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_DESCRIPTORS);
	f = sound;
	f.stepped = true;
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_STEP);
	f = sound;
	f.certificate_until.v -= DAY_MS + 1;
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_CERTIFICATE);
	f.certificate_until.v = f.wall.v - 1;
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_CERTIFICATE);
	f.certificate_until.v = 0; /* not ours to read */
	assert_int_equal(doubts_judge(&f), 0);
	f.wall.v = 1767225600000 - 1; /* 2026 begins */
	assert_int_equal(doubts_judge(&f), 1 << DOUBT_CLOCK);
}

static bool has_stepped(const struct harness *h)
{
	return doubts_look(h->core->doubts) & 1u << DOUBT_STEP;
}

static void test_a_step_of_the_wall_clock_is_remembered_for_an_hour(void **state)
{
	struct harness *h = *state;

	harness_forward(h, SECONDS(10));
	doubts_watch(h->core->doubts);
	assert_false(has_stepped(h));
	h->clock.wall.v -= 2001;
	doubts_watch(h->core->doubts);
	assert_true(has_stepped(h));
	harness_forward(h, MINUTES(60));
	doubts_watch(h->core->doubts);
	assert_true(has_stepped(h));
	harness_forward(h, SECONDS(1));
	doubts_watch(h->core->doubts);
	assert_false(has_stepped(h));
	h->clock.wall.v += 2001;
	doubts_watch(h->core->doubts);
	assert_true(has_stepped(h));
}

static void test_a_certificate_is_read_where_it_is_and_its_end_is_known(void **state)
{
	struct harness *h = *state;
	const char *name = "localhost";
	char *path = mem_printf("%s/t.crt", h->dir);
	struct buf cert = {0}, key = {0};
	struct wall_ms end;
	FILE *f;

	assert_int_equal(tls_make_self_signed(&name, 1, 10, &cert, &key), ERR_OK);
	assert_int_equal(tls_end_of_pem(buf_bytes(&cert), &end), ERR_OK);
	assert_in_range(end.v - wall_now().v, 10 * DAY_MS - MINUTES(5).v,
			10 * DAY_MS + MINUTES(5).v);
	assert_int_equal(tls_end_of_pem(bytes_of_text("x"), &end), ERR_INVALID);
	f = fopen(path, "we");
	assert_int_equal(fwrite(buf_bytes(&cert).data, 1, buf_length(&cert), f), buf_length(&cert));
	fclose(f);
	h->clock.wall = wall_now();
	assert_false(doubts_look(h->core->doubts) & 1u << DOUBT_CERTIFICATE);
	h->core->settings.certificate = path;
	assert_true(doubts_look(h->core->doubts) & 1u << DOUBT_CERTIFICATE);
	h->core->settings.certificate = NULL;
	free(path);
	buf_fini(&cert);
	buf_fini(&key);
}

static void test_a_doubtful_sitting_is_a_line_of_the_log(void **state)
{
	struct harness *h = *state;
	char said[500];
	int out[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	h->core->settings.descriptors = UINT32_MAX;
	assert_int_equal(pipe(out), 0);
	dup2(out[1], STDERR_FILENO);
	log_setup("core", LOG_LEVEL_WARN);
	doubts_tell(h->core->doubts, (struct sitting_id){7});
	log_setup("core", LOG_LEVEL_OFF);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(out[1]);
	n = read(out[0], said, sizeof said - 1);
	close(out[0]);
	assert_true(n > 0);
	said[n] = '\0';
	assert_non_null(strstr(said, "sitting_doubtful sitting=7 doubts="));
	assert_non_null(strstr(said, "descriptors"));
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* What the core calls to give memory back. */
static unsigned trims;
int __wrap_malloc_trim(size_t pad);
int __wrap_malloc_trim(size_t pad)
{
	trims += pad == 0;
	return 1;
}

static void crowd_comes_and_goes(struct harness *h)
{
	for (int i = 0; i < 60; i++) {
		struct fake_client *c = client_connect(h, "crowd", "192.0.2.1");

		client_hello(c);
		client_lose(c);
	}
	harness_drain(h);
}

static void test_memory_is_given_back_when_a_crowd_has_passed_and_no_clock_runs(void **state)
{
	struct harness *h = *state;
	struct person_id who[2];
	struct sitting_id sitting;

	harness_load(h, BANK, EXAM);
	who[0] = harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	who[1] = harness_person(h, "ben", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	sitting = harness_sitting(h, "cpc-demo", who, 2);
	order(h, sitting, VERB_OPEN);
	order(h, sitting, VERB_ADMIT);
	client_ready(client_connect(h, "anna", "192.0.2.2"), sitting, who[0]);
	trims = 0;
	crowd_comes_and_goes(h);
	assert_int_equal(trims, 0);
	harness_turn(h, SECONDS(3));
	assert_int_equal(trims, 1);
	harness_turn(h, SECONDS(10));
	assert_int_equal(trims, 1); /* nobody came since */
	h->core->moves = 98;	    /* as many as are needed when he has come and is ready */
	client_ready(client_connect(h, "ben", "192.0.2.3"), sitting, who[1]);
	harness_turn(h, SECONDS(3));
	assert_int_equal(trims, 2);
	order(h, sitting, VERB_START);
	crowd_comes_and_goes(h);
	harness_turn(h, SECONDS(10));
	assert_int_equal(trims, 2); /* a clock runs */
	order(h, sitting, VERB_CLOSE);
	harness_turn(h, SECONDS(10));
	assert_int_equal(trims, 3);
}

#define a_test(f) cmocka_unit_test_setup_teardown(f, given_core, core_goes)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    a_test(test_metrics_count_who_is_there_and_what_was_acknowledged),
	    a_test(test_every_value_stands_below_help_and_type_of_its_name),
	    a_test(test_the_file_is_written_when_it_is_wanted_and_only_then),
	    a_test(test_memory_is_given_back_when_a_crowd_has_passed_and_no_clock_runs),
	    cmocka_unit_test(test_a_sound_machine_leaves_no_doubt_and_each_fault_its_own),
	    a_test(test_a_step_of_the_wall_clock_is_remembered_for_an_hour),
	    a_test(test_a_certificate_is_read_where_it_is_and_its_end_is_known),
	    a_test(test_a_doubtful_sitting_is_a_line_of_the_log),
	};

	alarm(120);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests_name("operation", tests, NULL, NULL);
}
