/* Every shipped exam, from its files to its score: forms are made for many seeds, and whoever
 * answers everything right has all points, in every section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/score.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

#define SHIPPED_MOST 64
#define SEEDS	     200

static struct bank *banks[SHIPPED_MOST];
static struct blueprint *exams[SHIPPED_MOST];
static size_t nbanks, nexams;

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf_reserve(out, 65536), 1, 65536, f)) > 0)
		buf_added(out, n);
	assert_int_equal(0, fclose(f));
}

/* A file is a bank or a blueprint; whatever is neither is a matter of another test. */
static int read_all(void **state)
{
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(0, glob(BANKS "/*.yaml", 0, NULL, &files));
	for (i = 0; i < files.gl_pathc; i++) {
		struct diag diag = {0};
		struct buf text = {0};

		assert_true(nbanks < SHIPPED_MOST && nexams < SHIPPED_MOST);
		read_file(files.gl_pathv[i], &text);
		if (bank_parse(&banks[nbanks], buf_bytes(&text), NULL, &diag) == ERR_OK)
			nbanks++;
		else if (blueprint_parse(&exams[nexams], buf_bytes(&text), NULL, &diag) == ERR_OK)
			nexams++;
		buf_fini(&text);
		diag_fini(&diag);
	}
	globfree(&files);
	return 0;
}

static int forget_all(void **state)
{
	(void)state;
	while (nbanks > 0)
		bank_free(banks[--nbanks]);
	while (nexams > 0)
		blueprint_free(exams[--nexams]);
	return 0;
}

static const struct bank *bank_of(const struct blueprint *b)
{
	size_t i;

	for (i = 0; i < nbanks; i++)
		if (strcmp(banks[i]->name, b->bank) == 0)
			return banks[i];
	return NULL;
}

/* What the key says, as the candidate of this form would have to give it. */
struct full_answer {
	uint8_t chosen[ITEM_OPTIONS_MOST];
	const char *codes[ITEM_FIELDS_MOST];
};

static struct answer_view answer_fully(const struct form_item *fi, struct full_answer *full)
{
	struct answer_view view = {.chosen = full->chosen, .codes = full->codes};
	uint8_t place;
	size_t i;

	for (place = 0; place < fi->item->noptions; place++)
		if (fi->item->options[fi->order[place]].right)
			full->chosen[view.nchosen++] = place;
	for (i = 0; i < fi->item->nfields; i++)
		full->codes[view.ncodes++] = fi->item->fields[i].accept[0];
	return view;
}

static void assert_full_score(const struct form *form, struct arena *arena)
{
	struct answer_view *answers = arena_new(arena, form->nitems * sizeof *answers);
	struct full_answer *full = arena_new(arena, form->nitems * sizeof *full);
	struct score score;
	size_t i;

	for (i = 0; i < form->nitems; i++)
		answers[i] =
		    answer_fully(form_item(form, (struct item_no){(uint32_t)i}, NULL), &full[i]);
	score_form(&score, form, answers, arena);
	assert_true(score.most > 0);
	assert_int_equal(score.most, score.points);
	assert_true(score.passed);
	assert_int_equal(form->blueprint->pass == PASS_SCALED ? 400 : 0, score.scaled);
	for (i = 0; i < score.nsections; i++)
		assert_int_equal(score.sections[i].most, score.sections[i].points);
}

static void every_shipped_exam_gives_forms_that_can_be_answered_in_full(void **state)
{
	struct arena arena = {0};
	uint32_t seed;
	size_t i;

	(void)state;
	assert_true(nexams > 0);
	for (i = 0; i < nexams; i++) {
		const struct bank *bank = bank_of(exams[i]);

		assert_non_null(bank);
		for (seed = 0; seed < SEEDS; seed++) {
			uint8_t bytes[FORM_SEED] = {0};
			struct form form;

			u32_write(bytes, seed);
			arena_reset(&arena);
			assert_int_equal(ERR_OK,
					 form_make(&form, exams[i], bank, bytes, NULL, &arena));
			assert_int_equal(exams[i]->total, form.nitems);
			assert_full_score(&form, &arena);
		}
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_shipped_exam_gives_forms_that_can_be_answered_in_full),
	};

	return cmocka_run_group_tests(tests, read_all, forget_all);
}
