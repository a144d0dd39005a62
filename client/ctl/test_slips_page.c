/* Slips to print: whatever a name holds, the page stays the page that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/slips_page.h"
#include "proto/base/mem.h"

#define JOIN "exam://exam.example.org:7443/0123456789#0011223344556677"

static struct buf page_buf;

static const char *page_of(const struct slip_card *cards, size_t n, const char *title,
			   enum paper paper)
{
	struct slips_page page = {title, "cpc", paper, cards, n};

	buf_clear(&page_buf);
	assert_int_equal(ERR_OK, slips_page_write(&page_buf, &page));
	return buf_text(&page_buf);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
		n++;
	return n;
}

static int clean(void **state)
{
	(void)state;
	buf_fini(&page_buf);
	return 0;
}

static void every_text_from_outside_is_escaped_wherever_it_stands(void **state)
{
	static const char evil[] = "\"><script>alert('x')</script>&amp;<!--";
	struct slip_card card = {evil, evil, evil, evil};
	const char *html = page_of(&card, 1, evil, PAPER_A4);

	(void)state;
	assert_int_equal(0, count(html, "<script"));
	assert_int_equal(0, count(html, "</script"));
	assert_int_equal(0, count(html, "<!--"));
	assert_int_equal(0, count(html, "\"><s"));
	assert_int_equal(0, count(html, "alert('"));
	/* title and two headings, name twice, id twice, join line; the slip stands in groups */
	assert_int_equal(8, count(html, "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"
					"&amp;amp;&lt;!--"));
}

static void all_five_signs_are_escaped_and_controls_are_shown_as_such(void **state)
{
	struct buf b = {0};

	(void)state;
	html_put(&b, "a&b<c>d\"e'f\ng\033h\x7fé");
	assert_string_equal("a&amp;b&lt;c&gt;d&quot;e&#39;f\xef\xbf\xbdg\xef\xbf\xbdh\xef\xbf\xbdé",
			    buf_text(&b));
	buf_fini(&b);
}

static void the_page_needs_nothing_from_elsewhere(void **state)
{
	struct slip_card card = {"c1", "Ana", "0123456789", JOIN};
	const char *html = page_of(&card, 1, "Mock", PAPER_A4);

	(void)state;
	assert_int_equal(0, count(html, "http://"));
	assert_int_equal(0, count(html, "https://"));
	assert_int_equal(0, count(html, "src="));
	assert_int_equal(0, count(html, "href="));
	assert_int_equal(0, count(html, "url("));
	assert_int_equal(1, count(html, "default-src 'none'"));
}

static void everybody_has_a_card_and_a_line_to_sign(void **state)
{
	struct slip_card cards[] = {
	    {"c1", "Ana", "AAAAA11111", JOIN "1"},
	    {"c2", "Ben", "BBBBB22222", JOIN "2"},
	};
	const char *html = page_of(cards, COUNT(cards), "Mock", PAPER_LETTER);

	(void)state;
	assert_int_equal(2, count(html, "<section class=\"card\">"));
	assert_int_equal(2, count(html, "<svg "));
	assert_int_equal(1, count(html, "AAAAA&#8201;11111"));
	assert_int_equal(1, count(html, ">" JOIN "2<"));
	assert_int_equal(6, count(html, "<li>"));
	assert_int_equal(1, count(html, "<td>2</td><td>c2</td><td>Ben</td>"));
	assert_true(strstr(html, "<section class=\"sheet\">") > strstr(html, JOIN "2"));
	assert_int_equal(1, count(html, "@page{size:letter;"));
}

/* Draws the path, and compares it with the code module by module. */
static void the_picture_is_the_code_of_the_join_line(void **state)
{
	struct slip_card card = {"c1", "Ana", "0123456789", JOIN};
	const char *at = strstr(page_of(&card, 1, "Mock", PAPER_A4), "<path d=\"") + 9;
	QRcode *want =
	    QRcode_encodeData((int)strlen(JOIN), (const unsigned char *)JOIN, 0, QR_ECLEVEL_M);
	size_t size = (size_t)(want->width * want->width);
	unsigned char *got = mem_new(size);
	int x, y, n, back, len;

	(void)state;
	while (sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &back, &len) == 4) {
		assert_int_equal(n, back);
		memset(got + y * want->width + x, 1, (size_t)n);
		at += len;
	}
	assert_int_equal('"', *at);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(want->data[i] & 1, got[i]);
	free(got);
	QRcode_free(want);
}

static void a_join_line_that_no_code_can_hold_is_an_error(void **state)
{
	char *join = mem_new(4001);
	struct slip_card card = {"c1", "Ana", "0123456789", join};
	struct slips_page page = {"Mock", "cpc", PAPER_A4, &card, 1};

	(void)state;
	memset(join, 'x', 4000);
	assert_int_equal(ERR_TOO_LARGE, slips_page_write(&page_buf, &page));
	free(join);
}

static void there_are_two_kinds_of_paper(void **state)
{
	enum paper paper = PAPER_A4;

	(void)state;
	assert_int_equal(ERR_OK, paper_parse("letter", &paper));
	assert_int_equal(PAPER_LETTER, paper);
	assert_int_equal(ERR_OK, paper_parse("a4", &paper));
	assert_int_equal(PAPER_A4, paper);
	assert_int_equal(ERR_INVALID, paper_parse("a3", &paper));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(every_text_from_outside_is_escaped_wherever_it_stands, clean),
	    cmocka_unit_test(all_five_signs_are_escaped_and_controls_are_shown_as_such),
	    cmocka_unit_test_teardown(the_page_needs_nothing_from_elsewhere, clean),
	    cmocka_unit_test_teardown(everybody_has_a_card_and_a_line_to_sign, clean),
	    cmocka_unit_test_teardown(the_picture_is_the_code_of_the_join_line, clean),
	    cmocka_unit_test_teardown(a_join_line_that_no_code_can_hold_is_an_error, clean),
	    cmocka_unit_test(there_are_two_kinds_of_paper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
