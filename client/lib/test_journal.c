/* Rules of the journal, of answers, and of join lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/lib/answers.h"
#include "client/lib/device.h"
#include "client/lib/exam_client.h"
#include "client/lib/journal.h"

/* ---- Join lines -------------------------------------------------------------------------- */

static void a_join_line_names_server_slip_and_key(void **state)
{
	struct join join;
	char line[JOIN_TEXT_SIZE];

	(void)state;
	assert_int_equal(
	    ERR_OK, join_parse("exam://exam.example:7000/012-345-67il#"
			       "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			       &join));
	assert_string_equal("exam.example", join.host);
	assert_int_equal(7000, join.port);
	assert_string_equal("0123456711", join.slip);
	assert_int_equal(ERR_OK, join_parse("exam://h/0123456789", &join));
	assert_int_equal(7443, join.port);
	assert_false(join.has_pin);
	assert_int_equal(ERR_OK, join_parse("[::1]:80", &join));
	assert_string_equal("::1", join.host);
	join_format(&join, line, sizeof line);
	assert_string_equal("exam://[::1]:80/", line);
}

static void a_pin_may_be_hex_or_base64url(void **state)
{
	struct digest hex, base64;

	(void)state;
	assert_int_equal(
	    ERR_OK,
	    pin_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", &hex));
	assert_int_equal(ERR_OK,
			 pin_parse("sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &base64));
	assert_memory_equal(hex.b, base64.b, 32);
	/* The last symbol has two bits that no byte uses. */
	assert_int_equal(ERR_INVALID,
			 pin_parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", &base64));
}

static void what_is_no_join_line_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",	    "exam://", "h:0",	"h:65536",
	    "h:x",  "h:",      "a b",	"h/short",
	    "h#zz", "::1",     "[::1",	"exam://h/0123456789/x",
	    "-x",   "u@h",     "h:1:2", "exam://h/ABCDEFGHUU",
	};
	struct join join;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(ERR_INVALID, join_parse(bad[i], &join));
}

static void a_join_line_that_is_printed_reads_the_same(void **state)
{
	struct join join, again;
	char line[JOIN_TEXT_SIZE];

	(void)state;
	assert_int_equal(ERR_OK, join_parse("exam://localhost:1/0123456789#"
					    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
					    &join));
	join_format(&join, line, sizeof line);
	assert_int_equal(ERR_OK, join_parse(line, &again));
	assert_memory_equal(&join.pin, &again.pin, sizeof join.pin);
	assert_string_equal(join.slip, again.slip);
	assert_int_equal(join.port, again.port);
}

/* ---- The journal ------------------------------------------------------------------------- */

static char dir[] = "/tmp/examd-journal-XXXXXX";
static const struct digest pin = {{1, 2, 3}};
static const struct attempt_id attempt = {7};

struct told {
	struct journal_reader reader;
	struct buf answers; /* a byte each: the first of the answer */
	unsigned settled;
};

static void on_answer(struct journal_reader *r, struct bytes answer)
{
	buf_put(&container_of(r, struct told, reader)->answers, answer.data, 1);
}

static void on_settled(struct journal_reader *r, struct item_no item, struct seat_no seat,
		       uint32_t revision, enum err err)
{
	assert_int_equal(3, item.v);
	assert_int_equal(1, seat.v);
	assert_int_equal(2, revision);
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, err);
	container_of(r, struct told, reader)->settled++;
}

static struct journal *open_it(struct told *told)
{
	struct journal *j;

	*told = (struct told){.reader = {.on_answer = on_answer, .on_settled = on_settled}};
	assert_int_equal(ERR_OK, journal_open(&j, dir, &pin, attempt, &told->reader));
	return j;
}

static char *journal_path(void)
{
	return mem_printf("%s/journal-0102030000000000-7", dir);
}

static void put(struct journal *j, const char *text)
{
	assert_int_equal(ERR_OK, journal_put(j, bytes_of_text(text)));
}

static void what_was_put_is_read_back_in_order(void **state)
{
	struct told told;
	struct journal *j = open_it(&told);

	(void)state;
	put(j, "a-first");
	put(j, "b-second");
	journal_settled(j, (struct item_no){3}, (struct seat_no){1}, 2, ERR_KEPT_FOR_PROCTOR);
	journal_close(j);
	j = open_it(&told);
	assert_string_equal("ab", buf_text(&told.answers));
	assert_int_equal(1, told.settled);
	buf_fini(&told.answers);
	journal_remove(j);
}

/* The file cut at every length: what was whole is there, and what is put next is there too. */
static void a_torn_tail_costs_only_what_was_torn(void **state)
{
	struct told told;
	char *path = journal_path();
	struct buf whole = {0};
	size_t ends[3];
	struct journal *j = open_it(&told);
	struct stat st;

	(void)state;
	for (int i = 0; i < 3; i++) {
		char text[] = "a-text";

		text[0] = (char)('a' + i);
		put(j, text);
		assert_int_equal(0, stat(path, &st));
		ends[i] = (size_t)st.st_size;
	}
	journal_close(j);
	assert_int_equal(ERR_OK, file_read(path, 1 << 20, &whole));
	for (size_t len = 0; len <= buf_length(&whole); len++) {
		size_t have = 0;

		while (have < 3 && ends[have] <= len)
			have++;
		assert_int_equal(ERR_OK, file_replace(path, bytes_of(buf_bytes(&whole).data, len)));
		j = open_it(&told);
		assert_int_equal(have, buf_length(&told.answers));
		buf_fini(&told.answers);
		put(j, "z-next");
		journal_close(j);
		j = open_it(&told);
		assert_int_equal(have + 1, buf_length(&told.answers));
		assert_int_equal('z', buf_bytes(&told.answers).data[have]);
		buf_fini(&told.answers);
		journal_close(j);
	}
	unlink(path);
	buf_fini(&whole);
	free(path);
}

/* Any byte of an entry changed: that entry is not told. */
static void a_changed_byte_is_noticed(void **state)
{
	struct told told;
	char *path = journal_path();
	struct buf whole = {0};
	struct journal *j = open_it(&told);
	struct stat st;
	size_t first;

	(void)state;
	put(j, "a-text");
	assert_int_equal(0, stat(path, &st));
	first = (size_t)st.st_size;
	put(j, "b-text");
	journal_close(j);
	assert_int_equal(ERR_OK, file_read(path, 1 << 20, &whole));
	for (size_t at = first; at < buf_length(&whole); at++) {
		uint8_t *copy = mem_copy(buf_bytes(&whole).data, buf_length(&whole));

		copy[at] ^= 0x40;
		assert_int_equal(ERR_OK, file_replace(path, bytes_of(copy, buf_length(&whole))));
		free(copy);
		j = open_it(&told);
		assert_string_equal("a", buf_text(&told.answers));
		buf_fini(&told.answers);
		journal_close(j);
	}
	unlink(path);
	buf_fini(&whole);
	free(path);
}

static void a_journal_is_one_clients(void **state)
{
	struct told told, other = {.reader = {.on_answer = on_answer, .on_settled = on_settled}};
	struct journal *j = open_it(&told), *second;

	(void)state;
	assert_int_equal(ERR_IN_USE, journal_open(&second, dir, &pin, attempt, &other.reader));
	journal_remove(j);
}

static void another_servers_journal_is_not_read(void **state)
{
	struct told told, other = {.reader = {.on_answer = on_answer, .on_settled = on_settled}};
	struct digest second = {{1, 2, 3, 0, 0, 0, 0, 0, 9}}; /* the same file name */
	struct journal *j = open_it(&told), *k;

	(void)state;
	put(j, "a-text");
	journal_close(j);
	assert_int_equal(ERR_CORRUPT, journal_open(&k, dir, &second, attempt, &other.reader));
	assert_int_equal(0, buf_length(&other.answers));
	j = open_it(&told);
	assert_string_equal("a", buf_text(&told.answers));
	buf_fini(&told.answers);
	journal_remove(j);
}

static void a_receipt_removes_the_journal(void **state)
{
	struct told told;
	char *path = journal_path();
	struct journal *j = open_it(&told);
	struct stat st;

	(void)state;
	put(j, "a-text");
	journal_remove(j);
	assert_int_equal(-1, stat(path, &st));
	free(path);
}

/* ---- Answers ----------------------------------------------------------------------------- */

static const struct item_no item_3 = {3};

static const Examd__V1__Answer *choose(struct answers *a, uint32_t seat, uint32_t option)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT;

	answer.item = item_3.v;
	answer.chosen = &option;
	answer.n_chosen = 1;
	return answers_put(a, (struct seat_no){seat}, &answer);
}

static void assert_saved(const struct answers *a, uint32_t want_put, uint32_t want_saved)
{
	uint32_t n, saved;

	answers_count(a, &n, &saved);
	assert_int_equal(want_put, n);
	assert_int_equal(want_saved, saved);
}

struct finder {
	struct answers_finder finder;
	unsigned found;
};

static void on_found(struct answers_finder *f, const Examd__V1__Answer *answer)
{
	(void)answer;
	container_of(f, struct finder, finder)->found++;
}

/* The server has this of item 3; REVISION 0: nothing. */
static unsigned server_has(struct answers *a, uint32_t seat, uint32_t revision)
{
	Examd__V1__ItemOrder order = EXAMD__V1__ITEM_ORDER__INIT, *list = &order;
	struct finder f = {.finder = {on_found}};

	order.item = item_3.v;
	order.seat = seat;
	order.revision = revision;
	answers_compare(a, &list, revision > 0 ? 1 : 0, &f.finder);
	return f.found;
}

static size_t take_all(struct answers *a, Examd__V1__Answer *out[ANSWERS_BATCH])
{
	return answers_take(a, out);
}

static void an_answer_is_saved_only_by_the_servers_word(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	assert_saved(&a, 1, 0);
	assert_int_equal(1, take_all(&a, batch));
	assert_saved(&a, 1, 0);
	answers_lost(&a);
	assert_saved(&a, 1, 0);
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_OK));
	assert_saved(&a, 1, 1);
	answers_fini(&a);
}

static void a_refused_answer_is_not_saved_because_another_has_its_numbers(void **state)
{
	struct answers a = {0};

	(void)state;
	choose(&a, 1, 0);
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_CONFLICT));
	assert_int_equal(0, server_has(&a, 1, 1));
	assert_saved(&a, 1, 0);
	answers_fini(&a);
}

static void a_change_is_a_new_revision_and_not_saved(void **state)
{
	struct answers a = {0};

	(void)state;
	assert_int_equal(1, choose(&a, 1, 0)->revision);
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_OK));
	assert_int_equal(2, choose(&a, 1, 1)->revision);
	assert_saved(&a, 1, 0);
	/* Word on the earlier one does not make the later one saved. */
	(void)answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_OK);
	assert_saved(&a, 1, 0);
	answers_fini(&a);
}

static void an_acknowledgement_that_was_lost_shows_in_the_list(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	take_all(&a, batch);
	answers_lost(&a);
	assert_int_equal(1, server_has(&a, 1, 1));
	assert_saved(&a, 1, 1);
	assert_int_equal(0, take_all(&a, batch));
	answers_fini(&a);
}

static void an_acknowledged_answer_that_the_server_lacks_is_sent_again(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_OK));
	assert_int_equal(0, server_has(&a, 0, 0));
	assert_saved(&a, 1, 0);
	assert_int_equal(1, take_all(&a, batch));
	answers_fini(&a);
}

static void the_list_says_nothing_about_answers_under_way(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	take_all(&a, batch);
	assert_int_equal(0, server_has(&a, 0, 0));
	assert_int_equal(0, take_all(&a, batch)); /* not twice at a time */
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_OK));
	assert_saved(&a, 1, 1);
	answers_fini(&a);
}

static void an_answer_of_an_earlier_seat_is_still_sent_and_never_saved(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	assert_int_equal(0, server_has(&a, 2, 5)); /* somebody else's, later */
	assert_saved(&a, 1, 0);
	assert_int_equal(6, choose(&a, 3, 1)->revision);
	assert_int_equal(1, take_all(&a, batch));
	assert_int_equal(1, batch[0]->seat); /* the earlier one first */
	assert_non_null(answers_settle(&a, item_3, (struct seat_no){1}, 1, ERR_KEPT_FOR_PROCTOR));
	assert_saved(&a, 1, 0);
	assert_int_equal(1, take_all(&a, batch));
	assert_int_equal(3, batch[0]->seat);
	answers_fini(&a);
}

static void an_answer_that_was_replaced_before_it_was_sent_is_not_sent(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	choose(&a, 1, 0);
	choose(&a, 1, 1);
	choose(&a, 1, 2);
	assert_int_equal(1, take_all(&a, batch));
	assert_int_equal(3, batch[0]->revision);
	assert_int_equal(1, answers_unsettled(&a));
	answers_fini(&a);
}

static void a_batch_has_at_most_64_answers(void **state)
{
	struct answers a = {0};
	Examd__V1__Answer *batch[ANSWERS_BATCH];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT;

		answer.item = i;
		answers_put(&a, (struct seat_no){1}, &answer);
	}
	assert_int_equal(64, take_all(&a, batch));
	assert_int_equal(36, take_all(&a, batch));
	assert_int_equal(100, answers_unsettled(&a));
	answers_fini(&a);
}

static void a_journal_tells_the_answers_again(void **state)
{
	struct answers a = {0}, b = {0};

	(void)state;
	answers_restore(&b, choose(&a, 1, 0));
	answers_restore(&b, choose(&a, 1, 1));
	answers_restore(&b, choose(&a, 1, 2));
	assert_int_equal(3, answers_latest(&b, item_3)->revision);
	assert_saved(&b, 1, 0);
	assert_int_equal(4, choose(&b, 1, 0)->revision);
	answers_fini(&a);
	answers_fini(&b);
}

/* ---- Traces ------------------------------------------------------------------------------ */

static void assert_marks(const struct traces *t, const char *want)
{
	const struct mark *marks;
	size_t n = traces_marks(t, item_3, &marks);
	char got[256] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%u-%u", i > 0 ? " " : "",
			 marks[i].from, marks[i].to);
	assert_string_equal(want, got);
}

static enum err mark(struct traces *t, uint32_t from, uint32_t to)
{
	return traces_mark(t, item_3, (struct mark){MARK_STIMULUS, from, to});
}

static void highlights_join_and_come_off_by_the_same_key(void **state)
{
	struct traces t = {0};

	(void)state;
	assert_int_equal(ERR_OK, mark(&t, 10, 20));
	assert_int_equal(ERR_OK, mark(&t, 30, 40));
	assert_marks(&t, "10-20 30-40");
	assert_int_equal(ERR_OK, mark(&t, 20, 30)); /* touches both */
	assert_marks(&t, "10-40");
	assert_int_equal(ERR_OK, mark(&t, 5, 12));
	assert_marks(&t, "5-40");
	assert_int_equal(ERR_OK, mark(&t, 15, 20)); /* all of it is marked: off */
	assert_marks(&t, "5-15 20-40");
	assert_int_equal(ERR_INVALID, mark(&t, 7, 7));
	traces_fini(&t);
}

static void highlights_of_an_item_are_bounded(void **state)
{
	struct traces t = {0};

	(void)state;
	for (uint32_t i = 0; i < TRACES_MARKS_MOST; i++)
		assert_int_equal(ERR_OK, mark(&t, 10 * i, 10 * i + 5));
	assert_int_equal(ERR_TOO_MANY, mark(&t, 100000, 100001));
	assert_int_equal(ERR_TOO_MANY, mark(&t, 1, 2)); /* one more by splitting */
	assert_int_equal(ERR_OK, mark(&t, 0, 5));
	traces_look(&t, (struct item_no){TRACES_ITEMS_MOST});
	assert_false(t.has_place);
	traces_fini(&t);
}

struct retold {
	struct told told;
	struct traces traces;
};

static void on_trace(struct journal_reader *r, uint8_t kind, struct bytes content)
{
	traces_restore(&container_of(r, struct retold, told.reader)->traces, kind, content);
}

static void what_was_seen_and_highlighted_is_read_back(void **state)
{
	struct retold again = {.told.reader = {on_answer, on_settled, on_trace}};
	struct traces t = {0};
	struct told told;
	struct journal *j = open_it(&told);

	(void)state;
	assert_int_equal(ERR_OK, mark(&t, 10, 20));
	traces_save_marks(&t, item_3, j);
	assert_int_equal(ERR_OK, mark(&t, 30, 40));
	traces_save_marks(&t, item_3, j);
	traces_look(&t, item_3);
	traces_save_place(&t, j);
	traces_look(&t, (struct item_no){1});
	traces_save_place(&t, j);
	journal_trace(j, 'Z', bytes_of("another release", 15));
	journal_close(j);
	assert_int_equal(ERR_OK, journal_open(&j, dir, &pin, attempt, &again.told.reader));
	assert_marks(&again.traces, "10-20 30-40");
	assert_true(traces_is_seen(&again.traces, item_3));
	assert_false(traces_is_seen(&again.traces, (struct item_no){2}));
	assert_int_equal(1, again.traces.place.v);
	traces_fini(&t);
	traces_fini(&again.traces);
	journal_remove(j);
}

#define RULE(name) cmocka_unit_test(name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    RULE(a_join_line_names_server_slip_and_key),
	    RULE(a_pin_may_be_hex_or_base64url),
	    RULE(what_is_no_join_line_is_refused),
	    RULE(a_join_line_that_is_printed_reads_the_same),
	    RULE(what_was_put_is_read_back_in_order),
	    RULE(a_torn_tail_costs_only_what_was_torn),
	    RULE(a_changed_byte_is_noticed),
	    RULE(a_journal_is_one_clients),
	    RULE(another_servers_journal_is_not_read),
	    RULE(a_receipt_removes_the_journal),
	    RULE(an_answer_is_saved_only_by_the_servers_word),
	    RULE(a_refused_answer_is_not_saved_because_another_has_its_numbers),
	    RULE(a_change_is_a_new_revision_and_not_saved),
	    RULE(an_acknowledgement_that_was_lost_shows_in_the_list),
	    RULE(an_acknowledged_answer_that_the_server_lacks_is_sent_again),
	    RULE(the_list_says_nothing_about_answers_under_way),
	    RULE(an_answer_of_an_earlier_seat_is_still_sent_and_never_saved),
	    RULE(an_answer_that_was_replaced_before_it_was_sent_is_not_sent),
	    RULE(a_batch_has_at_most_64_answers),
	    RULE(a_journal_tells_the_answers_again),
	    RULE(highlights_join_and_come_off_by_the_same_key),
	    RULE(highlights_of_an_item_are_bounded),
	    RULE(what_was_seen_and_highlighted_is_read_back),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
