/* Free text: titles, reasons, messages, notes.  It stands in a table of its own under a row number,
 * with a salt; records hold the row and SHA-256(salt || text).  Memory keeps the titles of
 * sittings and the texts put last. */
#ifndef DAEMON_SERVICE_TEXTS_H
#define DAEMON_SERVICE_TEXTS_H

#include "daemon/service/service.h"

#define TEXTS_RECENT 1024

struct text_ref {
	int64_t row; /* 0: the text was empty, nothing was put */
	struct digest hash;
};

struct texts *texts_new(void);
void texts_free(struct texts *t);

/* Give a text a row and a random salt.  NULL and "" give none.  It is queued for the disk by the
 * decision on the event that names it, in the same transaction, and dropped when that makes no
 * record: a command that is refused or sent again leaves no text behind. */
struct text_ref text_put(struct core *core, const char *text);

/* A note of an answer, not empty: nobody asks for it while the core runs, so memory does not keep
 * it. */
struct text_ref text_put_note(struct core *core, const char *note);

/* The decision has been made: the texts put since the last one are kept or dropped. */
void texts_settle(struct core *core, bool keep);

/* The text of a row if memory has it, else "".  Borrowed until the next text_put(). */
const char *text_get(const struct core *core, int64_t row);

/* Recovery: rows up to HIGHEST have been given; a text read back. */
void texts_reserve(struct texts *t, int64_t highest);
void texts_remember(struct texts *t, int64_t row, const char *text);

/* Keeps a row in memory for good: a sitting's title. */
void text_pin(struct core *core, int64_t row);

#endif
