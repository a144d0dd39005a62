/* The inside of the desk: what desk.c, desk_item.c and desk_after.c share.
 *
 * desk.c        what is told, the facts, handing in, and what goes on by itself
 * desk_item.c   the item that is looked at: its draft, and moving
 * desk_after.c  the result, the rationales, practice */
#ifndef CLIENT_TERM_DESK_INSIDE_H
#define CLIENT_TERM_DESK_INSIDE_H

#include "client/term/desk.h"

#define ASK_AGAIN SECONDS(1)

/* ---- desk.c ---- */
void desk_changed(struct desk *d);
/* Whatever can be done by itself now. */
void desk_pump(struct desk *d);
const Examd__V1__Status *desk_status(const struct desk *d); /* NULL: none */
bool desk_is_closed(const struct desk *d);
bool desk_is_linear(const struct desk *d);
bool desk_part_is_open(const struct desk *d);
/* BUSY and its like: the same again after a moment. */
bool desk_error_passes(enum err err);
void desk_hint(struct desk *d, const char *text);
void desk_tell_error(struct desk *d, const char *what, enum err err, const char *detail);

/* ---- desk_item.c ---- */
void desk_on_put_later(struct timer *t);
/* How long the item looked at has been looked at, ms. */
uint32_t desk_seen_so_far(const struct desk *d);
/* An answer from another machine may have come in the meantime. */
void desk_draft_follow(struct desk *d);
/* The item to look at, when there is none or it belongs to a part that is over. */
void desk_find_item(struct desk *d);
/* To the next item of a linear part, when it is wanted and the answer is saved. */
void desk_go_on(struct desk *d);

/* ---- desk_after.c ---- */
void desk_ask_result(struct desk *d);
void desk_on_practice(struct practice *p);
/* What was kept of the last attempt is not of this one. */
void desk_follow_attempt(struct desk *d);

#endif
