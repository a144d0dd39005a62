#include "daemon/front/web.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/front/bucket.h"
#include "daemon/front/web_files.h"
#include "daemon/front/web_message.h"
#include "daemon/front/web_request.h"
#include "proto/base/ids.h"
#include "proto/base/mem.h"

#define ACKS_MOST    64 /* replies to PING and SETTINGS that wait to be sent */
#define FIELDS_MOST  24 /* of a response */
#define STATUS_WORDS 8

struct stream {
	struct web *web;
	int32_t id;
	enum web_kind kind;
	struct web_request request;
	struct buf body;
	struct mono_ms body_until; /* 0: whole, or none */
	bool answered;
	/* A call. */
	struct web_tab *tab; /* borrowed; NULL: none, or gone */
	struct web_call call;
	bool handed_on;
	/* The response. */
	struct buf out;
	struct bytes file; /* what is left of it */
	struct stream *next, *before;
};

struct web_tab {
	struct web *web;
	struct stream *notices; /* owned by the connection */
	char name[WEB_TAB_NAME + 1];
	void *user;
	unsigned calls; /* not yet answered */
	bool trusted, ending;
	struct mono_ms end_until; /* 0: it is not ending, or is cut */
	struct web_tab *next;
};

struct web {
	struct web_host *host;
	struct millis body;
	nghttp2_session *session;
	struct stream *streams;
	struct web_tab *tabs;
	struct mono_ms now;
	struct bucket idle, resets;
	size_t bodies; /* bytes of those that are kept */
	bool flooded, gone;
};

/* ---- Responses ---------------------------------------------------------------------------------
 */

struct head {
	nghttp2_nv fields[FIELDS_MOST];
	size_t n;
	char status[STATUS_WORDS], length[24];
};

static void put(struct head *h, const char *name, const char *value)
{
	assert(h->n < FIELDS_MOST);
	h->fields[h->n++] = (nghttp2_nv){
	    .name = (uint8_t *)(uintptr_t)name,
	    .value = (uint8_t *)(uintptr_t)value,
	    .namelen = strlen(name),
	    .valuelen = strlen(value),
	    .flags = NGHTTP2_NV_FLAG_NONE,
	};
}

/* Everything that is answered says the same of how far a page may be trusted. */
static void begin_head(struct head *h, unsigned status, bool may_be_kept)
{
	static const char *const always[][2] = {
	    {"content-security-policy",
	     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	     "connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
	     "frame-ancestors 'none'; require-trusted-types-for 'script'"},
	    {"strict-transport-security", "max-age=31536000"},
	    {"x-content-type-options", "nosniff"},
	    {"referrer-policy", "no-referrer"},
	    {"cross-origin-opener-policy", "same-origin"},
	    {"cross-origin-resource-policy", "same-origin"},
	    {"permissions-policy", "camera=(), microphone=(), geolocation=()"},
	};

	h->n = 0;
	snprintf(h->status, sizeof h->status, "%u", status);
	put(h, ":status", h->status);
	for (size_t i = 0; i < COUNT(always); i++)
		put(h, always[i][0], always[i][1]);
	if (!may_be_kept)
		put(h, "cache-control", "no-store");
}

static ssize_t read_response(nghttp2_session *session, int32_t id, uint8_t *to, size_t most,
			     uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct stream *s = source->ptr;
	size_t n;

	(void)session;
	(void)id;
	(void)user;
	if (s->file.len > 0) {
		n = s->file.len < most ? s->file.len : most;
		memcpy(to, s->file.data, n);
		s->file = bytes_of(s->file.data + n, s->file.len - n);
	} else {
		n = buf_length(&s->out) < most ? buf_length(&s->out) : most;
		memcpy(to, buf_bytes(&s->out).data, n);
		buf_take(&s->out, n);
	}
	if (s->file.len > 0 || buf_length(&s->out) > 0)
		return (ssize_t)n;
	if (s->kind == WEB_OPEN && s->tab != NULL && !s->tab->ending) {
		if (n == 0)
			return NGHTTP2_ERR_DEFERRED;
		return (ssize_t)n;
	}
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static void drop_body(struct stream *s)
{
	s->web->bodies -= buf_length(&s->body);
	buf_fini(&s->body);
}

static void respond(struct stream *s, const struct head *h)
{
	const nghttp2_data_provider body = {{.ptr = s}, read_response};
	bool none = s->request.method == WEB_HEAD ||
		    (s->kind != WEB_OPEN && s->file.len == 0 && buf_length(&s->out) == 0);

	if (s->answered)
		return;
	s->answered = true;
	s->body_until.v = 0;
	drop_body(s);
	(void)nghttp2_submit_response(s->web->session, s->id, h->fields, h->n, none ? NULL : &body);
}

/* A status alone, with a sentence for a person who looks at the network. */
static void respond_status(struct stream *s, unsigned status, const char *sentence)
{
	struct head h;

	begin_head(&h, status, false);
	put(&h, "content-type", "text/plain; charset=utf-8");
	buf_put_text(&s->out, sentence);
	buf_put_text(&s->out, "\n");
	respond(s, &h);
}

static const struct {
	unsigned status;
	const char *sentence;
} refusals[] = {
    {400, "This is not such a request."},
    {403, "Requests are taken from this server's own pages only."},
    {404, "There is no such page."},
    {405, "Files are for GET, messages for POST."},
    {408, "The request did not come whole in time."},
    {410, "There is no such tab on this connection; open one."},
    {413, "The message is longer than allowed."},
    {415, "Messages are application/proto."},
    {429, "Too many at once."},
    {503, "The server was restarted; say Hello again."},
};

static void refuse(struct stream *s, unsigned status)
{
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (refusals[i].status == status)
			respond_status(s, status, refusals[i].sentence);
}

/* ---- Files -------------------------------------------------------------------------------------
 */

static bool takes(const struct web_request *r, const char *encoding)
{
	if (encoding == NULL)
		return true;
	return strcmp(encoding, "br") == 0 ? r->takes_br : r->takes_gzip;
}

static const struct web_file *find_file(const struct web_request *r)
{
	for (size_t i = 0; i < nweb_files; i++)
		if (strcmp(web_files[i].path, r->path) == 0 && takes(r, web_files[i].encoding))
			return &web_files[i];
	return NULL;
}

static void serve_file(struct stream *s)
{
	const struct web_file *f = find_file(&s->request);
	struct head h;

	if (f == NULL) {
		refuse(s, 404);
		return;
	}
	begin_head(&h, 200, true);
	put(&h, "content-type", f->type);
	put(&h, "cache-control", f->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	put(&h, "vary", "accept-encoding");
	if (f->encoding != NULL)
		put(&h, "content-encoding", f->encoding);
	s->file = bytes_of(f->bytes, (size_t)(f->end - f->bytes));
	snprintf(h.length, sizeof h.length, "%zu", s->file.len);
	put(&h, "content-length", h.length);
	respond(s, &h);
}

/* ---- Tabs --------------------------------------------------------------------------------------
 */

bool web_any_tab(const struct web *w, bool (*is)(const struct web_tab *tab))
{
	const struct web_tab *t = w->tabs;

	while (t != NULL && !is(t))
		t = t->next;
	return t != NULL;
}

size_t web_tabs(const struct web *w)
{
	size_t n = 0;

	for (const struct web_tab *t = w->tabs; t != NULL; t = t->next)
		n++;
	return n;
}

static struct web_tab *find_tab(struct web *w, const char *name)
{
	struct web_tab *t = w->tabs;

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static void open_tab(struct stream *s)
{
	struct web *w = s->web;
	uint8_t name[WEB_TAB_NAME / 2];
	struct web_tab *t;
	struct head h;

	if (web_tabs(w) >= WEB_TABS_MOST) {
		refuse(s, 429);
		return;
	}
	t = mem_new(sizeof *t);
	random_bytes(name, sizeof name);
	hex_format(name, sizeof name, t->name);
	t->web = w;
	t->notices = s;
	t->next = w->tabs;
	w->tabs = t;
	s->tab = t;
	begin_head(&h, 200, false);
	put(&h, "content-type", "application/proto");
	put(&h, "examd-tab", t->name);
	respond(s, &h);
	w->host->on_tab(w->host, t);
}

/* A call that will not be answered by the core any more. */
static void leave_tab(struct stream *s)
{
	if (s->kind != WEB_CALL || s->tab == NULL)
		return;
	s->tab->calls--;
	s->tab = NULL;
}

static void fail_call(struct stream *s)
{
	leave_tab(s);
	refuse(s, 503);
}

static void remove_tab(struct web_tab *t)
{
	struct web *w = t->web;
	struct web_tab **at = &w->tabs;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	for (struct stream *s = w->streams; s != NULL; s = s->next)
		if (s->kind == WEB_CALL && s->tab == t)
			fail_call(s);
	t->notices->tab = NULL;
	w->host->on_tab_gone(w->host, t);
	free(t);
}

void web_tab_set_user(struct web_tab *t, void *user)
{
	t->user = user;
}

void *web_tab_user(const struct web_tab *t)
{
	return t->user;
}

static struct stream *find_call(struct web_tab *t, uint64_t id)
{
	for (struct stream *s = t->web->streams; s != NULL; s = s->next)
		if (s->kind == WEB_CALL && s->tab == t && s->call.id == id && !s->answered)
			return s;
	return NULL;
}

static void answer_call(struct stream *s, struct bytes reply)
{
	char cookie[WEB_COOKIE_MOST];
	struct buf scratch = {0};
	struct head h;

	reply = web_message_out(reply, &s->call, &scratch, cookie);
	buf_put_bytes(&s->out, reply);
	buf_fini(&scratch);
	begin_head(&h, 200, false);
	put(&h, "content-type", "application/proto");
	if (cookie[0] != '\0')
		put(&h, "set-cookie", cookie);
	leave_tab(s);
	respond(s, &h);
	explicit_bzero(cookie, sizeof cookie);
}

void web_tab_send(struct web_tab *t, struct bytes reply)
{
	uint64_t id = web_message_reply_id(reply);
	struct stream *s = id == 0 ? NULL : find_call(t, id);

	if (s != NULL) {
		answer_call(s, reply);
		return;
	}
	if (id != 0)
		return; /* the browser has taken the call back */
	buf_put_u32(&t->notices->out, (uint32_t)reply.len);
	buf_put_bytes(&t->notices->out, reply);
	(void)nghttp2_session_resume_data(t->web->session, t->notices->id);
}

size_t web_tab_queued(const struct web_tab *t)
{
	size_t n = buf_length(&t->notices->out);

	for (const struct stream *s = t->web->streams; s != NULL; s = s->next)
		if (s->kind == WEB_CALL)
			n += buf_length(&s->out);
	return n;
}

void web_tab_trust(struct web_tab *t, bool trusted)
{
	t->trusted = t->trusted || trusted; /* as with frames: a restart takes no length back */
}

/* False: the host cannot take it now. */
static bool hand_on(struct stream *s)
{
	struct web_host *host = s->web->host;
	struct buf scratch = {0};
	struct bytes message;
	struct web_call call;
	bool taken = true;
	enum err err;

	err = web_message_in(buf_bytes(&s->body), s->request.path + strlen(WEB_CALLS_PATH),
			     s->request.has_token ? s->request.token : NULL, &scratch, &message,
			     &call);
	if (err == ERR_OK && find_call(s->tab, call.id) != NULL)
		err = ERR_INVALID;
	if (err != ERR_OK) {
		leave_tab(s);
		refuse(s, 400);
	} else if ((taken = host->on_message(host, s->tab, message))) {
		s->call = call;
		s->handed_on = true;
		drop_body(s);
	}
	if (scratch.data != NULL) /* a token was in it */
		explicit_bzero(scratch.data, scratch.cap);
	buf_fini(&scratch);
	return taken;
}

static bool waits(const struct stream *s, const struct web_tab *t)
{
	return s->kind == WEB_CALL && s->tab == t && !s->handed_on && !s->answered &&
	       s->body_until.v == 0;
}

/* The streams stand newest first.  Those behind one that cannot be taken now are not even read:
 * a tab may have 32 of them, and go on 200 times a second. */
void web_tab_go_on(struct web_tab *t)
{
	struct stream *s = t->web->streams;

	while (s != NULL && s->next != NULL)
		s = s->next;
	while (s != NULL && (!waits(s, t) || hand_on(s)))
		s = s->before;
}

void web_tab_forget(struct web_tab *t)
{
	for (struct stream *s = t->web->streams; s != NULL; s = s->next)
		if (s->kind == WEB_CALL && s->tab == t)
			fail_call(s);
}

void web_tab_end(struct web_tab *t)
{
	t->ending = true;
	t->end_until = mono_add(t->web->now, WEB_END);
	(void)nghttp2_session_resume_data(t->web->session, t->notices->id);
}

void web_tab_cut(struct web_tab *t)
{
	t->end_until.v = 0;
	(void)nghttp2_submit_rst_stream(t->web->session, NGHTTP2_FLAG_NONE, t->notices->id,
					NGHTTP2_ENHANCE_YOUR_CALM);
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

static void begin_call(struct stream *s)
{
	struct web_tab *t = find_tab(s->web, s->request.tab);

	if (t == NULL) {
		refuse(s, 410);
	} else if (t->calls >= WEB_CALLS_MOST) {
		refuse(s, 429);
	} else {
		s->tab = t;
		t->calls++;
	}
}

static void on_head_whole(struct stream *s, bool ended)
{
	unsigned status = web_request_kind(&s->request, &s->kind);

	s->body_until = ended ? (struct mono_ms){0} : mono_add(s->web->now, s->web->body);
	if (status != 0) {
		s->kind = WEB_FILE;
		refuse(s, status);
	} else if (s->kind == WEB_CALL) {
		begin_call(s);
	}
}

static void on_request_whole(struct stream *s)
{
	s->body_until.v = 0;
	if (s->answered)
		return;
	switch (s->kind) {
	case WEB_FILE:
		serve_file(s);
		break;
	case WEB_OPEN:
		open_tab(s);
		break;
	case WEB_CALL:
		(void)hand_on(s);
		break;
	}
}

static size_t body_most(const struct stream *s)
{
	if (s->kind != WEB_CALL || s->tab == NULL)
		return 0;
	return s->tab->trusted ? FRAME_MOST : FRAME_MOST_BEFORE_LOGIN;
}

/* ---- What nghttp2 tells ------------------------------------------------------------------------
 */

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct web *w = user;
	struct stream *s;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = mem_new(sizeof *s);
	s->web = w;
	s->id = frame->hd.stream_id;
	s->next = w->streams;
	if (s->next != NULL)
		s->next->before = s;
	w->streams = s;
	return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t namelen, const uint8_t *value, size_t valuelen, uint8_t flags,
		     void *user)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void)flags;
	(void)user;
	if (s == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0; /* trailers say nothing to us */
	return web_request_field(&s->request, bytes_of(name, namelen), bytes_of(value, valuelen))
		   ? 0
		   : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
}

static int on_body(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		   size_t len, void *user)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);

	(void)flags;
	(void)user;
	if (s == NULL || s->answered)
		return 0;
	if (buf_length(&s->body) + len > body_most(s)) {
		leave_tab(s);
		refuse(s, 413);
	} else if (s->web->bodies + len > WEB_BODIES_MOST) {
		leave_tab(s);
		refuse(s, 429);
	} else {
		buf_put(&s->body, data, len);
		s->web->bodies += len;
	}
	return 0;
}

/* Frames that cost their receiver something and bring it nothing. */
static bool is_idle(const nghttp2_frame *frame)
{
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_RST_STREAM: /* has a bucket of its own */
	case NGHTTP2_WINDOW_UPDATE:
	case NGHTTP2_GOAWAY:
		return false;
	case NGHTTP2_DATA:
		return frame->hd.length == 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
	default:
		return true;
	}
}

static bool is_flood(struct web *w, const nghttp2_frame *frame)
{
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		return !bucket_take(&w->resets, WEB_RESETS_A_SEC, WEB_RESETS_BURST, w->now);
	return is_idle(frame) && !bucket_take(&w->idle, WEB_IDLE_A_SEC, WEB_IDLE_BURST, w->now);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct web *w = user;
	struct stream *s;

	if (is_flood(w, frame)) {
		w->flooded = true;
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (s == NULL)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		on_head_whole(s, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		on_request_whole(s);
	return 0;
}

/* A stream that we have to take back costs as much as one that the browser does; told at the next
 * bytes that come. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct web *w = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM &&
	    !bucket_take(&w->resets, WEB_RESETS_A_SEC, WEB_RESETS_BURST, w->now))
		w->flooded = true;
	return 0;
}

static void free_stream(struct stream *s)
{
	if (s->next != NULL)
		s->next->before = s->before;
	if (s->before != NULL)
		s->before->next = s->next;
	else
		s->web->streams = s->next;
	explicit_bzero(&s->request, sizeof s->request);
	drop_body(s);
	buf_fini(&s->out);
	free(s);
}

static int on_stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);

	(void)code;
	(void)user;
	if (s == NULL)
		return 0;
	s->answered = true; /* nothing more can be said on it */
	if (s->kind == WEB_OPEN && s->tab != NULL)
		remove_tab(s->tab);
	leave_tab(s);
	free_stream(s);
	return 0;
}

/* ---- The connection ----------------------------------------------------------------------------
 */

static nghttp2_session *new_session(struct web *w)
{
	const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, WEB_STREAMS_MOST},
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, WEB_HEADERS_MOST},
	    {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0},
	};
	nghttp2_session_callbacks *calls;
	nghttp2_session *session;
	nghttp2_option *option;

	if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&option) != 0)
		abort(); /* only without memory */
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_body);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_closed);
	nghttp2_option_set_max_outbound_ack(option, ACKS_MOST);
	nghttp2_option_set_no_closed_streams(option, 1);
	if (nghttp2_session_server_new2(&session, calls, w, option) != 0)
		abort();
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(calls);
	if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, COUNT(settings)) != 0)
		abort();
	return session;
}

struct web *web_new(struct web_host *host, struct millis body)
{
	struct web *w = mem_new(sizeof *w);

	w->host = host;
	w->body = body;
	w->session = new_session(w);
	return w;
}

void web_free(struct web *w)
{
	struct web_tab *t;

	if (w == NULL)
		return;
	nghttp2_session_del(w->session); /* tells of no stream's end */
	while ((t = w->tabs) != NULL) {
		w->tabs = t->next;
		free(t);
	}
	while (w->streams != NULL)
		free_stream(w->streams);
	free(w);
}

bool web_feed(struct web *w, struct bytes data, struct mono_ms now)
{
	ssize_t n;

	if (w->now.v == 0) {
		w->idle = bucket_full(WEB_IDLE_BURST, now);
		w->resets = bucket_full(WEB_RESETS_BURST, now);
	}
	w->now = now;
	n = w->flooded ? NGHTTP2_ERR_FLOODED
		       : nghttp2_session_mem_recv(w->session, data.data, data.len);
	if (n == NGHTTP2_ERR_FLOODED ||
	    nghttp2_session_get_outbound_queue_size(w->session) > WEB_FRAMES_MOST)
		w->flooded = true;
	if (n == (ssize_t)data.len && !w->flooded)
		return true;
	(void)nghttp2_session_terminate_session(w->session, w->flooded ? NGHTTP2_ENHANCE_YOUR_CALM
								       : NGHTTP2_PROTOCOL_ERROR);
	w->gone = true;
	return false;
}

void web_pull(struct web *w, struct buf *out)
{
	const uint8_t *data;
	ssize_t n;

	while (buf_length(out) < WEB_OUT_MOST &&
	       (n = nghttp2_session_mem_send(w->session, &data)) > 0)
		buf_put(out, data, (size_t)n);
}

bool web_is_over(const struct web *w)
{
	return nghttp2_session_want_read(w->session) == 0 &&
	       nghttp2_session_want_write(w->session) == 0;
}

void web_tick(struct web *w, struct mono_ms now)
{
	struct stream *s;
	struct web_tab *t;

	w->now = now;
	for (s = w->streams; s != NULL; s = s->next)
		if (s->body_until.v != 0 && s->body_until.v <= now.v && !s->answered) {
			leave_tab(s);
			refuse(s, 408);
		}
	for (t = w->tabs; t != NULL; t = t->next)
		if (t->end_until.v != 0 && t->end_until.v <= now.v)
			web_tab_cut(t);
}

void web_end_tabs(struct web *w)
{
	while (w->tabs != NULL)
		remove_tab(w->tabs);
}

void web_heartbeat(struct web *w)
{
	for (struct web_tab *t = w->tabs; t != NULL; t = t->next) {
		buf_put_u32(&t->notices->out, 0);
		(void)nghttp2_session_resume_data(w->session, t->notices->id);
	}
}

void web_goodbye(struct web *w)
{
	struct web_tab *t;

	if (w->gone)
		return;
	w->gone = true;
	for (t = w->tabs; t != NULL; t = t->next)
		web_tab_end(t);
	(void)nghttp2_submit_goaway(w->session, NGHTTP2_FLAG_NONE,
				    nghttp2_session_get_last_proc_stream_id(w->session),
				    NGHTTP2_NO_ERROR, NULL, 0);
}
