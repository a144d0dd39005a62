/* Sessions: log-ins that outlive a connection.  A token is 256 random bits, of which only the
 * SHA-256 is kept; it is good for the client id that it was given to.  Slips: 10 symbols of
 * Crockford's base32, kept only as an HMAC; a slip stands for sitting and person. */
#ifndef DAEMON_SERVICE_SESSIONS_H
#define DAEMON_SERVICE_SESSIONS_H

#include <uthash.h>

#include "daemon/service/service.h"

#define TOKEN_SIZE   32
#define SLIP_SYMBOLS 10

struct session {
	struct digest token; /* SHA-256 of it */
	struct person_id person;
	struct sitting_id sitting; /* of the slip; 0: logged in by password */
	uint8_t client_id[CLIENT_SIZE];
	struct wall_ms made;
	struct session *same_person; /* the next one, younger; in the table by person */
	UT_hash_handle hh;
};

struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);
void sessions_load(struct sessions *s, const struct store_session *row);
void sessions_load_slip(struct sessions *s, const struct store_slip *row);

/* Ends all sessions of a person but KEEP (may be NULL); connections that used one are told
 * NOTICE_LOGGED_OUT and must log in again. */
void sessions_end_of(struct core *core, struct person_id person, const struct session *keep);

/* A new slip for a person of a sitting; earlier ones of the same two end. */
void slip_make(struct core *core, struct sitting_id sitting, struct person_id person,
	       char out[SLIP_SYMBOLS + 1]);

/* The client's log-in ends here: it is unbound from its attempt and has no session. */
void client_log_out(struct core *core, struct client *client);

/* After the engine gave the seat of an attempt to a waiting client: nothing to do for the session.
 * Binds the client to the attempt that its session stands for and tells the engine that it came.
 * Returns true when another client holds the seat. */
bool client_arrive(struct core *core, struct client *client, struct attempt_id attempt);

#endif
