/* Messages of a browser on their way to the core and back: the token of the session comes from the
 * cookie and goes into it, and no script ever sees it. */
#ifndef DAEMON_FRONT_WEB_MESSAGE_H
#define DAEMON_FRONT_WEB_MESSAGE_H

#include "daemon/front/web.h"

/* What the reply may say of the session. */
enum web_effect {
	WEB_NO_EFFECT,
	WEB_BEGINS_SESSION, /* the reply may hold a token */
	WEB_RESUMES, /* a Hello with the cookie's token: no session in the reply ends the cookie */
	WEB_ENDS_SESSION,
};

struct web_call {
	uint64_t id;
	enum web_effect effect;
};

/* BODY as the core is to get it: the same bytes, borrowed, or, of a Hello with TOKEN (may be NULL),
 * those put into SCRATCH.
 *
 * ERR_PROTOCOL, ERR_TOO_LARGE  as request_decode()
 * ERR_INVALID                  its member is not NAME, its id is 0, a script sent a token */
MUST_USE enum err web_message_in(struct bytes body, const char *name, const uint8_t *token,
				 struct buf *scratch, struct bytes *out, struct web_call *call);

/* The id of a Reply, 0: a notice or none.  Only its beginning is looked at: writers put fields in
 * the order of their numbers, and a core does. */
uint64_t web_message_reply_id(struct bytes reply);

#define WEB_COOKIE_MOST 160
/* The reply to CALL as the browser is to get it, borrowed or in SCRATCH, and the Set-Cookie that
 * goes with it: "" for none. */
struct bytes web_message_out(struct bytes reply, const struct web_call *call, struct buf *scratch,
			     char cookie[WEB_COOKIE_MOST]);

#endif
