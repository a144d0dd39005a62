/* A row as the struct that store.h gives out.  Bytes and texts in it live until the next stmt_
 * call. */
#ifndef DAEMON_STORE_ROWS_H
#define DAEMON_STORE_ROWS_H

#include "daemon/store/db.h"
#include "daemon/store/store.h"

/* subject, n, service_ms, wall_ms, kind, body, chain */
void record_column(struct stmt *q, struct record *out);

/* All of SQL_RESULT. */
void result_column(struct stmt *q, struct store_result *out);

/* The records of a subject in the order of its chain, which is checked on the way. */
struct chain {
	uint64_t n; /* of the last one */
	struct digest last;
	void (*row)(void *arg, const struct record *r); /* NULL: nobody wants them */
	void *arg;
};

/* ERR_CORRUPT  R does not follow */
MUST_USE enum err chain_add(struct chain *c, const struct record *r);

/* The records of a subject's transcript, if it has one.
 *
 * ERR_CORRUPT, ERR_IO */
MUST_USE enum err chain_add_transcript(struct chain *c, struct db *db, struct subject subject);

#endif
