/* Staff at the harness: clients that log in as staff and send staff's requests over the wire. */
#ifndef DAEMON_SERVICE_HARNESS_STAFF_H
#define DAEMON_SERVICE_HARNESS_STAFF_H

#include "daemon/service/harness.h"

#define STAFF_PASSWORD "correct horse battery"

/* A message of Request's oneof, ready to be filled in: REQUEST_OF(hello, HELLO, Examd__V1__Hello,
 * EXAMD__V1__HELLO__INIT) declares request and in. */
#define REQUEST_OF(field, BODY, Type, Init)                                                        \
	wire_request request = EXAMD__V1__REQUEST__INIT;                                           \
	Type in = Init;                                                                            \
	request.body_case = EXAMD__V1__REQUEST__BODY_##BODY;                                       \
	request.field = &in

/* A text for a field of a message, which knows no const. */
char *wire_text(const char *text);

/* A connection that said Hello and logged in; the person is made when there is none. */
struct fake_client *staff_connect(struct harness *h, const char *user, Examd__V1__Role role);
/* Another connection of the same device and session, as after a loss. */
struct fake_client *staff_again(struct fake_client *c);

/* A file of the source tree. */
void staff_read_file(const char *name, struct buf *out);
/* In pieces, as upload NUMBER. */
void staff_upload(struct fake_client *c, uint32_t number, struct bytes content);
/* The whole of a download, in pieces; checks size and hash. */
void staff_fetch(struct fake_client *c, const Examd__V1__File *file, struct buf *out);

/* Each uploads as number 1, then asks. */
const wire_reply *staff_import(struct fake_client *c, uint8_t command, const char *csv,
			       bool check_only);
const wire_reply *staff_load_bank(struct fake_client *c, uint8_t command, struct bytes text,
				  bool check_only);
const wire_reply *staff_load_exam(struct fake_client *c, uint8_t command, struct bytes text,
				  bool check_only);

const wire_reply *staff_person(struct fake_client *c, uint8_t command, const char *user,
			       Examd__V1__PersonVerb verb);
/* USERS ends with NULL; it and GROUP may be NULL. */
const wire_reply *staff_create(struct fake_client *c, uint8_t command, const char *exam,
			       const char *group, const char *const *users);
const wire_reply *staff_slips(struct fake_client *c, struct sitting_id sitting,
			      const char *const *users, const char *after);

struct room_order {
	struct sitting_id sitting;
	struct attempt_id attempt; /* 0: the room */
	Examd__V1__RoomVerb verb;
	int32_t minutes;
	const char *reason, *text; /* may be NULL */
	uint64_t version;
	bool force;
};
const wire_reply *staff_order(struct fake_client *c, uint8_t command,
			      const struct room_order *order);
const wire_reply *staff_watch(struct fake_client *c, struct sitting_id sitting, bool off);
const wire_reply *staff_results(struct fake_client *c, struct sitting_id sitting,
				int64_t after_attempt);
const wire_reply *staff_release(struct fake_client *c, uint8_t command, struct sitting_id sitting,
				bool result, bool review);
const wire_reply *staff_export(struct fake_client *c, struct sitting_id sitting, const char *format,
			       uint32_t download);
const wire_reply *staff_transcript(struct fake_client *c, struct attempt_id attempt,
				   uint32_t download);

/* Runs the loop until the client has got a notice of this kind that was not returned before. */
const wire_reply *client_await(struct fake_client *c, Examd__V1__NoticeKind kind);

#endif
