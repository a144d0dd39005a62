/* What staff may do and what comes of it, through the messages of staff and candidates. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/report/transcript.h"
#include "daemon/service/archive.h"
#include "daemon/service/files.h"
#include "daemon/service/harness_staff.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"

#define BANK	   "questions/banks/cpc-style.yaml"
#define EXAM	   "questions/banks/cpc-short.yaml"

#define CANDIDATE  EXAMD__V1__ROLE__ROLE_CANDIDATE
#define PROCTOR	   EXAMD__V1__ROLE__ROLE_PROCTOR
#define INSTRUCTOR EXAMD__V1__ROLE__ROLE_INSTRUCTOR
#define ADMIN	   EXAMD__V1__ROLE__ROLE_ADMIN

static int begin(void **state)
{
	*state = harness_new();
	return 0;
}

static int end(void **state)
{
	harness_free(*state);
	return 0;
}

static const struct person *person_of(const struct harness *h, const char *user)
{
	return people_find_user(h->core->people, user);
}

/* ---- The roster --------------------------------------------------------------------------------
 */

static const Examd__V1__Diagnostics *diagnostics(const wire_reply *reply)
{
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->body_case, EXAMD__V1__REPLY__BODY_DIAGNOSTICS);
	return reply->diagnostics;
}

static void expect_import(const wire_reply *reply, bool changed, uint32_t added, uint32_t updated)
{
	const Examd__V1__Diagnostics *d = diagnostics(reply);

	assert_int_equal(d->errors, 0);
	assert_int_equal(d->changed, changed);
	assert_int_equal(d->added, added);
	assert_int_equal(d->updated, updated);
}

static void test_an_import_adds_updates_and_keeps(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct person_id ann;

	expect_import(staff_import(c, 1, "id,name,group\nann,Ann,A\nben,Ben,A\n", false), true, 2,
		      0);
	ann = person_of(h, "ann")->id;
	expect_import(staff_import(c, 2, "id,name,group\nann,Ann,A\nben,Ben,A\n", false), true, 0,
		      0);
	expect_import(staff_import(c, 3, "id,name,group,extra\nann,Ann,B,50\ncat,Cat,,\n", false),
		      true, 1, 1);
	harness_restart(h, SECONDS(1));
	assert_int_equal(person_of(h, "ann")->id.v, ann.v);
	assert_string_equal(person_of(h, "ann")->group, "B");
	assert_int_equal(person_of(h, "ann")->extra_percent, 50);
	assert_string_equal(person_of(h, "ben")->group, "A"); /* who is not in a roster stays */
	assert_non_null(person_of(h, "cat"));
	assert_int_equal(people_count(h->core->people), 5); /* with admin and ines */
}

static void test_a_check_changes_nothing(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	uint64_t before;

	harness_drain(h);
	before = store_last(h->core->store).v;
	expect_import(staff_import(c, 1, "id,name,role\nann,Ann,\npetra,Petra,proctor\n", true),
		      false, 0, 0);
	assert_null(person_of(h, "ann"));
	assert_int_equal(store_last(h->core->store).v, before);
}

static void test_one_error_and_nothing_is_imported(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const Examd__V1__Diagnostics *d = diagnostics(
	    staff_import(c, 1, "id,name,role\nann,Ann,\nben,,\ncat,Cat,chief\n", false));

	assert_int_equal(d->errors, 2);
	assert_int_equal(d->n_entries, 2);
	assert_string_equal(d->entries[0]->file, "r.csv");
	assert_int_equal(d->entries[0]->line, 3);
	assert_int_equal(d->entries[0]->column, 5);
	assert_int_equal(d->entries[1]->line, 4);
	assert_int_equal(d->entries[1]->column, 9);
	assert_string_equal(d->entries[1]->rule, "bad-role");
	assert_false(d->changed);
	assert_null(person_of(h, "ann"));
	/* The command id is free again: the mended file may go under it. */
	expect_import(staff_import(c, 1, "id,name\nann,Ann\n", false), true, 1, 0);
}

static void test_more_errors_than_a_reply_holds_are_counted(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const Examd__V1__Diagnostics *d;
	struct buf csv = {0};
	int i;

	buf_put_text(&csv, "id,name,role\n");
	for (i = 0; i < 1500; i++)
		buf_put_text(&csv, ",,chief\n");
	d = diagnostics(staff_import(c, 1, buf_text(&csv), false));
	assert_int_equal(d->errors, 4500);
	assert_in_range(d->n_entries, 100, 200);
	buf_fini(&csv);
}

static void test_only_new_staff_get_one_time_passwords_and_they_are_told_once(void **state)
{
	static const char roster[] = "id,name,role\nann,Ann,\npetra,Petra,proctor\n";
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR), *p;
	const Examd__V1__Diagnostics *first = diagnostics(staff_import(c, 1, roster, false));
	const Examd__V1__Diagnostics *again = diagnostics(staff_import(c, 1, roster, false));
	const wire_reply *reply;

	assert_int_equal(first->added, 2);
	assert_int_equal(first->n_secrets, 1);
	assert_string_equal(first->secrets[0]->user, "petra");
	assert_true(strlen(first->secrets[0]->secret) >= 16);
	assert_int_equal(again->added, 2);     /* the kept reply ... */
	assert_int_equal(again->n_secrets, 0); /* ... has no password */
	assert_int_equal(
	    diagnostics(staff_import(c, 2, "id,name,role\npetra,Petra P,proctor\n", false))
		->n_secrets,
	    0);
	p = client_connect(h, "petra's", "10.1.0.2");
	client_hello(p);
	reply = client_log_in_as(p, "petra", first->secrets[0]->secret);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->session->password_must_change);
	assert_int_equal(staff_results(p, (struct sitting_id){1}, 0)->error, ERR_FORBIDDEN);
	assert_int_equal(staff_watch(p, (struct sitting_id){1}, false)->error, ERR_PASSWORD_CHANGE);
	assert_string_equal(person_of(h, "ann")->hash, ""); /* candidates have slips */
}

static void test_nobody_makes_or_changes_a_person_above_the_own_role(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR), *p;
	const Examd__V1__Diagnostics *d;

	d = diagnostics(staff_import(c, 1, "id,name,role\nann,Ann,\nroot,Root,admin\n", false));
	assert_int_equal(d->errors, 1);
	assert_string_equal(d->entries[0]->rule, "role-above-own");
	assert_int_equal(d->entries[0]->line, 3);
	assert_null(person_of(h, "ann"));
	d = diagnostics(staff_import(c, 2, "id,name\nadmin,Nobody\n", false));
	assert_int_equal(d->errors, 1);
	assert_int_equal(person_of(h, "admin")->role, ADMIN);
	assert_int_equal(staff_person(c, 3, "admin", EXAMD__V1__PERSON_VERB__PERSON_DISABLE)->error,
			 ERR_FORBIDDEN);
	assert_int_equal(
	    staff_person(c, 4, "admin", EXAMD__V1__PERSON_VERB__PERSON_RESET_PASSWORD)->error,
	    ERR_FORBIDDEN);
	/* A proctor unlocks, and no more than that. */
	p = staff_connect(h, "petra", PROCTOR);
	harness_person(h, "ann", CANDIDATE, NULL);
	assert_int_equal(staff_person(p, 1, "ann", EXAMD__V1__PERSON_VERB__PERSON_UNLOCK)->error,
			 ERR_OK);
	assert_int_equal(staff_person(p, 2, "ann", EXAMD__V1__PERSON_VERB__PERSON_DISABLE)->error,
			 ERR_FORBIDDEN);
	assert_int_equal(staff_person(p, 3, "ines", EXAMD__V1__PERSON_VERB__PERSON_UNLOCK)->error,
			 ERR_FORBIDDEN);
	assert_int_equal(staff_person(p, 4, "nobody", EXAMD__V1__PERSON_VERB__PERSON_UNLOCK)->error,
			 ERR_NOT_FOUND);
	assert_int_equal(staff_person(p, 5, "ann", (Examd__V1__PersonVerb)99)->error, ERR_INVALID);
}

static void test_nobody_locks_the_own_door(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "adam", ADMIN);
	const Examd__V1__Diagnostics *d =
	    diagnostics(staff_import(c, 1, "id,name,role\nadam,Adam,candidate\n", false));

	assert_int_equal(d->errors, 1);
	assert_string_equal(d->entries[0]->rule, "own-role");
	assert_int_equal(staff_person(c, 2, "adam", EXAMD__V1__PERSON_VERB__PERSON_DISABLE)->error,
			 ERR_FORBIDDEN);
	expect_import(staff_import(c, 3, "id,name,role\nadam,Adam A,admin\n", false), true, 0, 1);
}

static void expect_out(struct fake_client *c)
{
	assert_non_null(client_await(c, EXAMD__V1__NOTICE_KIND__NOTICE_LOGGED_OUT));
	assert_int_equal(staff_watch(c, (struct sitting_id){1}, true)->error, ERR_LOGIN_NEEDED);
}

static void test_another_role_ends_the_sessions(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "adam", ADMIN);
	struct fake_client *p = staff_connect(h, "petra", PROCTOR);

	expect_import(staff_import(c, 1, "id,name,role\npetra,Petra,candidate\n", false), true, 0,
		      1);
	expect_out(p);
}

static void test_who_is_disabled_is_out_and_stays_out(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct fake_client *p = staff_connect(h, "petra", PROCTOR);

	assert_int_equal(staff_person(c, 1, "petra", EXAMD__V1__PERSON_VERB__PERSON_DISABLE)->error,
			 ERR_OK);
	expect_out(p);
	assert_null(client_hello(p)->hello->session); /* the token is worth nothing */
	assert_int_equal(client_log_in_as(p, "petra", STAFF_PASSWORD)->error, ERR_DISABLED);
	assert_int_equal(staff_person(c, 2, "petra", EXAMD__V1__PERSON_VERB__PERSON_ENABLE)->error,
			 ERR_OK);
	assert_int_equal(client_log_in_as(p, "petra", STAFF_PASSWORD)->error, ERR_OK);
	assert_int_equal(staff_person(c, 3, "petra", EXAMD__V1__PERSON_VERB__PERSON_REVOKE)->error,
			 ERR_OK);
	expect_out(p);
	assert_int_equal(client_log_in_as(p, "petra", STAFF_PASSWORD)->error, ERR_OK);
}

static void test_a_password_that_is_reset_ends_the_sessions(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct fake_client *p = staff_connect(h, "petra", PROCTOR);
	const wire_reply *first =
	    staff_person(c, 1, "petra", EXAMD__V1__PERSON_VERB__PERSON_RESET_PASSWORD);
	const wire_reply *again =
	    staff_person(c, 1, "petra", EXAMD__V1__PERSON_VERB__PERSON_RESET_PASSWORD);
	const wire_reply *reply;

	assert_int_equal(first->error, ERR_OK);
	assert_int_equal(first->body_case, EXAMD__V1__REPLY__BODY_SECRET);
	assert_int_equal(again->error, ERR_OK);
	assert_string_equal(again->secret->secret, ""); /* told once */
	expect_out(p);
	assert_int_equal(client_log_in_as(p, "petra", STAFF_PASSWORD)->error, ERR_LOGIN_FAILED);
	reply = client_log_in_as(p, "petra", first->secret->secret);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->session->password_must_change);
}

static void test_who_revokes_the_own_sessions_may_send_it_again(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);

	assert_int_equal(staff_person(c, 1, "ines", EXAMD__V1__PERSON_VERB__PERSON_REVOKE)->error,
			 ERR_OK);
	expect_out(c);
	assert_int_equal(client_log_in_as(c, "ines", STAFF_PASSWORD)->error, ERR_OK);
	assert_int_equal(staff_person(c, 1, "ines", EXAMD__V1__PERSON_VERB__PERSON_REVOKE)->error,
			 ERR_OK);
	assert_null(client_notice(c, EXAMD__V1__NOTICE_KIND__NOTICE_LOGGED_OUT)); /* once */
}

static void test_the_list_of_people_comes_in_pages(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "petra", PROCTOR);
	struct buf csv = {0};
	char line[32], after[32] = "";
	size_t seen = 0, pages = 0;
	bool more = true;
	REQUEST_OF(people_list, PEOPLE_LIST, Examd__V1__PeopleList, EXAMD__V1__PEOPLE_LIST__INIT);

	buf_put_text(&csv, "id,name,group\n");
	for (int i = 0; i < 250; i++) {
		snprintf(line, sizeof line, "u%03d,U,%s\n", i, i % 2 == 0 ? "even" : "odd");
		buf_put_text(&csv, line);
	}
	expect_import(staff_import(staff_connect(h, "ines", INSTRUCTOR), 1, buf_text(&csv), false),
		      true, 250, 0);
	in.group = wire_text("odd");
	for (; more; pages++) {
		const wire_reply *reply;

		in.after_user = after;
		reply = client_ask(c, &request);
		assert_int_equal(reply->error, ERR_OK);
		for (size_t i = 0; i < reply->people->n_people; i++) {
			assert_true(strcmp(reply->people->people[i]->user, after) > 0);
			snprintf(after, sizeof after, "%s", reply->people->people[i]->user);
			assert_string_equal(reply->people->people[i]->group, "odd");
			seen++;
		}
		more = reply->people->more;
	}
	assert_int_equal(seen, 125);
	assert_int_equal(pages, 2);
	buf_fini(&csv);
}

/* ---- Uploads and downloads ---------------------------------------------------------------------
 */

static enum err upload(struct fake_client *c, uint32_t number, uint64_t offset, const void *data,
		       size_t len)
{
	REQUEST_OF(upload, UPLOAD, Examd__V1__Upload, EXAMD__V1__UPLOAD__INIT);

	in.number = number;
	in.offset = offset;
	in.data = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
	return (enum err)client_ask(c, &request)->error;
}

static void test_pieces_of_an_upload_come_in_order_and_may_come_again(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	static const uint8_t piece[PIECE_MOST + 1];

	assert_int_equal(upload(c, 0, 0, "a", 1), ERR_INVALID);
	assert_int_equal(upload(c, FILE_NUMBERS + 1, 0, "a", 1), ERR_INVALID);
	assert_int_equal(upload(c, 1, 0, piece, PIECE_MOST + 1), ERR_INVALID);
	assert_int_equal(upload(c, 1, 1, "b", 1), ERR_INVALID); /* the first is missing */
	assert_int_equal(upload(c, 1, 0, "abc", 3), ERR_OK);
	assert_int_equal(upload(c, 1, 4, "e", 1), ERR_INVALID);
	assert_int_equal(upload(c, 1, 3, "def", 3), ERR_OK);
	assert_int_equal(upload(c, 1, 3, "def", 3), ERR_OK);
	assert_int_equal(upload(c, 1, 3, "dxf", 3), ERR_CONFLICT);
	assert_int_equal(upload(c, 1, 3, "defg", 4), ERR_CONFLICT);
	assert_int_equal(upload(c, 1, 6, "g", 1), ERR_OK);
	assert_int_equal(staff_watch(c, (struct sitting_id){1}, true)->error, ERR_OK);
}

static void test_uploads_of_a_connection_are_bounded(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	static const uint8_t piece[PIECE_MOST];
	uint64_t at;

	for (at = 0; at < FILES_MOST; at += PIECE_MOST)
		assert_int_equal(upload(c, 1, at, piece, PIECE_MOST), ERR_OK);
	assert_int_equal(upload(c, 1, at, "x", 1), ERR_TOO_LARGE);
	assert_int_equal(upload(c, 2, 0, "x", 1), ERR_TOO_LARGE); /* all of them together */
	assert_int_equal(upload(c, 1, 0, "x", 1), ERR_OK);	  /* begun anew */
	assert_int_equal(upload(c, 2, 0, piece, PIECE_MOST), ERR_OK);
}

static void test_what_was_not_uploaded_cannot_be_used(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	REQUEST_OF(people_import, PEOPLE_IMPORT, Examd__V1__PeopleImport,
		   EXAMD__V1__PEOPLE_IMPORT__INIT);

	in.command_id = command_of(c, 1);
	for (in.upload = 0; in.upload <= FILE_NUMBERS + 1; in.upload++)
		assert_int_equal(client_ask(c, &request)->error, ERR_NOT_FOUND);
}

/* ---- Banks and exams ---------------------------------------------------------------------------
 */

/* Puts one text into the place of another. */
static void change_text(struct buf *text, const char *from, const char *to)
{
	struct buf out = {0};
	const char *at = strstr(buf_text(text), from);

	assert_non_null(at);
	buf_put(&out, buf_text(text), (size_t)(at - buf_text(text)));
	buf_put_text(&out, to);
	buf_put_text(&out, at + strlen(from));
	buf_fini(text);
	*text = out;
}

static void load_content(struct fake_client *c)
{
	struct buf text = {0};

	staff_read_file(BANK, &text);
	assert_true(diagnostics(staff_load_bank(c, 101, buf_bytes(&text), false))->changed);
	buf_clear(&text);
	staff_read_file(EXAM, &text);
	assert_true(diagnostics(staff_load_exam(c, 102, buf_bytes(&text), false))->changed);
	buf_fini(&text);
}

static void test_a_bank_with_errors_changes_nothing_and_all_are_told(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const Examd__V1__Diagnostics *d = diagnostics(
	    staff_load_bank(c, 1, bytes_of_text("bank: mini\nsurprise: 1\nwonder: 2\n"), false));

	assert_true(d->errors >= 3); /* two unknown keys, and some that are missing */
	assert_int_equal(d->errors, d->n_entries);
	for (size_t i = 0; i < d->n_entries; i++) {
		assert_string_equal(d->entries[i]->file, "bank.yaml");
		assert_true(d->entries[i]->line >= 1 && d->entries[i]->column >= 1);
	}
	assert_false(d->changed);
	assert_null(engine_bank(h->core->engine, "mini"));
}

static void test_a_bank_and_an_exam_are_there_after_a_restart(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct buf text = {0};

	staff_read_file(BANK, &text);
	assert_false(diagnostics(staff_load_bank(c, 1, buf_bytes(&text), true))->changed);
	assert_null(engine_bank(h->core->engine, "cpc-style")); /* it was a check */
	buf_fini(&text);
	load_content(c);
	harness_restart(h, SECONDS(1));
	assert_non_null(engine_bank(h->core->engine, "cpc-style"));
	assert_non_null(engine_blueprint(h->core->engine, "cpc-short"));
}

static void test_an_exam_that_the_bank_cannot_fill_is_refused_with_what_is_missing(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const Examd__V1__Diagnostics *d;
	struct buf text = {0};
	size_t i = 0;

	staff_read_file(EXAM, &text);
	change_text(&text, "items: 4}", "items: 84}");
	change_text(&text, "total: 40", "total: 120");
	d = diagnostics(staff_load_exam(c, 1, buf_bytes(&text), true));
	assert_string_equal(d->entries[0]->rule, "no-bank");
	load_content(c);
	d = diagnostics(staff_load_exam(c, 2, buf_bytes(&text), false));
	while (d->entries[i]->level != 0)
		i++;
	assert_true(d->entries[i]->line > 1);
	assert_memory_equal(d->entries[i]->text, "the section cases ", 18);
	assert_non_null(strstr(d->entries[i]->text, "needs 84 items, "));
	assert_non_null(strstr(d->entries[i]->text, " missing"));
	assert_false(d->changed);
	assert_int_equal(engine_blueprint(h->core->engine, "cpc-short")->total, 40);
	buf_fini(&text);
}

static size_t exams_to_practise(struct fake_client *c)
{
	REQUEST_OF(list_exams, LIST_EXAMS, Examd__V1__ListExams, EXAMD__V1__LIST_EXAMS__INIT);
	const wire_reply *reply = client_ask(c, &request);

	assert_int_equal(reply->error, ERR_OK);
	return reply->exams->n_exams;
}

static const wire_reply *ask_practice(struct fake_client *c, uint8_t command)
{
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);
	uint8_t id[COMMAND_SIZE] = {command};

	in.command_id = (ProtobufCBinaryData){sizeof id, id};
	in.exam = wire_text("cpc-short");
	in.tutor = true;
	return client_ask(c, &request);
}

static enum err start_practice(struct fake_client *c, uint8_t command)
{
	return (enum err)ask_practice(c, command)->error;
}

/* Tutor mode tells keys: an exam that forbids practice closes its bank, whatever else draws from
 * it. */
static void test_nobody_practises_with_the_bank_of_an_exam_that_forbids_it(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct fake_client *anna = staff_connect(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE);
	struct buf text = {0};

	load_content(c);
	assert_int_equal(exams_to_practise(anna), 1);
	assert_int_equal(start_practice(anna, 1), ERR_OK);
	staff_read_file("questions/banks/cpc-demo.yaml", &text);
	change_text(&text, "late_start: on-ready", "practice:   never\n");
	assert_true(diagnostics(staff_load_exam(c, 1, buf_bytes(&text), false))->changed);
	assert_int_equal(exams_to_practise(anna), 0);
	assert_int_equal(start_practice(anna, 2), ERR_OUT_OF_TURN);
	buf_fini(&text);
}

/* ---- Sittings and slips ------------------------------------------------------------------------
 */

static struct sitting_id made(const wire_reply *reply)
{
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->body_case, EXAMD__V1__REPLY__BODY_SITTINGS);
	assert_int_equal(reply->sittings->n_sittings, 1);
	return (struct sitting_id){reply->sittings->sittings[0]->sitting};
}

static void import_class(struct fake_client *c)
{
	expect_import(staff_import(c, 100,
				   "id,name,group,role\nann,Ann,A,\nben,Ben,A,\ncat,Cat,B,\n"
				   "dan,Dan,A,\npia,Pia,A,proctor\n",
				   false),
		      true, 5, 0);
}

static void test_a_sitting_is_made_of_a_group_and_of_users(void **state)
{
	static const char *const cat_and_ann[] = {"cat", "ann", NULL};
	static const char *const unknown[] = {"cat", "zoe", NULL};
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const wire_reply *reply;
	struct sitting_id first;

	load_content(c);
	import_class(c);
	staff_person(c, 99, "dan", EXAMD__V1__PERSON_VERB__PERSON_DISABLE);
	reply = staff_create(c, 1, "cpc-short", "A", NULL);
	first = made(reply);
	assert_int_equal(reply->sittings->sittings[0]->candidates,
			 2); /* no staff, nobody disabled */
	assert_string_equal(reply->sittings->sittings[0]->title, "Mock exam");
	reply = staff_create(c, 2, "cpc-short", "A", cat_and_ann);
	assert_int_equal(made(reply).v, first.v + 1);
	assert_int_equal(reply->sittings->sittings[0]->candidates, 3); /* ann once */
	assert_int_equal(made(staff_create(c, 1, "cpc-short", "A", NULL)).v, first.v);
	assert_int_equal(staff_create(c, 1, "cpc-short", "B", NULL)->error, ERR_COMMAND_REUSED);
	reply = staff_create(c, 3, "cpc-short", NULL, unknown);
	assert_int_equal(reply->error, ERR_NOT_FOUND);
	assert_non_null(strstr(reply->detail, "zoe"));
	assert_int_equal(staff_create(c, 4, "cpc-short", "nobody", NULL)->error, ERR_INVALID);
	assert_int_equal(staff_create(c, 5, "no-such", "A", NULL)->error, ERR_NO_EXAM);
}

static void
test_a_sitting_made_again_by_the_same_command_is_found_though_its_group_is_empty_now(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct sitting_id sitting;

	load_content(c);
	import_class(c);
	sitting = made(staff_create(c, 1, "cpc-short", "B", NULL));
	staff_import(c, 2, "id,name,group\ncat,Cat,A\n", false);
	assert_int_equal(made(staff_create(c, 1, "cpc-short", "B", NULL)).v, sitting.v);
}

static void test_the_title_of_a_sitting_is_bounded(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	char title[202], *users[] = {wire_text("ann")};
	REQUEST_OF(sitting_create, SITTING_CREATE, Examd__V1__SittingCreate,
		   EXAMD__V1__SITTING_CREATE__INIT);

	load_content(c);
	import_class(c);
	memset(title, 't', sizeof title);
	title[201] = '\0';
	in.command_id = command_of(c, 1);
	in.exam = wire_text("cpc-short");
	in.title = title;
	in.users = users;
	in.n_users = 1;
	assert_int_equal(client_ask(c, &request)->error, ERR_INVALID);
	title[200] = '\0';
	assert_int_equal(client_ask(c, &request)->error, ERR_OK);
}

static enum err use_slip(struct harness *h, const char *name, const char *slip)
{
	struct fake_client *c = client_connect(h, name, "10.0.0.7");

	client_hello(c);
	return (enum err)client_use_slip(c, slip)->error;
}

static void test_new_slips_end_the_earlier_ones_of_the_same_persons(void **state)
{
	static const char *const ann[] = {"ann", NULL}, *const cat[] = {"cat", NULL};
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	const wire_reply *all, *anns;
	struct sitting_id sitting;

	load_content(c);
	import_class(c);
	sitting = made(staff_create(c, 1, "cpc-short", "A", NULL));
	all = staff_slips(c, sitting, NULL, "");
	assert_int_equal(all->error, ERR_OK);
	assert_int_equal(all->slips->n_slips, 3);
	assert_false(all->slips->more);
	assert_string_equal(all->slips->slips[0]->user, "ann");
	assert_string_equal(all->slips->slips[1]->user, "ben");
	anns = staff_slips(c, sitting, ann, "");
	assert_int_equal(anns->slips->n_slips, 1);
	assert_int_equal(use_slip(h, "1", all->slips->slips[0]->slip), ERR_LOGIN_FAILED);
	assert_int_equal(use_slip(h, "2", anns->slips->slips[0]->slip), ERR_OK);
	assert_int_equal(use_slip(h, "3", all->slips->slips[1]->slip), ERR_OK);
	assert_int_equal(staff_slips(c, sitting, cat, "")->error, ERR_NOT_IN_SITTING);
	assert_int_equal(staff_slips(c, (struct sitting_id){99}, NULL, "")->error, ERR_NOT_FOUND);
	staff_order(
	    c, 3,
	    &(struct room_order){.sitting = sitting, .verb = EXAMD__V1__ROOM_VERB__ROOM_CLOSE});
	assert_int_equal(staff_slips(c, sitting, NULL, "")->error, ERR_OUT_OF_TURN);
}

/* A class of N in the group "big", with long names. */
static void import_big_class(struct fake_client *c, int n)
{
	struct buf csv = {0};
	char line[256];

	buf_put_text(&csv, "id,name,group\n");
	for (int i = 0; i < n; i++) {
		snprintf(line, sizeof line, "u%03d,%0190d,big\n", i, i);
		buf_put_text(&csv, line);
	}
	expect_import(staff_import(c, 90, buf_text(&csv), false), true, (uint32_t)n, 0);
	buf_fini(&csv);
}

static void test_slips_come_in_pages_each_person_once(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	char after[32] = "", last[32] = "";
	const wire_reply *reply;
	struct sitting_id sitting;
	size_t seen = 0, pages = 0;

	load_content(c);
	import_big_class(c, 300);
	sitting = made(staff_create(c, 1, "cpc-short", "big", NULL));
	do {
		reply = staff_slips(c, sitting, NULL, after);
		assert_int_equal(reply->error, ERR_OK);
		for (size_t i = 0; i < reply->slips->n_slips; i++) {
			assert_true(strcmp(reply->slips->slips[i]->user, last) > 0);
			snprintf(last, sizeof last, "%s", reply->slips->slips[i]->user);
			seen++;
		}
		snprintf(after, sizeof after, "%s", last);
		pages++;
	} while (reply->slips->more);
	assert_int_equal(seen, 300);
	assert_true(pages > 1);
}

/* ---- Commands to a room ------------------------------------------------------------------------
 */

struct room {
	struct fake_client *ines, *petra; /* instructor, proctor */
	struct sitting_id sitting;
	struct fake_client *a, *b; /* ann, ben: checked in */
	const char *slip_a;
	struct attempt_id anns, bens;
	uint8_t command; /* the last one used */
};

static const wire_reply *order(struct room *r, struct fake_client *c, struct room_order o)
{
	o.sitting = r->sitting;
	return staff_order(c, ++r->command, &o);
}

static void ordered(struct room *r, struct room_order o)
{
	const wire_reply *reply = order(r, r->petra, o);

	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->body_case, EXAMD__V1__REPLY__BODY_ROOM);
	assert_int_equal(reply->room->sitting->sitting, r->sitting.v);
	assert_int_equal(reply->room->n_rows,
			 o.attempt.v != 0 ? 1 : reply->room->sitting->candidates);
}

#define ORDER(r, ...) ordered((r), (struct room_order){__VA_ARGS__})
#define VERB(name)    .verb = EXAMD__V1__ROOM_VERB__ROOM_##name

static struct attempt_id check_in(struct fake_client *c, const char *slip)
{
	const wire_reply *reply;

	assert_int_equal(client_hello(c)->error, ERR_OK);
	assert_int_equal(client_use_slip(c, slip)->error, ERR_OK);
	reply = client_check_in(c, 1);
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->status->state, EXAMD__V1__ATTEMPT_STATE__CHECKED_IN);
	return (struct attempt_id){reply->status->attempt};
}

/* Opened; ann and ben have checked in and wait to be admitted. */
static struct room room_new(struct harness *h)
{
	static const char *const both[] = {"ann", "ben", NULL};
	struct room r = {.ines = staff_connect(h, "ines", INSTRUCTOR),
			 .petra = staff_connect(h, "petra", PROCTOR)};
	const wire_reply *slips;

	load_content(r.ines);
	import_class(r.ines);
	r.sitting = made(staff_create(r.ines, 1, "cpc-short", NULL, both));
	ORDER(&r, VERB(OPEN));
	slips = staff_slips(r.petra, r.sitting, NULL, "");
	r.slip_a = slips->slips->slips[0]->slip;
	r.a = client_connect(h, "ann's laptop", "10.0.0.1");
	r.b = client_connect(h, "ben's laptop", "10.0.0.2");
	r.anns = check_in(r.a, r.slip_a);
	r.bens = check_in(r.b, slips->slips->slips[1]->slip);
	return r;
}

static void confirm(struct fake_client *c)
{
	const wire_reply *reply = client_check_in(c, 2);

	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(client_confirm(c, reply->status, 3)->error, ERR_OK);
}

/* And it runs. */
static struct room room_started(struct harness *h)
{
	struct room r = room_new(h);

	ORDER(&r, VERB(ADMIT));
	confirm(r.a);
	confirm(r.b);
	ORDER(&r, VERB(START));
	client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
	return r;
}

static void test_nobody_checks_in_before_the_room_is_open(void **state)
{
	static const char *const ann[] = {"ann", NULL};
	struct harness *h = *state;
	struct room r = {.ines = staff_connect(h, "ines", INSTRUCTOR)};
	struct fake_client *a = client_connect(h, "ann's laptop", "10.0.0.1");
	const wire_reply *slips;

	r.petra = r.ines;
	load_content(r.ines);
	import_class(r.ines);
	r.sitting = made(staff_create(r.ines, 1, "cpc-short", NULL, ann));
	slips = staff_slips(r.ines, r.sitting, NULL, "");
	client_hello(a);
	client_use_slip(a, slips->slips->slips[0]->slip);
	assert_int_equal(client_check_in(a, 1)->error, ERR_NOT_OPEN);
	r.command = 1;
	ORDER(&r, VERB(OPEN));
	assert_int_equal(client_check_in(a, 1)->error, ERR_OK);
}

static void test_admitting_and_starting_are_told_with_the_status(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *notice;

	ORDER(&r, VERB(ADMIT), .attempt = r.anns);
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED);
	assert_int_equal(notice->notice->status->state, EXAMD__V1__ATTEMPT_STATE__ADMITTED);
	harness_drain(h);
	assert_null(client_notice(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED));
	ORDER(&r, VERB(ADMIT));
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED);
	confirm(r.a);
	confirm(r.b);
	ORDER(&r, VERB(START));
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
	assert_int_equal(notice->notice->status->state, EXAMD__V1__ATTEMPT_STATE__RUNNING);
	assert_int_equal(notice->notice->status->n_keys, 1);
	assert_int_equal(notice->notice->status->keys[0].len, 32);
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
}

static void test_a_pause_stops_the_clocks_and_a_resume_lets_them_go_on(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	int64_t left;
	const wire_reply *notice;

	ORDER(&r, VERB(PAUSE));
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED);
	assert_int_equal(notice->clock->stopped, STOP_SITTING);
	left = notice->clock->remaining_ms;
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED);
	harness_turn(h, SECONDS(30));
	ORDER(&r, VERB(RESUME));
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_RESUMED);
	assert_int_equal(notice->clock->stopped, 0);
	assert_int_equal(notice->clock->remaining_ms, left);
	/* And one alone. */
	ORDER(&r, VERB(PAUSE), .attempt = r.bens);
	notice = client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED);
	assert_int_equal(notice->clock->stopped, STOP_ATTEMPT);
	harness_drain(h);
	assert_null(client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED));
	ORDER(&r, VERB(RESUME), .attempt = r.bens);
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_RESUMED);
}

static void test_minutes_need_a_reason_and_are_told(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	int64_t budget = attempt_budget(engine_attempt(h->core->engine, r.anns), 0).v;
	const wire_reply *notice;

	assert_int_equal(
	    order(&r, r.petra, (struct room_order){VERB(ADD_MINUTES), .minutes = 5})->error,
	    ERR_INVALID);
	ORDER(&r, VERB(ADD_MINUTES), .minutes = 5, .reason = "the fire alarm");
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED);
	assert_int_equal(notice->notice->added_ms, 300000);
	assert_int_equal(notice->clock->budget_ms, budget + 300000);
	assert_int_equal(notice->notice->status->parts[0]->budget_ms, budget + 300000);
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED);
	ORDER(&r, VERB(ADD_MINUTES), .minutes = -2, .reason = "too many", .attempt = r.anns);
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED);
	assert_int_equal(notice->notice->added_ms, -120000);
	assert_int_equal(notice->clock->budget_ms, budget + 180000);
}

static void test_a_message_reaches_whom_it_is_for(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	const wire_reply *notice;

	ORDER(&r, VERB(MESSAGE), .text = "Ten minutes left.");
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE);
	assert_string_equal(notice->notice->text, "Ten minutes left.");
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE);
	ORDER(&r, VERB(MESSAGE), .text = "Ann, your book.", .attempt = r.anns);
	client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE);
	harness_drain(h);
	assert_null(client_notice(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE));
	assert_int_equal(order(&r, r.petra, (struct room_order){VERB(MESSAGE)})->error,
			 ERR_INVALID);
}

static struct fake_client *second_device(struct harness *h, const struct room *r, const char *name)
{
	struct fake_client *c = client_connect(h, name, "10.0.0.3");
	const wire_reply *reply;

	client_hello(c);
	reply = client_use_slip(c, r->slip_a);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->session->takeover_asked);
	return c;
}

static void test_the_proctor_gives_the_seat_to_who_waits_or_refuses(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	struct fake_client *c = second_device(h, &r, "a stranger's phone");

	ORDER(&r, VERB(REFUSE_SEAT), .attempt = r.anns);
	client_await(c, EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_REFUSED);
	assert_int_equal(client_answer(r.a, 0, 1, 1, 0)->answer_acks->acks[0]->error, ERR_OK);
	c = second_device(h, &r, "ann's other laptop");
	ORDER(&r, VERB(RELEASE_SEAT), .attempt = r.anns);
	client_await(c, EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_GRANTED);
	client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER);
	assert_int_equal(client_hello(c)->hello->status->n_have, 1);
	assert_int_equal(client_answer(c, 1, 2, 1, 0)->answer_acks->acks[0]->error, ERR_OK);
	/* A seat is of one attempt. */
	assert_int_equal(order(&r, r.petra, (struct room_order){VERB(RELEASE_SEAT)})->error,
			 ERR_INVALID);
}

static void test_what_is_closed_may_be_reopened_and_voided_by_an_instructor(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	struct room_order reopen = {VERB(REOPEN), .attempt = r.anns, .minutes = 10,
				    .reason = "the power went"};
	struct room_order voided = {VERB(VOID), .attempt = r.bens, .reason = "somebody else sat"};
	const wire_reply *notice;

	ORDER(&r, VERB(CLOSE), .attempt = r.anns);
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED);
	assert_int_equal(notice->notice->status->state, EXAMD__V1__ATTEMPT_STATE__CLOSED);
	assert_non_null(notice->notice->status->receipt);
	assert_int_equal(order(&r, r.petra, reopen)->error, ERR_FORBIDDEN);
	assert_int_equal(order(&r, r.petra, voided)->error, ERR_FORBIDDEN);
	assert_int_equal(order(&r, r.ines, reopen)->error, ERR_OK);
	notice = client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED);
	assert_int_equal(notice->notice->added_ms, 600000);
	reopen.reason = NULL;
	assert_int_equal(order(&r, r.ines, reopen)->error, ERR_INVALID);
	assert_int_equal(order(&r, r.ines, voided)->error, ERR_OK);
	notice = client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_VOIDED);
	assert_int_equal(notice->notice->status->state, EXAMD__V1__ATTEMPT_STATE__VOIDED);
	voided.reason = "";
	assert_int_equal(order(&r, r.ines, voided)->error, ERR_INVALID);
}

static void test_closing_the_room_closes_everybody(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);

	ORDER(&r, VERB(CLOSE));
	client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED);
	client_await(r.b, EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED);
	assert_int_equal(order(&r, r.petra, (struct room_order){VERB(CLOSE)})->error,
			 ERR_OUT_OF_TURN);
}

static void test_an_attempt_that_has_left_memory_is_reopened_all_the_same(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	struct room_order reopen = {VERB(REOPEN), .attempt = r.anns, .minutes = 10,
				    .reason = "an appeal"};
	const wire_reply *reply;

	client_answer(r.a, 0, 1, 1, 0);
	ORDER(&r, VERB(CLOSE));
	client_lose(r.a);
	harness_forward(h, ARCHIVE_AFTER);
	while (engine_attempt(h->core->engine, r.anns) != NULL) {
		archive_look(h->core);
		harness_turn(h, SECONDS(1));
	}
	reply = order(&r, r.ines, reopen);
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->room->n_rows, 1);
	assert_int_equal(reply->room->rows[0]->state, EXAMD__V1__ATTEMPT_STATE__RUNNING);
	assert_int_equal(reply->room->rows[0]->answered, 1);
	reopen.attempt.v = 9999;
	assert_int_equal(order(&r, r.ines, reopen)->error, ERR_NOT_FOUND);
}

static void test_a_command_has_bounds(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	static int64_t many[2001];
	char text[502];
	struct room_order o = {VERB(MESSAGE), .text = text};
	REQUEST_OF(room_command, ROOM_COMMAND, Examd__V1__RoomCommand,
		   EXAMD__V1__ROOM_COMMAND__INIT);

	memset(text, 'x', sizeof text);
	text[501] = '\0';
	assert_int_equal(order(&r, r.petra, o)->error, ERR_INVALID);
	text[500] = '\0';
	assert_int_equal(order(&r, r.petra, o)->error, ERR_OK);
	o = (struct room_order){VERB(ADD_MINUTES), .minutes = 1441, .reason = "x"};
	assert_int_equal(order(&r, r.petra, o)->error, ERR_INVALID);
	o.minutes = -1441;
	assert_int_equal(order(&r, r.petra, o)->error, ERR_INVALID);
	o.minutes = 1440;
	text[500] = 'x';
	o.reason = text;
	assert_int_equal(order(&r, r.petra, o)->error, ERR_INVALID);
	text[500] = '\0';
	assert_int_equal(order(&r, r.petra, o)->error, ERR_OK);
	o = (struct room_order){.verb = (Examd__V1__RoomVerb)13};
	assert_int_equal(order(&r, r.ines, o)->error, ERR_FORBIDDEN);
	for (size_t i = 0; i < 2001; i++)
		many[i] = (int64_t)i + 1;
	in.command_id = command_of(r.petra, 250);
	in.sitting = r.sitting.v;
	in.verb = EXAMD__V1__ROOM_VERB__ROOM_PAUSE;
	in.attempts = many;
	in.n_attempts = 2001;
	assert_int_equal(client_ask(r.petra, &request)->error, ERR_TOO_MANY);
	in.n_attempts = 2000;
	assert_int_equal(client_ask(r.petra, &request)->error, ERR_NOT_FOUND); /* of these */
	in.command_id.len = 15;
	assert_int_equal(client_ask(r.petra, &request)->error, ERR_INVALID);
}

static void test_what_changed_meanwhile_is_told_in_words_unless_it_is_forced(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	uint64_t seen = sitting_version(engine_sitting(h->core->engine, r.sitting));
	struct room_order o = {VERB(CLOSE), .version = seen};
	const wire_reply *reply;

	ORDER(&r, VERB(PAUSE));
	reply = order(&r, r.ines, o);
	assert_int_equal(reply->error, ERR_CHANGED_MEANWHILE);
	assert_non_null(strstr(reply->detail, "the room was paused by petra"));
	assert_int_equal(sitting_state(engine_sitting(h->core->engine, r.sitting)),
			 SITTING_STARTED);
	o.force = true;
	assert_int_equal(order(&r, r.ines, o)->error, ERR_OK);
}

static void test_who_gives_two_commands_at_once_is_not_told_that_somebody_was_faster(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	const Examd__V1__Room *room = order(&r, r.petra, (struct room_order){VERB(PAUSE)})->room;
	uint64_t whole = room->sitting->version, bens = 0;
	struct room_order o = {VERB(RESUME)};
	int64_t looked = room->as_of_ms;

	for (size_t i = 0; i < room->n_rows; i++)
		if (room->rows[i]->attempt == r.bens.v)
			bens = room->rows[i]->version;
	o.version = bens;
	o.attempt = r.bens;
	assert_int_not_equal(bens, 0);
	assert_int_equal(order(&r, r.petra, o)->error, ERR_OK);
	harness_turn(h, SECONDS(1));
	o.version = whole;
	o.attempt.v = 0;
	room = order(&r, r.petra, o)->room;
	assert_non_null(room);
	assert_int_equal(room->as_of_ms, looked + 1000);
}

/* ---- Watching ----------------------------------------------------------------------------------
 */

static const Examd__V1__RoomRow *row_of(const wire_reply *notice, const char *user)
{
	for (size_t i = 0; i < notice->notice->room->n_rows; i++)
		if (strcmp(notice->notice->room->rows[i]->user, user) == 0)
			return notice->notice->room->rows[i];
	return NULL;
}

static void test_who_watches_gets_all_rows_then_those_that_change_gathered(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	const wire_reply *notice;
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	uint32_t chosen = 0;
	REQUEST_OF(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	assert_int_equal(staff_watch(r.petra, (struct sitting_id){99}, false)->error,
			 ERR_NOT_FOUND);
	assert_int_equal(staff_watch(r.petra, r.sitting, false)->error, ERR_OK);
	notice = client_await(r.petra, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM);
	assert_int_equal(notice->notice->room->n_rows, 2);
	assert_true(row_of(notice, "ann")->connected);
	assert_string_equal(row_of(notice, "ben")->address, "10.0.0.2");
	assert_int_equal(row_of(notice, "ben")->last_saved_age_ms, -1);
	/* Three answers in one go: one notice, with the last state of that row and no other. */
	answer.seat = 1;
	answer.revision = 1;
	answer.chosen = &chosen;
	answer.n_chosen = 1;
	in.answers = answers;
	in.n_answers = 1;
	for (answer.item = 0; answer.item < 3; answer.item++)
		client_tell(r.a, &request);
	notice = client_await(r.petra, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM);
	assert_int_equal(notice->notice->room->n_rows, 1);
	assert_int_equal(row_of(notice, "ann")->answered, 3);
	harness_drain(h);
	assert_null(client_notice(r.petra, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM));
	assert_int_equal(staff_watch(r.petra, r.sitting, true)->error, ERR_OK);
	ORDER(&r, VERB(PAUSE));
	harness_drain(h);
	assert_null(client_notice(r.petra, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM));
}

static void test_a_score_is_for_instructors(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);

	ORDER(&r, VERB(CLOSE));
	staff_watch(r.petra, r.sitting, false);
	staff_watch(r.ines, r.sitting, false);
	assert_null(
	    row_of(client_await(r.petra, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM), "ann")->score);
	assert_non_null(
	    row_of(client_await(r.ines, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM), "ann")->score);
}

/* ---- Results -----------------------------------------------------------------------------------
 */

/* A closed room of N. */
static struct sitting_id closed_room(struct harness *h, struct fake_client *ines, int n)
{
	struct room r = {.ines = ines, .petra = ines, .command = 1};

	import_big_class(ines, n);
	r.sitting = made(staff_create(ines, 1, "cpc-short", "big", NULL));
	ORDER(&r, VERB(OPEN));
	ORDER(&r, VERB(ADMIT));
	for (int i = 0; i < n; i++) {
		char user[16];
		struct fake_client *c;

		snprintf(user, sizeof user, "u%03d", i);
		c = client_connect(h, user, "10.0.1.1");
		client_ready(c, r.sitting, person_of(h, user)->id);
		client_lose(c);
	}
	ORDER(&r, VERB(START));
	ORDER(&r, VERB(CLOSE));
	return r.sitting;
}

static void test_the_list_of_results_comes_in_pages_and_files_in_pieces(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "ines", INSTRUCTOR);
	struct sitting_id sitting;
	const wire_reply *reply;
	struct buf json = {0}, csv = {0};
	int64_t after = 0;
	size_t seen = 0, pages = 0;

	load_content(c);
	sitting = closed_room(h, c, 90);
	do {
		reply = staff_results(c, sitting, after);
		assert_int_equal(reply->error, ERR_OK);
		for (size_t i = 0; i < reply->results->n_results; i++) {
			assert_true(reply->results->results[i]->attempt > after);
			after = reply->results->results[i]->attempt;
			assert_non_null(reply->results->results[i]->score);
			seen++;
		}
		pages++;
	} while (reply->results->more);
	assert_int_equal(seen, 90);
	assert_true(pages > 1);
	reply = staff_export(c, sitting, "json", 4);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->file->size > PIECE_MOST);
	staff_fetch(c, reply->file, &json);
	assert_non_null(strstr(buf_text(&json), "\"u089\""));
	reply = staff_export(c, sitting, "csv", 1);
	assert_string_equal(reply->file->name, "sitting-1.csv");
	staff_fetch(c, reply->file, &csv);
	assert_memory_equal(buf_text(&csv), "attempt,user,name,exam,state,points", 35);
	assert_non_null(strstr(buf_text(&csv), ",u089,"));
	assert_int_equal(staff_export(c, sitting, "xlsx", 1)->error, ERR_INVALID);
	assert_int_equal(staff_export(c, sitting, "csv", FILE_NUMBERS + 1)->error, ERR_INVALID);
	assert_int_equal(staff_export(c, (struct sitting_id){99}, "csv", 1)->error, ERR_NOT_FOUND);
	assert_int_equal(staff_results(c, (struct sitting_id){99}, 0)->error, ERR_NOT_FOUND);
	buf_fini(&json);
	buf_fini(&csv);
}

static enum err get_result(struct fake_client *c)
{
	REQUEST_OF(get_result, GET_RESULT, Examd__V1__GetResult, EXAMD__V1__GET_RESULT__INIT);

	return (enum err)client_ask(c, &request)->error;
}

static enum err get_review_of(struct fake_client *c, struct attempt_id attempt)
{
	REQUEST_OF(get_review, GET_REVIEW, Examd__V1__GetReview, EXAMD__V1__GET_REVIEW__INIT);

	in.attempt = attempt.v;
	return (enum err)client_ask(c, &request)->error;
}

static enum err get_review(struct fake_client *c)
{
	return get_review_of(c, (struct attempt_id){0}); /* the one held */
}

/* The short exam with its result kept back; loaded over the one that is there. */
static void keep_results_back(struct fake_client *c)
{
	struct buf text = {0};

	staff_read_file(EXAM, &text);
	change_text(&text, "result: at-once", "result: by-hand");
	assert_true(diagnostics(staff_load_exam(c, 103, buf_bytes(&text), false))->changed);
	buf_fini(&text);
}

static const wire_reply *ask_backup(struct fake_client *c, uint8_t id_byte, const char *name)
{
	REQUEST_OF(backup, BACKUP, Examd__V1__Backup, EXAMD__V1__BACKUP__INIT);
	uint8_t id[COMMAND_SIZE] = {id_byte};

	in.command_id = (ProtobufCBinaryData){id_byte == 255 ? 3 : sizeof id, id};
	in.name = wire_text(name);
	return client_ask(c, &request);
}

/* The last reply to one who asks until the backup is whole or has failed. */
static const wire_reply *backup_to_its_end(struct fake_client *c, uint8_t id_byte, const char *name)
{
	for (;;) {
		const wire_reply *reply = ask_backup(staff_again(c), id_byte, name);

		if (reply->error != ERR_OK || reply->backup_state->done)
			return reply;
	}
}

/* Sent again it is the same backup; what another asked for is not called one's own. */
static void test_a_backup_is_begun_once_and_told_until_it_is_whole(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "adam", ADMIN);
	char path[200];
	struct stat st;

	assert_int_equal(ask_backup(c, 0, "one.db")->error, ERR_INVALID);
	assert_int_equal(ask_backup(c, 255, "one.db")->error, ERR_INVALID);
	assert_int_equal(ask_backup(c, 1, "../one.db")->error, ERR_INVALID);
	assert_int_equal(ask_backup(c, 1, "one.db")->error, ERR_OK);
	assert_int_equal(ask_backup(c, 1, "two.db")->error, ERR_COMMAND_REUSED);
	assert_string_equal(backup_to_its_end(c, 1, "one.db")->backup_state->name, "one.db");
	snprintf(path, sizeof path, "%s/backups/one.db", h->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ask_backup(c, 2, "one.db")->error, ERR_EXISTS);
}

/* A file stands where the folder belongs: who asks is told each time, and another may be made. */
static void test_a_backup_that_fails_is_said_to_have_failed(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = staff_connect(h, "adam", ADMIN);
	char path[200];
	int fd;

	snprintf(path, sizeof path, "%s/backups", h->dir);
	assert_true(rmdir(path) == 0 || errno == ENOENT);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(backup_to_its_end(c, 1, "one.db")->error, ERR_IO);
	assert_int_equal(ask_backup(c, 1, "one.db")->error, ERR_IO);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(backup_to_its_end(c, 2, "one.db")->error, ERR_OK);
}

/* On another device, by password: what one is asked at this moment is not told there. */
static void test_while_one_sits_an_exam_nothing_tells_the_keys_of_its_bank(void **state)
{
	REQUEST_OF(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);
	static const char *const ann[] = {"ann", NULL};
	struct harness *h = *state;
	struct room r = {.ines = staff_connect(h, "ines", INSTRUCTOR),
			 .petra = staff_connect(h, "petra", PROCTOR)};
	struct fake_client *phone = staff_connect(h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE);
	uint8_t id[COMMAND_SIZE] = {77};
	struct attempt_id practised;
	const wire_reply *reply, *slips;
	struct buf text = {0};

	load_content(r.ines);
	staff_read_file(EXAM, &text);
	change_text(&text, "review: by-hand", "review: at-once");
	assert_true(diagnostics(staff_load_exam(r.ines, 99, buf_bytes(&text), false))->changed);
	buf_fini(&text);
	reply = ask_practice(phone, 1);
	assert_int_equal(reply->error, ERR_OK);
	practised.v = reply->status->attempt;
	assert_int_equal(client_confirm(phone, reply->status, 2)->error, ERR_OK);
	in.command_id = (ProtobufCBinaryData){sizeof id, id};
	assert_int_equal(client_ask(phone, &request)->error, ERR_OK);
	assert_int_equal(get_review_of(phone, practised), ERR_OK);
	r.sitting = made(staff_create(r.ines, 1, "cpc-short", NULL, ann));
	ORDER(&r, VERB(OPEN));
	slips = staff_slips(r.petra, r.sitting, NULL, "");
	r.a = client_connect(h, "ann's laptop", "10.0.0.1");
	r.anns = check_in(r.a, slips->slips->slips[0]->slip);
	assert_int_equal(exams_to_practise(phone), 0);
	assert_int_equal(start_practice(phone, 3), ERR_OUT_OF_TURN);
	assert_int_equal(get_review_of(phone, practised), ERR_OUT_OF_TURN);
	ORDER(&r, VERB(CLOSE));
	assert_int_equal(exams_to_practise(phone), 1);
	assert_int_equal(get_review_of(phone, practised), ERR_OK);
}

static void test_what_is_released_by_hand_is_closed_until_then(void **state)
{
	static const char *const ann[] = {"ann", NULL};
	struct harness *h = *state;
	struct room r = {.ines = staff_connect(h, "ines", INSTRUCTOR), .command = 1};
	const wire_reply *reply;

	r.petra = r.ines;
	load_content(r.ines);
	keep_results_back(r.ines);
	import_class(r.ines);
	r.sitting = made(staff_create(r.ines, 1, "cpc-short", NULL, ann));
	ORDER(&r, VERB(OPEN));
	ORDER(&r, VERB(ADMIT));
	r.a = client_connect(h, "ann's laptop", "10.0.0.1");
	client_ready(r.a, r.sitting, person_of(h, "ann")->id);
	ORDER(&r, VERB(START));
	ORDER(&r, VERB(CLOSE));
	assert_int_equal(get_result(r.a), ERR_NOT_RELEASED);
	assert_int_equal(get_review(r.a), ERR_NOT_RELEASED);
	assert_int_equal(staff_release(r.ines, 90, r.sitting, false, false)->error, ERR_INVALID);
	reply = staff_release(r.ines, 91, r.sitting, true, false);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->sittings->sittings[0]->result_released);
	client_await(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_RELEASED);
	assert_int_equal(get_result(r.a), ERR_OK);
	assert_int_equal(get_review(r.a), ERR_NOT_RELEASED);
	assert_int_equal(staff_release(r.ines, 92, r.sitting, true, true)->error, ERR_OK);
	assert_int_equal(get_review(r.a), ERR_OK);
	assert_int_equal(staff_release(r.ines, 93, (struct sitting_id){99}, true, true)->error,
			 ERR_NOT_FOUND);
}

static enum err verify(const struct harness *h, struct bytes file, struct transcript_found *found)
{
	struct diag diag = {0};
	enum err err = transcript_verify(file, h->core->secrets.sign_public, &diag, found);

	diag_fini(&diag);
	return err;
}

static void test_a_transcript_proves_itself_and_one_bit_spoils_it(void **state)
{
	struct harness *h = *state;
	struct room r = room_started(h);
	struct transcript_found found;
	struct buf file = {0};
	const wire_reply *reply;
	uint8_t *copy;
	size_t len, at;

	client_answer(r.a, 0, 1, 1, 0);
	ORDER(&r, VERB(CLOSE));
	reply = staff_transcript(r.ines, r.anns, 2);
	assert_int_equal(reply->error, ERR_OK);
	staff_fetch(r.ines, reply->file, &file);
	assert_int_equal(verify(h, buf_bytes(&file), &found), ERR_OK);
	assert_int_equal(found.subject.v, subject_attempt(r.anns).v);
	assert_int_equal(found.signatures, 1);
	assert_int_equal(found.signed_records, found.records - 1);
	len = buf_length(&file);
	copy = mem_copy(buf_bytes(&file).data, len);
	for (at = 0; at < len; at += len / 50) {
		copy[at] ^= 1;
		assert_int_equal(verify(h, bytes_of(copy, len), &found), ERR_BAD_INPUT);
		copy[at] ^= 1;
	}
	free(copy);
	buf_fini(&file);
	assert_int_equal(staff_transcript(r.ines, (struct attempt_id){999}, 2)->error,
			 ERR_NOT_FOUND);
	assert_int_equal(staff_transcript(r.ines, (struct attempt_id){0}, 2)->error, ERR_NOT_FOUND);
	assert_int_equal(staff_transcript(r.ines, r.anns, 0)->error, ERR_INVALID);
}

/* ---- Permission --------------------------------------------------------------------------------
 */

#define P (1u << PROCTOR)
#define T (1u << INSTRUCTOR | 1u << ADMIN)

/* Said again from the protocol's manual. */
static const struct {
	Examd__V1__Request__BodyCase body;
	unsigned who;
} expected[] = {
    {EXAMD__V1__REQUEST__BODY_UPLOAD, T},
    {EXAMD__V1__REQUEST__BODY_DOWNLOAD, T},
    {EXAMD__V1__REQUEST__BODY_PEOPLE_IMPORT, T},
    {EXAMD__V1__REQUEST__BODY_PEOPLE_LIST, P | T},
    {EXAMD__V1__REQUEST__BODY_PERSON_CHANGE, P | T},
    {EXAMD__V1__REQUEST__BODY_BANK_LOAD, T},
    {EXAMD__V1__REQUEST__BODY_EXAM_LOAD, T},
    {EXAMD__V1__REQUEST__BODY_SITTING_CREATE, T},
    {EXAMD__V1__REQUEST__BODY_SITTING_LIST, P | T},
    {EXAMD__V1__REQUEST__BODY_SITTING_SLIPS, P | T},
    {EXAMD__V1__REQUEST__BODY_ROOM_COMMAND, P | T},
    {EXAMD__V1__REQUEST__BODY_WATCH_SITTING, P | T},
    {EXAMD__V1__REQUEST__BODY_RESULTS_LIST, T},
    {EXAMD__V1__REQUEST__BODY_RESULTS_RELEASE, T},
    {EXAMD__V1__REQUEST__BODY_EXPORT, T},
    {EXAMD__V1__REQUEST__BODY_TRANSCRIPT, T},
    {EXAMD__V1__REQUEST__BODY_BACKUP, 1u << ADMIN},
};

/* An empty message of the request's member BODY; ROOM_OPEN where a verb is needed to be let in. */
static enum err ask_empty(struct fake_client *c, Examd__V1__Request__BodyCase body)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
	    &examd__v1__request__descriptor, (unsigned)body);
	wire_request request = EXAMD__V1__REQUEST__INIT;
	const ProtobufCMessageDescriptor *type = f->descriptor;
	ProtobufCMessage *msg = mem_new(type->sizeof_message);
	enum err err;

	type->message_init(msg);
	request.body_case = body;
	memcpy((char *)&request + f->offset, &msg, sizeof msg);
	if (body == EXAMD__V1__REQUEST__BODY_ROOM_COMMAND)
		request.room_command->verb = EXAMD__V1__ROOM_VERB__ROOM_OPEN;
	err = (enum err)client_ask(c, &request)->error;
	free(msg);
	return err;
}

static void test_each_request_of_staff_is_for_those_who_may(void **state)
{
	static const char *const users[] = {"", "candy", "petra", "ines", "adam"};
	struct harness *h = *state;

	for (unsigned role = CANDIDATE; role <= ADMIN; role++) {
		struct fake_client *c = staff_connect(h, users[role], (Examd__V1__Role)role);

		for (size_t i = 0; i < COUNT(expected); i++) {
			bool may = (expected[i].who & 1u << role) != 0;

			assert_int_equal(ask_empty(c, expected[i].body) != ERR_FORBIDDEN, may);
		}
	}
}

static void test_the_list_of_permissions_is_whole(void **state)
{
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < examd__v1__request__descriptor.n_fields; i++)
		n += examd__v1__request__descriptor.fields[i].id >= EXAMD__V1__REQUEST__BODY_UPLOAD;
	assert_int_equal(n, COUNT(expected));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    RULE(test_an_import_adds_updates_and_keeps),
	    RULE(test_a_check_changes_nothing),
	    RULE(test_one_error_and_nothing_is_imported),
	    RULE(test_more_errors_than_a_reply_holds_are_counted),
	    RULE(test_only_new_staff_get_one_time_passwords_and_they_are_told_once),
	    RULE(test_nobody_makes_or_changes_a_person_above_the_own_role),
	    RULE(test_nobody_locks_the_own_door),
	    RULE(test_another_role_ends_the_sessions),
	    RULE(test_who_is_disabled_is_out_and_stays_out),
	    RULE(test_a_password_that_is_reset_ends_the_sessions),
	    RULE(test_who_revokes_the_own_sessions_may_send_it_again),
	    RULE(test_the_list_of_people_comes_in_pages),
	    RULE(test_pieces_of_an_upload_come_in_order_and_may_come_again),
	    RULE(test_uploads_of_a_connection_are_bounded),
	    RULE(test_what_was_not_uploaded_cannot_be_used),
	    RULE(test_a_bank_with_errors_changes_nothing_and_all_are_told),
	    RULE(test_a_bank_and_an_exam_are_there_after_a_restart),
	    RULE(test_an_exam_that_the_bank_cannot_fill_is_refused_with_what_is_missing),
	    RULE(test_nobody_practises_with_the_bank_of_an_exam_that_forbids_it),
	    RULE(test_a_sitting_is_made_of_a_group_and_of_users),
	    RULE(
		test_a_sitting_made_again_by_the_same_command_is_found_though_its_group_is_empty_now),
	    RULE(test_the_title_of_a_sitting_is_bounded),
	    RULE(test_new_slips_end_the_earlier_ones_of_the_same_persons),
	    RULE(test_slips_come_in_pages_each_person_once),
	    RULE(test_nobody_checks_in_before_the_room_is_open),
	    RULE(test_admitting_and_starting_are_told_with_the_status),
	    RULE(test_a_pause_stops_the_clocks_and_a_resume_lets_them_go_on),
	    RULE(test_minutes_need_a_reason_and_are_told),
	    RULE(test_a_message_reaches_whom_it_is_for),
	    RULE(test_the_proctor_gives_the_seat_to_who_waits_or_refuses),
	    RULE(test_what_is_closed_may_be_reopened_and_voided_by_an_instructor),
	    RULE(test_closing_the_room_closes_everybody),
	    RULE(test_an_attempt_that_has_left_memory_is_reopened_all_the_same),
	    RULE(test_a_command_has_bounds),
	    RULE(test_what_changed_meanwhile_is_told_in_words_unless_it_is_forced),
	    RULE(test_who_gives_two_commands_at_once_is_not_told_that_somebody_was_faster),
	    RULE(test_who_watches_gets_all_rows_then_those_that_change_gathered),
	    RULE(test_a_score_is_for_instructors),
	    RULE(test_the_list_of_results_comes_in_pages_and_files_in_pieces),
	    RULE(test_a_backup_is_begun_once_and_told_until_it_is_whole),
	    RULE(test_a_backup_that_fails_is_said_to_have_failed),
	    RULE(test_while_one_sits_an_exam_nothing_tells_the_keys_of_its_bank),
	    RULE(test_what_is_released_by_hand_is_closed_until_then),
	    RULE(test_a_transcript_proves_itself_and_one_bit_spoils_it),
	    RULE(test_each_request_of_staff_is_for_those_who_may),
	    cmocka_unit_test(test_the_list_of_permissions_is_whole),
	};

	alarm(560);
	log_setup("test", LOG_LEVEL_OFF);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
