/* The front with a fake core and a fake supervisor (this process) and raw TLS clients: the front
 * runs in a child, everything else blocks, with a limit of time on every wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/front/bucket.h"
#include "daemon/front/door.h"
#include "daemon/front/front.h"
#include "daemon/front/leash.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"
#include "proto/stream/tls.h"
#include "proto/wire/channel.h"
#include "proto/wire/frame.h"

#define NUMBER	   0x123456
#define WAIT_MS	   20000 /* no wait of a test that holds takes so long */
#define LONG_MS	   5000	 /* a limit that held has been felt long before */
#define MANY_BYTES (6 * 1024 * 1024)

static const struct front_settings generous = {
    .connections_most = 100,
    .handshake = {10000},
    .first_frame = {10000},
    .frame = {10000},
    .login = {10000},
    .frames_per_second = 1000000,
    .frames_burst = 1000000,
    .client_queue_most = 1024 * 1024,
    .core_queue_most = 4 * 1024 * 1024,
};

static struct {
	pid_t front;
	int leash, core; /* our ends; core -1: none */
	unsigned port;
	int room; /* of the front's sockets, for what is to be sent; 0: the kernel's choice */
	struct buf cert, key;
	struct buf from_front; /* what the core has read */
	SSL_CTX *ctx;
} w;

/* ---- The world ------------------------------------------------------------------------------- */

static void limit_wait(int fd, int ms)
{
	const struct timeval limit = {ms / 1000, ms % 1000 * 1000};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
}

static void give_core(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(leash_send(w.leash, LEASH_CORE_CHANNEL, bytes_of("", 0), pair[1]), ERR_OK);
	close(pair[1]);
	w.core = pair[0];
	limit_wait(w.core, WAIT_MS);
	buf_clear(&w.from_front);
}

static void lose_core(void)
{
	close(w.core);
	w.core = -1;
}

static void front_in_child(const struct front_settings *set, int leash, int listen_fd)
{
	const struct front_start start = {
	    .leash_fd = leash,
	    .listen_fds = &listen_fd,
	    .nlisten = 1,
	    .number = NUMBER,
	    .cert_pem = buf_bytes(&w.cert),
	    .key_pem = buf_bytes(&w.key),
	    .settings = set,
	};

	close(w.leash);
	log_setup("front", LOG_LEVEL_OFF);
	exit(front_main(&start)); /* exit(): its memory is looked at by the leak checker */
}

static void given_front_without_core(const struct front_settings *set)
{
	int leash[2], listen_fd = -1;

	assert_int_equal(leash_pair(leash), ERR_OK);
	assert_int_equal(listen_open("127.0.0.1", 0, &listen_fd), ERR_OK);
	if (w.room > 0) /* who is accepted inherits it */
		assert_int_equal(
		    setsockopt(listen_fd, SOL_SOCKET, SO_SNDBUF, &w.room, sizeof w.room), 0);
	w.port = listen_port(listen_fd);
	w.leash = leash[0];
	w.core = -1;
	fflush(NULL);
	w.front = fork();
	assert_true(w.front >= 0);
	if (w.front == 0)
		front_in_child(set, leash[1], listen_fd);
	close(leash[1]);
	close(listen_fd);
}

static void given_front(const struct front_settings *set)
{
	given_front_without_core(set);
	give_core();
}

/* The front has ended by itself: its status. */
static int front_ends(void)
{
	int status = 0;

	assert_int_equal(waitpid(w.front, &status, 0), w.front);
	w.front = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int world_begins(void **state)
{
	static const char *const names[] = {"localhost"};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (tls_make_self_signed(names, 1, 10, &w.cert, &w.key) != ERR_OK)
		return -1;
	w.ctx = SSL_CTX_new(TLS_client_method());
	return w.ctx == NULL ? -1 : 0;
}

static int world_ends(void **state)
{
	(void)state;
	SSL_CTX_free(w.ctx);
	buf_fini(&w.cert);
	buf_fini(&w.key);
	return 0;
}

/* Its supervisor vanishes: the front must too. */
static int front_goes(void **state)
{
	(void)state;
	if (w.leash >= 0)
		close(w.leash);
	w.leash = -1;
	if (w.front > 0 && front_ends() != 0)
		return -1;
	if (w.core >= 0)
		close(w.core);
	w.core = -1;
	w.room = 0;
	buf_fini(&w.from_front);
	return 0;
}

/* ---- Clients --------------------------------------------------------------------------------- */

struct dialer {
	int fd;
	SSL *ssl;
	struct buf in;
};

static void dial(struct dialer *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w.port)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*c = (struct dialer){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	limit_wait(c->fd, WAIT_MS);
	assert_int_equal(connect(c->fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
}

/* Shakes hands, offering the protocol ALPN (with its length before it); true: it worked. */
static bool shake(struct dialer *c, const char *alpn)
{
	c->ssl = SSL_new(w.ctx);
	if (alpn != NULL)
		SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	SSL_set_fd(c->ssl, c->fd);
	return SSL_connect(c->ssl) == 1;
}

static void call(struct dialer *c)
{
	dial(c);
	assert_true(shake(c, "\x07" ALPN_EXAMD));
}

static void hang_up(struct dialer *c)
{
	SSL_free(c->ssl);
	buf_fini(&c->in);
	close(c->fd);
}

static void say(struct dialer *c, const void *data, size_t len)
{
	assert_int_equal(SSL_write(c->ssl, data, (int)len), (int)len);
}

/* A frame of LEN bytes, all C. */
static void say_frame(struct dialer *c, size_t len, char fill)
{
	uint8_t *frame = mem_new(4 + len);

	u32_write(frame, (uint32_t)len);
	memset(frame + 4, fill, len);
	say(c, frame, 4 + len);
	free(frame);
}

/* More bytes; false at the end. */
static bool hear_more(struct dialer *c)
{
	int n = SSL_read(c->ssl, buf_reserve(&c->in, 16384), 16384);

	if (n <= 0) {
		assert_true(SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ); /* WAIT_MS passed */
		return false;
	}
	buf_added(&c->in, (size_t)n);
	return true;
}

/* The next frame is MESSAGE. */
static void hears(struct dialer *c, const char *message)
{
	struct bytes got;
	enum err err;

	while ((err = frame_peek(&c->in, FRAME_MOST, &got)) == ERR_NOT_FOUND)
		assert_true(hear_more(c));
	assert_int_equal(err, ERR_OK);
	assert_true(bytes_equal(got, bytes_of_text(message)));
	frame_take(&c->in);
}

/* The next frame is a Reply with id 0: its error, and its kind of notice (0: none). */
static uint32_t hears_reply(struct dialer *c, Examd__V1__NoticeKind *notice)
{
	struct arena arena = {0};
	Examd__V1__Reply *reply;
	struct bytes got;
	uint32_t error;
	enum err err;

	while ((err = frame_peek(&c->in, FRAME_MOST, &got)) == ERR_NOT_FOUND)
		assert_true(hear_more(c));
	assert_int_equal(err, ERR_OK);
	assert_int_equal(reply_decode(got, &arena, &reply), ERR_OK);
	assert_int_equal(reply->id, 0);
	error = reply->error;
	assert_true(error == 0 || reply->detail[0] != '\0');
	*notice = reply->body_case == EXAMD__V1__REPLY__BODY_NOTICE ? reply->notice->kind : 0;
	frame_take(&c->in);
	arena_fini(&arena);
	return error;
}

static void hears_error(struct dialer *c, enum err err)
{
	Examd__V1__NoticeKind notice;

	assert_int_equal(hears_reply(c, &notice), err);
}

static void hears_restarted(struct dialer *c)
{
	Examd__V1__NoticeKind notice;

	assert_int_equal(hears_reply(c, &notice), 0);
	assert_int_equal(notice, EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED);
}

static void hears_the_end(struct dialer *c)
{
	while (hear_more(c))
		;
	assert_int_equal(buf_length(&c->in), 0);
}

/* ---- The core -------------------------------------------------------------------------------- */

/* The next message from the front; its payload lives until the next call. */
static struct channel_message core_hears(void)
{
	static struct buf last;
	struct channel_message m;
	enum err err;
	ssize_t n;

	while ((err = channel_peek(&w.from_front, &m)) == ERR_NOT_FOUND) {
		n = read(w.core, buf_reserve(&w.from_front, 65536), 65536);
		assert_true(n > 0);
		buf_added(&w.from_front, (size_t)n);
	}
	assert_int_equal(err, ERR_OK);
	buf_fini(&last);
	buf_put_bytes(&last, m.payload);
	m.payload = buf_bytes(&last);
	channel_take(&w.from_front);
	return m;
}

static struct conn_id core_hears_opened(void)
{
	struct channel_message m = core_hears();

	assert_int_equal(m.kind, CHANNEL_OPENED);
	assert_true(bytes_equal(m.payload, bytes_of("\x01"
						    "127.0.0.1",
						    10)));
	assert_int_equal(m.conn.v >> 40, NUMBER);
	return m.conn;
}

static void core_hears_frame(struct conn_id id, size_t len, char fill)
{
	struct channel_message m = core_hears();
	size_t i;

	assert_int_equal(m.kind, CHANNEL_FRAME);
	assert_int_equal(m.conn.v, id.v);
	assert_int_equal(m.payload.len, len);
	for (i = 0; i < len; i++)
		assert_int_equal(m.payload.data[i], fill);
}

static void core_hears_closed(struct conn_id id)
{
	struct channel_message m = core_hears();

	assert_int_equal(m.kind, CHANNEL_CLOSED);
	assert_int_equal(m.conn.v, id.v);
}

static void core_says(enum channel_kind kind, struct conn_id id, struct bytes payload)
{
	struct buf out = {0};
	struct bytes b;

	channel_put(&out, kind, id, payload);
	for (b = buf_bytes(&out); b.len > 0;) {
		ssize_t n = send(w.core, b.data, b.len, MSG_NOSIGNAL);

		assert_true(n > 0);
		b = bytes_of(b.data + n, b.len - (size_t)n);
	}
	buf_fini(&out);
}

static void core_answers(struct conn_id id, const char *message)
{
	core_says(CHANNEL_FRAME, id, bytes_of_text(message));
}

/* A client that the core knows. */
static struct conn_id given_client(struct dialer *c)
{
	call(c);
	return core_hears_opened();
}

/* ---- Browsers -------------------------------------------------------------------------------- */

#define AUTHORITY     "localhost"
#define BROWSERS_ROOM (1 << 30) /* HTTP/2 holds nothing up: only the sockets do */

struct browser {
	struct dialer line;
	nghttp2_session *h2;
	struct buf notices; /* of its only tab */
	bool over;	    /* the tab's stream has ended as it should */
};

static int on_notices(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data,
		      size_t len, void *user)
{
	struct browser *b = user;

	(void)h2;
	(void)flags;
	(void)id;
	buf_put(&b->notices, data, len);
	return 0;
}

static int on_tab_over(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
	struct browser *b = user;

	(void)h2;
	(void)id;
	b->over = code == NGHTTP2_NO_ERROR;
	return 0;
}

static void browser_says(struct browser *b)
{
	const uint8_t *data;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(b->h2, &data)) > 0)
		say(&b->line, data, (size_t)n);
}

static void ask_for_tab(struct browser *b)
{
	static const char *const head[][2] = {
	    {":method", "POST"},
	    {":scheme", "https"},
	    {":authority", AUTHORITY},
	    {":path", "/examd.v1/open"},
	    {"origin", "https://" AUTHORITY},
	    {"content-type", "application/proto"},
	};
	nghttp2_nv fields[COUNT(head)];

	for (size_t i = 0; i < COUNT(head); i++)
		fields[i] =
		    (nghttp2_nv){(uint8_t *)(uintptr_t)head[i][0], (uint8_t *)(uintptr_t)head[i][1],
				 strlen(head[i][0]), strlen(head[i][1]), NGHTTP2_NV_FLAG_NONE};
	assert_true(nghttp2_submit_request(b->h2, NULL, fields, COUNT(head), NULL, NULL) > 0);
}

/* A browser with a tab that the core knows. */
static struct conn_id given_browser(struct browser *b)
{
	const nghttp2_settings_entry room = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, BROWSERS_ROOM};
	nghttp2_session_callbacks *calls;

	*b = (struct browser){.over = false};
	dial(&b->line);
	assert_true(shake(&b->line, "\x02" ALPN_H2));
	assert_int_equal(nghttp2_session_callbacks_new(&calls), 0);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_notices);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_tab_over);
	assert_int_equal(nghttp2_session_client_new(&b->h2, calls, b), 0);
	nghttp2_session_callbacks_del(calls);
	assert_int_equal(nghttp2_submit_settings(b->h2, NGHTTP2_FLAG_NONE, &room, 1), 0);
	assert_int_equal(
	    nghttp2_session_set_local_window_size(b->h2, NGHTTP2_FLAG_NONE, 0, BROWSERS_ROOM), 0);
	ask_for_tab(b);
	browser_says(b);
	return core_hears_opened();
}

/* All that comes, until the front closes. */
static void browser_hears_all(struct browser *b)
{
	while (hear_more(&b->line)) {
		struct bytes got = buf_bytes(&b->line.in);

		assert_int_equal(nghttp2_session_mem_recv(b->h2, got.data, got.len), got.len);
		buf_clear(&b->line.in);
	}
}

static void browser_leaves(struct browser *b)
{
	hang_up(&b->line);
	nghttp2_session_del(b->h2);
	buf_fini(&b->notices);
}

static int64_t ms_since(struct mono_ms then)
{
	return mono_now().v - then.v;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void messages_go_both_ways_unparsed_and_in_order(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	say_frame(&c, 3, 'a');
	say_frame(&c, 4096, 'b');
	core_hears_frame(id, 3, 'a');
	core_hears_frame(id, 4096, 'b');
	core_answers(id, "first");
	core_answers(id, "second");
	hears(&c, "first");
	hears(&c, "second");
	hang_up(&c);
	core_hears_closed(id);
}

static void connections_have_numbers_that_never_come_twice(void **state)
{
	struct dialer c;
	struct conn_id a, b;

	(void)state;
	given_front(&generous);
	a = given_client(&c);
	hang_up(&c);
	core_hears_closed(a);
	b = given_client(&c);
	assert_true(b.v > a.v);
	hang_up(&c);
	core_hears_closed(b);
}

static void a_final_message_and_close_in_one_segment_arrive_before_the_close(void **state)
{
	struct dialer c;
	struct conn_id id;
	int on = 1;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	say(&c, "\0\0", 2); /* half of a frame's length is there already */
	setsockopt(c.fd, IPPROTO_TCP, 3 /* TCP_CORK */, &on, sizeof on);
	say(&c, "\0\1x", 3);
	SSL_shutdown(c.ssl);
	hang_up(&c);
	core_hears_frame(id, 1, 'x');
	core_hears_closed(id);
}

static void the_core_can_close_a_connection_and_what_it_said_before_arrives(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	core_answers(id, "good bye");
	core_says(CHANNEL_CLOSE, id, bytes_of("", 0));
	core_answers(id, "too late");
	hears(&c, "good bye");
	hears_the_end(&c);
	hang_up(&c);
	core_hears_closed(id);
}

static void what_the_core_says_to_a_client_that_has_left_hurts_nobody(void **state)
{
	struct dialer gone, c;
	struct conn_id gone_id, id;

	(void)state;
	given_front(&generous);
	gone_id = given_client(&gone);
	id = given_client(&c);
	hang_up(&gone);
	core_hears_closed(gone_id);
	core_answers(gone_id, "are you there?");
	core_says(CHANNEL_TRUSTED, gone_id, bytes_of("", 0));
	core_says(CHANNEL_CLOSE, gone_id, bytes_of("", 0));
	core_answers(id, "you are");
	hears(&c, "you are");
	hang_up(&c);
}

static void only_our_protocol_and_http_2_are_spoken(void **state)
{
	struct dialer c;

	(void)state;
	given_front(&generous);
	dial(&c);
	assert_false(shake(&c, "\x08http/1.1"));
	hang_up(&c);
	dial(&c); /* none offered: the handshake may work, but then it is over */
	if (shake(&c, NULL))
		hears_the_end(&c);
	hang_up(&c);
	/* And the next one is served. */
	given_client(&c);
	hang_up(&c);
}

/* ---- Sizes ----------------------------------------------------------------------------------- */

static void a_frame_larger_than_allowed_before_log_in_is_refused(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	say(&c, "\0\0\x10\x01", 4); /* the length alone is enough */
	hears_error(&c, ERR_TOO_LARGE);
	hears_the_end(&c);
	hang_up(&c);
	core_hears_closed(id);
}

static void trust_raises_the_limit_of_a_frame(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	core_says(CHANNEL_TRUSTED, id, bytes_of("", 0));
	core_answers(id, "logged in");
	hears(&c, "logged in");
	say_frame(&c, FRAME_MOST, 'z');
	core_hears_frame(id, FRAME_MOST, 'z');
	say(&c, "\0\1\0\1", 4);
	hears_error(&c, ERR_TOO_LARGE);
	hears_the_end(&c);
	hang_up(&c);
	core_hears_closed(id);
}

static void an_empty_frame_is_refused(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	say(&c, "\0\0\0\0", 4);
	hears_error(&c, ERR_TOO_LARGE);
	hang_up(&c);
	core_hears_closed(id);
}

/* ---- Times ----------------------------------------------------------------------------------- */

static void a_handshake_that_does_not_end_is_cut(void **state)
{
	struct front_settings set = generous;
	struct mono_ms then = mono_now();
	struct dialer c;
	char byte;

	(void)state;
	set.handshake = (struct millis){200};
	given_front(&set);
	dial(&c);
	assert_int_equal(send(c.fd, "\x16\x03\x01", 3, 0), 3);
	assert_true(recv(c.fd, &byte, 1, 0) <= 0);
	assert_in_range(ms_since(then), 200, LONG_MS);
	hang_up(&c);
}

static void who_says_nothing_after_the_handshake_is_told_and_closed(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;

	(void)state;
	set.first_frame = (struct millis){150};
	given_front(&set);
	id = given_client(&c);
	hears_error(&c, ERR_TIMEOUT);
	hears_the_end(&c);
	hang_up(&c);
	core_hears_closed(id);
}

/* A byte every 10 ms, for as long as the other side listens. */
static void drip(struct dialer *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	say(c, "\0\0\x0f\xff", 4);
	while (poll(&p, 1, 10) == 0)
		say(c, "d", 1);
}

static void a_dripping_body_does_not_move_its_limit(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;
	struct mono_ms then;

	(void)state;
	set.frame = (struct millis){300};
	given_front(&set);
	id = given_client(&c);
	say_frame(&c, 1, 'a');
	core_hears_frame(id, 1, 'a');
	then = mono_now();
	drip(&c);
	/* 4095 bytes would have taken 41 s. */
	assert_in_range(ms_since(then), 300, LONG_MS);
	hears_error(&c, ERR_TIMEOUT);
	hang_up(&c);
	core_hears_closed(id);
}

static void the_first_frame_has_one_limit_however_it_drips(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct mono_ms then;

	(void)state;
	set.first_frame = (struct millis){300};
	given_front(&set);
	given_client(&c);
	then = mono_now();
	drip(&c);
	assert_in_range(ms_since(then), 290, LONG_MS);
	hears_error(&c, ERR_TIMEOUT);
	hang_up(&c);
}

static void who_does_not_log_in_is_closed_however_much_it_says(void **state)
{
	struct front_settings set = generous;
	struct dialer c, good;
	struct conn_id id, good_id;
	struct pollfd p;
	struct mono_ms then;

	(void)state;
	set.login = (struct millis){1000};
	given_front(&set);
	good_id = given_client(&good);
	core_says(CHANNEL_TRUSTED, good_id, bytes_of("", 0));
	id = given_client(&c);
	p = (struct pollfd){.fd = c.fd, .events = POLLIN};
	then = mono_now();
	do {
		say_frame(&c, 1, 'a');
		core_hears_frame(id, 1, 'a');
	} while (poll(&p, 1, 20) == 0);
	assert_in_range(ms_since(then), 990, LONG_MS);
	hears_error(&c, ERR_TIMEOUT);
	hears_the_end(&c);
	hang_up(&c);
	core_hears_closed(id);
	/* The one that had logged in before is still served. */
	say_frame(&good, 5, 'g');
	core_hears_frame(good_id, 5, 'g');
	hang_up(&good);
}

/* ---- Rates and queues ------------------------------------------------------------------------ */

static void frames_above_the_rate_wait_and_none_is_lost(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;
	struct mono_ms then;
	int i;

	(void)state;
	set.frames_per_second = 100;
	set.frames_burst = 20;
	given_front(&set);
	id = given_client(&c);
	then = mono_now();
	for (i = 0; i < 70; i++)
		say_frame(&c, 10, (char)('0' + i % 10));
	for (i = 0; i < 70; i++)
		core_hears_frame(id, 10, (char)('0' + i % 10));
	/* 20 at once, 50 at 100 a second. */
	assert_in_range(ms_since(then), 490, LONG_MS);
	hang_up(&c);
	core_hears_closed(id);
}

static void the_wait_for_the_rate_is_not_the_client_s_doing(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;
	int i;

	(void)state;
	set.frames_per_second = 5;
	set.frames_burst = 1;
	set.frame = (struct millis){100};
	given_front(&set);
	id = given_client(&c);
	for (i = 0; i < 4; i++)
		say_frame(&c, 10, (char)('0' + i));
	for (i = 0; i < 4; i++)
		core_hears_frame(id, 10, (char)('0' + i));
	core_answers(id, "all four");
	hears(&c, "all four");
	hang_up(&c);
}

static void what_waits_for_the_rate_counts_though_its_client_has_left(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;
	int i;

	(void)state;
	set.frames_per_second = 5;
	set.frames_burst = 2;
	given_front(&set);
	id = given_client(&c);
	for (i = 0; i < 6; i++)
		say_frame(&c, 2, (char)('0' + i));
	SSL_shutdown(c.ssl);
	hang_up(&c);
	for (i = 0; i < 6; i++)
		core_hears_frame(id, 2, (char)('0' + i));
	core_hears_closed(id);
}

static void who_does_not_read_is_closed_and_others_are_served(void **state)
{
	struct dialer slow, c;
	struct conn_id slow_id, id;
	uint8_t *large = mem_new(60000);
	size_t sum;

	(void)state;
	given_front(&generous);
	slow_id = given_client(&slow);
	id = given_client(&c);
	for (sum = 0; sum < 4u * MANY_BYTES; sum += 60000)
		core_says(CHANNEL_FRAME, slow_id, bytes_of(large, 60000));
	core_hears_closed(slow_id);
	core_answers(id, "still here");
	hears(&c, "still here");
	hang_up(&slow);
	hang_up(&c);
	free(large);
}

/* Writes frames until the other side takes no more for a while; how many bytes it took. */
static size_t fill(struct dialer *c)
{
	uint8_t *frame = mem_new(4 + 60000);
	size_t sum = 0;

	limit_wait(c->fd, 1500);
	u32_write(frame, 60000);
	while (sum < 16u * MANY_BYTES && SSL_write(c->ssl, frame, 4 + 60000) > 0)
		sum += 4 + 60000;
	limit_wait(c->fd, WAIT_MS);
	free(frame);
	return sum;
}

static void a_core_that_does_not_keep_up_stops_the_reading_of_clients(void **state)
{
	struct dialer c;
	struct conn_id id;
	size_t took, i;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	core_says(CHANNEL_TRUSTED, id, bytes_of("", 0));
	core_answers(id, "go");
	hears(&c, "go");
	took = fill(&c);
	/* More than the queue, less than no limit: sockets hold a few MiB on top. */
	assert_in_range(took, generous.core_queue_most, 8 * generous.core_queue_most);
	for (i = 0; i < took / (4 + 60000); i++)
		core_hears_frame(id, 60000, 0);
	core_answers(id, "went on");
	hears(&c, "went on");
	hang_up(&c);
}

/* ---- How many -------------------------------------------------------------------------------- */

static void one_connection_too_many_is_told_so_and_a_place_that_is_left_is_taken(void **state)
{
	struct front_settings set = generous;
	struct dialer a, b, late;
	struct conn_id a_id, b_id;

	(void)state;
	set.connections_most = 2;
	given_front(&set);
	a_id = given_client(&a);
	b_id = given_client(&b);
	call(&late);
	hears_error(&late, ERR_TOO_MANY);
	hears_the_end(&late);
	hang_up(&late);
	hang_up(&a);
	core_hears_closed(a_id); /* and nothing was heard of the late one */
	a_id = given_client(&a);
	say_frame(&b, 1, 'b');
	core_hears_frame(b_id, 1, 'b');
	hang_up(&a);
	hang_up(&b);
}

static void one_address_can_have_a_limit_of_its_own(void **state)
{
	struct front_settings set = generous;
	struct dialer a, late;

	(void)state;
	set.connections_per_address = 1;
	given_front(&set);
	given_client(&a);
	call(&late);
	hears_error(&late, ERR_TOO_MANY);
	hang_up(&late);
	hang_up(&a);
}

/* More than the front tells so at once: the listener rests, nobody is dropped, and it goes on. */
static void a_crowd_at_a_full_door_is_told_one_after_another(void **state)
{
	enum { CROWD = 80 };
	struct front_settings set = generous;
	struct dialer in, crowd[CROWD];
	struct conn_id id;
	int i;

	(void)state;
	set.connections_most = 1;
	given_front(&set);
	id = given_client(&in);
	for (i = 0; i < CROWD; i++)
		dial(&crowd[i]);
	/* The last one has to wait for those before it ... */
	limit_wait(crowd[CROWD - 1].fd, 200);
	assert_false(shake(&crowd[CROWD - 1], "\x07" ALPN_EXAMD));
	limit_wait(crowd[CROWD - 1].fd, WAIT_MS);
	/* ... and gets its turn. */
	for (i = 0; i < CROWD - 1; i++) {
		assert_true(shake(&crowd[i], "\x07" ALPN_EXAMD));
		hears_error(&crowd[i], ERR_TOO_MANY);
		hang_up(&crowd[i]);
	}
	assert_int_equal(SSL_connect(crowd[i].ssl), 1);
	hears_error(&crowd[i], ERR_TOO_MANY);
	hang_up(&crowd[i]);
	hang_up(&in);
	core_hears_closed(id);
	given_client(&in);
	hang_up(&in);
}

static void the_door_counts_addresses_apart(void **state)
{
	struct door d;

	(void)state;
	door_init(&d, 3, 2);
	assert_int_equal(door_enter(&d, "10.0.0.1"), ERR_OK);
	assert_int_equal(door_enter(&d, "10.0.0.1"), ERR_OK);
	assert_int_equal(door_enter(&d, "10.0.0.1"), ERR_TOO_MANY);
	assert_int_equal(door_enter(&d, "::1"), ERR_OK);
	assert_int_equal(door_enter(&d, "::2"), ERR_TOO_MANY);
	door_leave(&d, "10.0.0.1");
	assert_int_equal(door_enter(&d, "::2"), ERR_OK);
	door_leave(&d, "10.0.0.1");
	door_leave(&d, "::1");
	door_leave(&d, "::2");
	assert_null(d.addresses);
	door_fini(&d);
}

static void a_bucket_gives_its_burst_then_its_rate_and_loses_nothing_to_rounding(void **state)
{
	struct bucket b = bucket_full(3, (struct mono_ms){1000});
	int64_t t, taken = 0;

	(void)state;
	for (t = 1000; t <= 11000; t++)
		while (bucket_take(&b, 7, 3, (struct mono_ms){t}))
			taken++;
	assert_int_equal(taken, 3 + 70);
	assert_true(bucket_wait(&b, 7).v > 0);
	t = 11000 + bucket_wait(&b, 7).v;
	assert_false(bucket_take(&b, 7, 3, (struct mono_ms){t - 1}));
	assert_true(bucket_take(&b, 7, 3, (struct mono_ms){t}));
	/* A day of silence is no more than the burst, and no overflow. */
	assert_true(bucket_take(&b, 1000000, 1000000, (struct mono_ms){t + 86400000000}));
	assert_in_range(b.thousandths, 0, 1000000000);
}

/* ---- The core's death ------------------------------------------------------------------------ */

static void a_dead_core_s_last_replies_arrive_before_the_notice_of_the_restart(void **state)
{
	struct dialer a, b;
	struct conn_id a_id, b_id, x, y;

	(void)state;
	given_front(&generous);
	a_id = given_client(&a);
	b_id = given_client(&b);
	say_frame(&a, 9, 'q');
	core_hears_frame(a_id, 9, 'q');
	core_answers(a_id, "saved");
	core_answers(b_id, "saved, too");
	lose_core();
	give_core();
	/* Everybody is introduced, under the same numbers. */
	x = core_hears_opened();
	y = core_hears_opened();
	assert_true((x.v == a_id.v && y.v == b_id.v) || (x.v == b_id.v && y.v == a_id.v));
	hears(&a, "saved");
	hears_restarted(&a);
	hears(&b, "saved, too");
	hears_restarted(&b);
	say_frame(&a, 2, 'h');
	core_hears_frame(a_id, 2, 'h');
	core_answers(a_id, "welcome back");
	hears(&a, "welcome back");
	hang_up(&a);
	hang_up(&b);
}

static void a_new_channel_that_comes_first_waits_for_the_old_one_s_end(void **state)
{
	struct dialer c;
	struct conn_id id;
	int old;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	old = w.core;
	give_core();
	/* The old core still speaks, and is still spoken to. */
	assert_true(send(old, "\0\0\0\x0c\x02", 5, MSG_NOSIGNAL) == 5);
	{
		uint8_t rest[11];

		u64_write(rest, id.v);
		memcpy(rest + 8, "old", 3);
		assert_true(send(old, rest, 11, MSG_NOSIGNAL) == 11);
	}
	close(old);
	assert_int_equal(core_hears_opened().v, id.v);
	hears(&c, "old");
	hears_restarted(&c);
	hang_up(&c);
}

static void who_connects_while_there_is_no_core_is_kept_and_told_nothing_of_a_restart(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;

	(void)state;
	set.first_frame = set.login = (struct millis){1000};
	given_front_without_core(&set);
	call(&c);
	say_frame(&c, 6, 'e');
	/* Longer than the limits of a client that is read: the wait is not its doing. */
	assert_int_equal(poll(&(struct pollfd){.fd = c.fd, .events = POLLIN}, 1, 1200), 0);
	give_core();
	id = core_hears_opened();
	core_hears_frame(id, 6, 'e');
	core_says(CHANNEL_TRUSTED, id, bytes_of("", 0));
	core_answers(id, "served");
	hears(&c, "served");
	hang_up(&c);
}

static void requests_that_waited_for_the_old_core_are_forgotten(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;
	int i;

	(void)state;
	set.frames_per_second = 1; /* the second frame waits in the front */
	set.frames_burst = 1;
	given_front(&set);
	id = given_client(&c);
	{
		uint8_t all[4 * 5 + 2];

		for (i = 0; i < 4; i++) {
			u32_write(all + i * 5, 1);
			all[i * 5 + 4] = (uint8_t)('0' + i);
		}
		memcpy(all + 20, "\0\0", 2); /* and the next one has begun */
		say(&c, all, sizeof all);
	}
	core_hears_frame(id, 1, '0');
	lose_core();
	give_core();
	assert_int_equal(core_hears_opened().v, id.v);
	hears_restarted(&c);
	say(&c, "\0\1n", 3);
	core_hears_frame(id, 1, 'n');
	hang_up(&c);
	core_hears_closed(id);
}

static void a_new_core_must_trust_anew_but_a_large_frame_under_way_costs_nothing(void **state)
{
	struct front_settings set = generous;
	struct dialer c;
	struct conn_id id;

	(void)state;
	set.login = (struct millis){1000};
	given_front(&set);
	id = given_client(&c);
	core_says(CHANNEL_TRUSTED, id, bytes_of("", 0));
	core_answers(id, "in");
	hears(&c, "in");
	lose_core();
	give_core();
	assert_int_equal(core_hears_opened().v, id.v);
	hears_restarted(&c);
	say_frame(&c, 40000, 'u');
	core_hears_frame(id, 40000, 'u');
	/* It does not say who it is: the time to log in has begun anew. */
	hears_error(&c, ERR_TIMEOUT);
	hang_up(&c);
	core_hears_closed(id);
}

static void
who_says_nothing_to_a_new_core_is_closed_like_who_says_nothing_to_the_first(void **state)
{
	struct front_settings set = generous;
	struct dialer old, c;
	struct conn_id id;

	(void)state;
	set.first_frame = set.login = (struct millis){1000};
	given_front(&set);
	id = given_client(&old);
	core_says(CHANNEL_TRUSTED, id, bytes_of("", 0));
	say_frame(&old, 1, 'o');
	core_hears_frame(id, 1, 'o');
	lose_core();
	call(&c);
	give_core();
	core_hears_opened();
	core_hears_opened();
	hears_restarted(&old);
	hears_error(&old, ERR_TIMEOUT);
	hears_error(&c, ERR_TIMEOUT);
	hang_up(&old);
	hang_up(&c);
}

static void a_new_core_hears_nothing_of_those_that_the_old_one_closed(void **state)
{
	struct dialer c, next;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	core_says(CHANNEL_CLOSE, id, bytes_of("", 0));
	hears_the_end(&c); /* and keeps its own end open */
	lose_core();
	give_core();
	hang_up(&c);
	given_client(&next);
	hang_up(&next);
}

static void a_core_that_talks_nonsense_ends_the_front_to_be_started_again(void **state)
{
	(void)state;
	given_front(&generous);
	assert_int_equal(send(w.core, "\xff\xff\xff\xff\xff", 5, MSG_NOSIGNAL), 5);
	assert_int_equal(front_ends(), FRONT_RESTART);
}

/* ---- The supervisor -------------------------------------------------------------------------- */

static void a_front_whose_supervisor_is_gone_ends_at_once_under_its_clients(void **state)
{
	struct dialer c;

	(void)state;
	given_front(&generous);
	given_client(&c);
	close(w.leash);
	w.leash = -1;
	assert_int_equal(front_ends(), 0);
	hears_the_end(&c);
	hang_up(&c);
}

static void a_front_that_is_stopped_lets_out_what_the_core_still_says(void **state)
{
	struct dialer c;
	struct conn_id id;

	(void)state;
	given_front(&generous);
	id = given_client(&c);
	assert_int_equal(leash_send(w.leash, LEASH_STOP, bytes_of("", 0), -1), ERR_OK);
	core_answers(id, "the last word");
	lose_core();
	hears(&c, "the last word");
	hears_the_end(&c);
	hang_up(&c);
	assert_int_equal(front_ends(), 0);
}

#define NOTICES	   12
#define NOTICE_LEN 60000

static void core_notices(struct conn_id id, char fill)
{
	char *notice = mem_new(NOTICE_LEN);

	memset(notice, fill, NOTICE_LEN);
	core_says(CHANNEL_FRAME, id, bytes_of(notice, NOTICE_LEN));
	free(notice);
}

static void hears_notice(struct browser *b, char fill)
{
	struct bytes got;

	assert_int_equal(frame_peek(&b->notices, FRAME_MOST, &got), ERR_OK);
	assert_int_equal(got.len, NOTICE_LEN);
	for (size_t i = 0; i < got.len; i++)
		assert_int_equal(got.data[i], fill);
	frame_take(&b->notices);
}

/* More than the sockets hold: the front stops with a record half written. */
static void a_stopped_front_lets_out_whole_what_a_browser_reads_slowly(void **state)
{
	struct dialer c;
	struct browser b;
	struct conn_id id;

	(void)state;
	w.room = 64 * 1024;
	given_front(&generous);
	id = given_browser(&b);
	given_client(&c);
	for (int i = 0; i < NOTICES; i++)
		core_notices(id, (char)('a' + i));
	assert_int_equal(leash_send(w.leash, LEASH_STOP, bytes_of("", 0), -1), ERR_OK);
	lose_core();
	hears_the_end(&c); /* everybody's connection is being closed */
	browser_hears_all(&b);
	for (int i = 0; i < NOTICES; i++)
		hears_notice(&b, (char)('a' + i));
	assert_int_equal(buf_length(&b.notices), 0);
	assert_true(b.over);
	browser_leaves(&b);
	hang_up(&c);
	assert_int_equal(front_ends(), 0);
}

static void a_stopped_front_does_not_wait_for_a_core_that_never_ends(void **state)
{
	struct mono_ms then = mono_now();
	struct dialer c;

	(void)state;
	given_front(&generous);
	given_client(&c);
	assert_int_equal(leash_send(w.leash, LEASH_STOP, bytes_of("", 0), -1), ERR_OK);
	assert_int_equal(front_ends(), 0);
	assert_in_range(ms_since(then), 500, 5000);
	hang_up(&c);
}

static struct digest pin_shown(struct dialer *c)
{
	X509 *cert = SSL_get1_peer_certificate(c->ssl);
	BIO *bio = BIO_new(BIO_s_mem());
	struct digest pin;
	char *pem;
	long len;

	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	len = BIO_get_mem_data(bio, &pem);
	assert_int_equal(tls_pin_of_pem(bytes_of(pem, (size_t)len), &pin), ERR_OK);
	BIO_free(bio);
	X509_free(cert);
	return pin;
}

static void new_keys_are_for_new_connections_and_bad_ones_for_nobody(void **state)
{
	static const char *const names[] = {"renewed"};
	struct buf cert = {0}, key = {0}, payload = {0};
	struct digest pin, first_pin, new_pin;
	struct dialer old, c;
	struct conn_id old_id;

	(void)state;
	given_front(&generous);
	old_id = given_client(&old);
	first_pin = pin_shown(&old);
	assert_int_equal(tls_make_self_signed(names, 1, 10, &cert, &key), ERR_OK);
	assert_int_equal(tls_pin_of_pem(buf_bytes(&cert), &new_pin), ERR_OK);
	/* The old certificate with the new key does not fit. */
	leash_keys_put(&payload, buf_bytes(&w.cert), buf_bytes(&key));
	assert_int_equal(leash_send(w.leash, LEASH_KEYS, buf_bytes(&payload), -1), ERR_OK);
	lose_core(); /* messages of the leash are in order: the front is at the next one when it ...
		      */
	give_core(); /* ... introduces its clients */
	core_hears_opened();
	given_client(&c);
	pin = pin_shown(&c);
	assert_true(digest_equal(&pin, &first_pin));
	hang_up(&c);
	core_hears();

	buf_clear(&payload);
	leash_keys_put(&payload, buf_bytes(&cert), buf_bytes(&key));
	assert_int_equal(leash_send(w.leash, LEASH_KEYS, buf_bytes(&payload), -1), ERR_OK);
	lose_core();
	give_core();
	core_hears_opened();
	given_client(&c);
	pin = pin_shown(&c);
	assert_true(digest_equal(&pin, &new_pin));
	hears_restarted(&old);
	hears_restarted(&old);
	say_frame(&old, 1, 'o');
	core_hears_frame(old_id, 1, 'o');
	hang_up(&c);
	hang_up(&old);
	buf_fini(&cert);
	buf_fini(&key);
	buf_fini(&payload);
}

static void give_settings(const struct front_settings *set)
{
	const struct leash_settings all = {.front = *set, .log_level = LOG_LEVEL_OFF};
	struct buf payload = {0};

	leash_settings_put(&payload, &all);
	assert_int_equal(leash_send(w.leash, LEASH_SETTINGS, buf_bytes(&payload), -1), ERR_OK);
	buf_fini(&payload);
	lose_core(); /* the front is at the next message of the leash when it ... */
	give_core();
}

static void new_limits_hold_for_those_to_come_and_those_who_are_in_stay(void **state)
{
	struct front_settings set = generous;
	struct dialer a, b, late;
	struct conn_id b_id;

	(void)state;
	given_front(&generous);
	given_client(&a);
	b_id = given_client(&b);
	set.connections_most = 1;
	give_settings(&set);
	core_hears_opened(); /* ... introduces its clients */
	core_hears_opened();
	call(&late);
	hears_error(&late, ERR_TOO_MANY);
	hang_up(&late);
	hears_restarted(&b);
	say_frame(&b, 1, 'b');
	core_hears_frame(b_id, 1, 'b');
	set.connections_most = 3;
	give_settings(&set);
	core_hears_opened();
	core_hears_opened();
	given_client(&late);
	hang_up(&late);
	hang_up(&a);
	hang_up(&b);
}

/* What the front calls to give memory back: it tells the test. */
static int trims[2] = {-1, -1};
int __wrap_malloc_trim(size_t pad);
int __wrap_malloc_trim(size_t pad)
{
	return write(trims[1], pad == 0 ? "0" : "?", 1) == 1;
}

static void memory_is_given_back_when_a_crowd_has_passed_and_nobody_talks(void **state)
{
	enum { CROWD = 50 };
	struct pollfd told;
	struct conn_id id;
	struct dialer c;
	char byte = 0;
	int i;

	(void)state;
	assert_int_equal(pipe2(trims, O_NONBLOCK | O_CLOEXEC), 0);
	given_front(&generous);
	for (i = 0; i < CROWD; i++) {
		id = given_client(&c);
		assert_int_equal(read(trims[0], &byte, 1), -1); /* not while they come and go */
		hang_up(&c);
		core_hears_closed(id);
	}
	told = (struct pollfd){.fd = trims[0], .events = POLLIN};
	id = given_client(&c);
	for (i = 0; i < 25; i++) { /* somebody talks, for longer than two looks */
		int frame;

		for (frame = 0; frame < 200; frame++) {
			say_frame(&c, 1, 't');
			core_hears_frame(id, 1, 't');
		}
		assert_int_equal(poll(&told, 1, 100), 0);
	}
	hang_up(&c);
	core_hears_closed(id);
	assert_int_equal(poll(&told, 1, WAIT_MS), 1);
	assert_int_equal(read(trims[0], &byte, 1), 1);
	assert_int_equal(byte, '0');
	close(trims[0]);
	close(trims[1]);
}

#define front_test(f) cmocka_unit_test_teardown(f, front_goes)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    front_test(messages_go_both_ways_unparsed_and_in_order),
	    front_test(connections_have_numbers_that_never_come_twice),
	    front_test(a_final_message_and_close_in_one_segment_arrive_before_the_close),
	    front_test(the_core_can_close_a_connection_and_what_it_said_before_arrives),
	    front_test(what_the_core_says_to_a_client_that_has_left_hurts_nobody),
	    front_test(only_our_protocol_and_http_2_are_spoken),
	    front_test(a_frame_larger_than_allowed_before_log_in_is_refused),
	    front_test(trust_raises_the_limit_of_a_frame),
	    front_test(an_empty_frame_is_refused),
	    front_test(a_handshake_that_does_not_end_is_cut),
	    front_test(who_says_nothing_after_the_handshake_is_told_and_closed),
	    front_test(a_dripping_body_does_not_move_its_limit),
	    front_test(the_first_frame_has_one_limit_however_it_drips),
	    front_test(who_does_not_log_in_is_closed_however_much_it_says),
	    front_test(frames_above_the_rate_wait_and_none_is_lost),
	    front_test(the_wait_for_the_rate_is_not_the_client_s_doing),
	    front_test(what_waits_for_the_rate_counts_though_its_client_has_left),
	    front_test(who_does_not_read_is_closed_and_others_are_served),
	    front_test(a_core_that_does_not_keep_up_stops_the_reading_of_clients),
	    front_test(one_connection_too_many_is_told_so_and_a_place_that_is_left_is_taken),
	    front_test(one_address_can_have_a_limit_of_its_own),
	    front_test(a_crowd_at_a_full_door_is_told_one_after_another),
	    cmocka_unit_test(the_door_counts_addresses_apart),
	    cmocka_unit_test(a_bucket_gives_its_burst_then_its_rate_and_loses_nothing_to_rounding),
	    front_test(a_dead_core_s_last_replies_arrive_before_the_notice_of_the_restart),
	    front_test(a_new_channel_that_comes_first_waits_for_the_old_one_s_end),
	    front_test(who_connects_while_there_is_no_core_is_kept_and_told_nothing_of_a_restart),
	    front_test(requests_that_waited_for_the_old_core_are_forgotten),
	    front_test(a_new_core_must_trust_anew_but_a_large_frame_under_way_costs_nothing),
	    front_test(who_says_nothing_to_a_new_core_is_closed_like_who_says_nothing_to_the_first),
	    front_test(a_new_core_hears_nothing_of_those_that_the_old_one_closed),
	    front_test(a_core_that_talks_nonsense_ends_the_front_to_be_started_again),
	    front_test(a_front_whose_supervisor_is_gone_ends_at_once_under_its_clients),
	    front_test(a_front_that_is_stopped_lets_out_what_the_core_still_says),
	    front_test(a_stopped_front_lets_out_whole_what_a_browser_reads_slowly),
	    front_test(a_stopped_front_does_not_wait_for_a_core_that_never_ends),
	    front_test(new_keys_are_for_new_connections_and_bad_ones_for_nobody),
	    front_test(new_limits_hold_for_those_to_come_and_those_who_are_in_stay),
	    front_test(memory_is_given_back_when_a_crowd_has_passed_and_nobody_talks),
	};

	return cmocka_run_group_tests_name("front", tests, world_begins, world_ends);
}
