/* The core's inside: what handlers of requests stand on.  Not for other folders (core.h is).
 *
 * A request comes from a client through its front, is decoded into an arena, finds its row in the
 * table of routes (routes.c), which checks who may send it and when, and is handled: the handler
 * fills request.reply and returns ERR_OK, or returns an error.  Replies and notices are queued in
 * the front's outbox behind everything that the store had queued before them, and leave when that
 * is on disk (outbox.h); so a handler never waits for the disk and never thinks of it. */
#ifndef DAEMON_SERVICE_SERVICE_H
#define DAEMON_SERVICE_SERVICE_H

#include <uthash.h>

#include "daemon/engine/attempt.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/sitting.h"
#include "daemon/service/clock.h"
#include "daemon/service/core.h"
#include "daemon/service/outbox.h"
#include "daemon/service/secrets.h"
#include "daemon/service/throttle.h"
#include "daemon/store/store.h"
#include "proto/base/worker.h"
#include "proto/stream/conn.h"
#include "proto/stream/loop.h"
#include "proto/wire/channel.h"
#include "proto/wire/frame.h"

#define REPLY_MOST   60000 /* bytes of a reply: what can grow is paged to stay below it */
#define REASON_MOST  500
#define COMMAND_SIZE 16
#define CLIENT_SIZE  16 /* bytes of a client id */

typedef Examd__V1__Request wire_request;
typedef Examd__V1__Reply wire_reply;

struct people;
struct sessions;
struct texts;
struct commands;
struct push;
struct archive;
struct control;
struct backups;
struct metrics;
struct doubts;
struct shelf;
struct look;
struct form_cache;
struct bound_attempt;
struct session;
struct person;

/* A front process at the other end of a channel. */
struct front {
	struct core *core; /* borrowed */
	struct conn *conn; /* owned */
	struct conn_user user;
	struct outbox outbox;
	uint32_t number, pid;
	struct front *next;
};

/* What a part of the core keeps for a connection, let go when the connection is. */
struct client_part {
	void (*gone)(struct client_part *part); /* frees it */
};

/* A client: one live connection. */
struct client {
	struct conn_id id;
	struct front *front; /* borrowed: outlives its clients */
	char address[64];
	bool greeted; /* Hello was said */
	uint8_t client_id[CLIENT_SIZE];
	struct session *session;     /* borrowed from the table; NULL: not logged in */
	struct attempt_id attempt;   /* that it is bound to, holding its seat or waiting; 0: none */
	uint32_t round_trip_ms;	     /* as it told last; 0: it has not */
	bool hashing;		     /* a password of this connection is being hashed */
	struct client_part *files;   /* owned: uploads and downloads (files.c); may be NULL */
	struct client_part *watch;   /* owned: the sitting that it watches (push.c); may be NULL */
	UT_hash_handle hh;	     /* by .id */
	struct client *same_attempt; /* next client bound to the same attempt */
};

struct core {
	const char *dir;	       /* borrowed */
	struct core_settings settings; /* copied */
	struct loop *loop;	       /* owned */
	struct service_clock clock;
	struct secrets secrets;
	struct store *store;	  /* owned */
	struct engine *engine;	  /* owned */
	struct decision decision; /* of the last service_decide_and_apply() */
	struct people *people;	  /* owned, like all below */
	struct sessions *sessions;
	struct texts *texts;
	struct commands *commands;
	struct push *push;
	struct archive *archive;
	struct shelf *shelf;
	struct look *dormant; /* under way; NULL: none */
	struct form_cache *form_cache;
	struct control *control;
	struct backups *backups;
	struct metrics *metrics;
	struct doubts *doubts;
	uint64_t answers_acknowledged; /* since the start */
	struct throttle throttle;
	struct worker *hasher;	/* waits for passwords, reads what is uploaded */
	struct hasher *hashing; /* owned; NULL: passwords are hashed in place */
	struct front *fronts;
	struct client *clients; /* by connection id */
	unsigned moves;	     /* clients that came, were ready or went since memory was given back */
	unsigned moves_seen; /* of them, at calm_from */
	struct mono_ms calm_from;
	struct bound_attempt *bound; /* attempt -> its clients */
	struct store_seq committed;
	struct loop_pass pass;
	struct watch store_watch, readers_watch, hasher_watch;
	struct timer tick;
	struct store_seq ticked_at; /* the timer knows of what was queued up to here */
	struct arena arena;	    /* of the request under way */
	struct arena scratch; /* of replies and notices; emptied after each request and each pass */
	int lock_fd;
	int status;		/* what core_main() returns; -1: it goes on */
	bool held_back;		/* nothing is read from fronts: the disk is far behind */
	bool stopping;		/* asked to stop: leaves when everything said has left */
	struct mono_ms stop_at; /* and then in any case */
	bool failed;		/* a commit is undecided: nothing leaves any more */
};

/* ---- Requests ------------------------------------------------------------------------------ */

/* The request under way.  Lives for the call of its handler. */
struct request {
	struct core *core;
	struct client *client;
	const wire_request *msg; /* in core->arena */
	struct bytes raw;	 /* as it came */
	wire_reply reply;	 /* the handler sets .body_case and its member */
	const char *detail;	 /* more about an error, for a person; may stay NULL */
	bool deferred;		 /* the reply comes later: see request_defer() */
};

/* Memory for the reply, from core->scratch: gone when the request or the done() that uses it has
 * been served. */
void *request_new(struct request *rq, size_t size);
/* "" for NULL: wire strings are never NULL. */
char *request_text(struct request *rq, const char *text);
__attribute__((format(printf, 2, 3))) char *request_printf(struct request *rq, const char *fmt,
							   ...);

/* SHA-256 of who asks and the request without its id: what a command id stands for, so that nobody
 * gets the reply to another's command. */
struct digest request_content(const struct request *rq);

/* Who asks: NULL before log-in. */
const struct person *request_person(const struct request *rq);

/* Begins an event: kind, now, wall time, the client's id and, when COMMAND_ID is not NULL, who asks
 * by which command with which content.
 *
 * ERR_INVALID  the command id has not 16 bytes, or is zero */
MUST_USE enum err request_event(const struct request *rq, enum event_kind kind,
				const ProtobufCBinaryData *command_id, struct event *ev);

/* The reply comes later, from a worker's or a query's done(): take a ticket, return ERR_OK. */
struct ticket {
	struct conn_id conn;
	uint64_t request;
};
struct ticket request_defer(struct request *rq);
/* NULL: the client has gone; nobody waits for the reply any more. */
struct client *ticket_client(struct core *core, const struct ticket *t);
/* REPLY may be NULL with an error.  Nothing happens when the client has gone. */
void ticket_reply(struct core *core, const struct ticket *t, enum err err, const char *detail,
		  wire_reply *reply);

/* Queues a message for a client; adds the Clock of the attempt that it holds.  A message larger
 * than a frame becomes ERR_TOO_LARGE. */
void client_send(struct core *core, struct client *client, wire_reply *reply);
/* The same with id 0. */
void client_notify(struct core *core, struct client *client, Examd__V1__Notice *notice);
struct client *client_find(struct core *core, struct conn_id id);

/* What a client may do: one of the wire's roles; ROLE_NONE before log-in.  A slip makes nobody more
 * than a candidate. */
Examd__V1__Role client_role(const struct core *core, const struct client *client);
const struct person *client_person(const struct core *core, const struct client *client);

/* ---- Clients and attempts ------------------------------------------------------------------- */

/* Binds a client to an attempt (0: to none). */
void client_bind(struct core *core, struct client *client, struct attempt_id attempt);
/* The clients bound to an attempt, linked by .same_attempt. */
struct client *attempt_clients(const struct core *core, struct attempt_id attempt);
/* The live connection that holds the seat; NULL: none does. */
struct client *attempt_holder(const struct core *core, const struct attempt *a);
/* Has it the seat?  Of an attempt that is closed every client bound to it has. */
bool client_holds(const struct client *client, const struct attempt *a);

/* ---- The engine and the store -----------------------------------------------------------------
 */

/* Decides; applies each record and hands it to the store; carries the effects out (push.c).  The
 * decision stays in core->decision until the next call: .repeated, .attempt, .sitting, .changed_by.
 * Returns what engine_decide() returned; records that came with a refusal are kept too. */
MUST_USE enum err service_decide_and_apply(struct core *core, const struct event *ev);

/* Queues a change. */
void service_put(struct core *core, const struct store_change *change);

/* An event of the server's own: now, wall time, nobody. */
struct event service_event(const struct core *core, enum event_kind kind);

struct service_ms service_now(const struct core *core);
struct wall_ms service_wall(const struct core *core);

/* Ends the core: it leaves its loop and core_main() returns STATUS. */
void core_end(struct core *core, int status);

#endif
