/* load_h2: many browsers in one process, for benchmarks: what load.c is for terminals.
 *
 *   load_h2 --server HOST:PORT --slips FILE [--seconds S] [--think MS]
 *
 * One connection and one tab for each slip of FILE: Hello, slip, check-in, sealed form,
 * confirmation; then it waits for the start and saves an answer every MS milliseconds (30,000; each
 * wait is between half and one and a half of it), for S seconds, and is idle otherwise.  A lost one
 * is counted and stays away.  Any key of the server is trusted.
 *
 * Prints a line of JSON for each phase: checkin, start, answers.  Exit 1 when a reply is an error.
 */
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>

#include "proto/base/ids.h"
#include "proto/base/mem.h"
#include "proto/stream/loop.h"
#include "proto/wire/frame.h"
#include "tests/bench/figures.h"
#include "tests/bench/steps.h"

#define AT_A_TIME 64 /* browsers that shake hands */

struct load;

enum phase { SHAKING, OPENING, HELLO, SLIP, CHECK_IN, FORM, CONFIRM, READY, RUN, LOST };

struct browser {
	struct load *load;
	struct watch watch;
	struct timer think;
	SSL *ssl;
	nghttp2_session *session;
	struct buf out, body, reply,
	    notices; /* to the socket; of the call; its answer; of the tab */
	enum phase phase;
	bool begun; /* counted as no longer shaking */
	struct slip slip;
	char tab[40];
	int32_t tab_stream, call_stream;
	uint64_t id;
	uint32_t items, seat, next_item, revision;
	struct form_pieces form;
	int64_t sent_ns; /* of the answer under way; 0: none */
	bool started;
};

struct load {
	struct loop *loop;
	SSL_CTX *ctx;
	struct addrinfo *server;
	char authority[300], origin[310];
	struct browser *all;
	size_t n, begun, shaking, ready, started, lost;
	int64_t seconds, think_ms, begin_ns, first_start_ns, run_ns;
	struct figures latency;
	struct timer end;
	int status;
};

static void begin_more(struct load *l);

static void not_shaking(struct browser *b)
{
	if (b->begun)
		return;
	b->begun = true;
	b->load->shaking--;
	begin_more(b->load);
}

static void lose(struct browser *b, const char *why)
{
	if (b->phase == LOST)
		return;
	fprintf(stderr, "load_h2: slip %s, phase %d: %s\n", b->slip.code, (int)b->phase, why);
	b->phase = LOST;
	b->load->lost++;
	watch_set(&b->watch, false, false);
	timer_stop(&b->think);
	not_shaking(b);
}

static void broke(struct browser *b, uint32_t error, const char *detail)
{
	fprintf(stderr, "load_h2: slip %s, phase %d: error %u %s\n", b->slip.code, (int)b->phase,
		error, detail == NULL ? "" : detail);
	b->load->status = 1;
	loop_stop(b->load->loop);
}

/* ---- Out --------------------------------------------------------------------------------------
 */

static void flush(struct browser *b)
{
	const uint8_t *data;
	ssize_t n;

	if (b->phase == LOST)
		return;
	while ((n = nghttp2_session_mem_send(b->session, &data)) > 0)
		buf_put(&b->out, data, (size_t)n);
	while (buf_length(&b->out) > 0) {
		int wrote = SSL_write(b->ssl, buf_bytes(&b->out).data, (int)buf_length(&b->out));

		if (wrote <= 0)
			break;
		buf_take(&b->out, (size_t)wrote);
	}
	watch_set(&b->watch, true, buf_length(&b->out) > 0);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t most,
			 uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct browser *b = source->ptr;
	size_t n = buf_length(&b->body) < most ? buf_length(&b->body) : most;

	(void)session;
	(void)id;
	(void)user;
	memcpy(to, buf_bytes(&b->body).data, n);
	buf_take(&b->body, n);
	if (buf_length(&b->body) == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
			    strlen(value), 0};
}

static int32_t post(struct browser *b, const char *path)
{
	const nghttp2_data_provider body = {{.ptr = b}, read_body};
	const nghttp2_nv fields[] = {
	    field(":method", "POST"),
	    field(":scheme", "https"),
	    field(":authority", b->load->authority),
	    field(":path", path),
	    field("origin", b->load->origin),
	    field("sec-fetch-site", "same-origin"),
	    field("content-type", "application/proto"),
	    field("examd-tab", b->tab),
	};
	size_t n = b->tab[0] == '\0' ? COUNT(fields) - 1 : COUNT(fields);

	return nghttp2_submit_request(b->session, NULL, fields, n,
				      buf_length(&b->body) > 0 ? &body : NULL, NULL);
}

static void call(struct browser *b, const char *path, Examd__V1__Request *q, enum phase phase)
{
	q->id = ++b->id;
	b->phase = phase;
	message_put(&b->body, &q->base);
	b->call_stream = post(b, path);
}

static void say_hello(struct browser *b)
{
	uint8_t client_id[16];
	struct step s;

	random_bytes(client_id, sizeof client_id);
	call(b, "/examd.v1/hello", step_hello(&s, "load_h2", client_id, NULL), HELLO);
}

static void use_slip(struct browser *b)
{
	struct step s;

	call(b, "/examd.v1/use_slip", step_use_slip(&s, &b->slip), SLIP);
}

static void check_in(struct browser *b)
{
	uint8_t id[16];
	struct step s;

	random_bytes(id, sizeof id);
	call(b, "/examd.v1/check_in", step_check_in(&s, id), CHECK_IN);
}

static void get_piece(struct browser *b)
{
	struct step s;

	call(b, "/examd.v1/get_form_piece", step_get_piece(&s, &b->form), FORM);
}

static void confirm(struct browser *b)
{
	uint8_t id[16];
	struct step s;

	random_bytes(id, sizeof id);
	call(b, "/examd.v1/confirm_form", step_confirm(&s, &b->form, id), CONFIRM);
}

static void put_answer(struct timer *t)
{
	struct browser *b = container_of(t, struct browser, think);
	uint32_t item, choice = b->revision % 2;
	struct step s;

	if (b->sent_ns != 0) {
		broke(b, 0, "an answer is not acknowledged when the next one is due");
		return;
	}
	item = b->next_item++ % b->items;
	b->sent_ns = mono_now_ns();
	call(b, "/examd.v1/put_answers", step_put_answer(&s, item, ++b->revision, b->seat, choice),
	     RUN);
	flush(b);
}

/* ---- In ---------------------------------------------------------------------------------------
 */

static int64_t chance(int64_t n)
{
	uint32_t r;

	random_bytes(&r, sizeof r);
	return (int64_t)r % n;
}

static void start(struct browser *b)
{
	struct load *l = b->load;

	if (b->started)
		return;
	b->started = true;
	b->phase = RUN;
	if (l->started == 0)
		l->first_start_ns = mono_now_ns();
	timer_set(&b->think, (struct millis){chance(l->think_ms)});
	if (++l->started == l->n - l->lost) {
		l->run_ns = mono_now_ns();
		figures_phase("start", l->started, figures_since(l->first_start_ns));
		timer_set(&l->end, (struct millis){l->seconds * 1000});
	}
}

static void become_ready(struct browser *b)
{
	struct load *l = b->load;

	b->phase = READY;
	if (++l->ready == l->n - l->lost)
		figures_phase("checkin", l->ready, figures_since(l->begin_ns));
}

static void take_status(struct browser *b, const Examd__V1__Status *s)
{
	b->items = s->items;
	form_pieces_begin(&b->form, s);
	if (s->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED)
		get_piece(b);
	else
		broke(b, 0, "is not admitted");
}

static void take_piece(struct browser *b, const Examd__V1__FormPiece *p)
{
	if (form_pieces_take(&b->form, p))
		get_piece(b);
	else
		confirm(b);
}

static void take_acks(struct browser *b, const Examd__V1__AnswerAcks *acks)
{
	struct load *l = b->load;

	if (acks->n_acks != 1 || acks->acks[0]->error != 0) {
		broke(b, acks->n_acks == 1 ? acks->acks[0]->error : 0, "acknowledgement");
		return;
	}
	figures_add(&l->latency, mono_now_ns() - b->sent_ns);
	b->sent_ns = 0;
	timer_set(&b->think, (struct millis){l->think_ms / 2 + chance(l->think_ms)});
}

static void take_reply(struct browser *b, const Examd__V1__Reply *r)
{
	if (r->clock != NULL && r->clock->seat != 0)
		b->seat = r->clock->seat;
	if (r->error != 0) {
		broke(b, r->error, r->detail);
		return;
	}
	switch (b->phase) {
	case HELLO:
		use_slip(b);
		return;
	case SLIP:
		check_in(b);
		return;
	case CHECK_IN:
		if (r->status != NULL && r->body_case == EXAMD__V1__REPLY__BODY_STATUS)
			take_status(b, r->status);
		return;
	case FORM:
		if (r->body_case == EXAMD__V1__REPLY__BODY_FORM_PIECE)
			take_piece(b, r->form_piece);
		return;
	case CONFIRM:
		become_ready(b);
		return;
	case RUN:
		if (r->body_case == EXAMD__V1__REPLY__BODY_ANSWER_ACKS)
			take_acks(b, r->answer_acks);
		return;
	default:
		return;
	}
}

static void take_notice(struct browser *b, const Examd__V1__Reply *r)
{
	if (r->clock != NULL && r->clock->seat != 0)
		b->seat = r->clock->seat;
	if (r->body_case == EXAMD__V1__REPLY__BODY_NOTICE &&
	    r->notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_STARTED)
		start(b);
}

static void decode(struct browser *b, struct bytes message,
		   void (*take)(struct browser *b, const Examd__V1__Reply *r))
{
	struct arena arena = {.cap = FRAME_ARENA_MOST};
	Examd__V1__Reply *r;

	if (reply_decode(message, &arena, &r) == ERR_OK)
		take(b, r);
	else
		broke(b, 0, "undecodable reply");
	arena_fini(&arena);
}

/* A frame of length 0 is a heartbeat. */
static void take_notices(struct browser *b)
{
	while (buf_length(&b->notices) >= 4) {
		struct bytes all = buf_bytes(&b->notices);
		uint32_t size = u32_read(all.data);

		if (all.len - 4 < size)
			return;
		if (size > 0)
			decode(b, bytes_of(all.data + 4, size), take_notice);
		buf_take(&b->notices, 4 + (size_t)size);
	}
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t namelen, const uint8_t *value, size_t len, uint8_t flags, void *user)
{
	struct browser *b = user;

	(void)session;
	(void)flags;
	if (namelen == 9 && memcmp(name, "examd-tab", 9) == 0)
		snprintf(b->tab, sizeof b->tab, "%.*s", (int)len, (const char *)value);
	if (namelen == 7 && memcmp(name, ":status", 7) == 0 &&
	    (len != 3 || memcmp(value, "200", 3) != 0))
		broke(b, (uint32_t)strtoul((const char *)value, NULL, 10), "is the status");
	(void)frame;
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct browser *b = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->hd.stream_id == b->tab_stream) {
		not_shaking(b);
		say_hello(b);
	}
	return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
		    size_t len, void *user)
{
	struct browser *b = user;

	(void)session;
	(void)flags;
	if (id == b->tab_stream) {
		buf_put(&b->notices, data, len);
		take_notices(b);
	} else {
		buf_put(&b->reply, data, len);
	}
	return 0;
}

static int on_stream_end(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct browser *b = user;
	struct buf reply = b->reply;

	(void)session;
	if (id == b->tab_stream || code != 0) {
		lose(b, id == b->tab_stream ? "its tab has ended" : "a call was reset");
		return 0;
	}
	b->reply = (struct buf){0};
	decode(b, buf_bytes(&reply), take_reply);
	buf_fini(&reply);
	return 0;
}

/* ---- The connection ---------------------------------------------------------------------------
 */

static void begin_http(struct browser *b)
{
	static nghttp2_session_callbacks *calls;

	if (calls == NULL) {
		if (nghttp2_session_callbacks_new(&calls) != 0)
			abort();
		nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
		nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_chunk);
		nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_end);
	}
	if (nghttp2_session_client_new(&b->session, calls, b) != 0 ||
	    nghttp2_submit_settings(b->session, 0, NULL, 0) != 0)
		abort();
	b->phase = OPENING;
	b->tab_stream = post(b, "/examd.v1/open");
}

static void take_bytes(struct browser *b)
{
	static uint8_t data[16384];
	int n;

	while (b->phase != LOST && (n = SSL_read(b->ssl, data, sizeof data)) > 0)
		if (nghttp2_session_mem_recv(b->session, data, (size_t)n) != n)
			lose(b, "that is not HTTP/2");
	if (b->phase != LOST && SSL_get_error(b->ssl, n) != SSL_ERROR_WANT_READ)
		lose(b, "the connection was lost");
}

static void on_ready(struct watch *w, bool readable, bool writable)
{
	struct browser *b = container_of(w, struct browser, watch);

	(void)writable;
	if (b->phase == SHAKING) {
		int done = SSL_do_handshake(b->ssl);

		if (done == 1)
			begin_http(b);
		else if (SSL_get_error(b->ssl, done) == SSL_ERROR_WANT_READ)
			return;
		else
			lose(b, "the handshake failed");
	} else if (readable) {
		take_bytes(b);
	}
	if (b->phase != SHAKING)
		flush(b);
}

static void connect_now(struct browser *b)
{
	struct load *l = b->load;
	const int yes = 1;
	int fd = socket(l->server->ai_family, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, l->server->ai_addr, l->server->ai_addrlen) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		perror("load_h2: connect");
		exit(1);
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if ((b->ssl = SSL_new(l->ctx)) == NULL || SSL_set_fd(b->ssl, fd) != 1)
		abort();
	SSL_set_connect_state(b->ssl);
	watch_init(&b->watch, l->loop, fd, on_ready);
	watch_set(&b->watch, true, false);
	(void)SSL_do_handshake(b->ssl);
}

static void begin_more(struct load *l)
{
	while (l->shaking < AT_A_TIME && l->begun < l->n) {
		struct browser *b = &l->all[l->begun++];

		l->shaking++;
		connect_now(b);
	}
}

static void on_end(struct timer *t)
{
	struct load *l = container_of(t, struct load, end);
	double seconds = figures_since(l->run_ns);
	const struct figures *f = &l->latency;

	figures_sort(&l->latency);
	printf(
	    "{\"phase\":\"answers\",\"connections\":%zu,\"seconds\":%.3f,\"acked\":%zu,"
	    "\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"lost\":%zu}\n",
	    l->n, seconds, f->n, (double)f->n / seconds, figures_ms(f, 500), figures_ms(f, 990),
	    figures_ms(f, 1000), l->lost);
	fflush(stdout);
	loop_stop(l->loop);
}

static void read_slips(struct load *l, const char *file)
{
	struct slip *slips = slips_read(file, &l->n);

	l->all = mem_new_array(l->n, sizeof *l->all);
	for (size_t i = 0; i < l->n; i++)
		l->all[i].slip = slips[i];
	free(slips);
}

static bool find_server(struct load *l, char *where)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char *colon = strrchr(where, ':');

	if (colon == NULL)
		return false;
	snprintf(l->authority, sizeof l->authority, "%s", where);
	snprintf(l->origin, sizeof l->origin, "https://%s", where);
	*colon = '\0';
	return getaddrinfo(where, colon + 1, &hints, &l->server) == 0;
}

static void make_context(struct load *l)
{
	static const unsigned char h2[] = "\x02h2";

	if ((l->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_set_alpn_protos(l->ctx, h2, 3) != 0)
		abort();
	SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				     SSL_MODE_RELEASE_BUFFERS);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"server", required_argument, NULL, 's'},
	    {"slips", required_argument, NULL, 'f'},
	    {"seconds", required_argument, NULL, 't'},
	    {"think", required_argument, NULL, 'k'},
	    {0},
	};
	static struct load l = {.seconds = 60, .think_ms = 30000};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 's' && !find_server(&l, optarg))
			return 2;
		else if (o == 'f')
			read_slips(&l, optarg);
		else if (o == 't')
			l.seconds = strtol(optarg, NULL, 10);
		else if (o == 'k')
			l.think_ms = strtol(optarg, NULL, 10);
		else if (o == '?')
			return 2;
	}
	if (l.n == 0 || l.server == NULL || l.think_ms <= 0 || l.seconds <= 0) {
		fputs("usage: load_h2 --server HOST:PORT --slips FILE [--seconds S] [--think MS]\n",
		      stderr);
		return 2;
	}
	make_context(&l);
	l.loop = loop_new();
	timer_init(&l.end, l.loop, on_end);
	for (size_t i = 0; i < l.n; i++) {
		l.all[i].load = &l;
		timer_init(&l.all[i].think, l.loop, put_answer);
	}
	l.begin_ns = mono_now_ns();
	begin_more(&l);
	loop_run(l.loop);
	_exit(l.status);
}
