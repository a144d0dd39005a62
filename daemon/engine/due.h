/* What is due when: a heap of attempts by time, so that waiting attempts cost nothing. */
#ifndef DAEMON_ENGINE_DUE_H
#define DAEMON_ENGINE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attempt;

enum due_kind { DUE_SERVICE, DUE_WALL, DUE_NKINDS };

struct due_entry {
	int64_t at;
	struct attempt *attempt; /* borrowed; knows its place (attempt.due) */
};
struct due {
	enum due_kind kind;
	struct due_entry *heap; /* owned; [0] is the earliest */
	size_t length, cap;
};

void due_fini(struct due *d);

/* Puts the attempt in at that time, or moves it there. */
void due_set(struct due *d, struct attempt *a, int64_t at);
/* Takes it out, if it is in. */
void due_clear(struct due *d, struct attempt *a);

/* False: nothing is. */
bool due_first(const struct due *d, int64_t *at_out);

/* Up to MOST attempts whose time has come, in no special order.  Returns how many. */
size_t due_collect(const struct due *d, int64_t now, struct attempt **out, size_t most);

#endif
