/* Every bank and blueprint that is shipped: they parse, each exam can be filled, and no rule for
 * banks is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/form.h"
#include "questions/check/check.h"
#include "questions/check/facts.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

#define SHIPPED_MOST 64

static struct bank *banks[SHIPPED_MOST];
static size_t nbanks;
static struct {
	struct blueprint *blueprint;
	char *file;
} exams[SHIPPED_MOST];
static size_t nexams;

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf_reserve(out, 65536), 1, 65536, f)) > 0)
		buf_added(out, n);
	assert_int_equal(0, fclose(f));
}

/* A bank begins with its key "bank:", a blueprint with "exam:". */
static bool is_blueprint(struct buf *text)
{
	const char *s = buf_text(text);

	return strncmp(s, "exam:", 5) == 0 || strstr(s, "\nexam:") != NULL;
}

static void print_all(struct diag *diag)
{
	struct buf out = {0};

	diag_sort(diag);
	diag_print(diag, &out);
	print_message("%s", buf_text(&out));
	buf_fini(&out);
}

static enum err read_one(const char *path, struct diag *diag)
{
	struct buf text = {0};
	enum err err;

	read_file(path, &text);
	if (is_blueprint(&text)) {
		assert_true(nexams < SHIPPED_MOST);
		err = blueprint_parse(&exams[nexams].blueprint, buf_bytes(&text), path, diag);
		exams[nexams].file = mem_copy_text(path);
		nexams += err == ERR_OK;
	} else {
		assert_true(nbanks < SHIPPED_MOST);
		err = bank_parse(&banks[nbanks], buf_bytes(&text), path, diag);
		nbanks += err == ERR_OK;
	}
	buf_fini(&text);
	return err;
}

static void every_shipped_bank_and_blueprint_is_read_without_an_error(void **state)
{
	struct diag diag = {0};
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(0, glob(BANKS "/*.yaml", 0, NULL, &files));
	for (i = 0; i < files.gl_pathc; i++)
		(void)!read_one(files.gl_pathv[i], &diag);
	globfree(&files);
	print_all(&diag);
	assert_int_equal(0, diag.errors);
	assert_true(nbanks > 0);
	assert_true(nexams > 0);
	diag_fini(&diag);
}

static const struct bank *bank_of(const struct blueprint *b)
{
	size_t i;

	for (i = 0; i < nbanks; i++)
		if (strcmp(banks[i]->name, b->bank) == 0)
			return banks[i];
	return NULL;
}

/* How much of what a form draws a bank must hold, in percent: three forms without a common item
 * where an exam is taken again and again.  Others: one form. */
static const struct {
	const char *exam;
	uint32_t percent;
} supplies[] = {
    {"cpc", 300}, {"ccs", 300}, {"cca", 300}, {"cic", 300}, {"coc", 150},
};

static uint32_t percent_of(const struct blueprint *b)
{
	size_t i;

	for (i = 0; i < COUNT(supplies); i++)
		if (strcmp(supplies[i].exam, b->exam) == 0)
			return supplies[i].percent;
	return 100;
}

static void every_shipped_exam_can_be_filled_from_its_bank(void **state)
{
	struct diag diag = {0};
	size_t i;

	(void)state;
	assert_true(nexams > 0);
	for (i = 0; i < nexams; i++) {
		const struct bank *bank = bank_of(exams[i].blueprint);

		assert_non_null(bank);
		blueprint_check_supply(exams[i].blueprint, bank, percent_of(exams[i].blueprint),
				       exams[i].file, &diag);
	}
	print_all(&diag);
	assert_int_equal(0, diag.errors);
	assert_int_equal(0, diag.warnings);
	diag_fini(&diag);
}

#define FORMS	   10
#define SHARE_MOST 40 /* percent that two forms have in common, on average */

static size_t in_both(const struct form *a, const struct form *b)
{
	size_t n = 0;

	for (uint32_t i = 0; i < a->nitems; i++)
		for (uint32_t k = 0; k < b->nitems; k++)
			n += form_item(a, (struct item_no){i}, NULL)->item ==
			     form_item(b, (struct item_no){k}, NULL)->item;
	return n;
}

/* So that a second try is another exam. */
static void forms_of_a_full_exam_have_little_in_common(void **state)
{
	(void)state;
	for (size_t e = 0; e < nexams; e++) {
		const struct blueprint *b = exams[e].blueprint;
		struct form forms[FORMS];
		struct arena arena = {0};
		size_t common = 0, pairs = 0;

		if (percent_of(b) < 300)
			continue;
		for (uint8_t i = 0; i < FORMS; i++) {
			const uint8_t seed[FORM_SEED] = {i};

			assert_int_equal(ERR_OK,
					 form_make(&forms[i], b, bank_of(b), seed, NULL, &arena));
			for (uint8_t k = 0; k < i; k++, pairs++)
				common += in_both(&forms[i], &forms[k]);
		}
		print_message("%s: two forms have %zu %% in common\n", b->exam,
			      100 * common / (pairs * forms[0].nitems));
		assert_true(100 * common <= SHARE_MOST * pairs * forms[0].nitems);
		arena_fini(&arena);
	}
}

static void no_shipped_bank_breaks_a_rule(void **state)
{
	size_t i;

	(void)state;
	assert_true(nbanks > 0);
	for (i = 0; i < nbanks; i++) {
		struct diag diag = {0};
		size_t k;

		check_bank(banks[i], banks[i]->name, &diag);
		for (k = 0; k < diag.length; k++)
			if (diag.entries[k].level != DIAG_NOTE)
				print_message("%s:%u: %s [%s]\n", banks[i]->name,
					      diag.entries[k].line, diag.entries[k].text,
					      diag.entries[k].id);
		assert_int_equal(0, diag.errors);
		assert_int_equal(0, diag.warnings);
		diag_fini(&diag);
	}
}

/* Every code was looked up, each key can be reported, each quoted title is the official one. */
static void every_code_of_a_shipped_bank_is_in_the_lock_and_right(void **state)
{
	struct facts facts = {0};
	struct diag diag = {0};
	struct buf text = {0};
	size_t i;

	(void)state;
	read_file(BANKS "/codes.lock", &text);
	assert_int_equal(ERR_OK, facts_parse(&facts, buf_bytes(&text), "codes.lock", &diag));
	assert_true(facts.length > 100);
	for (i = 0; i < nbanks; i++)
		check_codes(banks[i], banks[i]->name, &facts, &diag);
	print_all(&diag);
	assert_int_equal(0, diag.errors);
	assert_int_equal(0, diag.warnings);
	facts_fini(&facts);
	buf_fini(&text);
	diag_fini(&diag);
}

static int forget_all(void **state)
{
	(void)state;
	while (nexams > 0) {
		blueprint_free(exams[--nexams].blueprint);
		free(exams[nexams].file);
	}
	while (nbanks > 0)
		bank_free(banks[--nbanks]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_shipped_bank_and_blueprint_is_read_without_an_error),
	    cmocka_unit_test(every_shipped_exam_can_be_filled_from_its_bank),
	    cmocka_unit_test(forms_of_a_full_exam_have_little_in_common),
	    cmocka_unit_test(no_shipped_bank_breaks_a_rule),
	    cmocka_unit_test(every_code_of_a_shipped_bank_is_in_the_lock_and_right),
	};

	return cmocka_run_group_tests(tests, NULL, forget_all);
}
