/* What the core says unasked: notices to the holder of an attempt, rows to those who watch a room.
 * Effects of a decision come here. */
#ifndef DAEMON_SERVICE_PUSH_H
#define DAEMON_SERVICE_PUSH_H

#include "daemon/service/service.h"

#define WATCH_EVERY    ((struct millis){250}) /* rows are gathered that long */
#define WATCHERS_MOST  256
#define ROOM_ROWS_MOST 200 /* in one message */

struct push *push_new(struct core *core);
void push_free(struct push *p);

/* Carries the effects of core->decision out. */
void push_effects(struct core *core);

/* Everybody who watches the sitting gets the attempt's row (0: only the sitting) soon. */
void push_room_changed(struct core *core, struct sitting_id sitting, struct attempt_id attempt);

/* The client watches a sitting from now on (an earlier watch ends); all its rows come in notices
 * NOTICE_ROOM, first at once.
 *
 * ERR_TOO_MANY  WATCHERS_MOST watch already */
MUST_USE enum err watch_begin(struct core *core, struct client *client, struct sitting_id sitting);
void watch_end(struct client *client);

/* ---- Views for staff ---------------------------------------------------------------------------
 */

void view_sitting(const struct core *core, const struct sitting *s, Examd__V1__Sitting *out,
		  struct arena *arena);

/* A sitting and rows of it in one message. */
struct room_view {
	const struct core *core; /* these are borrowed */
	const struct sitting *sitting;
	Examd__V1__Role role; /* the reader's: scores are for instructors */
	struct arena *arena;  /* has the message */
	Examd__V1__Room *room;
	size_t size; /* bytes of the rows so far */
};

/* The sitting, and no row yet. */
struct room_view view_room(const struct core *core, const struct sitting *s, Examd__V1__Role role,
			   struct arena *arena);
/* Adds the row of a person of the sitting, checked in or not.  False when the message is full
 * (ROOM_ROWS_MOST, or half of REPLY_MOST): nothing is added, and the message says `more`. */
bool view_room_row(struct room_view *v, struct person_id person);

#endif
