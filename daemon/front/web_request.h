/* The head of a browser's request: what it asks for, and whether it may. */
#ifndef DAEMON_FRONT_WEB_REQUEST_H
#define DAEMON_FRONT_WEB_REQUEST_H

#include <stdbool.h>

#include "daemon/front/web.h"

#define WEB_PATH_MOST	   127
#define WEB_AUTHORITY_MOST 255
#define WEB_CALLS_PATH	   "/examd.v1/"
#define WEB_OPEN_PATH	   "/examd.v1/open"

enum web_kind { WEB_FILE, WEB_OPEN, WEB_CALL };

struct web_request {
	enum web_method { WEB_OTHER, WEB_GET, WEB_HEAD, WEB_POST } method;
	char path[WEB_PATH_MOST + 1]; /* without what follows a question mark */
	char authority[WEB_AUTHORITY_MOST + 1];
	char origin[WEB_AUTHORITY_MOST + sizeof "https://"];
	char tab[WEB_TAB_NAME + 1];
	uint8_t token[WEB_TOKEN]; /* of the cookie */
	bool has_token, is_proto, cross_site, takes_br, takes_gzip, has_body;
	bool too_long; /* a value that we read does not fit */
	size_t bytes;  /* of all names and values, counted as in RFC 9113 section 10.5.1 */
};

/* One field of the head.  False: the head is longer than WEB_HEADERS_MOST. */
MUST_USE bool web_request_field(struct web_request *r, struct bytes name, struct bytes value);

/* The head is whole: 0 and *KIND, or the status to answer with. */
unsigned web_request_kind(const struct web_request *r, enum web_kind *kind);

#endif
