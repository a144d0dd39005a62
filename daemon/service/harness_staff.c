#include "daemon/service/harness_staff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/service/people.h"
#include "daemon/service/sessions.h"

char *wire_text(const char *text)
{
	return (char *)(uintptr_t)(text == NULL ? protobuf_c_empty_string : text);
}

struct fake_client *staff_connect(struct harness *h, const char *user, Examd__V1__Role role)
{
	struct fake_client *c = client_connect(h, user, "10.1.0.1");

	if (people_find_user(h->core->people, user) == NULL)
		harness_person(h, user, role, STAFF_PASSWORD);
	assert_int_equal(client_hello(c)->error, ERR_OK);
	assert_int_equal(client_log_in_as(c, user, STAFF_PASSWORD)->error, ERR_OK);
	return c;
}

struct fake_client *staff_again(struct fake_client *c)
{
	struct fake_client *again = client_connect(c->harness, "", "10.1.0.1");

	memcpy(again->client_id, c->client_id, CLIENT_SIZE);
	memcpy(again->token, c->token, TOKEN_SIZE);
	again->has_token = c->has_token;
	assert_int_equal(client_hello(again)->error, ERR_OK);
	return again;
}

/* ---- Files -------------------------------------------------------------------------------------
 */

void staff_read_file(const char *name, struct buf *out)
{
	char *path = mem_printf("%s/%s", SOURCE_TREE, name);
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	do {
		n = fread(buf_reserve(out, 65536), 1, 65536, f);
		buf_added(out, n);
	} while (n > 0);
	fclose(f);
	free(path);
}

void staff_upload(struct fake_client *c, uint32_t number, struct bytes content)
{
	REQUEST_OF(upload, UPLOAD, Examd__V1__Upload, EXAMD__V1__UPLOAD__INIT);

	in.number = number;
	do {
		in.data.data = (uint8_t *)(uintptr_t)content.data + in.offset;
		in.data.len = content.len - in.offset;
		if (in.data.len > PIECE_MOST)
			in.data.len = PIECE_MOST;
		assert_int_equal(client_ask(c, &request)->error, ERR_OK);
		in.offset += in.data.len;
	} while (in.offset < content.len);
}

void staff_fetch(struct fake_client *c, const Examd__V1__File *file, struct buf *out)
{
	struct digest hash;
	REQUEST_OF(download, DOWNLOAD, Examd__V1__Download, EXAMD__V1__DOWNLOAD__INIT);

	in.number = file->number;
	while (buf_length(out) < file->size) {
		const wire_reply *reply;

		in.offset = buf_length(out);
		reply = client_ask(c, &request);
		assert_int_equal(reply->error, ERR_OK);
		assert_int_equal(reply->file_piece->offset, in.offset);
		assert_int_equal(reply->file_piece->size, file->size);
		assert_in_range(reply->file_piece->data.len, 1, PIECE_MOST);
		buf_put(out, reply->file_piece->data.data, reply->file_piece->data.len);
	}
	hash = digest_of(buf_bytes(out).data, buf_length(out));
	assert_int_equal(file->sha256.len, 32);
	assert_memory_equal(file->sha256.data, hash.b, 32);
}

/* ---- People and content ------------------------------------------------------------------------
 */

const wire_reply *staff_import(struct fake_client *c, uint8_t command, const char *csv,
			       bool check_only)
{
	REQUEST_OF(people_import, PEOPLE_IMPORT, Examd__V1__PeopleImport,
		   EXAMD__V1__PEOPLE_IMPORT__INIT);

	staff_upload(c, 1, bytes_of_text(csv));
	in.command_id = command_of(c, command);
	in.upload = 1;
	in.file = wire_text("r.csv");
	in.check_only = check_only;
	return client_ask(c, &request);
}

const wire_reply *staff_load_bank(struct fake_client *c, uint8_t command, struct bytes text,
				  bool check_only)
{
	REQUEST_OF(bank_load, BANK_LOAD, Examd__V1__BankLoad, EXAMD__V1__BANK_LOAD__INIT);

	staff_upload(c, 1, text);
	in.command_id = command_of(c, command);
	in.upload = 1;
	in.file = wire_text("bank.yaml");
	in.check_only = check_only;
	return client_ask(c, &request);
}

const wire_reply *staff_load_exam(struct fake_client *c, uint8_t command, struct bytes text,
				  bool check_only)
{
	REQUEST_OF(exam_load, EXAM_LOAD, Examd__V1__ExamLoad, EXAMD__V1__EXAM_LOAD__INIT);

	staff_upload(c, 1, text);
	in.command_id = command_of(c, command);
	in.upload = 1;
	in.file = wire_text("exam.yaml");
	in.check_only = check_only;
	return client_ask(c, &request);
}

const wire_reply *staff_person(struct fake_client *c, uint8_t command, const char *user,
			       Examd__V1__PersonVerb verb)
{
	REQUEST_OF(person_change, PERSON_CHANGE, Examd__V1__PersonChange,
		   EXAMD__V1__PERSON_CHANGE__INIT);

	in.command_id = command_of(c, command);
	in.user = wire_text(user);
	in.verb = verb;
	return client_ask(c, &request);
}

/* ---- Sittings ----------------------------------------------------------------------------------
 */

#define USERS_MOST 16

static size_t put_users(char **out, const char *const *users)
{
	size_t n = 0;

	for (; users != NULL && users[n] != NULL; n++) {
		assert_true(n < USERS_MOST);
		out[n] = wire_text(users[n]);
	}
	return n;
}

const wire_reply *staff_create(struct fake_client *c, uint8_t command, const char *exam,
			       const char *group, const char *const *users)
{
	char *list[USERS_MOST];
	REQUEST_OF(sitting_create, SITTING_CREATE, Examd__V1__SittingCreate,
		   EXAMD__V1__SITTING_CREATE__INIT);

	in.command_id = command_of(c, command);
	in.exam = wire_text(exam);
	in.title = wire_text("Mock exam");
	in.group = wire_text(group);
	in.users = list;
	in.n_users = put_users(list, users);
	return client_ask(c, &request);
}

const wire_reply *staff_slips(struct fake_client *c, struct sitting_id sitting,
			      const char *const *users, const char *after)
{
	char *list[USERS_MOST];
	REQUEST_OF(sitting_slips, SITTING_SLIPS, Examd__V1__SittingSlips,
		   EXAMD__V1__SITTING_SLIPS__INIT);

	in.command_id = command_of(c, 200);
	in.sitting = sitting.v;
	in.users = list;
	in.n_users = put_users(list, users);
	in.after_user = wire_text(after);
	return client_ask(c, &request);
}

const wire_reply *staff_order(struct fake_client *c, uint8_t command,
			      const struct room_order *order)
{
	int64_t attempt = order->attempt.v;
	REQUEST_OF(room_command, ROOM_COMMAND, Examd__V1__RoomCommand,
		   EXAMD__V1__ROOM_COMMAND__INIT);

	in.command_id = command_of(c, command);
	in.sitting = order->sitting.v;
	in.attempts = &attempt;
	in.n_attempts = attempt != 0;
	in.verb = order->verb;
	in.minutes = order->minutes;
	in.reason = wire_text(order->reason);
	in.text = wire_text(order->text);
	in.version = order->version;
	in.force = order->force;
	return client_ask(c, &request);
}

const wire_reply *staff_watch(struct fake_client *c, struct sitting_id sitting, bool off)
{
	REQUEST_OF(watch_sitting, WATCH_SITTING, Examd__V1__WatchSitting,
		   EXAMD__V1__WATCH_SITTING__INIT);

	in.sitting = sitting.v;
	in.off = off;
	return client_ask(c, &request);
}

/* ---- Results -----------------------------------------------------------------------------------
 */

const wire_reply *staff_results(struct fake_client *c, struct sitting_id sitting,
				int64_t after_attempt)
{
	REQUEST_OF(results_list, RESULTS_LIST, Examd__V1__ResultsList,
		   EXAMD__V1__RESULTS_LIST__INIT);

	in.sitting = sitting.v;
	in.after_attempt = after_attempt;
	return client_ask(c, &request);
}

const wire_reply *staff_release(struct fake_client *c, uint8_t command, struct sitting_id sitting,
				bool result, bool review)
{
	REQUEST_OF(results_release, RESULTS_RELEASE, Examd__V1__ResultsRelease,
		   EXAMD__V1__RESULTS_RELEASE__INIT);

	in.command_id = command_of(c, command);
	in.sitting = sitting.v;
	in.result = result;
	in.review = review;
	return client_ask(c, &request);
}

const wire_reply *staff_export(struct fake_client *c, struct sitting_id sitting, const char *format,
			       uint32_t download)
{
	REQUEST_OF(export, EXPORT, Examd__V1__Export, EXAMD__V1__EXPORT__INIT);

	in.sitting = sitting.v;
	in.format = wire_text(format);
	in.download = download;
	return client_ask(c, &request);
}

const wire_reply *staff_transcript(struct fake_client *c, struct attempt_id attempt,
				   uint32_t download)
{
	REQUEST_OF(transcript, TRANSCRIPT, Examd__V1__Transcript, EXAMD__V1__TRANSCRIPT__INIT);

	in.attempt = attempt.v;
	in.download = download;
	return client_ask(c, &request);
}

const wire_reply *client_await(struct fake_client *c, Examd__V1__NoticeKind kind)
{
	const wire_reply *notice;

	while ((notice = client_notice(c, kind)) == NULL)
		harness_run(c->harness, 4);
	return notice;
}
