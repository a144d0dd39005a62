/* Readers: one thread with a connection of its own that cannot write; each query has a snapshot. */
#ifndef DAEMON_STORE_READER_H
#define DAEMON_STORE_READER_H

#include "daemon/store/db.h"
#include "daemon/store/places.h"
#include "daemon/store/store.h"

struct readers;

/* Takes the connection; PLACES is borrowed. */
struct readers *readers_new(struct db *db, struct places *places);
/* NULL is welcome. */
void readers_free(struct readers *r);
/* ERR_BUSY */
MUST_USE enum err readers_add(struct readers *r, struct query *q);
int readers_fd(const struct readers *r);
void readers_settle(struct readers *r);

/* Before the first query only: on the owner's thread. */
MUST_USE enum err readers_recover(struct readers *r, struct store_visitor *v);

struct reader *readers_reader(struct readers *r);
/* store.c: that of a store. */
struct reader *store_reader(struct store *s);

/* recover.c */
MUST_USE enum err recover_all(struct db *db, struct store_visitor *v);

#endif
