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
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"

#define GUARD SECONDS(30) /* a test that takes this long has failed */

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
	static const char *const names[] = {"exam.test", "127.0.0.1"};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(plain_connections_carry_bytes_both_ways, room_setup,
					    room_teardown),
	    cmocka_unit_test_setup_teardown(ten_thousand_messages_are_echoed_over_tls, room_setup,
					    room_teardown),
	};

	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
