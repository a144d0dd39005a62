#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/term/canvas.h"
#include "client/term/keys.h"
#include "client/term/page.h"
#include "client/term/wrap.h"

/* The lines of a wrapped text, joined by '|'. */
static const char *wrapped(const char *text, int columns)
{
	static char out[512];
	struct line line;
	size_t at = 0, used = 0;

	out[0] = '\0';
	while (wrap_next(text, columns, &at, &line)) {
		assert_true(line.columns <= columns);
		memcpy(out + used, text + line.start, line.len);
		used += line.len;
		out[used++] = '|';
		out[used] = '\0';
	}
	return out;
}

static void a_line_breaks_at_blanks_and_newlines(void **state)
{
	(void)state;
	assert_string_equal(wrapped("one two three", 7), "one two|three|");
	assert_string_equal(wrapped("one two three", 13), "one two three|");
	assert_string_equal(wrapped("one\n\ntwo", 20), "one||two|");
	assert_string_equal(wrapped("", 20), "");
}

static void the_indentation_of_a_record_stays_and_blanks_at_a_break_go(void **state)
{
	(void)state;
	assert_string_equal(wrapped("  WBC 12\n  Hb 9", 20), "  WBC 12|  Hb 9|");
	assert_string_equal(wrapped("one    two", 5), "one|two|");
}

static void a_word_longer_than_the_line_is_torn_between_characters(void **state)
{
	(void)state;
	assert_string_equal(wrapped("abcdefgh", 3), "abc|def|gh|");
	assert_string_equal(wrapped("\xc3\xa9\xc3\xa9\xc3\xa9", 2), "\xc3\xa9\xc3\xa9|\xc3\xa9|");
}

static void a_combining_character_stays_with_its_letter(void **state)
{
	int columns;
	bool showable;

	(void)state;
	assert_int_equal(unit_next("e\xcc\x81x", &columns, &showable), 3);
	assert_int_equal(columns, 1);
	/* e + U+0301, three times: three columns */
	assert_int_equal(text_columns("e\xcc\x81"
				      "e\xcc\x81"
				      "e\xcc\x81"),
			 3);
	assert_string_equal(wrapped("e\xcc\x81"
				    "e\xcc\x81"
				    "e\xcc\x81",
				    2),
			    "e\xcc\x81"
			    "e\xcc\x81|e\xcc\x81|");
}

static void a_wide_character_takes_two_columns_and_is_never_cut(void **state)
{
	(void)state;
	assert_int_equal(text_columns("\xe5\x8c\xbb"), 2);
	assert_string_equal(wrapped("\xe5\x8c\xbb\xe5\x8c\xbb", 3), "\xe5\x8c\xbb|\xe5\x8c\xbb|");
}

static void what_is_no_text_counts_one_column_and_is_not_shown_as_it_is(void **state)
{
	int columns;
	bool showable;

	(void)state;
	assert_int_equal(unit_next("\x1b[2J", &columns, &showable), 1);
	assert_int_equal(columns, 1);
	assert_false(showable);
	assert_int_equal(unit_next("\xff", &columns, &showable), 1);
	assert_false(showable);
	assert_int_equal(unit_next("\xed\xa0\x80", &columns, &showable), 1); /* a surrogate */
	assert_false(showable);
	assert_int_equal(unit_next("\xe5\x8c", &columns, &showable), 1); /* cut off */
	assert_false(showable);
}

/* ---- Canvas ------------------------------------------------------------------------------ */

static const char *row(const struct canvas *cv, int number)
{
	static struct buf text;

	buf_clear(&text);
	canvas_row_text(cv, number, &text);
	return buf_text(&text);
}

static void a_canvas_shows_no_control_character_and_cuts_at_its_edge(void **state)
{
	struct canvas cv = {0};

	(void)state;
	canvas_resize(&cv, 2, 6);
	canvas_text(&cv, 0, 0, 6, LOOK_PLAIN, "a\x1b[2Jbc");
	assert_string_equal(row(&cv, 0), "a?[2Jb");
	canvas_text(&cv, 1, 3, 10, LOOK_PLAIN, "x\xe5\x8c\xbby");
	assert_string_equal(row(&cv, 1), "   x\xe5\x8c\xbb");
	canvas_text(&cv, 1, 5, 10, LOOK_PLAIN, "\xe5\x8c\xbb"); /* half of it has no room */
	assert_string_equal(row(&cv, 1), "   x\xe5\x8c\xbb");
	canvas_text(&cv, 7, 0, 10, LOOK_PLAIN, "outside");
	canvas_fini(&cv);
}

static void more_combining_characters_than_fit_are_left_out_whole(void **state)
{
	char text[64] = "e";
	struct canvas cv = {0};

	(void)state;
	for (int i = 0; i < 20; i++)
		strcat(text, "\xcc\x81");
	canvas_resize(&cv, 1, 4);
	assert_int_equal(canvas_text(&cv, 0, 0, 4, LOOK_PLAIN, text), 1);
	assert_true(bytes_is_text(bytes_of_text(cv.cells[0].text)));
	assert_true(strlen(cv.cells[0].text) > 20);
	canvas_fini(&cv);
}

static void a_click_is_the_key_of_what_was_drawn_last_there(void **state)
{
	struct canvas cv = {0};

	(void)state;
	canvas_resize(&cv, 4, 20);
	canvas_place(&cv, 1, 0, 20, KEY_PLACE + 3);
	canvas_place(&cv, 1, 10, 4, KEY_PAGE_DOWN);
	assert_int_equal(canvas_key_at(&cv, 1, 9), KEY_PLACE + 3);
	assert_int_equal(canvas_key_at(&cv, 1, 10), KEY_PAGE_DOWN);
	assert_int_equal(canvas_key_at(&cv, 1, 14), KEY_PLACE + 3);
	assert_int_equal(canvas_key_at(&cv, 2, 9), KEY_NOTHING);
	canvas_clear(&cv);
	assert_int_equal(canvas_key_at(&cv, 1, 9), KEY_NOTHING);
	canvas_fini(&cv);
}

/* ---- Page -------------------------------------------------------------------------------- */

static void an_option_is_indented_under_its_letter(void **state)
{
	struct page p = {0};

	(void)state;
	page_begin(&p, 16);
	page_put(&p, LOOK_PLAIN, KEY_PLACE, "A ( ) ", "one two three");
	assert_int_equal(p.nlines, 2);
	assert_string_equal(p.lines[0].text, "A ( ) one two");
	assert_string_equal(p.lines[1].text, "      three");
	assert_int_equal(p.lines[1].key, KEY_PLACE);
	page_put(&p, LOOK_PLAIN, KEY_NOTHING, "A ", "");
	assert_string_equal(p.lines[2].text, "A ");
	page_fini(&p);
}

static void scrolling_stops_at_both_ends_and_follows_the_cursor(void **state)
{
	struct page p = {0};

	(void)state;
	page_begin(&p, 10);
	for (int i = 0; i < 20; i++) {
		if (i == 15)
			page_focus_begin(&p);
		page_put(&p, LOOK_PLAIN, KEY_NOTHING, "", "x");
		if (i == 15)
			page_focus_end(&p);
	}
	assert_int_equal(page_scroll(&p, 8, -3, false), 0);
	assert_int_equal(page_scroll(&p, 8, 100, false), 12);
	assert_int_equal(page_scroll(&p, 8, 0, true), 8);
	p.focus = 2;
	p.focus_end = 3;
	assert_int_equal(page_scroll(&p, 8, 10, true), 2);
	assert_int_equal(page_scroll(&p, 8, 3, true), 2);
	assert_int_equal(page_scroll(&p, 8, 10, false), 10);
	assert_int_equal(page_scroll(&p, 30, 5, false), 0);
	page_fini(&p);
}

static void where_not_all_fits_the_last_row_says_how_much_is_left(void **state)
{
	struct page p = {0};
	struct canvas cv = {0};
	struct window w = {0, 0, 4, 60};

	(void)state;
	canvas_resize(&cv, 4, 60);
	page_begin(&p, 60);
	for (int i = 0; i < 4; i++)
		page_put(&p, LOOK_PLAIN, KEY_NOTHING, "", "a line");
	page_draw(&p, &cv, w, 0);
	assert_string_equal(row(&cv, 3), "a line");
	page_put(&p, LOOK_PLAIN, KEY_NOTHING, "", "the last");
	canvas_clear(&cv);
	page_draw(&p, &cv, w, 1);
	assert_string_equal(row(&cv, 3), "-- PgUp: 1 more --  -- PgDn: 1 more --");
	assert_int_equal(canvas_key_at(&cv, 3, 25), KEY_PAGE_DOWN);
	page_fini(&p);
	canvas_fini(&cv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_breaks_at_blanks_and_newlines),
	    cmocka_unit_test(the_indentation_of_a_record_stays_and_blanks_at_a_break_go),
	    cmocka_unit_test(a_word_longer_than_the_line_is_torn_between_characters),
	    cmocka_unit_test(a_combining_character_stays_with_its_letter),
	    cmocka_unit_test(a_wide_character_takes_two_columns_and_is_never_cut),
	    cmocka_unit_test(what_is_no_text_counts_one_column_and_is_not_shown_as_it_is),
	    cmocka_unit_test(a_canvas_shows_no_control_character_and_cuts_at_its_edge),
	    cmocka_unit_test(more_combining_characters_than_fit_are_left_out_whole),
	    cmocka_unit_test(a_click_is_the_key_of_what_was_drawn_last_there),
	    cmocka_unit_test(an_option_is_indented_under_its_letter),
	    cmocka_unit_test(scrolling_stops_at_both_ends_and_follows_the_cursor),
	    cmocka_unit_test(where_not_all_fits_the_last_row_says_how_much_is_left),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
