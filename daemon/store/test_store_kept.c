/* A newer release opens the databases that older ones left, with attempts open, and goes on.  Each
 * file of kept/ was made by make_kept of its release. */
#include "daemon/store/test_given.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"

/* What every kept file holds (make_kept.c). */
struct found {
	struct store_visitor visitor;
	size_t persons, sessions, slips, banks, exams, records;
	int64_t service;
	struct given_chain chains[SUBJECTS_MOST];
	size_t nchains;
	struct attempt_id highest;
};

static struct found *found_of(struct store_visitor *v)
{
	return container_of(v, struct found, visitor);
}

static void on_clock(struct store_visitor *v, struct service_ms service, struct wall_ms wall)
{
	(void)wall;
	found_of(v)->service = service.v;
}

static void on_person(struct store_visitor *v, const struct store_person *p,
		      const struct store_password *pw)
{
	found_of(v)->persons++;
	assert_true(strlen(p->user) > 0);
	assert_true(pw->must_change);
}

static void on_session(struct store_visitor *v, const struct store_session *s)
{
	found_of(v)->sessions++;
	assert_int_equal(1001, s->person.v);
}

static void on_slip(struct store_visitor *v, const struct store_slip *s)
{
	found_of(v)->slips++;
	assert_int_equal(1, s->sitting.v);
}

static void on_bank(struct store_visitor *v, const struct store_source *b)
{
	found_of(v)->banks++;
	assert_true(b->text.len > 0);
}

static void on_exam(struct store_visitor *v, const struct store_source *b)
{
	found_of(v)->exams++;
	assert_true(b->text.len > 0);
}

static void on_record(struct store_visitor *v, const struct record *r)
{
	struct found *f = found_of(v);
	struct arena arena = {0};
	struct record copy = *r;
	size_t i;

	assert_int_equal(ERR_OK, record_decode(&copy, &arena));
	arena_fini(&arena);
	for (i = 0; i < f->nchains && f->chains[i].subject.v != r->subject.v; i++) {
	}
	if (i == f->nchains)
		f->nchains++;
	f->chains[i] = (struct given_chain){r->subject, r->n, r->chain};
	f->records++;
}

static void on_highest(struct store_visitor *v, struct attempt_id a, struct sitting_id s,
		       int64_t text_row)
{
	found_of(v)->highest = a;
	assert_int_equal(1, s.v);
	assert_int_equal(1, text_row);
}

static void given_copy(struct given *g, const char *from)
{
	char *to;
	uint8_t piece[4096];
	FILE *in, *out;
	size_t n;

	given_dir(g);
	to = mem_printf("%s/examd.db", g->dir);
	in = fopen(from, "rb");
	out = fopen(to, "wb");
	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(piece, 1, sizeof piece, in)) > 0)
		assert_int_equal(n, fwrite(piece, 1, n, out));
	fclose(in);
	fclose(out);
	free(to);
}

static struct found then_the_exam_is_there(struct given *g)
{
	struct found f = {.visitor = {on_clock, on_person, on_session, on_slip, on_bank, on_exam,
				      NULL, on_record, on_highest}};

	assert_int_equal(ERR_OK, store_recover(g->store, &f.visitor));
	assert_int_equal(600000, f.service);
	assert_int_equal(2, f.persons);
	assert_int_equal(1, f.sessions);
	assert_int_equal(2, f.slips);
	assert_int_equal(1, f.banks);
	assert_int_equal(1, f.exams);
	assert_int_equal(4, f.nchains); /* the sitting, and attempts 1, 3 and 4 */
	assert_int_equal(4, f.highest.v);
	return f;
}

static void then_it_goes_on(struct given *g, const struct found *f)
{
	static struct seen seen;
	size_t i;

	memcpy(g->chains, f->chains, sizeof g->chains);
	g->nchains = f->nchains;
	for (i = 0; i < f->nchains; i++)
		when_appended(g, f->chains[i].subject, 7);
	assert_int_equal(ERR_OK, committed(g));
	when_reopened(g);
	assert_int_equal(f->records + f->nchains, then_the_exam_is_there(g).records);
	assert_int_equal(ERR_OK, recovered(g, &seen));
}

static void a_kept_database_opens_with_its_attempts(const char *path)
{
	struct given g;
	struct found f;

	given_copy(&g, path);
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	f = then_the_exam_is_there(&g);
	then_it_goes_on(&g, &f);
	given_gone(&g);
}

static void every_kept_database_opens_and_goes_on(void **state)
{
	DIR *d = opendir(KEPT_DIR);
	struct dirent *e;
	size_t opened = 0;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", KEPT_DIR, e->d_name);
		size_t len = strlen(e->d_name);

		if (len > 3 && strcmp(e->d_name + len - 3, ".db") == 0) {
			a_kept_database_opens_with_its_attempts(path);
			opened++;
		}
		free(path);
	}
	closedir(d);
	assert_true(opened >= STORE_SCHEMA); /* one of each version, today's too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kept_database_opens_and_goes_on),
	};

	log_setup("test_store_kept", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
