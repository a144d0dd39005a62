/* The YAML formats: what is read, and every error at its line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questions/model/test_findings.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

#define HEAD                                                                                       \
	"bank: mini\n"                                                                             \
	"title: Mini\n"                                                                            \
	"version: 2026.1\n"                                                                        \
	"licence: CC0\n"                                                                           \
	"copyright: nobody\n"                                                                      \
	"items:\n" /* line 6 */
#define ITEM                                                                                       \
	"  - id: one\n" /* line 7 */                                                               \
	"    sections: {cpc: x}\n"                                                                 \
	"    kind: single\n"                                                                       \
	"    stem: Which?\n"                                                                       \
	"    options:\n"                                                                           \
	"      - {text: A, right: true}\n" /* line 12 */                                           \
	"      - {text: B}\n"

/* Counts a text whose findings are others than was said, and shows it. */
static size_t differs(const char *text, const char *want, const char *is)
{
	if (strcmp(want, is) == 0)
		return 0;
	print_message("%s\nwanted %s\nfound  %s\n", text, want, is);
	return 1;
}

static struct bank *read_bank(const char *text, struct diag *diag)
{
	struct bank *bank = NULL;
	enum err err = bank_parse(&bank, bytes_of_text(text), "b.yaml", diag);

	assert_int_equal(err == ERR_OK, bank != NULL);
	assert_int_equal(err == ERR_OK, diag->errors == 0);
	return bank;
}

static const char *bank_errors(const char *text)
{
	struct diag diag = {0};

	bank_free(read_bank(text, &diag));
	return test_findings_placed(&diag);
}

static struct bank *good_bank(const char *text)
{
	struct diag diag = {0};
	struct bank *bank = read_bank(text, &diag);
	struct buf out = {0};

	diag_print(&diag, &out);
	if (bank == NULL)
		fail_msg("%s", buf_text(&out));
	buf_fini(&out);
	diag_fini(&diag);
	return bank;
}

static void everything_that_an_item_says_is_read(void **state)
{
	struct bank *bank =
	    good_bank("bank: mini\ntitle: \"Mini: a bank\"\nversion: 2026.1\ncode_year: FY2026\n"
		      "hcpcs: \"2025-10\"\nlicence: CC0\ncopyright: nobody\nrequires: [AMA CPT]\n"
		      "notice: >-\n  Two\n  lines.\n"
		      "items:\n"
		      "  - id: one\n"
		      "    sections: {cpc: x, cca: y}\n"
		      "    level: analysis\n"
		      "    topic: [a, b]\n"
		      "    kind: single\n"
		      "    stem: |\n      First.\n\n      Second.\n"
		      "    options:\n"
		      "      - text: 1.50\n        why: No.\n"
		      "      - text: Yes\n        right: true\n"
		      "    shuffle: false\n"
		      "    rationale: Because.\n"
		      "    references: [R1, R2]\n"
		      "    codes: [{system: icd10cm, code: e11.9}]\n"
		      "    review: {status: reviewed, by: me, note: fine}\n"
		      "    pretest: true\n");
	const struct item *item = bank->items[0];

	(void)state;
	assert_string_equal("Mini: a bank", bank->title);
	assert_string_equal("2026.1", bank->version);
	assert_string_equal("Two lines.", bank->notice);
	assert_string_equal("AMA CPT", bank->requires[0]);
	assert_int_equal(1, bank->nitems);
	assert_string_equal("x", item_section(item, "cpc"));
	assert_string_equal("y", item_section(item, "cca"));
	assert_null(item_section(item, "ccs"));
	assert_int_equal(LEVEL_ANALYSIS, item->level);
	assert_string_equal("b", item->topics[1]);
	assert_string_equal("First.\n\nSecond.", item->stem);
	assert_string_equal("1.50", item->options[0].text);
	assert_string_equal("No.", item->options[0].why);
	assert_false(item->options[0].right);
	assert_string_equal("Yes", item->options[1].text);
	assert_true(item->options[1].right);
	assert_null(item->options[1].why);
	assert_false(item->shuffle);
	assert_string_equal("R2", item->references[1]);
	assert_string_equal("E119", item->codes[0].code);
	assert_int_equal(REVIEW_REVIEWED, item->review);
	assert_true(item->pretest);
	assert_int_equal(13, item->place.line);
	assert_int_equal(5, item->place.column);
	assert_ptr_equal(item, bank_by_id(bank, "one"));
	bank_free(bank);
}

static void typed_codes_are_read_in_canonical_form(void **state)
{
	struct bank *bank = good_bank(
	    HEAD "  - id: case\n    sections: {cic: cases}\n    kind: codes\n    stem: S\n"
		 "    scoring: blank\n    fields:\n"
		 "      - {label: P, principal: true, accept: [j18.9, 'J15. 9']}\n"
		 "      - {label: S, accept: [Z79.4], optional: true}\n");
	const struct item *item = bank->items[0];

	(void)state;
	assert_int_equal(ITEM_CODES, item->kind);
	assert_int_equal(CODES_BLANK, item->scoring);
	assert_int_equal(2, item->nfields);
	assert_string_equal("J189", item->fields[0].accept[0]);
	assert_string_equal("J159", item->fields[0].accept[1]);
	assert_true(item->fields[0].principal);
	assert_true(item->fields[1].optional);
	assert_int_equal(100, item_points_most(item));
	bank_free(bank);
}

#define MEMBER(id)                                                                                 \
	"      - {id: " id ", sections: {cpc: x}, kind: single, stem: S,"                          \
	" options: [{text: A, right: true}, {text: B}]}\n"

static void the_items_of_a_set_stand_together_and_know_it(void **state)
{
	struct bank *bank = good_bank(HEAD ITEM "  - set: visit\n    stimulus: A record.\n"
						"    items:\n" MEMBER("two") MEMBER("three"));

	(void)state;
	assert_int_equal(3, bank->nitems);
	assert_int_equal(1, bank->nsets);
	assert_int_equal(2, bank->sets[0]->nitems);
	assert_null(bank->items[0]->set);
	assert_ptr_equal(bank->sets[0], bank->items[1]->set);
	assert_ptr_equal(bank->items[2], bank->sets[0]->items[1]);
	assert_string_equal("A record.", bank->sets[0]->stimulus);
	bank_free(bank);
}

static void every_error_of_a_bank_is_told_at_its_line_and_column(void **state)
{
	static const struct {
		const char *text, *errors;
	} cases[] = {
	    {HEAD ITEM, ""},
	    {"", "1:1 no-value|"},
	    {"# nothing\n", "1:1 no-value|"},
	    {"bank\n", "1:1 wrong-kind|"},
	    /* Syntax: one error, where libyaml stopped. */
	    {"bank: mini\n  title: x\nfoo: [\n", "2:8 syntax|"},
	    {"bank: \"a\n", "2:1 syntax|"},
	    {"bank: mini\ntitle: \xff\n", "2:8 syntax|"},
	    /* Keys. */
	    {"bank: mini\nitems: []\n",
	     "1:1 missing-key|1:1 missing-key|1:1 missing-key|1:1 missing-key|2:8 too-few|"},
	    {"titel: x\n" HEAD ITEM, "1:1 unknown-key|"},
	    {HEAD ITEM "    kind: single\n", "14:5 duplicate-key|"},
	    {HEAD ITEM "    [a]: b\n", "14:5 wrong-kind|"},
	    {HEAD ITEM "    \"\\e[2J\": b\n", "14:5 wrong-kind|"},
	    {HEAD ITEM "    a-key-of-forty-one-bytes-is-no-word-of-us: b\n", "14:5 wrong-kind|"},
	    {HEAD ITEM "title: Again\n", "14:1 duplicate-key|"},
	    /* Values. */
	    {HEAD ITEM "    shuffle: yes\n    pretest:\n    level: hard\n",
	     "14:14 bad-value|15:13 no-value|16:12 bad-value|"},
	    {HEAD ITEM "    rationale: \"\"\n", "14:16 too-short|"},
	    {HEAD ITEM "    rationale: \"  \\n\"\n", "14:16 too-short|"},
	    {HEAD ITEM "    rationale: \"a\\0b\"\n", "14:16 bad-value|"},
	    {HEAD ITEM "    rationale: \"a\\e[2Jb\"\n", "14:16 bad-value|"},
	    {HEAD ITEM "    rationale: \"a\\x9bb\"\n", "14:16 bad-value|"},
	    {HEAD ITEM "    rationale: [a]\n", "14:16 wrong-kind|"},
	    {HEAD ITEM "    references: ok\n", "14:17 wrong-kind|"},
	    {HEAD ITEM "    references: [ok, {a: b}, ~]\n", "14:22 wrong-kind|14:30 no-value|"},
	    {HEAD ITEM "    topic: [ok, Bad]\n", "14:17 bad-value|"},
	    {HEAD ITEM "    codes: [{system: cpt, code: '1,2'}, {code: E119}]\n",
	     "14:22 bad-value|14:33 bad-value|14:41 missing-key|"},
	    {HEAD ITEM "    review: {by: me}\n", "14:13 missing-key|"},
	    /* What YAML allows and we do not. */
	    {"bank: &a mini\n", "1:7 anchor|"},
	    {"bank: mini\ntitle: *a\n", "2:8 alias|"},
	    {"bank: !!str mini\n", "1:7 tag|"},
	    {"&a [x, *a]\n", "1:1 anchor|1:8 alias|"},
	    {HEAD ITEM "---\nbank: b\n", "14:1 documents|"},
	    {"[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]\n", "1:17 too-deep|"},
	    /* Options. */
	    {HEAD ITEM "      - {text: C, right: true}\n", "14:9 right-options|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: single, stem: S, options: [{text: A},"
		  " {text: B}]}\n",
	     "7:5 right-options|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: multiple, stem: S, options: [{text: A},"
		  " {text: B}]}\n",
	     "7:5 right-options|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: multiple, stem: S, options: ["
		  "{text: A, right: true}, {text: B, right: true}]}\n",
	     "7:5 right-options|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: single, stem: S}\n", "7:5 missing-key|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: single, stem: S, options: ["
		  "{text: A, right: true}]}\n",
	     "7:63 too-few|"},
	    {HEAD "  - {id: a, sections: {}, kind: single, stem: S, options: ["
		  "{text: A, right: true}, {right: false}]}\n",
	     "7:23 too-few|7:84 missing-key|"},
	    {HEAD ITEM "    fields: []\n    scoring: share\n",
	     "14:13 too-few|14:13 wrong-kind|15:14 wrong-kind|"},
	    /* Typed codes. */
	    {HEAD "  - {id: a, sections: {e: x}, kind: codes, stem: S}\n", "7:5 missing-key|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: codes, stem: S, fields: [\n"
		  "     {label: P, accept: []}, {label: S, accept: [e11.9, E119, '.']},\n"
		  "     {label: O, accept: [A], principal: true, optional: true}]}\n",
	     "8:25 too-few|8:57 duplicate-code|8:63 bad-value|9:6 bad-field|"},
	    {HEAD "  - {id: a, sections: {e: x}, kind: codes, stem: S, shuffle: true, fields: [\n"
		  "     {label: P, accept: [A], optional: true}]}\n",
	     "7:5 bad-field|7:62 wrong-kind|"},
	    /* Ids and sets. */
	    {HEAD ITEM ITEM, "14:5 duplicate-id|"},
	    {HEAD "  - set: s\n    stimulus: R\n    items:\n" MEMBER("a"), "10:7 too-few|"},
	    {HEAD "  - set: s\n    stimulus: R\n    items:\n" MEMBER("a") MEMBER("b") MEMBER("c")
		 MEMBER("d"),
	     "10:7 too-many|"},
	    {HEAD "  - set: s\n    items:\n" MEMBER("a") MEMBER("b") "  - set: s\n    stimulus: R\n"
								     "    items:\n" MEMBER("b")
									 MEMBER("c"),
	     "7:5 missing-key|11:5 duplicate-id|14:9 duplicate-id|"},
	    {HEAD "  - set: s\n    stimulus: R\n    items:\n" MEMBER(
		 "a") "      - {id: b, sections: {cpc: y}, kind: single, stem: S, pretest: true,"
		      " options: [{text: A, right: true}, {text: B}]}\n",
	     "11:9 bad-set|11:9 bad-set|"},
	};
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		wrong += differs(cases[i].text, cases[i].errors, bank_errors(cases[i].text));
	assert_int_equal(0, wrong);
}

static void a_mistyped_key_is_answered_with_the_one_that_is_near(void **state)
{
	struct diag diag = {0};

	(void)state;
	assert_null(read_bank(HEAD ITEM "    rational: x\n    zebra: y\n", &diag));
	assert_int_equal(2, diag.length);
	assert_non_null(strstr(diag.entries[0].text, "did you mean \"rationale\"?"));
	assert_null(strstr(diag.entries[1].text, "did you mean"));
	diag_fini(&diag);
}

static void the_second_of_two_keys_names_the_line_of_the_first(void **state)
{
	struct diag diag = {0};

	(void)state;
	assert_null(read_bank(HEAD ITEM "title: Again\n", &diag));
	assert_string_equal("b.yaml", diag.entries[0].file);
	assert_non_null(strstr(diag.entries[0].text, "first on line 2"));
	diag_fini(&diag);
}

/* A bank whose one stem has LEN bytes. */
static const char *errors_of_stem(size_t len)
{
	struct buf b = {0};
	const char *errors;

	buf_put_text(&b, HEAD "  - {id: a, sections: {e: x}, kind: single, options: ["
			      "{text: A, right: true}, {text: B}], stem: ");
	memset(buf_reserve(&b, len), 'x', len);
	buf_added(&b, len);
	buf_put_text(&b, "}\n");
	errors = bank_errors(buf_text(&b));
	buf_fini(&b);
	return errors;
}

static void a_stem_has_at_most_sixteen_kilobytes(void **state)
{
	(void)state;
	assert_string_equal("", errors_of_stem(ITEM_TEXT_MOST));
	assert_string_equal("7:97 too-long|", errors_of_stem(ITEM_TEXT_MOST + 1));
}

static const char *errors_of_options(size_t n)
{
	struct buf b = {0};
	const char *errors;
	size_t i;

	buf_put_text(&b, HEAD "  - id: a\n    sections: {e: x}\n    kind: multiple\n    stem: S\n"
			      "    options:\n");
	for (i = 0; i < n; i++)
		buf_printf(&b, "      - {text: O%zu, right: %s}\n", i, i == 0 ? "true" : "false");
	errors = bank_errors(buf_text(&b));
	buf_fini(&b);
	return errors;
}

static void an_item_has_two_to_ten_options(void **state)
{
	(void)state;
	assert_string_equal("12:7 too-few|", errors_of_options(1));
	assert_string_equal("", errors_of_options(2));
	assert_string_equal("", errors_of_options(10));
	assert_string_equal("12:7 too-many|", errors_of_options(11));
}

static void nesting_as_deep_as_allowed_is_read_and_one_more_is_not(void **state)
{
	(void)state;
	assert_string_equal("1:1 wrong-kind|", bank_errors("[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"));
	assert_string_equal("1:17 too-deep|", bank_errors("[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]\n"));
}

static void a_source_of_more_than_sixteen_megabytes_is_refused_unread(void **state)
{
	struct diag diag = {0};
	struct bank *bank = NULL;
	size_t len = (16u << 20) + 1;
	char *text = mem_new(len);

	(void)state;
	memset(text, '#', len);
	assert_int_equal(ERR_TOO_LARGE, bank_parse(&bank, bytes_of(text, len), "b", &diag));
	assert_null(bank);
	assert_int_equal(1, diag.errors);
	diag_fini(&diag);
	diag = (struct diag){0};
	assert_int_equal(ERR_BAD_INPUT, bank_parse(&bank, bytes_of(text, len - 1), "b", &diag));
	diag_fini(&diag);
	free(text);
}

/* A list of COUNT values that is never closed, so that it is not loaded. */
static const char *errors_of_values(size_t count)
{
	char *text = mem_new(2 * count + 2);
	const char *errors;
	size_t i;

	text[0] = '[';
	for (i = 0; i < count; i++)
		memcpy(text + 1 + 2 * i, "x,", 2);
	errors = bank_errors(text);
	free(text);
	return errors;
}

static void a_source_has_at_most_two_million_values(void **state)
{
	(void)state;
	assert_string_equal("2:1 syntax|", errors_of_values(1999999));
	assert_string_equal("1:4000000 too-many|", errors_of_values(2000000));
}

static void no_prefix_and_no_changed_byte_of_a_bank_is_read_half(void **state)
{
	static const char text[] = HEAD ITEM "  - set: visit\n    stimulus: A record.\n"
					     "    items:\n" MEMBER("two") MEMBER("three");
	char copy[sizeof text];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof text - 1; i++) {
		memcpy(copy, text, sizeof text);
		copy[i] = '\0';
		(void)bank_errors(copy);
		for (k = 0; k < 8; k++) {
			memcpy(copy, text, sizeof text);
			copy[i] = "&*\xff:\n{]\""[k];
			(void)bank_errors(copy);
		}
	}
}

#define EXAM                                                                                       \
	"exam: cpc\ntitle: T\nversion: '1'\nbank: mini\n"                                          \
	"parts:\n"                                                                                 \
	"  - name: main\n    title: M\n    minutes: 240\n    sections:\n"                          \
	"      - {name: a, title: A, items: 60, share: [55, 60]}\n"                                \
	"      - {name: b, title: B, items: 40}\n" /* line 11 */
#define TAIL                                                                                       \
	"total: 100\n"                                                                             \
	"pass: {rule: percent, cut: 70}\n"                                                         \
	"release: {result: at-once, review: by-hand}\n"

static struct blueprint *read_exam(const char *text, struct diag *diag)
{
	struct blueprint *b = NULL;
	enum err err = blueprint_parse(&b, bytes_of_text(text), "e.yaml", diag);

	assert_int_equal(err == ERR_OK, b != NULL);
	assert_int_equal(err == ERR_OK, diag->errors == 0);
	return b;
}

static const char *exam_errors(const char *text)
{
	struct diag diag = {0};

	blueprint_free(read_exam(text, &diag));
	return test_findings_placed(&diag);
}

static void everything_that_a_blueprint_says_is_read(void **state)
{
	struct diag diag = {0};
	struct blueprint *b =
	    read_exam(EXAM "    navigation: linear\npretest: 5\ntotal: 105\norder: shuffled\n"
			   "warnings: [30, 5]\nbreaks: clock-stops\ntools: [flag, note]\n"
			   "multiple_response: partial\npass: {rule: scaled, raw_cut: 63}\n"
			   "release: {result: by-date, review: by-date, date: 2026-12-01T09:00Z,"
			   " review_date: 2026-12-02T09:00Z}\n"
			   "lost_connection: clock-stops\nlate_start: by-hand\ncode_year: FY2026\n"
			   "rules: R\nnotice: N\n",
		      &diag);

	(void)state;
	assert_non_null(b);
	assert_int_equal(240, b->parts[0].minutes);
	assert_int_equal(NAVIGATION_LINEAR, b->parts[0].navigation);
	assert_int_equal(2, b->parts[0].nsections);
	assert_int_equal(55, b->parts[0].sections[0].share_low);
	assert_int_equal(60, b->parts[0].sections[0].share_high);
	assert_int_equal(0, b->parts[0].sections[1].share_high);
	assert_int_equal(5, b->pretest);
	assert_int_equal(105, b->total);
	assert_int_equal(ORDER_SHUFFLED, b->order);
	assert_int_equal(2, b->nwarnings);
	assert_int_equal(5, b->warnings[1]);
	assert_int_equal(BREAKS_CLOCK_STOPS, b->breaks);
	assert_int_equal(TOOL_FLAG | TOOL_NOTE, b->tools);
	assert_int_equal(MULTIPLE_PARTIAL, b->multiple);
	assert_int_equal(PASS_SCALED, b->pass);
	assert_int_equal(63, b->cut);
	assert_int_equal(RELEASE_BY_DATE, b->result.rule);
	assert_int_equal(24 * 3600 * 1000, b->review.date.v - b->result.date.v);
	assert_int_equal(LOST_CLOCK_STOPS, b->lost);
	assert_int_equal(LATE_BY_HAND, b->late);
	assert_string_equal("FY2026", b->code_year);
	assert_string_equal("R", b->rules);
	assert_string_equal("N", b->notice);
	blueprint_free(b);
	diag_fini(&diag);
}

static void every_error_of_a_blueprint_is_told_at_its_line_and_column(void **state)
{
	static const char pass[] = EXAM "total: 100\nrelease: {result: never, review: never}\n";
	static const char release[] = EXAM "total: 100\npass: {rule: percent, cut: 70}\n";
	static const struct {
		const char *before, *line, *errors;
	} cases[] = {
	    {EXAM TAIL, "", ""},
	    {EXAM TAIL, "warnings: [30, x, 250]\n", "15:16 bad-value|"},
	    {EXAM TAIL, "warnings: [240]\n", "15:11 bad-warning|"},
	    {EXAM TAIL, "warnings: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "15:11 too-many|"},
	    {EXAM TAIL, "tools: [flag, pencil, flag]\n", "15:15 bad-value|15:23 bad-value|"},
	    {EXAM TAIL, "order: random\nbreaks: no\n", "15:8 bad-value|16:9 bad-value|"},
	    {EXAM TAIL, "pretest: 1\n", "12:8 bad-total|"},
	    {EXAM TAIL, "pretest: -1\n", "15:10 bad-value|"},
	    {EXAM TAIL, "pretest: 99999999999\n", "15:10 bad-value|"},
	    {EXAM TAIL, "pretest: 501\n", "15:10 bad-value|"},
	    {EXAM, TAIL "      - {name: c, title: C, items: 1}\n", "15:7 syntax|"},
	    {EXAM, "      - {name: a, title: C, items: 501}\n" TAIL, "12:36 bad-value|"},
	    {EXAM, "      - {name: a, title: C, items: 0, share: [1]}\n" TAIL,
	     "12:36 bad-value|12:46 too-few|"},
	    {EXAM,
	     "      - {name: a, title: C, items: 5, share: [101, 0]}\ntotal: 105\n"
	     "pass: {rule: percent, cut: 70}\n"
	     "release: {result: at-once, review: by-hand}\n",
	     "12:47 bad-value|"},
	    {EXAM,
	     "      - {name: a, title: C, items: 5}\ntotal: 105\n"
	     "pass: {rule: percent, cut: 70}\n"
	     "release: {result: at-once, review: by-hand}\n",
	     "12:9 duplicate-name|"},
	    {pass, "pass: {rule: percent, raw_cut: 70}\n", "14:7 bad-cut|"},
	    {pass, "pass: {rule: percent}\n", "14:7 missing-key|"},
	    {pass, "pass: {rule: scaled, raw_cut: 100}\n", "14:7 bad-cut|"},
	    {pass, "pass: {rule: percent, cut: 101}\n", "14:28 bad-value|"},
	    {pass, "pass: {cut: 70}\n", "14:7 missing-key|"},
	    {pass, "pass: 70\n", "14:7 wrong-kind|"},
	    {release, "release: {result: by-date, review: never}\n", "14:10 missing-key|"},
	    {release, "release: {result: never, review: by-date, date: soon}\n",
	     "14:49 bad-value|"},
	    {release, "release: {result: never, review: never, date: 2026-12-01T09:00Z}\n",
	     "14:10 bad-value|"},
	    {release,
	     "release: {result: never, review: by-date, review_date: "
	     "2026-12-01T09:00Z}\n",
	     ""},
	};
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char *text = mem_printf("%s%s", cases[i].before, cases[i].line);

		wrong += differs(text, cases[i].errors, exam_errors(text));
		free(text);
	}
	assert_int_equal(0, wrong);
}

/* The text between .Bd -literal and .Ed of a manual page; to be freed. */
static char *example_of(const char *page)
{
	char *path = mem_printf("%s/%s", MANUALS, page), *text, *start, *end;
	struct buf b = {0};
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf_reserve(&b, 65536), 1, 65536, f)) > 0)
		buf_added(&b, n);
	assert_int_equal(0, fclose(f));
	text = buf_detach_text(&b);
	start = strstr(text, ".Bd -literal\n");
	end = strstr(text, "\n.Ed\n");
	assert_true(start != NULL && end != NULL);
	end[1] = '\0';
	start = mem_copy_text(start + strlen(".Bd -literal\n"));
	free(text);
	free(path);
	return start;
}

static void the_examples_of_the_manual_pages_are_read(void **state)
{
	char *bank = example_of("bank.5"), *exam = example_of("blueprint.5");

	(void)state;
	assert_string_equal("", bank_errors(bank));
	assert_string_equal("", exam_errors(exam));
	free(exam);
	free(bank);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_that_an_item_says_is_read),
	    cmocka_unit_test(typed_codes_are_read_in_canonical_form),
	    cmocka_unit_test(the_items_of_a_set_stand_together_and_know_it),
	    cmocka_unit_test(every_error_of_a_bank_is_told_at_its_line_and_column),
	    cmocka_unit_test(a_mistyped_key_is_answered_with_the_one_that_is_near),
	    cmocka_unit_test(the_second_of_two_keys_names_the_line_of_the_first),
	    cmocka_unit_test(a_stem_has_at_most_sixteen_kilobytes),
	    cmocka_unit_test(an_item_has_two_to_ten_options),
	    cmocka_unit_test(nesting_as_deep_as_allowed_is_read_and_one_more_is_not),
	    cmocka_unit_test(a_source_of_more_than_sixteen_megabytes_is_refused_unread),
	    cmocka_unit_test(a_source_has_at_most_two_million_values),
	    cmocka_unit_test(no_prefix_and_no_changed_byte_of_a_bank_is_read_half),
	    cmocka_unit_test(everything_that_a_blueprint_says_is_read),
	    cmocka_unit_test(every_error_of_a_blueprint_is_told_at_its_line_and_column),
	    cmocka_unit_test(the_examples_of_the_manual_pages_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
