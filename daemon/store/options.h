/* How the store's tests open it; the daemon uses store_create() and store_open(). */
#ifndef DAEMON_STORE_OPTIONS_H
#define DAEMON_STORE_OPTIONS_H

#include "daemon/store/store.h"

/* A row of schema.def. */
struct migration {
	uint32_t version;
	const char *text;
};

struct store_options {
	const char *vfs;		    /* NULL: the system's */
	const struct migration *migrations; /* NULL: schema.def */
	size_t nmigrations;
	struct millis lock_wait; /* for another process to end */
	size_t transcript_most;	 /* bytes; a longer one stays in the table */
	uint64_t checkpoint;	 /* so many new pages of the log are taken over at once */
};

extern const struct store_options store_defaults;

MUST_USE enum err store_create_with(const char *dir, const struct store_options *o);
MUST_USE enum err store_open_with(struct store **out, const char *dir,
				  const struct store_options *o);

#endif
