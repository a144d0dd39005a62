/* A browser's connection (web.h), spoken to by nghttp2's own client, in memory: no socket, and time
 * by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/front/web.h"
#include "proto/base/ids.h"
#include "proto/base/mem.h"

#define ORIGIN	    "https://exam.example:7443"
#define AUTHORITY   "exam.example:7443"
#define BODY_LIMIT  SECONDS(5)
#define STREAMS	    400
#define FIELDS_MOST 16

/* What came back on a stream. */
struct answer {
	unsigned status;
	bool ended, reset;
	char tab[WEB_TAB_NAME + 1], cookie[256], policy[512], cache[64], encoding[16];
	struct buf body;
};

static struct {
	struct web *web;
	struct web_host host;
	nghttp2_session *browser;
	struct answer answers[STREAMS]; /* by stream id / 2 */
	struct mono_ms now;
	struct web_tab *tab; /* the last opened */
	unsigned tabs_gone, messages;
	struct buf last; /* message that the host got */
	bool says_no;	 /* on_message() returns false */
	bool alive;	 /* what web_feed() said last */
	uint32_t goaway; /* error code + 1 of a GOAWAY that came */
	bool reads;	 /* the browser opens its windows */
} w;

/* ---- The host ----------------------------------------------------------------------------------
 */

static void on_tab(struct web_host *host, struct web_tab *tab)
{
	(void)host;
	w.tab = tab;
}

static bool on_message(struct web_host *host, struct web_tab *tab, struct bytes message)
{
	(void)host;
	(void)tab;
	if (w.says_no)
		return false;
	w.messages++;
	buf_clear(&w.last);
	buf_put_bytes(&w.last, message);
	return true;
}

static void on_tab_gone(struct web_host *host, struct web_tab *tab)
{
	(void)host;
	if (w.tab == tab)
		w.tab = NULL;
	w.tabs_gone++;
}

/* ---- The browser -------------------------------------------------------------------------------
 */

static struct answer *answer_of(int32_t id)
{
	assert_in_range(id / 2, 0, STREAMS - 1);
	return &w.answers[id / 2];
}

static void keep(char *to, size_t size, const uint8_t *value, size_t len)
{
	snprintf(to, size, "%.*s", (int)len, (const char *)value);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t namelen, const uint8_t *value, size_t len, uint8_t flags, void *user)
{
	struct answer *a = answer_of(frame->hd.stream_id);
	char field[64];

	(void)session;
	(void)flags;
	(void)user;
	keep(field, sizeof field, name, namelen);
	if (strcmp(field, ":status") == 0)
		a->status = (unsigned)strtoul((const char *)value, NULL, 10);
	else if (strcmp(field, "examd-tab") == 0)
		keep(a->tab, sizeof a->tab, value, len);
	else if (strcmp(field, "set-cookie") == 0)
		keep(a->cookie, sizeof a->cookie, value, len);
	else if (strcmp(field, "content-security-policy") == 0)
		keep(a->policy, sizeof a->policy, value, len);
	else if (strcmp(field, "cache-control") == 0)
		keep(a->cache, sizeof a->cache, value, len);
	else if (strcmp(field, "content-encoding") == 0)
		keep(a->encoding, sizeof a->encoding, value, len);
	return 0;
}

static int on_body(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		   size_t len, void *user)
{
	(void)flags;
	(void)user;
	buf_put(&answer_of(id)->body, data, len);
	if (w.reads)
		assert_int_equal(nghttp2_session_consume(session, id, len), 0);
	return 0;
}

static int on_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	(void)session;
	(void)user;
	answer_of(id)->ended = true;
	answer_of(id)->reset = code != 0;
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	(void)user;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		w.goaway = frame->goaway.error_code + 1;
	return 0;
}

static nghttp2_session *new_browser(void)
{
	nghttp2_session_callbacks *calls;
	nghttp2_session *session;
	nghttp2_option *option;

	assert_int_equal(nghttp2_session_callbacks_new(&calls), 0);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_body);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	assert_int_equal(nghttp2_option_new(&option), 0);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_max_send_header_block_length(option, 256 * 1024);
	assert_int_equal(nghttp2_session_client_new2(&session, calls, NULL, option), 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(calls);
	assert_int_equal(nghttp2_submit_settings(session, 0, NULL, 0), 0);
	return session;
}

/* Bytes both ways until neither side has any. */
static void talk(void)
{
	struct buf to_browser = {0};
	const uint8_t *data;
	bool moved = true;
	ssize_t n;

	while (moved) {
		moved = false;
		while (w.alive && (n = nghttp2_session_mem_send(w.browser, &data)) > 0) {
			w.alive = web_feed(w.web, bytes_of(data, (size_t)n), w.now);
			moved = true;
		}
		web_pull(w.web, &to_browser);
		if (buf_length(&to_browser) > 0) {
			struct bytes b = buf_bytes(&to_browser);

			assert_int_equal(nghttp2_session_mem_recv(w.browser, b.data, b.len), b.len);
			buf_clear(&to_browser);
			moved = true;
		}
	}
	buf_fini(&to_browser);
}

static int world(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.now = (struct mono_ms){1000000};
	w.alive = w.reads = true;
	w.host = (struct web_host){on_tab, on_message, on_tab_gone};
	w.web = web_new(&w.host, BODY_LIMIT);
	w.browser = new_browser();
	talk();
	return 0;
}

static int world_ends(void **state)
{
	(void)state;
	web_free(w.web);
	nghttp2_session_del(w.browser);
	for (size_t i = 0; i < STREAMS; i++)
		buf_fini(&w.answers[i].body);
	buf_fini(&w.last);
	return 0;
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

struct asked {
	const char *method, *path, *origin, *fetch_site, *type, *tab, *cookie, *encoding,
	    *long_field;
	struct bytes body;
	bool unfinished; /* the body does not end */
};

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t most,
			 uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct asked *a = source->ptr;
	size_t n = a->body.len < most ? a->body.len : most;

	(void)session;
	(void)id;
	(void)user;
	if (n == 0 && a->unfinished)
		return NGHTTP2_ERR_DEFERRED;
	memcpy(to, a->body.data, n);
	a->body = bytes_of(a->body.data + n, a->body.len - n);
	if (a->body.len == 0 && !a->unfinished)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static size_t put(nghttp2_nv *fields, size_t n, const char *name, const char *value)
{
	if (value == NULL)
		return n;
	assert_true(n < FIELDS_MOST);
	fields[n] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
				 strlen(name), strlen(value), 0};
	return n + 1;
}

/* Sends it; talk() brings it there. */
static int32_t submit(struct asked *a)
{
	const nghttp2_data_provider body = {{.ptr = a}, read_body};
	nghttp2_nv fields[FIELDS_MOST];
	size_t n = 0;
	int32_t id;

	n = put(fields, n, ":method", a->method);
	n = put(fields, n, ":scheme", "https");
	n = put(fields, n, ":authority", AUTHORITY);
	n = put(fields, n, ":path", a->path);
	n = put(fields, n, "origin", a->origin);
	n = put(fields, n, "sec-fetch-site", a->fetch_site);
	n = put(fields, n, "content-type", a->type);
	n = put(fields, n, "examd-tab", a->tab);
	n = put(fields, n, "cookie", a->cookie);
	n = put(fields, n, "accept-encoding", a->encoding);
	n = put(fields, n, "x-long", a->long_field);
	id = nghttp2_submit_request(w.browser, NULL, fields, n,
				    a->body.len > 0 || a->unfinished ? &body : NULL, NULL);
	assert_true(id > 0);
	return id;
}

static struct answer *ask(struct asked a)
{
	int32_t id = submit(&a);

	talk();
	return answer_of(id);
}

static struct asked post(const char *path, const char *tab, struct bytes body)
{
	return (struct asked){.method = "POST",
			      .path = path,
			      .origin = ORIGIN,
			      .fetch_site = "same-origin",
			      .type = "application/proto",
			      .tab = tab,
			      .body = body};
}

static struct answer *opened(void)
{
	struct answer *a = ask(post("/examd.v1/open", NULL, bytes_of("", 0)));

	assert_int_equal(a->status, 200);
	assert_int_equal(strlen(a->tab), WEB_TAB_NAME);
	assert_non_null(w.tab);
	return a;
}

/* A Request with ID whose member is BODY, empty. */
static struct bytes request(struct buf *out, uint64_t id, Examd__V1__Request__BodyCase body)
{
	Examd__V1__Request rq = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetStatus status = EXAMD__V1__GET_STATUS__INIT;
	Examd__V1__Hello hello = EXAMD__V1__HELLO__INIT;
	Examd__V1__UseSlip slip = EXAMD__V1__USE_SLIP__INIT;
	Examd__V1__LogOut log_out = EXAMD__V1__LOG_OUT__INIT;

	rq.id = id;
	rq.body_case = body;
	if (body == EXAMD__V1__REQUEST__BODY_GET_STATUS)
		rq.get_status = &status;
	else if (body == EXAMD__V1__REQUEST__BODY_HELLO)
		rq.hello = &hello;
	else if (body == EXAMD__V1__REQUEST__BODY_USE_SLIP)
		rq.use_slip = &slip;
	else
		rq.log_out = &log_out;
	buf_clear(out);
	message_put(out, &rq.base);
	return buf_bytes(out);
}

static void reply(uint64_t id, uint32_t error)
{
	Examd__V1__Reply r = EXAMD__V1__REPLY__INIT;
	struct buf message = {0};

	r.id = id;
	r.error = error;
	message_put(&message, &r.base);
	web_tab_send(w.tab, buf_bytes(&message));
	buf_fini(&message);
}

static void reply_session(uint64_t id, const uint8_t token[WEB_TOKEN])
{
	Examd__V1__Reply r = EXAMD__V1__REPLY__INIT;
	Examd__V1__Session s = EXAMD__V1__SESSION__INIT;
	struct buf message = {0};

	r.id = id;
	r.body_case = EXAMD__V1__REPLY__BODY_SESSION;
	r.session = &s;
	s.token = (ProtobufCBinaryData){WEB_TOKEN, (uint8_t *)(uintptr_t)token};
	message_put(&message, &r.base);
	web_tab_send(w.tab, buf_bytes(&message));
	buf_fini(&message);
}

static uint64_t last_id(void)
{
	struct arena arena = {0};
	Examd__V1__Request *rq;
	uint64_t id;

	assert_int_equal(request_decode(buf_bytes(&w.last), &arena, &rq), ERR_OK);
	id = rq->id;
	arena_fini(&arena);
	return id;
}

/* ---- Files -------------------------------------------------------------------------------------
 */

static void the_page_comes_with_the_rules_that_keep_other_pages_out(void **state)
{
	struct answer *a = ask((struct asked){.method = "GET", .path = "/?from=mail"});

	(void)state;
	assert_int_equal(a->status, 200);
	assert_true(a->ended);
	assert_non_null(strstr(a->policy, "default-src 'none'"));
	assert_non_null(strstr(a->policy, "frame-ancestors 'none'"));
	assert_true(buf_length(&a->body) > 0);
	assert_int_equal(ask((struct asked){.method = "HEAD", .path = "/"})->status, 200);
	assert_int_equal(
	    ask((struct asked){.method = "GET", .path = "/../secrets/tls.key"})->status, 404);
	assert_int_equal(ask((struct asked){.method = "DELETE", .path = "/"})->status, 405);
	assert_int_equal(ask((struct asked){.method = "GET", .path = "/examd.v1/open"})->status,
			 405);
}

/* ---- Who may -----------------------------------------------------------------------------------
 */

static void messages_are_taken_from_ones_own_pages_only(void **state)
{
	static const struct {
		const char *origin, *fetch_site, *type;
		unsigned status;
	} rows[] = {
	    {NULL, NULL, "application/proto", 403},
	    {"null", "same-origin", "application/proto", 403},
	    {"https://evil.example", NULL, "application/proto", 403},
	    {"https://exam.example", NULL, "application/proto", 403}, /* another port */
	    {"http://" AUTHORITY, NULL, "application/proto", 403},
	    {ORIGIN ".evil.example", NULL, "application/proto", 403},
	    {ORIGIN, "cross-site", "application/proto", 403},
	    {ORIGIN, "same-site", "application/proto", 403},
	    {ORIGIN, "none", "application/proto", 403},
	    {ORIGIN, "same-origin", "text/plain", 415},
	    {ORIGIN, "same-origin", "application/x-www-form-urlencoded", 415},
	    {ORIGIN, "same-origin", NULL, 415},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct asked a = post("/examd.v1/open", NULL, bytes_of("", 0));

		a.origin = rows[i].origin;
		a.fetch_site = rows[i].fetch_site;
		a.type = rows[i].type;
		assert_int_equal(ask(a)->status, rows[i].status);
		assert_null(w.tab);
	}
}

/* ---- Tabs and calls ----------------------------------------------------------------------------
 */

static void a_call_is_answered_on_its_own_stream_and_a_notice_on_the_tabs(void **state)
{
	struct answer *tab = opened(), *first, *second;
	struct buf body = {0};

	(void)state;
	first = ask(post("/examd.v1/get_status", tab->tab,
			 request(&body, 7, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	assert_int_equal(last_id(), 7);
	second = ask(post("/examd.v1/get_status", tab->tab,
			  request(&body, 8, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	assert_int_equal(w.messages, 2);
	reply(0, 5); /* a notice */
	reply(8, 3);
	talk();
	assert_true(second->ended);
	assert_int_equal(second->status, 200);
	assert_string_equal(second->cache, "no-store");
	assert_false(first->ended);
	assert_false(tab->ended);
	assert_int_equal(u32_read(buf_bytes(&tab->body).data) + 4, buf_length(&tab->body));
	reply(7, 0);
	talk();
	assert_true(first->ended);
	assert_int_equal(first->status, 200);
	buf_fini(&body);
}

static void what_is_no_call_never_reaches_the_core(void **state)
{
	struct answer *tab = opened();
	struct buf body = {0};

	(void)state;
	/* Not of this path: it would hide what comes back. */
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  request(&body, 1, EXAMD__V1__REQUEST__BODY_USE_SLIP)))
			     ->status,
			 400);
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  request(&body, 0, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 400);
	assert_int_equal(
	    ask(post("/examd.v1/get_status", tab->tab, bytes_of("\xff\xff", 2)))->status, 400);
	assert_int_equal(ask(post("/examd.v1/get_status", "00000000000000000000000000000000",
				  request(&body, 1, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 410);
	assert_int_equal(w.messages, 0);
	/* An id that is under way. */
	ask(post("/examd.v1/get_status", tab->tab,
		 request(&body, 1, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  request(&body, 1, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 400);
	assert_int_equal(w.messages, 1);
	buf_fini(&body);
}

static void a_body_is_as_long_as_a_frame_may_be(void **state)
{
	struct answer *tab = opened();
	char *large = mem_new(FRAME_MOST + 1);

	(void)state;
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  bytes_of(large, FRAME_MOST_BEFORE_LOGIN + 1)))
			     ->status,
			 413);
	web_tab_trust(w.tab, true);
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  bytes_of(large, FRAME_MOST_BEFORE_LOGIN + 1)))
			     ->status,
			 400); /* read whole, and no message */
	assert_int_equal(
	    ask(post("/examd.v1/get_status", tab->tab, bytes_of(large, FRAME_MOST + 1)))->status,
	    413);
	assert_int_equal(ask(post("/examd.v1/open", NULL, bytes_of("x", 1)))->status, 413);
	free(large);
}

static void calls_and_tabs_are_counted(void **state)
{
	struct answer *tab = opened();
	struct buf body = {0};

	(void)state;
	for (uint64_t id = 1; id <= WEB_CALLS_MOST; id++)
		assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
					  request(&body, id, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
				     ->status,
				 0);
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  request(&body, 99, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 429);
	reply(1, 0);
	talk();
	assert_int_equal(ask(post("/examd.v1/get_status", tab->tab,
				  request(&body, 99, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 0);
	for (int i = 1; i < WEB_TABS_MOST; i++)
		opened();
	assert_int_equal(ask(post("/examd.v1/open", NULL, bytes_of("", 0)))->status, 429);
	assert_int_equal(web_tabs(w.web), WEB_TABS_MOST);
	buf_fini(&body);
}

static void what_the_host_cannot_take_waits_in_its_order(void **state)
{
	struct answer *tab = opened();
	struct buf body = {0};

	(void)state;
	w.says_no = true;
	for (uint64_t id = 1; id <= 3; id++)
		ask(post("/examd.v1/get_status", tab->tab,
			 request(&body, id, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	assert_int_equal(w.messages, 0);
	w.says_no = false;
	web_tab_go_on(w.tab);
	assert_int_equal(w.messages, 3);
	assert_int_equal(last_id(), 3);
	web_tab_go_on(w.tab); /* not twice */
	assert_int_equal(w.messages, 3);
	buf_fini(&body);
}

static void a_core_that_is_lost_fails_what_it_had_and_the_tab_stays(void **state)
{
	struct answer *tab = opened(), *call;
	struct buf body = {0};

	(void)state;
	call = ask(post("/examd.v1/get_status", tab->tab,
			request(&body, 4, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	web_tab_forget(w.tab);
	talk();
	assert_int_equal(call->status, 503);
	assert_false(tab->ended);
	reply(4, 0); /* of nobody now */
	talk();
	assert_int_equal(buf_length(&tab->body), 0);
	/* The same id may be used again. */
	call = ask(post("/examd.v1/get_status", tab->tab,
			request(&body, 4, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	reply(4, 0);
	talk();
	assert_int_equal(call->status, 200);
	buf_fini(&body);
}

static void a_tab_ends_with_its_stream_and_its_calls_with_it(void **state)
{
	struct asked a = post("/examd.v1/open", NULL, bytes_of("", 0));
	int32_t id = submit(&a);
	struct answer *call;
	struct buf body = {0};

	(void)state;
	talk();
	call = ask(post("/examd.v1/get_status", answer_of(id)->tab,
			request(&body, 1, EXAMD__V1__REQUEST__BODY_GET_STATUS)));
	assert_int_equal(nghttp2_submit_rst_stream(w.browser, 0, id, NGHTTP2_CANCEL), 0);
	talk();
	assert_int_equal(w.tabs_gone, 1);
	assert_int_equal(call->status, 503);
	assert_int_equal(ask(post("/examd.v1/get_status", answer_of(id)->tab,
				  request(&body, 2, EXAMD__V1__REQUEST__BODY_GET_STATUS)))
			     ->status,
			 410);
	buf_fini(&body);
}

static void a_call_that_is_taken_back_harms_nobody(void **state)
{
	struct answer *tab = opened();
	struct buf body = {0};
	struct asked a = post("/examd.v1/get_status", tab->tab,
			      request(&body, 5, EXAMD__V1__REQUEST__BODY_GET_STATUS));
	int32_t id = submit(&a);

	(void)state;
	talk();
	assert_int_equal(nghttp2_submit_rst_stream(w.browser, 0, id, NGHTTP2_CANCEL), 0);
	talk();
	reply(5, 0);
	talk();
	assert_int_equal(buf_length(&tab->body), 0);
	assert_true(w.alive);
	buf_fini(&body);
}

/* ---- The session's token -----------------------------------------------------------------------
 */

static void the_token_goes_into_the_cookie_and_never_into_the_page(void **state)
{
	static const uint8_t token[WEB_TOKEN] = "0123456789abcdef0123456789ABCDE";
	struct answer *tab = opened(), *a;
	struct buf body = {0};
	char hex[2 * WEB_TOKEN + 1];

	(void)state;
	a = ask(post("/examd.v1/use_slip", tab->tab,
		     request(&body, 1, EXAMD__V1__REQUEST__BODY_USE_SLIP)));
	reply_session(1, token);
	talk();
	hex_format(token, sizeof token, hex);
	assert_non_null(strstr(a->cookie, hex));
	assert_non_null(strstr(a->cookie, "__Host-examd="));
	assert_non_null(strstr(a->cookie, "; Secure"));
	assert_non_null(strstr(a->cookie, "; HttpOnly"));
	assert_non_null(strstr(a->cookie, "; SameSite=Strict"));
	assert_null(memmem(buf_bytes(&a->body).data, buf_length(&a->body), token, sizeof token));
	assert_true(buf_length(&a->body) > 0);
	buf_fini(&body);
}

static void the_token_of_the_cookie_goes_into_hello(void **state)
{
	static const uint8_t token[WEB_TOKEN] = "0123456789abcdef0123456789ABCDE";
	struct answer *tab = opened(), *a;
	struct buf body = {0};
	char cookie[200] = "theme=dark; __Host-examd=";
	struct arena arena = {0};
	Examd__V1__Request *rq;
	struct asked hello;

	(void)state;
	hex_format(token, sizeof token, cookie + strlen(cookie));
	hello =
	    post("/examd.v1/hello", tab->tab, request(&body, 1, EXAMD__V1__REQUEST__BODY_HELLO));
	hello.cookie = cookie;
	a = ask(hello);
	assert_int_equal(request_decode(buf_bytes(&w.last), &arena, &rq), ERR_OK);
	assert_int_equal(rq->hello->token.len, WEB_TOKEN);
	assert_memory_equal(rq->hello->token.data, token, WEB_TOKEN);
	arena_fini(&arena);
	reply(1, 0);
	talk();
	assert_int_equal(a->status, 200);
	buf_fini(&body);
}

static void logging_out_takes_the_cookie_away(void **state)
{
	struct answer *tab = opened(), *a;
	struct buf body = {0};

	(void)state;
	a = ask(post("/examd.v1/log_out", tab->tab,
		     request(&body, 1, EXAMD__V1__REQUEST__BODY_LOG_OUT)));
	reply(1, 0);
	talk();
	assert_non_null(strstr(a->cookie, "__Host-examd=;"));
	assert_non_null(strstr(a->cookie, "Max-Age=0"));
	buf_fini(&body);
}

/* ---- Hostile -----------------------------------------------------------------------------------
 */

static void a_body_that_does_not_come_whole_has_an_end(void **state)
{
	struct answer *tab = opened();
	struct asked a = post("/examd.v1/get_status", tab->tab, bytes_of("x", 1));
	int32_t id;

	(void)state;
	a.unfinished = true;
	id = submit(&a);
	talk();
	web_tick(w.web, mono_add(w.now, (struct millis){BODY_LIMIT.v - 1}));
	talk();
	assert_int_equal(answer_of(id)->status, 0);
	web_tick(w.web, mono_add(w.now, BODY_LIMIT));
	talk();
	assert_int_equal(answer_of(id)->status, 408);
}

static void a_head_that_is_too_long_ends_its_stream_alone(void **state)
{
	char *value = mem_new(WEB_HEADERS_MOST + 1);
	struct answer *a;

	(void)state;
	memset(value, 'a', WEB_HEADERS_MOST);
	a = ask((struct asked){.method = "GET", .path = "/", .long_field = value});
	assert_true(a->ended);
	assert_true(a->reset);
	assert_int_equal(ask((struct asked){.method = "GET", .path = "/"})->status, 200);
	free(value);
}

static void a_flood_of_pings_ends_the_connection(void **state)
{
	(void)state;
	for (int i = 0; i < WEB_IDLE_BURST + 10 && w.alive; i++) {
		assert_int_equal(nghttp2_submit_ping(w.browser, 0, NULL), 0);
		talk();
	}
	assert_false(w.alive);
	assert_int_equal(w.goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
}

static void pings_as_browsers_send_them_are_welcome(void **state)
{
	(void)state;
	for (int i = 0; i < 10 * WEB_IDLE_BURST; i++) {
		assert_int_equal(nghttp2_submit_ping(w.browser, 0, NULL), 0);
		w.now = mono_add(w.now, SECONDS(1));
		talk();
	}
	assert_true(w.alive);
}

static void streams_opened_and_taken_back_at_once_end_the_connection(void **state)
{
	(void)state;
	for (int i = 0; i < WEB_RESETS_BURST + 10 && w.alive; i++) {
		struct asked a = {.method = "POST", .path = "/", .unfinished = true};
		int32_t id = submit(&a);

		talk();
		(void)nghttp2_submit_rst_stream(w.browser, 0, id, NGHTTP2_CANCEL);
		talk();
	}
	assert_false(w.alive);
	assert_int_equal(w.goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
}

static void who_does_not_read_is_seen_in_what_is_queued(void **state)
{
	struct answer *tab;
	const size_t window = 65535;

	(void)state;
	w.reads = false;
	tab = opened();
	for (int i = 0; i < 10000; i++)
		reply(0, 5);
	talk();
	assert_in_range(buf_length(&tab->body), 1, window);
	assert_true(web_tab_queued(w.tab) + buf_length(&tab->body) >= 10000 * 6);
	web_tab_cut(w.tab);
	talk();
	assert_true(tab->reset);
	assert_int_equal(w.tabs_gone, 1);
}

static void streams_that_we_must_take_back_end_the_connection_too(void **state)
{
	char *value = mem_new(WEB_HEADERS_MOST + 1);
	unsigned n = 0;

	(void)state;
	memset(value, 'a', WEB_HEADERS_MOST);
	while (w.alive && n < STREAMS - 1) {
		(void)ask((struct asked){.method = "GET", .path = "/", .long_field = value});
		n++;
	}
	assert_false(w.alive);
	assert_in_range(n, WEB_RESETS_BURST, WEB_RESETS_BURST + 3);
	assert_int_equal(w.goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
	free(value);
}

/* Nothing of what is refused is read, so that all of it waits here. */
static void refusals_that_nobody_reads_are_counted(void **state)
{
	static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
	static const char preface[] = NGHTTP2_CLIENT_MAGIC;
	/* HEADERS, not the end of its stream: GET, https, no path. */
	uint8_t head[] = {0, 0, 2, 1, 4, 0, 0, 0, 1, 0x82, 0x87};
	struct web *web = web_new(&w.host, BODY_LIMIT);
	struct buf out = {0};
	uint32_t n = 0;

	(void)state;
	assert_true(web_feed(web, bytes_of(preface, sizeof preface - 1), w.now));
	assert_true(web_feed(web, bytes_of(settings, sizeof settings), w.now));
	do {
		head[7] = (uint8_t)((2 * n + 1) >> 8);
		head[8] = (uint8_t)(2 * n + 1);
		n++;
	} while (n < 2000 && web_feed(web, bytes_of(head, sizeof head), w.now));
	assert_in_range(n, WEB_FRAMES_MOST - 10, WEB_FRAMES_MOST + 10);
	while (web_pull(web, &out), buf_length(&out) > 64)
		buf_take(&out, buf_length(&out) - 64);
	assert_int_equal(buf_bytes(&out).data[buf_length(&out) - 1], NGHTTP2_ENHANCE_YOUR_CALM);
	buf_fini(&out);
	web_free(web);
}

static void pings_whose_answers_nobody_reads_are_a_flood_too(void **state)
{
	const uint8_t *data;
	ssize_t n;

	(void)state;
	for (unsigned i = 0; i < WEB_IDLE_BURST; i++)
		assert_int_equal(nghttp2_submit_ping(w.browser, 0, NULL), 0);
	while (w.alive && (n = nghttp2_session_mem_send(w.browser, &data)) > 0)
		w.alive = web_feed(w.web, bytes_of(data, (size_t)n), w.now);
	assert_false(w.alive);
	talk();
	assert_int_equal(w.goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
}

static void bodies_of_a_connection_are_bounded_together(void **state)
{
	static const uint8_t half[FRAME_MOST / 2];
	const size_t fit = WEB_BODIES_MOST / sizeof half;
	struct asked a[WEB_BODIES_MOST / sizeof half + 2];
	int32_t ids[COUNT(a)];
	struct answer *tab = opened();

	(void)state;
	web_tab_trust(w.tab, true);
	for (size_t i = 0; i <= fit; i++) {
		a[i] = post("/examd.v1/get_status", tab->tab, bytes_of(half, sizeof half));
		a[i].unfinished = true;
		ids[i] = submit(&a[i]);
		talk();
		assert_int_equal(answer_of(ids[i])->status, i < fit ? 0 : 429);
	}
	web_tick(w.web, mono_add(w.now, BODY_LIMIT)); /* what is given up makes room */
	talk();
	a[fit + 1] = post("/examd.v1/get_status", tab->tab, bytes_of(half, sizeof half));
	assert_int_equal(ask(a[fit + 1])->status, 400);
	assert_true(w.alive);
}

static void a_tab_that_ends_does_not_wait_for_ever_to_be_read(void **state)
{
	const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
	struct answer *tab;

	(void)state;
	assert_int_equal(nghttp2_submit_settings(w.browser, 0, &none, 1), 0);
	tab = opened();
	reply(0, 5);
	web_tab_end(w.tab);
	web_tick(w.web, mono_add(w.now, (struct millis){WEB_END.v - 1}));
	talk();
	assert_int_equal(w.tabs_gone, 0);
	web_tick(w.web, mono_add(w.now, WEB_END));
	talk();
	assert_int_equal(w.tabs_gone, 1);
	assert_true(tab->reset);
}

static void what_is_not_http_2_is_told_and_over(void **state)
{
	static const char old[] = "GET / HTTP/1.1\r\nHost: exam.example\r\n\r\n";
	struct web *web = web_new(&w.host, BODY_LIMIT);
	struct buf out = {0};

	(void)state;
	assert_false(web_feed(web, bytes_of(old, sizeof old - 1), w.now));
	web_pull(web, &out);
	assert_true(buf_length(&out) > 0);
	assert_true(web_is_over(web));
	buf_fini(&out);
	web_free(web);
}

/* ---- Life --------------------------------------------------------------------------------------
 */

static void a_heartbeat_comes_into_each_tab(void **state)
{
	struct answer *one = opened(), *two = opened();

	(void)state;
	web_heartbeat(w.web);
	talk();
	assert_int_equal(buf_length(&one->body), 4);
	assert_int_equal(buf_length(&two->body), 4);
	assert_int_equal(u32_read(buf_bytes(&one->body).data), 0);
}

static void a_goodbye_ends_tabs_after_what_was_queued(void **state)
{
	struct answer *tab = opened();

	(void)state;
	reply(0, 5);
	web_goodbye(w.web);
	talk();
	assert_true(buf_length(&tab->body) > 0);
	assert_true(tab->ended);
	assert_false(tab->reset);
	assert_int_equal(w.goaway, NGHTTP2_NO_ERROR + 1);
	assert_true(web_is_over(w.web));
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, world, world_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(the_page_comes_with_the_rules_that_keep_other_pages_out),
	    RULE(messages_are_taken_from_ones_own_pages_only),
	    RULE(a_call_is_answered_on_its_own_stream_and_a_notice_on_the_tabs),
	    RULE(what_is_no_call_never_reaches_the_core),
	    RULE(a_body_is_as_long_as_a_frame_may_be),
	    RULE(calls_and_tabs_are_counted),
	    RULE(what_the_host_cannot_take_waits_in_its_order),
	    RULE(a_core_that_is_lost_fails_what_it_had_and_the_tab_stays),
	    RULE(a_tab_ends_with_its_stream_and_its_calls_with_it),
	    RULE(a_call_that_is_taken_back_harms_nobody),
	    RULE(the_token_goes_into_the_cookie_and_never_into_the_page),
	    RULE(the_token_of_the_cookie_goes_into_hello),
	    RULE(logging_out_takes_the_cookie_away),
	    RULE(a_body_that_does_not_come_whole_has_an_end),
	    RULE(a_head_that_is_too_long_ends_its_stream_alone),
	    RULE(a_flood_of_pings_ends_the_connection),
	    RULE(pings_as_browsers_send_them_are_welcome),
	    RULE(streams_opened_and_taken_back_at_once_end_the_connection),
	    RULE(who_does_not_read_is_seen_in_what_is_queued),
	    RULE(streams_that_we_must_take_back_end_the_connection_too),
	    RULE(refusals_that_nobody_reads_are_counted),
	    RULE(pings_whose_answers_nobody_reads_are_a_flood_too),
	    RULE(bodies_of_a_connection_are_bounded_together),
	    RULE(a_tab_that_ends_does_not_wait_for_ever_to_be_read),
	    RULE(what_is_not_http_2_is_told_and_over),
	    RULE(a_heartbeat_comes_into_each_tab),
	    RULE(a_goodbye_ends_tabs_after_what_was_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
