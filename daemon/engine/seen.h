/* The command ids that a subject has seen, so that sending again is harmless. */
#ifndef DAEMON_ENGINE_SEEN_H
#define DAEMON_ENGINE_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/record/record.h"

struct seen_command {
	struct command_id id;
	struct digest content;
};
struct seen {
	struct seen_command *list; /* owned */
	size_t length, cap;
};

void seen_fini(struct seen *s);

/* Remembers the command of a record's By; NULL and one without a command are ignored, and so is one
 * that is there. */
void seen_add(struct seen *s, const Examd__Record__By *by);

/* ERR_NOT_FOUND       it was not seen (nor is the zero id ever)
 * ERR_OK              it was, with this content
 * ERR_COMMAND_REUSED  it was, with another */
MUST_USE enum err seen_find(const struct seen *s, const struct command_id *id,
			    const struct digest *content);

#endif
