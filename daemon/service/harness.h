/* A core in a test's own process: a real store in a directory of its own, a clock that is turned by
 * hand, a front that is a socketpair, and clients that speak the wire's messages.
 *
 * Nothing sleeps and nothing waits for a time: client_ask() runs the loop until its reply has come.
 * A test program that uses it links service_harness, and stands or falls within its own alarm(). */
#ifndef DAEMON_SERVICE_HARNESS_H
#define DAEMON_SERVICE_HARNESS_H

#include "daemon/service/service.h"

struct hand_clock {
	struct time_source source; /* what the core is given */
	struct mono_ms mono;
	struct wall_ms wall;
};

struct received {
	wire_reply *msg; /* in the arena */
	struct arena arena;
	bool seen; /* by client_notice() */
};

/* A client at the other end.  All that it received is kept until the harness is freed. */
struct fake_client {
	struct harness *harness;
	struct conn_id conn;
	uint8_t client_id[CLIENT_SIZE];
	uint8_t token[32];
	bool has_token;
	uint64_t last_request;
	bool trusted, closed;	   /* what the front was told of it */
	struct received *received; /* in order */
	size_t nreceived, cap;
	struct buf raw; /* all messages that it received, one after the other */
	struct fake_client *next;
};

struct harness {
	char dir[64];
	char admin_password[32]; /* one-time */
	struct core_settings settings;
	struct hand_clock clock;
	struct core *core;
	struct conn *channel; /* the front's end */
	struct conn_user user;
	struct timer passes; /* counts passes for harness_run() */
	unsigned passes_left;
	const struct fake_client *waits;
	uint64_t waits_for;
	uint64_t next_conn;
	struct fake_client *clients;
};

/* Makes a data directory with the admin "admin", and opens a core in it. */
struct harness *harness_new(void);
void harness_free(struct harness *h);

/* The core ends, as at a stop, and starts again from the disk on a new channel.  Clients stay, as
 * they would at a front that lives; they must say Hello again.  DOWN is how long it was away. */
void harness_restart(struct harness *h, struct millis down);

/* The core dies at once and starts again from what was on disk.  Its front dies too: every client
 * must connect again. */
void harness_crash(struct harness *h);

/* Copies the data directory as it is on disk now; goes back to such a copy, as after a crash then;
 * throws one away. */
void harness_save(struct harness *h, char saved[64]);
void harness_back(struct harness *h, const char saved[64]);
void harness_forget(const char saved[64]);

/* Turns both clocks forward and lets the core see it: at most a heartbeat at a time. */
void harness_turn(struct harness *h, struct millis by);
/* The clocks alone. */
void harness_forward(struct harness *h, struct millis by);

/* Runs the loop for a number of passes: what can happen without the disk has happened then. */
void harness_run(struct harness *h, unsigned passes);
/* Runs it until everything queued is on disk and said. */
void harness_drain(struct harness *h);

/* Holds commits back (in all harnesses), and lets them go again. */
void harness_hold_commits(bool hold);

/* From now on every commit's outcome is unknown (in all harnesses, until the next harness_new()).
 */
void harness_fail_commits(void);

/* Puts a bank and an exam from their files, named from the top of the source tree. */
void harness_load(struct harness *h, const char *bank_file, const char *exam_file);
/* PASSWORD may be NULL. */
struct person_id harness_person(struct harness *h, const char *user, Examd__V1__Role role,
				const char *password);
/* A sitting of these persons; the server makes it, nobody is asked. */
struct sitting_id harness_sitting(struct harness *h, const char *exam, const struct person_id *who,
				  size_t nwho);
/* A command to the room, or to one attempt (0: the room). */
enum err harness_room(struct harness *h, struct sitting_id sitting, struct attempt_id attempt,
		      enum room_verb verb, struct millis minutes);

/* ---- Clients ------------------------------------------------------------------------------------
 */

/* A new connection from an address, with a client id of its own (the same for the same NAME). */
struct fake_client *client_connect(struct harness *h, const char *name, const char *address);
/* The connection is lost. */
void client_lose(struct fake_client *c);

/* Asks and waits for the reply, which lives until the harness is freed.  The id is filled in. */
const wire_reply *client_ask(struct fake_client *c, wire_request *request);
/* Sends without waiting; the id is returned. */
uint64_t client_tell(struct fake_client *c, wire_request *request);
/* The reply to a request; NULL: it has not come. */
const wire_reply *client_reply(const struct fake_client *c, uint64_t id);
/* The first notice of a kind that this has not returned before; NULL: none has come. */
const wire_reply *client_notice(struct fake_client *c, Examd__V1__NoticeKind kind);
/* Throws away all that it has received so far: for clients that ask without end. */
void client_forget(struct fake_client *c);
/* Sends bytes as one message. */
void client_send_raw(struct fake_client *c, const void *data, size_t len);

/* Common requests; each returns the reply. */
const wire_reply *client_hello(struct fake_client *c); /* with the token, if there is one */
const wire_reply *client_log_in_as(struct fake_client *c, const char *user, const char *password);
const wire_reply *client_use_slip(struct fake_client *c, const char *slip);
const wire_reply *client_check_in(struct fake_client *c, uint8_t command);
const wire_reply *client_confirm(struct fake_client *c, const Examd__V1__Status *status,
				 uint8_t command);
/* Puts one option for an item; the ack's error is in the reply. */
const wire_reply *client_answer(struct fake_client *c, uint32_t item, uint32_t seat,
				uint32_t revision, uint32_t chosen);

/* A command id: the same for the same client id and number; until the next call. */
ProtobufCBinaryData command_of(const struct fake_client *c, uint8_t number);

/* Hello, then a new slip for the person. */
const wire_reply *client_use_new_slip(struct fake_client *c, struct sitting_id sitting,
				      struct person_id person);

/* A candidate who has checked in by slip and confirmed the form: the status of that. */
const wire_reply *client_ready(struct fake_client *c, struct sitting_id sitting,
			       struct person_id person);

#endif
