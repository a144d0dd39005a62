/* The rules of connections: nothing that came is lost, every limit is absolute, nobody is trusted
 * by accident.
 *
 * Both ends live in one loop.  A peer that misbehaves is a bare socket or OpenSSL in a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"

#define RULE(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
#define GUARD	   SECONDS(30) /* a test that takes this long has failed */

/* ---- One end of a connection, which notes what it is told ------------------------------------ */

struct end {
	struct conn_user user;
	struct conn *conn;
	struct loop *loop;
	struct buf got;	     /* what was offered, taken at once */
	size_t want;	     /* stop the loop when as much has come */
	size_t offers, most; /* calls of on_data(), and the most bytes in one */
	int ready, closed;
	enum conn_end why;
	bool echo, leave; /* write back; leave input in the buffer */
	bool free_on_ready, free_on_data, free_on_closed, pause_on_data, stop_on_ready;
	bool close_on_data;
	size_t left; /* in the buffer at the last offer */
};

static void on_ready(struct conn_user *u)
{
	struct end *e = container_of(u, struct end, user);

	e->ready++;
	if (e->free_on_ready)
		conn_free(e->conn);
	if (e->stop_on_ready || e->free_on_ready)
		loop_stop(e->loop);
}

static void on_data(struct conn_user *u, struct buf *in)
{
	struct end *e = container_of(u, struct end, user);

	e->offers++;
	e->left = buf_length(in);
	if (e->left > e->most)
		e->most = e->left;
	if (e->echo)
		conn_write(e->conn, buf_bytes(in).data, buf_length(in));
	if (e->pause_on_data)
		conn_pause_reading(e->conn, true);
	if (e->close_on_data)
		conn_close_soon(e->conn, SECONDS(10));
	if (e->free_on_data) {
		conn_free(e->conn);
		loop_stop(e->loop);
	}
	if (!e->leave) {
		buf_put_bytes(&e->got, buf_bytes(in));
		buf_take(in, buf_length(in));
	}
	if (e->pause_on_data || (e->want > 0 && buf_length(&e->got) >= e->want))
		loop_stop(e->loop);
}

static void on_closed(struct conn_user *u, enum conn_end why)
{
	struct end *e = container_of(u, struct end, user);

	e->closed++;
	e->why = why;
	if (e->free_on_closed)
		conn_free(e->conn);
	e->conn = NULL;
	loop_stop(e->loop);
}

static void end_init(struct end *e, struct loop *loop)
{
	*e = (struct end){.user = {on_ready, on_data, on_closed}, .loop = loop};
}

static void end_fini(struct end *e)
{
	conn_free(e->conn);
	buf_fini(&e->got);
}

/* ---- The room: a loop, a certificate, a listener --------------------------------------------- */

struct room {
	struct loop *loop;
	struct timer guard;
	bool timed_out;
	struct buf cert, key;
	struct digest pin;
	struct tls *server_tls;
	struct listener *listener;
	struct listener_user accepts;
	unsigned port;
	struct end *next;	/* takes the next connection */
	int accepted;		/* the last one's descriptor, which it owns */
	struct tls *accept_tls; /* NULL: plain */
	struct millis handshake;
};

static void on_guard(struct timer *t)
{
	struct room *r = container_of(t, struct room, guard);

	r->timed_out = true;
	loop_stop(r->loop);
}

static void on_accept(struct listener_user *u, int fd)
{
	struct room *r = container_of(u, struct room, accepts);

	assert_non_null(r->next);
	r->accepted = fd;
	r->next->conn = conn_accept(r->loop, fd, r->accept_tls, r->handshake, &r->next->user);
	r->next = NULL;
}

static void room_run(struct room *r)
{
	timer_set(&r->guard, GUARD);
	loop_run(r->loop);
	timer_stop(&r->guard);
	assert_false(r->timed_out);
}

static int room_setup(void **state)
{
	static const char *const names[] = {"exam.test", "localhost", "127.0.0.1"};
	struct room *r = mem_new(sizeof *r);
	int fd;

	r->loop = loop_new();
	timer_init(&r->guard, r->loop, on_guard);
	assert_int_equal(ERR_OK, tls_make_self_signed(names, COUNT(names), 30, &r->cert, &r->key));
	assert_int_equal(ERR_OK, tls_pin_of_pem(buf_bytes(&r->cert), &r->pin));
	assert_int_equal(
	    ERR_OK, tls_server_new(&r->server_tls, buf_bytes(&r->cert), buf_bytes(&r->key), NULL));
	r->accept_tls = r->server_tls;
	r->handshake = SECONDS(10);
	assert_int_equal(ERR_OK, listen_open("127.0.0.1", 0, &fd));
	r->port = listen_port(fd);
	r->accepts.on_accept = on_accept;
	r->listener = listener_new(r->loop, fd, &r->accepts);
	*state = r;
	return 0;
}

static int room_teardown(void **state)
{
	struct room *r = *state;

	listener_free(r->listener);
	timer_fini(&r->guard);
	tls_free(r->server_tls);
	loop_free(r->loop);
	buf_fini(&r->cert);
	buf_fini(&r->key);
	free(r);
	return 0;
}

static struct tls *client_by_pin(const struct room *r)
{
	struct tls *tls;

	assert_int_equal(ERR_OK, tls_client_new(&tls, &(struct tls_trust){.pin = &r->pin}, NULL));
	return tls;
}

/* Two plain ends of one socketpair. */
static void pair_open(struct room *r, struct end *a, struct end *b)
{
	int fd[2];

	end_init(a, r->loop);
	end_init(b, r->loop);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	a->conn = conn_accept(r->loop, fd[0], NULL, SECONDS(1), &a->user);
	b->conn = conn_accept(r->loop, fd[1], NULL, SECONDS(1), &b->user);
}

/* A client and a server over loopback TLS, not yet shaken hands. */
static void tls_open(struct room *r, struct end *client, struct end *server)
{
	struct tls *tls = client_by_pin(r);

	end_init(client, r->loop);
	end_init(server, r->loop);
	r->next = server;
	assert_int_equal(ERR_OK, conn_connect(&client->conn, r->loop, "127.0.0.1", r->port, tls,
					      SECONDS(10), &client->user));
	tls_free(tls);
}

/* ---- Bytes both ways --------------------------------------------------------------------------
 */

static void plain_connections_carry_bytes_both_ways(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	b.echo = true;
	a.want = 5;
	conn_write(a.conn, "hello", 5);
	room_run(r);
	assert_int_equal(1, a.ready);
	assert_int_equal(1, b.ready);
	assert_memory_equal("hello", buf_bytes(&a.got).data, 5);
	assert_string_equal("", conn_peer(a.conn));
	end_fini(&a);
	end_fini(&b);
}

static void ten_thousand_messages_are_echoed_over_tls(void **state)
{
	struct room *r = *state;
	struct end client, server;
	uint32_t i;

	tls_open(r, &client, &server);
	server.echo = true;
	for (i = 0; i < 10000; i++) {
		uint8_t m[100] = {0};

		u32_write(m, i);
		conn_write(client.conn, m, sizeof m);
	}
	client.want = 1000000;
	room_run(r);
	assert_int_equal(1000000, buf_length(&client.got));
	for (i = 0; i < 10000; i++)
		assert_int_equal(i, u32_read(buf_bytes(&client.got).data + 100 * i));
	assert_int_equal(1, client.ready);
	assert_int_equal(1, server.ready);
	assert_string_equal("127.0.0.1", conn_peer(server.conn));
	end_fini(&client);
	end_fini(&server);
}

/* Runs the loop for LENGTH. */
struct pause {
	struct timer timer;
	struct loop *loop;
};

static void on_pause_over(struct timer *t)
{
	loop_stop(container_of(t, struct pause, timer)->loop);
}

static void run_for(struct room *r, struct millis length)
{
	struct pause p = {.loop = r->loop};

	timer_init(&p.timer, r->loop, on_pause_over);
	timer_set(&p.timer, length);
	while (timer_is_set(&p.timer))
		room_run(r);
	timer_fini(&p.timer);
}

static void run_until_closed(struct room *r, struct end *e)
{
	while (e->closed == 0)
		room_run(r);
}

static void run_until_ready(struct room *r, struct end *e)
{
	e->stop_on_ready = true;
	while (e->ready == 0 && e->closed == 0)
		room_run(r);
}

static void run_until_got(struct room *r, struct end *e, size_t len)
{
	e->want = len;
	while (buf_length(&e->got) < len && e->closed == 0)
		room_run(r);
	e->want = 0;
}

static void expect_text(const struct end *e, const char *text)
{
	assert_int_equal(strlen(text), buf_length(&e->got));
	assert_memory_equal(text, buf_bytes(&e->got).data, strlen(text));
}

static void a_flood_is_read_in_slices_so_that_others_have_their_turn(void **state)
{
	struct room *r = *state;
	struct end client, server;
	char *flood = mem_new(4 << 20);

	tls_open(r, &client, &server);
	conn_write(client.conn, flood, 4 << 20);
	server.want = 4 << 20;
	room_run(r);
	assert_int_equal(4 << 20, buf_length(&server.got));
	assert_in_range(server.most, 1, 80 * 1024);
	free(flood);
	end_fini(&client);
	end_fini(&server);
}

/* ---- A peer of another make: OpenSSL in a thread, blocking ------------------------------------
 */

enum last_how { LAST_NOTIFY, LAST_FIN, LAST_RESET };

struct peer {
	pthread_t thread;
	unsigned port;
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	const char *alpn; /* with its length in front; NULL: none */
	int version;
	const char *last;
	enum last_how how;
	int go[2];   /* a pipe: the test says when to go on */
	int sent[2]; /* a pipe: the peer says that it has sent all */
	int shaken;
};

static int connect_to(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)(void *)&a, sizeof a) != 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void peer_shake(struct peer *p)
{
	p->fd = connect_to(p->port);
	p->ctx = SSL_CTX_new(TLS_client_method());
	if (p->version != 0)
		SSL_CTX_set_max_proto_version(p->ctx, p->version);
	p->ssl = SSL_new(p->ctx);
	if (p->alpn != NULL)
		SSL_set_alpn_protos(p->ssl, (const unsigned char *)p->alpn,
				    (unsigned)strlen(p->alpn));
	SSL_set_fd(p->ssl, p->fd);
	p->shaken = SSL_connect(p->ssl);
}

static void peer_leave(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
}

/* Half a frame; then, when told to, the last bytes and the end in one segment. */
static void *peer_says_its_last(void *arg)
{
	struct peer *p = arg;
	struct linger reset = {1, 0};
	BIO *segment = BIO_new(BIO_s_mem());
	char *data, byte;
	long len;

	peer_shake(p);
	if (p->shaken == 1 && SSL_write(p->ssl, "ha", 2) == 2 && read(p->go[0], &byte, 1) == 1) {
		SSL_set0_wbio(p->ssl, segment);
		SSL_write(p->ssl, p->last, (int)strlen(p->last));
		if (p->how == LAST_NOTIFY)
			SSL_shutdown(p->ssl);
		len = BIO_get_mem_data(segment, &data);
		if (send(p->fd, data, (size_t)len, 0) != len)
			p->shaken = -1;
		if (p->how == LAST_RESET)
			setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	}
	peer_leave(p);
	return NULL;
}

/* OpenSSL 3.0 reads 16,709 bytes ahead.  Records of 257 bytes leave part of a header at the end of
 * that, so there is always something pending, and the bound of one pass is met with the last of
 * these records read ahead. */
#define RECORDS 320
#define RECORD	235

static void *peer_sends_many_small_records(void *arg)
{
	struct peer *p = arg;
	char byte, record[RECORD] = "";
	int i;

	peer_shake(p);
	if (read(p->go[0], &byte, 1) != 1)
		p->shaken = -1;
	for (i = 0; i < RECORDS; i++)
		SSL_write(p->ssl, record, sizeof record);
	if (write(p->sent[1], "", 1) != 1 || read(p->go[0], &byte, 1) != 1)
		p->shaken = -1;
	peer_leave(p);
	return NULL;
}

static void *peer_shakes_hands_and_waits(void *arg)
{
	struct peer *p = arg;
	char byte;

	peer_shake(p);
	/* With TLS 1.3 a client learns only now that it was refused. */
	if (p->shaken == 1 && SSL_read(p->ssl, &byte, 1) != 1)
		p->shaken = 0;
	peer_leave(p);
	return NULL;
}

static void peer_start(struct peer *p, struct room *r, struct end *server, void *(*run)(void *))
{
	end_init(server, r->loop);
	r->next = server;
	p->port = r->port;
	assert_int_equal(0, pipe(p->go));
	assert_int_equal(0, pipe(p->sent));
	assert_int_equal(0, pthread_create(&p->thread, NULL, run, p));
}

static void peer_go(struct peer *p)
{
	assert_int_equal(1, write(p->go[1], "", 1));
}

static void peer_join(struct peer *p)
{
	assert_int_equal(0, pthread_join(p->thread, NULL));
	close(p->go[0]);
	close(p->go[1]);
	close(p->sent[0]);
	close(p->sent[1]);
}

static void last_bytes_with_the_end_in_their_segment(struct room *r, enum last_how how,
						     enum conn_end why)
{
	struct peer p = {.alpn = "\x07" ALPN_EXAMD, .last = "lf a frame", .how = how};
	struct end server;

	peer_start(&p, r, &server, peer_says_its_last);
	run_until_got(r, &server, 2); /* an unfinished frame is buffered */
	peer_go(&p);
	peer_join(&p);
	run_until_closed(r, &server);
	assert_int_equal(1, p.shaken);
	expect_text(&server, "half a frame");
	assert_int_equal(why, server.why);
	end_fini(&server);
}

static void last_bytes_before_a_close_notify_are_offered(void **state)
{
	last_bytes_with_the_end_in_their_segment(*state, LAST_NOTIFY, CONN_END_PEER);
}

static void last_bytes_before_a_bare_fin_are_offered(void **state)
{
	last_bytes_with_the_end_in_their_segment(*state, LAST_FIN, CONN_END_PEER);
}

static void last_bytes_before_a_reset_are_offered(void **state)
{
	last_bytes_with_the_end_in_their_segment(*state, LAST_RESET, CONN_END_ERROR);
}

static void last_bytes_are_offered_although_writing_fails_first(void **state)
{
	struct room *r = *state;
	struct peer p = {.alpn = "\x07" ALPN_EXAMD, .last = "lf a frame", .how = LAST_RESET};
	struct end server;

	peer_start(&p, r, &server, peer_says_its_last);
	run_until_got(r, &server, 2);
	peer_go(&p);
	peer_join(&p);
	/* Flushed before anything is read: the write meets the reset. */
	conn_write(server.conn, "reply", 5);
	run_until_closed(r, &server);
	expect_text(&server, "half a frame");
	assert_int_equal(CONN_END_ERROR, server.why);
	end_fini(&server);
}

/* ---- Who is let in -----------------------------------------------------------------------------
 */

static void expect_refused(struct room *r, struct peer *p, enum conn_end why)
{
	struct end server;

	peer_start(p, r, &server, peer_shakes_hands_and_waits);
	run_until_closed(r, &server);
	peer_join(p);
	assert_int_equal(0, server.ready);
	assert_int_equal(why, server.why);
	assert_int_not_equal(1, p->shaken);
	end_fini(&server);
}

static void a_client_without_alpn_is_refused(void **state)
{
	expect_refused(*state, &(struct peer){.alpn = NULL}, CONN_END_UNTRUSTED);
}

static void a_client_of_another_protocol_is_refused(void **state)
{
	expect_refused(*state, &(struct peer){.alpn = "\x02h2"}, CONN_END_UNTRUSTED);
}

static void a_client_that_knows_only_tls_1_2_is_refused(void **state)
{
	struct peer p = {.alpn = "\x07" ALPN_EXAMD, .version = TLS1_2_VERSION};

	expect_refused(*state, &p, CONN_END_ERROR);
}

static void a_client_that_offers_ours_among_others_is_welcome(void **state)
{
	struct room *r = *state;
	struct peer p = {.alpn = "\x02h2\x07" ALPN_EXAMD, .last = "", .how = LAST_NOTIFY};
	struct end server;

	peer_start(&p, r, &server, peer_says_its_last);
	run_until_got(r, &server, 2);
	assert_int_equal(1, server.ready);
	peer_go(&p);
	run_until_closed(r, &server);
	peer_join(&p);
	end_fini(&server);
}

/* A TLS server that has never heard of ALPN. */
struct stranger {
	pthread_t thread;
	int listening;
	const struct room *room;
};

static void *stranger_serves(void *arg)
{
	struct stranger *s = arg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *cert =
	    BIO_new_mem_buf(buf_bytes(&s->room->cert).data, (int)buf_length(&s->room->cert));
	BIO *key = BIO_new_mem_buf(buf_bytes(&s->room->key).data, (int)buf_length(&s->room->key));
	X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	SSL *ssl;
	char byte;
	int fd;

	SSL_CTX_use_certificate(ctx, x);
	SSL_CTX_use_PrivateKey(ctx, k);
	ssl = SSL_new(ctx);
	fd = accept(s->listening, NULL, NULL);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1)
		SSL_read(ssl, &byte, 1);
	SSL_free(ssl);
	close(fd);
	EVP_PKEY_free(k);
	X509_free(x);
	BIO_free(cert);
	BIO_free(key);
	SSL_CTX_free(ctx);
	return NULL;
}

static void a_server_without_alpn_is_refused(void **state)
{
	struct room *r = *state;
	struct stranger s = {.room = r};
	struct tls *tls = client_by_pin(r);
	struct end client;

	assert_int_equal(ERR_OK, listen_open("127.0.0.1", 0, &s.listening));
	assert_int_equal(0, pthread_create(&s.thread, NULL, stranger_serves, &s));
	end_init(&client, r->loop);
	assert_int_equal(ERR_OK,
			 conn_connect(&client.conn, r->loop, "127.0.0.1", listen_port(s.listening),
				      tls, SECONDS(10), &client.user));
	run_until_closed(r, &client);
	assert_int_equal(CONN_END_UNTRUSTED, client.why);
	assert_int_equal(0, client.ready);
	assert_int_equal(0, pthread_join(s.thread, NULL));
	close(s.listening);
	tls_free(tls);
	end_fini(&client);
}

/* Connects with TRUST and says how that ended; CONN_END_OURS: it did not. */
static enum conn_end try_trust_at(struct room *r, const char *host, const struct tls_trust *trust,
				  struct digest *shown)
{
	struct end client, server;
	struct tls *tls;
	enum conn_end why;

	assert_int_equal(ERR_OK, tls_client_new(&tls, trust, NULL));
	end_init(&client, r->loop);
	end_init(&server, r->loop);
	r->next = &server;
	assert_int_equal(ERR_OK, conn_connect(&client.conn, r->loop, host, r->port, tls,
					      SECONDS(10), &client.user));
	tls_free(tls); /* the connection keeps what it needs */
	run_until_ready(r, &client);
	if (client.ready == 1 && shown != NULL)
		*shown = conn_peer_pin(client.conn);
	why = client.closed == 1 ? client.why : CONN_END_OURS;
	end_fini(&client);
	end_fini(&server);
	return why;
}

static enum conn_end try_trust(struct room *r, const struct tls_trust *trust, struct digest *shown)
{
	return try_trust_at(r, "127.0.0.1", trust, shown);
}

static void the_server_is_known_by_its_pin(void **state)
{
	struct room *r = *state;
	struct digest wrong = r->pin, shown;

	assert_int_equal(CONN_END_OURS, try_trust(r, &(struct tls_trust){.pin = &r->pin}, &shown));
	assert_memory_equal(r->pin.b, shown.b, 32);
	wrong.b[31] ^= 1;
	assert_int_equal(CONN_END_UNTRUSTED,
			 try_trust(r, &(struct tls_trust){.pin = &wrong}, NULL));
}

static void whatever_key_is_shown_can_be_asked_about(void **state)
{
	struct room *r = *state;
	struct digest shown = {{0}};

	assert_int_equal(CONN_END_OURS, try_trust(r, &(struct tls_trust){.any = true}, &shown));
	assert_memory_equal(r->pin.b, shown.b, 32);
}

static void write_file(int fd, const struct buf *b)
{
	assert_int_equal(buf_length(b), write(fd, buf_bytes(b).data, buf_length(b)));
}

static void an_authority_vouches_for_a_name_and_for_no_other(void **state)
{
	static const char *const elsewhere[] = {"elsewhere.test", "127.0.0.2"};
	struct room *r = *state;
	char name[] = "/tmp/examd-test-ca-XXXXXX", file[32];
	struct tls_trust trust = {.ca_file = file};
	struct buf cert = {0}, key = {0};
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name); /* so that nothing is left, however this ends */
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	write_file(fd, &r->cert);
	assert_int_equal(CONN_END_OURS, try_trust(r, &trust, NULL));
	assert_int_equal(CONN_END_OURS, try_trust_at(r, "localhost", &trust, NULL));

	/* Trusted, but made out for another name. */
	tls_free(r->server_tls);
	assert_int_equal(ERR_OK, tls_make_self_signed(elsewhere, 2, 1, &cert, &key));
	assert_int_equal(ERR_OK,
			 tls_server_new(&r->server_tls, buf_bytes(&cert), buf_bytes(&key), NULL));
	r->accept_tls = r->server_tls;
	assert_int_equal(0, ftruncate(fd, 0));
	assert_int_equal(0, lseek(fd, 0, SEEK_SET));
	write_file(fd, &cert);
	assert_int_equal(CONN_END_UNTRUSTED, try_trust(r, &trust, NULL));
	assert_int_equal(CONN_END_UNTRUSTED, try_trust_at(r, "localhost", &trust, NULL));

	/* By the system's authorities nobody vouches for it. */
	assert_int_equal(CONN_END_UNTRUSTED, try_trust(r, &(struct tls_trust){0}, NULL));
	close(fd);
	buf_fini(&cert);
	buf_fini(&key);
}

/* ---- Certificates and keys ---------------------------------------------------------------------
 */

static void put_key(struct buf *out, EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	assert_int_equal(1, PEM_write_bio_PKCS8PrivateKey(
				bio, key, passphrase == NULL ? NULL : EVP_aes_256_cbc(), passphrase,
				passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL));
	len = BIO_get_mem_data(bio, &data);
	buf_put(out, data, (size_t)len);
	BIO_free(bio);
}

static void expect_key_refused(const struct room *r, const struct buf *key, const char *why)
{
	struct tls *tls = NULL;
	char detail[256] = "";

	assert_int_equal(ERR_INVALID,
			 tls_server_new(&tls, buf_bytes(&r->cert), buf_bytes(key), detail));
	assert_null(tls);
	assert_non_null(strstr(detail, why));
}

static void weak_foreign_and_locked_keys_are_refused(void **state)
{
	struct room *r = *state;
	EVP_PKEY *weak = EVP_EC_gen("P-224"), *foreign = EVP_EC_gen("P-256");
	struct buf pem = {0}, nothing = {0};
	struct tls *tls = NULL;
	char detail[256] = "";

	put_key(&pem, weak, NULL);
	expect_key_refused(r, &pem, "weaker");
	buf_clear(&pem);
	put_key(&pem, foreign, NULL);
	expect_key_refused(r, &pem, "do not belong together");
	buf_clear(&pem);
	put_key(&pem, foreign, "secret");
	expect_key_refused(r, &pem, "without a passphrase");
	expect_key_refused(r, &nothing, "no private key");
	assert_int_equal(ERR_INVALID,
			 tls_server_new(&tls, buf_bytes(&r->key), buf_bytes(&r->key), detail));
	assert_non_null(strstr(detail, "no certificate"));
	buf_fini(&pem);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(foreign);
}

static void a_damaged_chain_is_refused(void **state)
{
	struct room *r = *state;
	struct buf chain = {0};
	struct tls *tls = NULL;

	buf_put_bytes(&chain, buf_bytes(&r->cert));
	buf_put_text(&chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_int_equal(ERR_INVALID,
			 tls_server_new(&tls, buf_bytes(&chain), buf_bytes(&r->key), NULL));
	buf_fini(&chain);
}

static void a_self_signed_certificate_names_who_it_is_for(void **state)
{
	struct room *r = *state;
	BIO *bio = BIO_new_mem_buf(buf_bytes(&r->cert).data, (int)buf_length(&r->cert));
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	struct buf c = {0}, k = {0};

	assert_int_equal(1, X509_check_host(cert, "exam.test", 0, 0, NULL));
	assert_int_equal(0, X509_check_host(cert, "other.test", 0, 0, NULL));
	assert_int_equal(1, X509_check_ip_asc(cert, "127.0.0.1", 0));
	assert_int_equal(0, X509_check_ip_asc(cert, "127.0.0.2", 0));
	assert_true(X509_cmp_current_time(X509_get0_notBefore(cert)) < 0);
	assert_true(X509_cmp_current_time(X509_get0_notAfter(cert)) > 0);
	X509_free(cert);
	BIO_free(bio);
	assert_int_equal(ERR_INVALID, tls_make_self_signed(NULL, 0, 30, &c, &k));
	assert_int_equal(ERR_INVALID, tls_make_self_signed((const char *[]){""}, 1, 30, &c, &k));
	assert_int_equal(ERR_INVALID, tls_make_self_signed((const char *[]){"a b"}, 1, 30, &c, &k));
	assert_int_equal(ERR_INVALID, tls_make_self_signed((const char *[]){"a"}, 1, 0, &c, &k));
	assert_int_equal(0, buf_length(&c) + buf_length(&k));
}

static X509 *read_certificate(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(buf_bytes(pem).data, (int)buf_length(pem));
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

/* Does a browser that has AUTHORITY installed believe CERT for HOST?  Else why not. */
static int browser_says(X509 *authority, X509 *cert, const char *host)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int why;

	assert_int_equal(X509_STORE_add_cert(store, authority), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
	X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), host, 0);
	(void)X509_verify_cert(ctx);
	why = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return why;
}

static void a_browser_with_the_authority_believes_the_server_and_nobody_else(void **state)
{
	static const char *const names[] = {"exam.test", "192.0.2.7"}, *other[] = {"bank.test"};
	struct buf authority = {0}, cert = {0}, key = {0}, own = {0}, own_key = {0};
	X509 *a, *c, *o;

	(void)state;
	assert_int_equal(tls_make_signed(names, 2, 30, &authority, &cert, &key), ERR_OK);
	assert_int_equal(tls_make_self_signed(other, 1, 30, &own, &own_key), ERR_OK);
	a = read_certificate(&authority);
	c = read_certificate(&cert);
	o = read_certificate(&own);
	assert_int_equal(browser_says(a, c, "exam.test"), X509_V_OK);
	assert_int_equal(browser_says(a, c, "bank.test"), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_not_equal(browser_says(a, o, "bank.test"), X509_V_OK);
	/* It says itself whom it is good for. */
	assert_int_equal(X509_get_ext_by_NID(a, NID_name_constraints, -1) >= 0, 1);
	assert_int_equal(X509_check_ca(a), 1);
	assert_int_equal(X509_check_ca(c), 0);
	X509_free(a);
	X509_free(c);
	X509_free(o);
	assert_int_equal(tls_make_signed(names, 0, 30, &authority, &cert, &key), ERR_INVALID);
	buf_fini(&authority);
	buf_fini(&cert);
	buf_fini(&key);
	buf_fini(&own);
	buf_fini(&own_key);
}

static void a_pin_is_that_of_the_key_not_of_the_certificate(void **state)
{
	struct room *r = *state;
	struct digest pin;

	assert_int_equal(ERR_INVALID, tls_pin_of_pem(bytes_of_text("nothing"), &pin));
	assert_int_equal(ERR_INVALID, tls_pin_of_pem(buf_bytes(&r->key), &pin));
	assert_int_equal(ERR_OK, tls_pin_of_pem(buf_bytes(&r->cert), &pin));
	assert_memory_equal(r->pin.b, pin.b, 32);
}

/* ---- Before the handshake ----------------------------------------------------------------------
 */

static int sessions_made; /* of TLS, by either side */

SSL *__real_SSL_new(SSL_CTX *ctx);
SSL *__wrap_SSL_new(SSL_CTX *ctx);

SSL *__wrap_SSL_new(SSL_CTX *ctx)
{
	sessions_made++;
	return __real_SSL_new(ctx);
}

/* What a client says first. */
static struct bytes hello_of(BIO *out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = __real_SSL_new(ctx);
	char *data;
	long len;

	assert_int_equal(0, SSL_set_alpn_protos(ssl, (const unsigned char *)"\x07" ALPN_EXAMD, 8));
	BIO_up_ref(out);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	assert_int_not_equal(1, SSL_connect(ssl));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	len = BIO_get_mem_data(out, &data);
	assert_true(len > 100);
	return bytes_of(data, (size_t)len);
}

/* One byte in each pass; stops the loop before the last. */
struct dripped {
	struct timer timer;
	struct loop *loop;
	int fd;
	struct bytes rest;
};

static void on_next_byte(struct timer *t)
{
	struct dripped *d = container_of(t, struct dripped, timer);

	if (d->rest.len == 1) {
		loop_stop(d->loop);
		return;
	}
	assert_int_equal(1, send(d->fd, d->rest.data, 1, MSG_NOSIGNAL));
	d->rest = bytes_of(d->rest.data + 1, d->rest.len - 1);
	timer_set(&d->timer, (struct millis){1});
}

static void on_said_something(struct watch *w, bool readable, bool writable)
{
	(void)readable;
	(void)writable;
	loop_stop(w->loop);
}

static void nothing_of_tls_is_made_before_a_hello_is_whole(void **state)
{
	struct room *r = *state;
	BIO *out = BIO_new(BIO_s_mem());
	struct dripped d = {.loop = r->loop, .rest = hello_of(out)};
	struct watch w;
	struct end server;

	end_init(&server, r->loop);
	r->next = &server;
	d.fd = connect_to(r->port);
	timer_init(&d.timer, r->loop, on_next_byte);
	timer_set(&d.timer, (struct millis){0});
	sessions_made = 0;
	room_run(r);
	assert_int_equal(0, sessions_made);
	assert_int_equal(1, send(d.fd, d.rest.data, 1, MSG_NOSIGNAL));
	watch_init(&w, r->loop, d.fd, on_said_something);
	watch_set(&w, true, false);
	room_run(r); /* until the server has answered */
	assert_int_equal(1, sessions_made);
	assert_int_equal(0, server.closed);
	watch_fini(&w);
	timer_fini(&d.timer);
	close(d.fd);
	BIO_free(out);
	end_fini(&server);
}

static void what_begins_no_handshake_is_cut_at_once(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\n\r\n";
	struct room *r = *state;
	struct end server;
	int fd = connect_to(r->port);

	end_init(&server, r->loop);
	r->next = &server;
	sessions_made = 0;
	assert_int_equal(sizeof text - 1, send(fd, text, sizeof text - 1, 0));
	run_until_closed(r, &server);
	assert_int_equal(CONN_END_ERROR, server.why);
	assert_int_equal(0, sessions_made);
	close(fd);
	end_fini(&server);
}

struct counted_passes {
	struct loop_pass pass;
	int count;
};

static void on_counted_pass(struct loop_pass *pass)
{
	container_of(pass, struct counted_passes, pass)->count++;
}

/* Readable for ever, with less than was waited for. */
static void half_a_hello_and_an_end_is_an_end(void **state)
{
	struct room *r = *state;
	BIO *out = BIO_new(BIO_s_mem());
	struct bytes hello = hello_of(out);
	struct counted_passes passes = {.pass = {.on_pass = on_counted_pass}};
	struct end server;
	int fd = connect_to(r->port);

	end_init(&server, r->loop);
	r->next = &server;
	loop_add_pass(r->loop, &passes.pass);
	assert_int_equal(hello.len / 2, send(fd, hello.data, hello.len / 2, 0));
	assert_int_equal(0, shutdown(fd, SHUT_WR));
	run_until_closed(r, &server);
	assert_int_equal(0, server.ready);
	assert_in_range(passes.count, 1, 20);
	loop_remove_pass(r->loop, &passes.pass);
	close(fd);
	BIO_free(out);
	end_fini(&server);
}

#define CROWD 300

static void crowd_comes(struct room *r, int listening, struct bytes hello, int fds[CROWD],
			struct end ends[CROWD])
{
	for (int i = 0; i < CROWD; i++) {
		int accepted;

		fds[i] = connect_to(listen_port(listening));
		assert_int_equal(hello.len, send(fds[i], hello.data, hello.len, 0));
		accepted = accept(listening, NULL, NULL);
		assert_true(accepted >= 0);
		end_init(&ends[i], r->loop);
		ends[i].conn =
		    conn_accept(r->loop, accepted, r->server_tls, SECONDS(10), &ends[i].user);
	}
}

/* A handshake costs what thirty answers cost. */
static void who_is_served_does_not_wait_for_a_crowd_that_shakes_hands(void **state)
{
	static struct end ends[CROWD];
	struct room *r = *state;
	BIO *out = BIO_new(BIO_s_mem());
	struct bytes hello = hello_of(out);
	struct end client, server;
	int fds[CROWD], listening;

	assert_int_equal(ERR_OK, listen_open("127.0.0.1", 0, &listening));
	tls_open(r, &client, &server);
	run_until_ready(r, &client);
	while (server.ready == 0)
		run_until_ready(r, &server);
	server.echo = true;
	crowd_comes(r, listening, hello, fds, ends);
	sessions_made = 0;
	conn_write(client.conn, "answer", 6);
	run_until_got(r, &client, 6);
	assert_in_range(sessions_made, 0, CROWD * 6 / 10);
	while (sessions_made < CROWD) /* and they have their turns */
		run_for(r, (struct millis){1});
	for (int i = 0; i < CROWD; i++) {
		close(fds[i]);
		end_fini(&ends[i]);
	}
	close(listening);
	BIO_free(out);
	end_fini(&client);
	end_fini(&server);
}

/* ---- Who changes its keys ----------------------------------------------------------------------
 */

#define KEY_CHANGES_ALLOWED 32

/* A client in this thread, over a socketpair: what is in the sockets does not hang on the kernel's
 * timers. */
struct near {
	struct watch watch;
	struct loop *loop;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd, servers_fd;
};

static void on_near_readable(struct watch *w, bool readable, bool writable)
{
	struct near *n = container_of(w, struct near, watch);

	(void)readable;
	(void)writable;
	if (SSL_do_handshake(n->ssl) == 1) {
		watch_set(w, false, false);
		loop_stop(n->loop);
	}
}

/* Through with the handshake, on both sides. */
static void near_open(struct near *n, struct room *r, struct end *server)
{
	int fd[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd));
	end_init(server, r->loop);
	server->conn = conn_accept(r->loop, fd[0], r->server_tls, SECONDS(10), &server->user);
	*n = (struct near){.loop = r->loop, .fd = fd[1], .servers_fd = fd[0]};
	n->ctx = SSL_CTX_new(TLS_client_method());
	n->ssl = SSL_new(n->ctx);
	assert_int_equal(0,
			 SSL_set_alpn_protos(n->ssl, (const unsigned char *)"\x07" ALPN_EXAMD, 8));
	SSL_set_fd(n->ssl, n->fd);
	assert_int_not_equal(1, SSL_connect(n->ssl));
	watch_init(&n->watch, r->loop, n->fd, on_near_readable);
	watch_set(&n->watch, true, false);
	while (!SSL_is_init_finished(n->ssl))
		room_run(r);
	run_until_ready(r, server);
	assert_int_equal(1, server->ready);
}

static void near_fini(struct near *n)
{
	watch_fini(&n->watch);
	SSL_free(n->ssl);
	SSL_CTX_free(n->ctx);
	close(n->fd);
}

static void near_says(struct near *n, const char *text)
{
	assert_int_equal(strlen(text), SSL_write(n->ssl, text, (int)strlen(text)));
}

static void near_changes_keys(struct near *n, int times, int how)
{
	while (times-- > 0) {
		assert_int_equal(1, SSL_key_update(n->ssl, how));
		assert_int_equal(1, SSL_do_handshake(n->ssl));
	}
}

static void who_changes_its_keys_a_few_times_is_served_on(void **state)
{
	struct room *r = *state;
	struct end server;
	struct near n;

	near_open(&n, r, &server);
	near_changes_keys(&n, KEY_CHANGES_ALLOWED, SSL_KEY_UPDATE_NOT_REQUESTED);
	near_says(&n, "new keys");
	run_until_got(r, &server, 8);
	expect_text(&server, "new keys");
	assert_int_equal(0, server.closed);
	near_changes_keys(&n, 1, SSL_KEY_UPDATE_NOT_REQUESTED); /* and nothing after it */
	run_until_closed(r, &server);
	assert_int_equal(CONN_END_ERROR, server.why);
	near_fini(&n);
	end_fini(&server);
}

/* What it says after that is not read any more: the call that took in its keys has ended. */
static void who_changes_its_keys_without_end_is_cut_and_others_are_served(void **state)
{
	struct room *r = *state;
	struct end server, client, other;
	struct near n;

	near_open(&n, r, &server);
	tls_open(r, &client, &other);
	other.echo = true;
	near_changes_keys(&n, 2 * KEY_CHANGES_ALLOWED, SSL_KEY_UPDATE_NOT_REQUESTED);
	near_says(&n, "too late");
	run_until_got(r, &server, 8);
	assert_int_equal(1, server.closed);
	assert_int_equal(CONN_END_ERROR, server.why);
	assert_int_equal(0, buf_length(&server.got));
	conn_write(client.conn, "answer", 6);
	run_until_got(r, &client, 6);
	expect_text(&client, "answer");
	near_fini(&n);
	end_fini(&server);
	end_fini(&client);
	end_fini(&other);
}

/* Stops the loop when the server has taken what was in its socket. */
struct emptied {
	struct loop_pass pass;
	struct loop *loop;
	int fd;
};

static void on_emptied_pass(struct loop_pass *pass)
{
	struct emptied *e = container_of(pass, struct emptied, pass);
	int left = 0;

	assert_int_equal(0, ioctl(e->fd, FIONREAD, &left));
	if (left == 0)
		loop_stop(e->loop);
}

static void run_until_taken(struct room *r, int fd)
{
	struct emptied e = {{.on_pass = on_emptied_pass}, r->loop, fd};

	loop_add_pass(r->loop, &e.pass);
	room_run(r);
	loop_remove_pass(r->loop, &e.pass);
}

/* The server must answer the change of keys, for which its socket has no room; more lies there to
 * be read. */
static void near_blocks_its_server(struct near *n, struct room *r)
{
	static const char junk[4096];

	while (write(n->servers_fd, junk, sizeof junk) > 0)
		;
	assert_int_equal(EAGAIN, errno);
	/* OpenSSL 3.0 answers the first when it takes in the second. */
	near_changes_keys(n, 2, SSL_KEY_UPDATE_REQUESTED);
	run_until_taken(r, n->servers_fd);
	near_says(n, "unread");
}

static void who_takes_no_answer_to_its_keys_costs_no_passes_and_ends_in_time(void **state)
{
	struct counted_passes passes = {.pass = {.on_pass = on_counted_pass}};
	struct room *r = *state;
	struct end server;
	struct near n;

	near_open(&n, r, &server);
	near_blocks_its_server(&n, r);
	conn_set_deadline(server.conn, (struct millis){100});
	loop_add_pass(r->loop, &passes.pass);
	run_until_closed(r, &server);
	loop_remove_pass(r->loop, &passes.pass);
	assert_int_equal(CONN_END_TIME, server.why);
	assert_int_equal(0, buf_length(&server.got));
	assert_in_range(passes.count, 1, 20);
	near_fini(&n);
	end_fini(&server);
}

static void near_takes_all(struct near *n)
{
	static char junk[65536];

	while (read(n->fd, junk, sizeof junk) > 0)
		;
}

/* It may be written to again, which has not been told yet. */
static void who_is_closed_before_it_is_read_on_costs_no_passes(void **state)
{
	struct counted_passes passes = {.pass = {.on_pass = on_counted_pass}};
	struct room *r = *state;
	struct end server;
	struct near n;

	near_open(&n, r, &server);
	near_blocks_its_server(&n, r);
	near_takes_all(&n);
	conn_write(server.conn, "bye", 3);
	conn_close_soon(server.conn, (struct millis){100});
	loop_add_pass(r->loop, &passes.pass);
	run_until_closed(r, &server);
	loop_remove_pass(r->loop, &passes.pass);
	assert_int_equal(CONN_END_OURS, server.why);
	assert_in_range(passes.count, 1, 20);
	near_fini(&n);
	end_fini(&server);
}

static void who_takes_the_answer_to_its_keys_at_last_is_read_on(void **state)
{
	struct room *r = *state;
	struct end server;
	struct near n;

	near_open(&n, r, &server);
	near_blocks_its_server(&n, r);
	run_for(r, (struct millis){5});
	assert_int_equal(0, buf_length(&server.got));
	near_takes_all(&n);
	run_until_got(r, &server, 6);
	expect_text(&server, "unread");
	near_says(&n, " and more");
	run_until_got(r, &server, 15);
	expect_text(&server, "unread and more");
	near_fini(&n);
	end_fini(&server);
}

/* ---- Time limits are absolute ------------------------------------------------------------------
 */

/* Writes a byte every 5 ms, for as long as somebody takes them. */
struct drip {
	struct timer timer;
	int fd, drops;
	const char *bytes;
};

static void on_drip(struct timer *t)
{
	struct drip *d = container_of(t, struct drip, timer);

	if (send(d->fd, d->bytes[0] == '\0' ? "" : d->bytes++, 1, MSG_NOSIGNAL) == 1)
		d->drops++;
	timer_set(&d->timer, (struct millis){5});
}

static void a_peer_that_drips_its_handshake_is_dropped_in_time(void **state)
{
	struct room *r = *state;
	struct drip d = {.bytes = "\x16\x03\x01\x02"};
	struct mono_ms begun = mono_now();
	struct end server;

	end_init(&server, r->loop);
	r->next = &server;
	r->handshake = (struct millis){60};
	d.fd = connect_to(r->port);
	timer_init(&d.timer, r->loop, on_drip);
	timer_set(&d.timer, (struct millis){0});
	run_until_closed(r, &server);
	assert_int_equal(CONN_END_TIME, server.why);
	assert_int_equal(0, server.ready);
	assert_in_range(mono_now().v - begun.v, 60, 5000);
	assert_true(d.drops > 1);
	timer_fini(&d.timer);
	close(d.fd);
	end_fini(&server);
}

static void a_deadline_is_not_moved_by_a_peer_that_drips(void **state)
{
	struct room *r = *state;
	struct drip d = {.bytes = "abc"};
	struct mono_ms begun = mono_now();
	struct end e;
	int fd[2];

	end_init(&e, r->loop);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	e.conn = conn_accept(r->loop, fd[0], NULL, SECONDS(1), &e.user);
	d.fd = fd[1];
	timer_init(&d.timer, r->loop, on_drip);
	timer_set(&d.timer, (struct millis){0});
	conn_set_deadline(e.conn, (struct millis){60});
	run_until_closed(r, &e);
	assert_int_equal(CONN_END_TIME, e.why);
	assert_in_range(mono_now().v - begun.v, 60, 5000);
	assert_true(e.offers > 1);
	timer_fini(&d.timer);
	close(fd[1]);
	end_fini(&e);
}

static void a_deadline_can_be_renewed_cleared_and_made_shorter(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	conn_set_deadline(a.conn, (struct millis){20});
	conn_set_deadline(a.conn, SECONDS(60));
	conn_set_deadline(b.conn, (struct millis){20});
	conn_clear_deadline(b.conn);
	run_for(r, (struct millis){60});
	assert_int_equal(0, a.closed + b.closed);
	conn_set_deadline(a.conn, (struct millis){20});
	run_until_closed(r, &a);
	assert_int_equal(CONN_END_TIME, a.why);
	end_fini(&a);
	end_fini(&b);
}

static void a_connection_that_nobody_answers_ends_in_time(void **state)
{
	struct room *r = *state;
	struct tls *tls = client_by_pin(r);
	struct end client;
	int fd;

	assert_int_equal(ERR_OK, listen_open("127.0.0.1", 0, &fd)); /* nobody accepts */
	end_init(&client, r->loop);
	assert_int_equal(ERR_OK, conn_connect(&client.conn, r->loop, "127.0.0.1", listen_port(fd),
					      tls, (struct millis){50}, &client.user));
	run_until_closed(r, &client);
	assert_int_equal(CONN_END_TIME, client.why);
	tls_free(tls);
	close(fd);
	end_fini(&client);
}

static int option_of(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(0, getsockopt(fd, level, name, &value, &len));
	return value;
}

/* While something is not acknowledged the kernel sends no keepalives. */
static void a_peer_that_vanishes_is_found_out_after_a_minute_whatever_is_under_way(void **state)
{
	struct room *r = *state;
	struct end client, server;

	tls_open(r, &client, &server);
	run_until_ready(r, &server);
	assert_int_equal(60000, option_of(r->accepted, IPPROTO_TCP, TCP_USER_TIMEOUT));
	assert_int_equal(1, option_of(r->accepted, SOL_SOCKET, SO_KEEPALIVE));
	assert_int_equal(60, option_of(r->accepted, IPPROTO_TCP, TCP_KEEPIDLE) +
				 option_of(r->accepted, IPPROTO_TCP, TCP_KEEPINTVL) *
				     option_of(r->accepted, IPPROTO_TCP, TCP_KEEPCNT));
	end_fini(&client);
	end_fini(&server);
}

static void a_port_where_nobody_listens_is_an_error(void **state)
{
	struct room *r = *state;
	struct end client;
	unsigned port;
	int fd;
	enum err err;

	assert_int_equal(ERR_OK, listen_open("127.0.0.1", 0, &fd));
	port = listen_port(fd);
	assert_int_equal(ERR_IN_USE, listen_open("127.0.0.1", port, &(int){0}));
	close(fd);
	end_init(&client, r->loop);
	err =
	    conn_connect(&client.conn, r->loop, "127.0.0.1", port, NULL, SECONDS(10), &client.user);
	if (err == ERR_OK) {
		run_until_closed(r, &client);
		assert_int_equal(CONN_END_ERROR, client.why);
	} else {
		assert_int_equal(ERR_IO, err);
	}
	assert_int_equal(ERR_NOT_FOUND, conn_connect(&client.conn, r->loop, "127.0.0.1", 70000,
						     NULL, SECONDS(10), &client.user));
}

/* ---- Back-pressure -----------------------------------------------------------------------------
 */

static void while_paused_nothing_is_told_and_then_everything(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	b.pause_on_data = b.leave = true;
	conn_write(a.conn, "abc", 3);
	room_run(r);
	assert_int_equal(1, b.offers);
	conn_write(a.conn, "def", 3);
	run_for(r, (struct millis){10});
	conn_close_soon(a.conn, SECONDS(5));
	run_for(r, (struct millis){10});
	assert_int_equal(1, b.offers);
	assert_int_equal(0, b.closed);
	b.pause_on_data = b.leave = false;
	conn_pause_reading(b.conn, false);
	run_until_closed(r, &b);
	expect_text(&b, "abcdef");
	assert_int_equal(CONN_END_PEER, b.why);
	run_until_closed(r, &a);
	assert_int_equal(CONN_END_OURS, a.why);
	end_fini(&a);
	end_fini(&b);
}

static void what_was_left_at_a_pause_is_offered_again_without_new_bytes(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	b.pause_on_data = b.leave = true;
	conn_write(a.conn, "abc", 3);
	room_run(r);
	b.pause_on_data = b.leave = false;
	conn_pause_reading(b.conn, false);
	assert_int_equal(1, b.offers); /* not from inside the call */
	run_until_got(r, &b, 3);
	assert_int_equal(2, b.offers);
	end_fini(&a);
	end_fini(&b);
}

/* What was read ahead is in no socket any more, and no event tells of it. */
static void records_left_inside_tls_are_read_on(void **state)
{
	struct room *r = *state;
	struct peer p = {.alpn = "\x07" ALPN_EXAMD};
	struct end server;
	char byte;

	peer_start(&p, r, &server, peer_sends_many_small_records);
	run_until_ready(r, &server);
	run_for(r, (struct millis){5});
	peer_go(&p); /* all of it comes while the loop stands */
	assert_int_equal(1, read(p.sent[0], &byte, 1));
	run_until_got(r, &server, RECORDS * RECORD);
	assert_int_equal(RECORDS * RECORD, buf_length(&server.got));
	peer_go(&p);
	peer_join(&p);
	end_fini(&server);
}

static void an_end_that_came_with_the_last_bytes_waits_while_paused(void **state)
{
	struct room *r = *state;
	struct peer p = {.alpn = "\x07" ALPN_EXAMD, .last = "lf", .how = LAST_NOTIFY};
	struct end server;

	peer_start(&p, r, &server, peer_says_its_last);
	run_until_got(r, &server, 2);
	server.pause_on_data = server.leave = true;
	peer_go(&p);
	peer_join(&p);
	room_run(r);
	run_for(r, (struct millis){10});
	assert_int_equal(0, server.closed);
	conn_pause_reading(server.conn, false); /* and is paused again at once */
	room_run(r);
	run_for(r, (struct millis){10});
	assert_int_equal(3, server.offers);
	assert_int_equal(0, server.closed);
	server.pause_on_data = server.leave = false;
	conn_pause_reading(server.conn, false);
	run_until_closed(r, &server);
	expect_text(&server, "half");
	assert_int_equal(CONN_END_PEER, server.why);
	end_fini(&server);
}

static void a_time_limit_passes_during_a_pause_too(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	conn_pause_reading(b.conn, true);
	conn_set_deadline(b.conn, (struct millis){20});
	run_until_closed(r, &b);
	assert_int_equal(CONN_END_TIME, b.why);
	end_fini(&a);
	end_fini(&b);
}

static void a_pause_before_the_handshake_does_not_hold_it_up(void **state)
{
	struct room *r = *state;
	struct end client, server;

	tls_open(r, &client, &server);
	conn_pause_reading(client.conn, true);
	run_until_ready(r, &client);
	assert_int_equal(1, client.ready);
	conn_write(server.conn, "abc", 3);
	run_for(r, (struct millis){10});
	assert_int_equal(0, client.offers);
	conn_pause_reading(client.conn, false);
	run_until_got(r, &client, 3);
	end_fini(&client);
	end_fini(&server);
}

static void what_a_paused_peer_does_not_take_stays_queued(void **state)
{
	struct room *r = *state;
	struct end client, server;
	char *much = mem_new(16 << 20);

	tls_open(r, &client, &server);
	run_until_ready(r, &client);
	run_until_ready(r, &server);
	conn_pause_reading(server.conn, true);
	conn_write(client.conn, much, 16 << 20);
	run_for(r, (struct millis){30});
	assert_in_range(conn_queued(client.conn), 1, 16 << 20);
	assert_int_equal(0, server.offers);
	conn_pause_reading(server.conn, false);
	run_until_got(r, &server, 16 << 20);
	assert_int_equal(0, conn_queued(client.conn));
	free(much);
	end_fini(&client);
	end_fini(&server);
}

/* ---- Closing -----------------------------------------------------------------------------------
 */

static void closing_soon_lets_everything_queued_arrive(void **state)
{
	struct room *r = *state;
	struct end client, server;
	char *much = mem_new(4 << 20);

	tls_open(r, &client, &server);
	run_until_ready(r, &client);
	run_until_ready(r, &server);
	conn_write(server.conn, much, 4 << 20);
	conn_close_soon(server.conn, SECONDS(20));
	conn_write(server.conn, "too late", 8);
	assert_int_equal(0, server.closed); /* not from inside the call */
	run_until_closed(r, &client);
	assert_int_equal(4 << 20, buf_length(&client.got));
	assert_int_equal(CONN_END_PEER, client.why);
	run_until_closed(r, &server);
	assert_int_equal(CONN_END_OURS, server.why);
	free(much);
	end_fini(&client);
	end_fini(&server);
}

static void closing_with_input_unread_does_not_cost_the_last_reply(void **state)
{
	struct room *r = *state;
	struct end client, server;
	char *much = mem_new(4 << 20);
	size_t len;

	tls_open(r, &client, &server);
	server.echo = server.close_on_data = true;
	conn_write(client.conn, much, 4 << 20);
	run_until_closed(r, &client);
	run_until_closed(r, &server);
	len = server.most;
	assert_int_equal(1, server.offers);
	assert_int_equal(len, buf_length(&client.got));
	assert_int_equal(CONN_END_PEER, client.why);
	assert_int_equal(CONN_END_OURS, server.why);
	free(much);
	end_fini(&client);
	end_fini(&server);
}

static void closing_soon_gives_up_at_its_limit(void **state)
{
	struct room *r = *state;
	struct end client, server;
	char *much = mem_new(16 << 20);

	tls_open(r, &client, &server);
	run_until_ready(r, &client);
	run_until_ready(r, &server);
	conn_pause_reading(client.conn, true);
	conn_write(server.conn, much, 16 << 20);
	conn_close_soon(server.conn, (struct millis){50});
	run_until_closed(r, &server);
	assert_int_equal(CONN_END_TIME, server.why);
	free(much);
	end_fini(&client);
	end_fini(&server);
}

static void a_peer_that_never_closes_is_not_waited_for_longer_than_the_limit(void **state)
{
	struct room *r = *state;
	struct end e;
	char got[3];
	int fd[2];

	end_init(&e, r->loop);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	e.conn = conn_accept(r->loop, fd[0], NULL, SECONDS(1), &e.user);
	conn_write(e.conn, "bye", 3);
	run_until_ready(r, &e);
	conn_close_soon(e.conn, (struct millis){30});
	run_until_closed(r, &e);
	assert_int_equal(CONN_END_OURS, e.why);
	assert_int_equal(3, read(fd[1], got, 3));
	assert_int_equal(0, read(fd[1], got, 3));
	close(fd[1]);
}

static void closing_before_the_handshake_is_through_still_sends_what_is_queued(void **state)
{
	struct room *r = *state;
	struct end client, server;

	tls_open(r, &client, &server);
	conn_write(client.conn, "log out", 7);
	conn_close_soon(client.conn, SECONDS(10));
	run_until_closed(r, &server);
	expect_text(&server, "log out");
	run_until_closed(r, &client);
	assert_int_equal(0, client.ready);
	assert_int_equal(CONN_END_OURS, client.why);
	end_fini(&client);
	end_fini(&server);
}

static void a_connection_may_be_freed_inside_any_of_its_callbacks(void **state)
{
	struct room *r = *state;
	struct end a, b;

	pair_open(r, &a, &b);
	a.free_on_ready = true;
	room_run(r);
	assert_int_equal(1, a.ready);
	run_until_closed(r, &b);
	assert_int_equal(0, a.closed);

	tls_open(r, &a, &b);
	b.free_on_data = b.echo = true;
	conn_write(a.conn, "abc", 3);
	room_run(r);
	assert_int_equal(1, b.offers);
	run_until_closed(r, &a);
	assert_int_equal(0, b.closed);
	end_fini(&a);
	buf_fini(&b.got);

	tls_open(r, &a, &b);
	b.free_on_closed = true;
	run_until_ready(r, &a);
	run_until_ready(r, &b);
	conn_free(a.conn);
	run_until_closed(r, &b);
	assert_int_equal(1, b.closed);
	assert_int_equal(CONN_END_PEER, b.why);
	conn_free(NULL);
}

/* ---- The loop ----------------------------------------------------------------------------------
 */

struct noting_pass {
	struct loop_pass pass;
	struct buf *notes;
	struct room *room;
	struct end *writes; /* once */
	char name;
	bool removes_itself;
};

static void on_pass(struct loop_pass *pass)
{
	struct noting_pass *p = container_of(pass, struct noting_pass, pass);

	buf_put(p->notes, &p->name, 1);
	if (p->removes_itself)
		loop_remove_pass(p->room->loop, pass);
	if (p->writes != NULL)
		conn_write(p->writes->conn, "from the pass", 13);
	p->writes = NULL;
}

static void passes_come_in_order_and_what_they_write_goes_out_in_the_same_pass(void **state)
{
	struct room *r = *state;
	struct buf notes = {0};
	struct end a, b;
	struct noting_pass p[] = {{{on_pass, NULL}, &notes, r, NULL, '1', false},
				  {{on_pass, NULL}, &notes, r, NULL, '2', true},
				  {{on_pass, NULL}, &notes, r, &a, '3', false}};
	size_t i;

	pair_open(r, &a, &b);
	for (i = 0; i < COUNT(p); i++)
		loop_add_pass(r->loop, &p[i].pass);
	run_until_got(r, &b, 13);
	expect_text(&b, "from the pass");
	assert_memory_equal("12313", buf_text(&notes), 5);
	loop_remove_pass(r->loop, &p[0].pass);
	loop_remove_pass(r->loop, &p[2].pass);
	buf_fini(&notes);
	end_fini(&a);
	end_fini(&b);
}

struct counting_timer {
	struct timer timer;
	int fired;
	struct mono_ms due;
};

static void on_count(struct timer *t)
{
	struct counting_timer *c = container_of(t, struct counting_timer, timer);

	c->fired++;
	assert_true(loop_now(t->loop).v >= c->due.v);
	assert_false(timer_is_set(t));
}

static void count_after(struct counting_timer *c, struct millis delay)
{
	c->due = mono_add(loop_now(c->timer.loop), delay);
	timer_set(&c->timer, delay);
}

static void a_timer_fires_once_never_early_and_not_when_stopped(void **state)
{
	struct room *r = *state;
	struct counting_timer t[40] = {0}, stopped = {0};
	size_t i;

	timer_init(&stopped.timer, r->loop, on_count);
	assert_false(timer_is_set(&stopped.timer));
	count_after(&stopped, (struct millis){5});
	assert_true(timer_is_set(&stopped.timer));
	timer_stop(&stopped.timer);
	assert_false(timer_is_set(&stopped.timer));
	for (i = 0; i < COUNT(t); i++) {
		timer_init(&t[i].timer, r->loop, on_count);
		count_after(&t[i], (struct millis){2});
		count_after(&t[i], (struct millis){(int64_t)i}); /* anew */
	}
	run_for(r, (struct millis){80});
	assert_int_equal(0, stopped.fired);
	timer_fini(&stopped.timer);
	for (i = 0; i < COUNT(t); i++) {
		assert_int_equal(1, t[i].fired);
		timer_fini(&t[i].timer);
	}
}

struct noting_watch {
	struct watch watch;
	struct loop *loop;
	int readable, writable;
};

static void on_watched(struct watch *w, bool readable, bool writable)
{
	struct noting_watch *n = container_of(w, struct noting_watch, watch);

	n->readable += readable;
	n->writable += writable;
	loop_stop(n->loop);
}

static void on_signal(struct signal_watch *s, int number)
{
	assert_int_equal(SIGUSR1, number);
	s->number = 0;
	loop_stop(s->loop);
}

static void descriptors_and_signals_wake_the_loop(void **state)
{
	struct room *r = *state;
	struct noting_watch n = {.loop = r->loop};
	struct signal_watch s;
	int fd[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	watch_init(&n.watch, r->loop, fd[0], on_watched);
	watch_set(&n.watch, true, false);
	assert_int_equal(1, write(fd[1], "x", 1));
	room_run(r);
	assert_int_equal(1, n.readable);
	assert_int_equal(0, n.writable);
	watch_set(&n.watch, false, true);
	room_run(r);
	assert_int_equal(1, n.readable);
	assert_int_equal(1, n.writable);
	watch_fini(&n.watch);
	signal_watch_init(&s, r->loop, SIGUSR1, on_signal);
	raise(SIGUSR1);
	room_run(r);
	assert_int_equal(0, s.number);
	signal_watch_fini(&s);
	close(fd[0]);
	close(fd[1]);
}

static void out_of_descriptors_the_listener_waits_and_tries_again(void **state)
{
	struct room *r = *state;
	struct rlimit before, none;
	struct buf notes = {0};
	struct noting_pass p = {{on_pass, NULL}, &notes, r, NULL, 'p', false};
	struct end server;
	int fd = connect_to(r->port), lowest_free = dup(fd);

	end_init(&server, r->loop);
	r->next = &server;
	r->accept_tls = NULL;
	assert_true(lowest_free >= 0);
	close(lowest_free);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	none = before;
	none.rlim_cur = (rlim_t)lowest_free;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
	loop_add_pass(r->loop, &p.pass);
	run_for(r, (struct millis){100});
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_null(server.conn);
	assert_in_range(buf_length(&notes), 1, 10); /* it does not spin */
	run_until_ready(r, &server);
	assert_int_equal(1, server.ready);
	loop_remove_pass(r->loop, &p.pass);
	buf_fini(&notes);
	close(fd);
	end_fini(&server);
}

static void a_paused_listener_takes_nobody(void **state)
{
	struct room *r = *state;
	struct end server;
	int fd;

	end_init(&server, r->loop);
	r->next = &server;
	r->accept_tls = NULL;
	listener_pause(r->listener, true);
	fd = connect_to(r->port);
	run_for(r, (struct millis){20});
	assert_null(server.conn);
	listener_pause(r->listener, false);
	run_until_ready(r, &server);
	assert_int_equal(1, server.ready);
	close(fd);
	end_fini(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(plain_connections_carry_bytes_both_ways),
	    RULE(ten_thousand_messages_are_echoed_over_tls),
	    RULE(a_flood_is_read_in_slices_so_that_others_have_their_turn),
	    RULE(last_bytes_before_a_close_notify_are_offered),
	    RULE(last_bytes_before_a_bare_fin_are_offered),
	    RULE(last_bytes_before_a_reset_are_offered),
	    RULE(last_bytes_are_offered_although_writing_fails_first),
	    RULE(a_client_without_alpn_is_refused),
	    RULE(a_client_of_another_protocol_is_refused),
	    RULE(a_client_that_knows_only_tls_1_2_is_refused),
	    RULE(a_client_that_offers_ours_among_others_is_welcome),
	    RULE(a_server_without_alpn_is_refused),
	    RULE(the_server_is_known_by_its_pin),
	    RULE(whatever_key_is_shown_can_be_asked_about),
	    RULE(an_authority_vouches_for_a_name_and_for_no_other),
	    RULE(weak_foreign_and_locked_keys_are_refused),
	    RULE(a_damaged_chain_is_refused),
	    RULE(a_self_signed_certificate_names_who_it_is_for),
	    RULE(a_browser_with_the_authority_believes_the_server_and_nobody_else),
	    RULE(a_pin_is_that_of_the_key_not_of_the_certificate),
	    RULE(nothing_of_tls_is_made_before_a_hello_is_whole),
	    RULE(what_begins_no_handshake_is_cut_at_once),
	    RULE(half_a_hello_and_an_end_is_an_end),
	    RULE(who_is_served_does_not_wait_for_a_crowd_that_shakes_hands),
	    RULE(who_changes_its_keys_a_few_times_is_served_on),
	    RULE(who_changes_its_keys_without_end_is_cut_and_others_are_served),
	    RULE(who_takes_no_answer_to_its_keys_costs_no_passes_and_ends_in_time),
	    RULE(who_is_closed_before_it_is_read_on_costs_no_passes),
	    RULE(who_takes_the_answer_to_its_keys_at_last_is_read_on),
	    RULE(a_peer_that_drips_its_handshake_is_dropped_in_time),
	    RULE(a_deadline_is_not_moved_by_a_peer_that_drips),
	    RULE(a_deadline_can_be_renewed_cleared_and_made_shorter),
	    RULE(a_connection_that_nobody_answers_ends_in_time),
	    RULE(a_peer_that_vanishes_is_found_out_after_a_minute_whatever_is_under_way),
	    RULE(a_port_where_nobody_listens_is_an_error),
	    RULE(while_paused_nothing_is_told_and_then_everything),
	    RULE(what_was_left_at_a_pause_is_offered_again_without_new_bytes),
	    RULE(records_left_inside_tls_are_read_on),
	    RULE(an_end_that_came_with_the_last_bytes_waits_while_paused),
	    RULE(a_time_limit_passes_during_a_pause_too),
	    RULE(a_pause_before_the_handshake_does_not_hold_it_up),
	    RULE(what_a_paused_peer_does_not_take_stays_queued),
	    RULE(closing_soon_lets_everything_queued_arrive),
	    RULE(closing_with_input_unread_does_not_cost_the_last_reply),
	    RULE(closing_soon_gives_up_at_its_limit),
	    RULE(a_peer_that_never_closes_is_not_waited_for_longer_than_the_limit),
	    RULE(closing_before_the_handshake_is_through_still_sends_what_is_queued),
	    RULE(a_connection_may_be_freed_inside_any_of_its_callbacks),
	    RULE(passes_come_in_order_and_what_they_write_goes_out_in_the_same_pass),
	    RULE(a_timer_fires_once_never_early_and_not_when_stopped),
	    RULE(descriptors_and_signals_wake_the_loop),
	    RULE(out_of_descriptors_the_listener_waits_and_tries_again),
	    RULE(a_paused_listener_takes_nobody),
	};

	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
