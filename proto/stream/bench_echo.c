/* bench_echo: what this machine can do without any exam: a bare echo over TLS.
 *
 *   bench_echo [CONNECTIONS [SECONDS [BYTES]]]          (500, 5, 100)
 *
 * One process echoes; another holds the connections, each with one message under way.  Prints
 *
 *   connections=500 bytes=100 seconds=5.00 requests/s=169000 p50_us=2900 p99_us=3400
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_echo: %s\n", what);
	exit(1);
}

/* ---- The server -------------------------------------------------------------------------------
 */

struct echo {
	struct conn_user user;
	struct conn *conn; /* owned by itself: freed at its end */
};

struct server {
	struct loop *loop;
	struct tls *tls;
	struct listener_user accepts;
};

static void echo_on_data(struct conn_user *u, struct buf *in)
{
	struct echo *e = container_of(u, struct echo, user);

	conn_write(e->conn, buf_bytes(in).data, buf_length(in));
	buf_take(in, buf_length(in));
}

static void echo_on_closed(struct conn_user *u, enum conn_end why)
{
	(void)why;
	free(container_of(u, struct echo, user));
}

static void on_accept(struct listener_user *u, int fd)
{
	struct server *s = container_of(u, struct server, accepts);
	struct echo *e = mem_new(sizeof *e);

	e->user = (struct conn_user){NULL, echo_on_data, echo_on_closed};
	e->conn = conn_accept(s->loop, fd, s->tls, SECONDS(30), &e->user);
}

static void serve(int fd, struct bytes cert, struct bytes key)
{
	struct server s = {.loop = loop_new(), .accepts = {on_accept}};

	must(tls_server_new(&s.tls, cert, key, NULL) == ERR_OK, "no server");
	listener_new(s.loop, fd, &s.accepts);
	loop_run(s.loop); /* until killed */
}

/* ---- The clients ------------------------------------------------------------------------------
 */

struct bench {
	struct loop *loop;
	struct timer over;
	struct asker *askers;
	unsigned connections, ready;
	size_t bytes;
	uint8_t *message;
	int64_t begun, ended; /* ns; begun 0: connections are still being made */
	struct millis length;
	uint64_t done;
	uint64_t took[100000]; /* how many took that many times 10 us */
};

struct asker {
	struct conn_user user;
	struct conn *conn;
	struct bench *bench;
	int64_t asked; /* ns */
};

static void ask(struct asker *a)
{
	a->asked = mono_now_ns();
	conn_write(a->conn, a->bench->message, a->bench->bytes);
}

static void on_ready(struct conn_user *u)
{
	struct bench *b = container_of(u, struct asker, user)->bench;
	unsigned i;

	if (++b->ready < b->connections)
		return;
	b->begun = mono_now_ns();
	timer_set(&b->over, b->length);
	for (i = 0; i < b->connections; i++)
		ask(&b->askers[i]);
}

static void on_data(struct conn_user *u, struct buf *in)
{
	struct asker *a = container_of(u, struct asker, user);
	struct bench *b = a->bench;
	size_t slot;

	if (buf_length(in) < b->bytes)
		return;
	buf_take(in, b->bytes);
	slot = (size_t)((mono_now_ns() - a->asked) / 10000);
	b->took[slot < COUNT(b->took) ? slot : COUNT(b->took) - 1]++;
	b->done++;
	ask(a);
}

static void on_closed(struct conn_user *u, enum conn_end why)
{
	(void)u;
	(void)why;
	must(false, "a connection was closed");
}

static void on_over(struct timer *t)
{
	struct bench *b = container_of(t, struct bench, over);

	b->ended = mono_now_ns();
	loop_stop(b->loop);
}

/* Microseconds that SHARE of the requests stayed within. */
static unsigned long percentile(const struct bench *b, double share)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < COUNT(b->took); i++)
		if ((double)(sum += b->took[i]) >= share * (double)b->done)
			break;
	return (unsigned long)(i + 1) * 10;
}

static void measure(struct bench *b, unsigned port, const struct digest *pin)
{
	struct tls *tls;
	double seconds;
	unsigned i;

	b->loop = loop_new();
	timer_init(&b->over, b->loop, on_over);
	must(tls_client_new(&tls, &(struct tls_trust){.pin = pin}, NULL) == ERR_OK, "no client");
	b->askers = mem_new_array(b->connections, sizeof *b->askers);
	for (i = 0; i < b->connections; i++) {
		struct asker *a = &b->askers[i];

		a->bench = b;
		a->user = (struct conn_user){on_ready, on_data, on_closed};
		must(conn_connect(&a->conn, b->loop, "127.0.0.1", port, tls, SECONDS(30),
				  &a->user) == ERR_OK,
		     "cannot connect");
	}
	loop_run(b->loop);
	seconds = (double)(b->ended - b->begun) / 1e9;
	printf("connections=%u bytes=%zu seconds=%.2f requests/s=%.0f p50_us=%lu p99_us=%lu\n",
	       b->connections, b->bytes, seconds, (double)b->done / seconds, percentile(b, 0.5),
	       percentile(b, 0.99));
	for (i = 0; i < b->connections; i++)
		conn_free(b->askers[i].conn);
	timer_fini(&b->over);
	loop_free(b->loop);
	tls_free(tls);
	free(b->askers);
	free(b->message);
}

static unsigned long number(int argc, char **argv, int i, unsigned long otherwise)
{
	unsigned long v = argc > i ? strtoul(argv[i], NULL, 10) : otherwise;

	must(v > 0 && v <= 1000000, "usage: bench_echo [CONNECTIONS [SECONDS [BYTES]]]");
	return v;
}

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static struct bench b;
	static const char *const names[] = {"127.0.0.1"};
	struct buf cert = {0}, key = {0};
	struct digest pin;
	int fd;
	pid_t server;

	log_setup("bench", LOG_LEVEL_ERROR);
	b.connections = (unsigned)number(argc, argv, 1, 500);
	b.length = SECONDS(number(argc, argv, 2, 5));
	b.bytes = number(argc, argv, 3, 100);
	b.message = mem_new(b.bytes);
	raise_descriptors();
	must(tls_make_self_signed(names, 1, 1, &cert, &key) == ERR_OK, "no certificate");
	must(tls_pin_of_pem(buf_bytes(&cert), &pin) == ERR_OK, "no pin");
	must(listen_open("127.0.0.1", 0, &fd) == ERR_OK, "cannot listen");
	server = fork();
	must(server >= 0, "cannot fork");
	if (server == 0)
		serve(fd, buf_bytes(&cert), buf_bytes(&key));
	measure(&b, listen_port(fd), &pin);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	buf_fini(&cert);
	buf_fini(&key);
	return 0;
}
