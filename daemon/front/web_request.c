#include "daemon/front/web_request.h"

#include <string.h>

#include "proto/base/ids.h"

#define COOKIE	       "__Host-examd="
#define FIELD_OVERHEAD 32 /* of an entry of a header list, RFC 9113 section 6.5.2 */

static bool is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

static void copy(struct web_request *r, char *out, size_t size, struct bytes value)
{
	if (value.len >= size || memchr(value.data, '\0', value.len) != NULL) {
		r->too_long = true;
		return;
	}
	memcpy(out, value.data, value.len);
	out[value.len] = '\0';
}

/* ---- Fields ------------------------------------------------------------------------------------
 */

static void on_method(struct web_request *r, struct bytes value)
{
	static const struct {
		const char *name;
		enum web_method method;
	} methods[] = {{"GET", WEB_GET}, {"HEAD", WEB_HEAD}, {"POST", WEB_POST}};

	for (size_t i = 0; i < COUNT(methods); i++)
		if (is_text(value, methods[i].name))
			r->method = methods[i].method;
}

static void on_path(struct web_request *r, struct bytes value)
{
	const uint8_t *query = memchr(value.data, '?', value.len);

	if (query != NULL)
		value.len = (size_t)(query - value.data);
	copy(r, r->path, sizeof r->path, value);
}

static void on_authority(struct web_request *r, struct bytes value)
{
	copy(r, r->authority, sizeof r->authority, value);
}

static void on_origin(struct web_request *r, struct bytes value)
{
	copy(r, r->origin, sizeof r->origin, value);
}

static void on_fetch_site(struct web_request *r, struct bytes value)
{
	r->cross_site = !is_text(value, "same-origin");
}

static void on_content_type(struct web_request *r, struct bytes value)
{
	r->is_proto = is_text(value, "application/proto");
}

static void on_tab(struct web_request *r, struct bytes value)
{
	copy(r, r->tab, sizeof r->tab, value);
}

static bool has_word(struct bytes value, const char *word)
{
	return memmem(value.data, value.len, word, strlen(word)) != NULL;
}

static void on_encoding(struct web_request *r, struct bytes value)
{
	r->takes_br = has_word(value, "br");
	r->takes_gzip = has_word(value, "gzip");
}

/* A browser may send cookies in one field or in several, and other programs of the host set theirs.
 */
static void on_cookie(struct web_request *r, struct bytes value)
{
	const uint8_t *p = memmem(value.data, value.len, COOKIE, strlen(COOKIE));
	char hex[2 * WEB_TOKEN + 1] = "";

	if (p == NULL || (p != value.data && p[-1] != ' ' && p[-1] != ';'))
		return;
	p += strlen(COOKIE);
	if ((size_t)(value.data + value.len - p) < 2 * WEB_TOKEN)
		return;
	memcpy(hex, p, 2 * WEB_TOKEN);
	r->has_token = hex_parse(hex, r->token, sizeof r->token) == ERR_OK;
	explicit_bzero(hex, sizeof hex);
}

static const struct {
	const char *name;
	void (*read)(struct web_request *r, struct bytes value);
} fields[] = {
    {":method", on_method},
    {":path", on_path},
    {":authority", on_authority},
    {"host", on_authority},
    {"origin", on_origin},
    {"sec-fetch-site", on_fetch_site},
    {"content-type", on_content_type},
    {"examd-tab", on_tab},
    {"accept-encoding", on_encoding},
    {"cookie", on_cookie},
};

bool web_request_field(struct web_request *r, struct bytes name, struct bytes value)
{
	r->bytes += name.len + value.len + FIELD_OVERHEAD;
	if (r->bytes > WEB_HEADERS_MOST)
		return false;
	for (size_t i = 0; i < COUNT(fields); i++)
		if (is_text(name, fields[i].name))
			fields[i].read(r, value);
	return true;
}

/* ---- What it is --------------------------------------------------------------------------------
 */

static bool is_own_origin(const struct web_request *r)
{
	static const char scheme[] = "https://";

	return strncmp(r->origin, scheme, sizeof scheme - 1) == 0 && r->authority[0] != '\0' &&
	       strcmp(r->origin + sizeof scheme - 1, r->authority) == 0;
}

static unsigned check_post(const struct web_request *r, enum web_kind *kind)
{
	if (strncmp(r->path, WEB_CALLS_PATH, strlen(WEB_CALLS_PATH)) != 0)
		return 405;
	if (r->cross_site || !is_own_origin(r))
		return 403;
	if (!r->is_proto)
		return 415;
	*kind = strcmp(r->path, WEB_OPEN_PATH) == 0 ? WEB_OPEN : WEB_CALL;
	return 0;
}

unsigned web_request_kind(const struct web_request *r, enum web_kind *kind)
{
	if (r->too_long)
		return 400;
	switch (r->method) {
	case WEB_POST:
		return check_post(r, kind);
	case WEB_GET:
	case WEB_HEAD:
		*kind = WEB_FILE;
		return strncmp(r->path, WEB_CALLS_PATH, strlen(WEB_CALLS_PATH)) == 0 ? 405 : 0;
	case WEB_OTHER:
		break;
	}
	return 405;
}
