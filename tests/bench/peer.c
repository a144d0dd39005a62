/* peer: the load that load.c gives examd, for the servers that it is compared with.
 *
 *   peer set    --server HOST:PORT --connections N [--seconds S] [--rate R] [--skip S]
 *   peer get    --server HOST:PORT --connections N [--warm] [--hold]
 *   peer shake  --server HOST:PORT --connections N [--alpn NAME]
 *
 * set:   each connection has one Redis SET of 100 bytes under way, for S seconds; with --rate an
 *        open loop, R a second over all, whose latencies count from the moment each was due; those
 *        of the first --skip seconds do not count.
 * get:   each connection gets /form by HTTP once; the time is that from the first connect, or with
 *        --warm from the first request on connections that are there, to the last byte.  With
 *        --hold they stay until the end of standard input.
 * shake: full TLS handshakes, 32 at a time, and nothing else.
 *
 * TLS 1.3, one thread, epoll and OpenSSL alone: lighter than examd's own client library, so a peer
 * is never held up by it.  Prints one line of JSON.  Exit 1 when the server does not do its part.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/base/times.h"

#define WINDOW	  64	 /* requests under way on a connection of an open loop */
#define RATE_TICK 200000 /* ns, as load.c */
#define SHAKING	  256	 /* connections that shake hands, as load.c */
#define AT_A_TIME 32	 /* handshakes */
#define VALUE	  100	 /* bytes of a SET */

struct peer;

struct link {
	SSL *ssl;
	int fd;
	bool open, writes;
	int64_t due[WINDOW]; /* of the requests under way, oldest first from .first */
	unsigned first, under_way;
	size_t want; /* bytes of the body that are to come; 0: the head is not whole */
	size_t had;  /* bytes of the head */
	char head[1024];
};

struct peer {
	const char *mode;
	struct sockaddr_in server;
	SSL_CTX *ctx;
	struct link *all;
	size_t n, begun, shaken, opened, done;
	bool warm, hold, stop;
	int64_t seconds, skip, rate, begin_ns, run_ns, end_ns;
	uint64_t offered, missed, answered;
	uint32_t *latency_us;
	size_t nlatency, cap;
	int epoll, timer;
	char bytes[65536];
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "peer: %s: %s\n", what, errno != 0 ? strerror(errno) : "refused");
	ERR_print_errors_fp(stderr);
	exit(1);
}

static bool is_mode(const struct peer *p, const char *mode)
{
	return strcmp(p->mode, mode) == 0;
}

/* ---- Bytes ------------------------------------------------------------------------------------
 */

static void watch_writing(struct peer *p, struct link *k, bool on)
{
	struct epoll_event ev = {.events = EPOLLIN | (on ? EPOLLOUT : 0u), .data.ptr = k};

	if (k->writes == on)
		return;
	k->writes = on;
	must(epoll_ctl(p->epoll, EPOLL_CTL_MOD, k->fd, &ev) == 0, "epoll_ctl");
}

/* Requests are small, and a peer that does not take one at once is broken. */
static void send_all(struct link *k, const char *data, size_t len)
{
	size_t sent = 0;

	ERR_clear_error();
	must(SSL_write_ex(k->ssl, data, len, &sent) == 1 && sent == len, "write");
}

static void send_set(struct peer *p, struct link *k, int64_t due_ns)
{
	char text[256];
	int len = snprintf(text, sizeof text, "*3\r\n$3\r\nSET\r\n$8\r\nk%07u\r\n$%d\r\n%0*d\r\n",
			   (unsigned)(k - p->all), VALUE, VALUE, 7);

	k->due[(k->first + k->under_way++) % WINDOW] = due_ns;
	send_all(k, text, (size_t)len);
}

static void send_get(struct link *k)
{
	static const char text[] = "GET /form HTTP/1.1\r\nHost: bench\r\n\r\n";

	send_all(k, text, sizeof text - 1);
}

/* ---- What came back ---------------------------------------------------------------------------
 */

static void note_latency(struct peer *p, int64_t due_ns)
{
	if (due_ns - p->run_ns < p->skip * 1000000000)
		return;
	if (p->nlatency == p->cap) {
		p->cap = p->cap * 2 + 1024;
		p->latency_us = mem_resize(p->latency_us, p->cap * sizeof *p->latency_us);
	}
	p->latency_us[p->nlatency++] = (uint32_t)((mono_now_ns() - due_ns) / 1000);
}

/* "+OK\r\n" for each SET. */
static void on_set(struct peer *p, struct link *k, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		must(data[i] != '-', "an error in place of OK");
		if (data[i] != '\n')
			continue;
		must(k->under_way > 0, "an answer too many");
		note_latency(p, k->due[k->first]);
		k->first = (k->first + 1) % WINDOW;
		k->under_way--;
		p->answered++;
		if (p->rate == 0 && !p->stop)
			send_set(p, k, mono_now_ns());
	}
}

static void on_got(struct peer *p)
{
	if (++p->done == p->n)
		p->end_ns = mono_now_ns();
}

static void on_get(struct peer *p, struct link *k, const char *data, size_t len)
{
	const char *length, *body;
	size_t take = 0;

	if (k->want == 0) {
		take = sizeof k->head - 1 - k->had < len ? sizeof k->head - 1 - k->had : len;
		memcpy(k->head + k->had, data, take);
		k->had += take;
		k->head[k->had] = '\0';
		if ((body = strstr(k->head, "\r\n\r\n")) == NULL)
			return;
		length = strstr(k->head, "Content-Length: ");
		must(strncmp(k->head, "HTTP/1.1 200", 12) == 0 && length != NULL, "no form");
		k->want = strtoul(length + 16, NULL, 10);
		k->want -= k->had - (size_t)(body + 4 - k->head);
	}
	must(len - take <= k->want, "more than the form");
	k->want -= len - take;
	if (k->want == 0)
		on_got(p);
}

static void read_link(struct peer *p, struct link *k)
{
	size_t len = 0;

	do {
		ERR_clear_error();
		if (SSL_read_ex(k->ssl, p->bytes, sizeof p->bytes, &len) != 1) {
			must(SSL_get_error(k->ssl, 0) == SSL_ERROR_WANT_READ, "read");
			return;
		}
		if (is_mode(p, "set"))
			on_set(p, k, p->bytes, len);
		else
			on_get(p, k, p->bytes, len);
	} while (SSL_has_pending(k->ssl));
}

/* ---- Beginning --------------------------------------------------------------------------------
 */

static void begin_link(struct peer *p)
{
	struct link *k = &p->all[p->begun++];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = k};
	int one = 1;

	k->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(k->fd >= 0, "socket");
	(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	must(connect(k->fd, (const struct sockaddr *)&p->server, sizeof p->server) == 0 ||
		 errno == EINPROGRESS,
	     "connect");
	errno = 0;
	k->ssl = SSL_new(p->ctx);
	must(k->ssl != NULL && SSL_set_fd(k->ssl, k->fd) == 1, "SSL");
	SSL_set_connect_state(k->ssl);
	k->writes = true;
	must(epoll_ctl(p->epoll, EPOLL_CTL_ADD, k->fd, &ev) == 0, "epoll_ctl");
}

static void begin_more(struct peer *p)
{
	size_t most = is_mode(p, "shake") ? AT_A_TIME : SHAKING;

	while (p->begun < p->n && p->begun - p->shaken < most)
		begin_link(p);
}

static void end_link(struct link *k)
{
	(void)SSL_shutdown(k->ssl);
	SSL_free(k->ssl);
	close(k->fd);
	k->ssl = NULL;
}

/* All connections are there. */
static void begin_run(struct peer *p)
{
	const struct itimerspec every = {{0, RATE_TICK}, {0, RATE_TICK}};
	size_t i;

	p->run_ns = mono_now_ns();
	if (is_mode(p, "set") && p->rate > 0)
		must(timerfd_settime(p->timer, 0, &every, NULL) == 0, "timerfd");
	for (i = 0; i < p->n && is_mode(p, "set") && p->rate == 0; i++)
		send_set(p, &p->all[i], mono_now_ns());
	for (i = 0; i < p->n && p->warm; i++)
		send_get(&p->all[i]);
}

static void on_opened(struct peer *p, struct link *k)
{
	k->open = true;
	p->shaken++;
	if (is_mode(p, "shake")) {
		end_link(k);
		begin_more(p);
		on_got(p);
		return;
	}
	begin_more(p);
	if (is_mode(p, "get") && !p->warm)
		send_get(k);
	if (++p->opened == p->n)
		begin_run(p);
}

static void shake(struct peer *p, struct link *k)
{
	int rc, why;

	ERR_clear_error();
	rc = SSL_do_handshake(k->ssl);
	if (rc == 1) {
		watch_writing(p, k, false);
		on_opened(p, k);
		return;
	}
	why = SSL_get_error(k->ssl, rc);
	must(why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE, "handshake");
	watch_writing(p, k, why == SSL_ERROR_WANT_WRITE);
}

/* ---- The run ----------------------------------------------------------------------------------
 */

static void on_tick(struct peer *p)
{
	uint64_t ticks;
	int64_t due;

	if (read(p->timer, &ticks, sizeof ticks) != sizeof ticks)
		return;
	while (due = p->run_ns + (int64_t)p->offered * 1000000000 / p->rate, due <= mono_now_ns()) {
		struct link *k = &p->all[p->offered++ % p->n];

		if (k->under_way == WINDOW)
			p->missed++;
		else
			send_set(p, k, due);
	}
}

static bool goes_on(struct peer *p)
{
	if (!is_mode(p, "set"))
		return p->done < p->n;
	return p->run_ns == 0 || mono_now_ns() - p->run_ns < p->seconds * 1000000000;
}

static void run(struct peer *p)
{
	struct epoll_event events[256];
	int n, i;

	p->begin_ns = mono_now_ns();
	begin_more(p);
	while (goes_on(p)) {
		n = epoll_wait(p->epoll, events, 256, 1000);
		for (i = 0; i < n; i++) {
			struct link *k = events[i].data.ptr;

			if (k == NULL)
				on_tick(p);
			else if (!k->open)
				shake(p, k);
			else
				read_link(p, k);
		}
	}
	if (p->end_ns == 0)
		p->end_ns = mono_now_ns();
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double part(const struct peer *p, size_t thousandth)
{
	return p->nlatency == 0 ? 0 : p->latency_us[(p->nlatency - 1) * thousandth / 1000] / 1e3;
}

static void report(struct peer *p)
{
	double seconds =
	    (double)(p->end_ns -
		     (p->run_ns && (is_mode(p, "set") || p->warm) ? p->run_ns : p->begin_ns)) /
	    1e9;

	if (p->nlatency > 0)
		qsort(p->latency_us, p->nlatency, sizeof *p->latency_us, compare_u32);
	printf("{\"phase\":\"%s\",\"connections\":%zu,\"seconds\":%.4f,\"acked\":%llu,"
	       "\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"missed\":%llu}\n",
	       p->mode, p->n, seconds, (unsigned long long)p->answered,
	       (double)p->answered / seconds, part(p, 500), part(p, 990), part(p, 999),
	       part(p, 1000), (unsigned long long)p->missed);
	fflush(stdout);
}

static void prepare(struct peer *p, const char *alpn)
{
	unsigned char list[64] = {0};
	struct epoll_event ev = {.events = EPOLLIN};

	p->ctx = SSL_CTX_new(TLS_client_method());
	must(p->ctx != NULL && SSL_CTX_set_min_proto_version(p->ctx, TLS1_3_VERSION) == 1 &&
		 SSL_CTX_set_ciphersuites(p->ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
		 SSL_CTX_set1_groups_list(p->ctx, "X25519") == 1,
	     "TLS 1.3");
	SSL_CTX_set_mode(p->ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(p->ctx, 1);
	if (alpn != NULL && alpn[0] != '\0') {
		list[0] = (unsigned char)snprintf((char *)list + 1, sizeof list - 1, "%s", alpn);
		must(SSL_CTX_set_alpn_protos(p->ctx, list, list[0] + 1u) == 0, "ALPN");
	}
	p->all = mem_new_array(p->n, sizeof *p->all);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	must(p->epoll >= 0 && p->timer >= 0 &&
		 epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->timer, &ev) == 0,
	     "epoll");
}

static bool read_server(struct peer *p, const char *text)
{
	char host[64];
	unsigned port;

	if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2)
		return false;
	p->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return inet_pton(AF_INET, host, &p->server.sin_addr) == 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"server", required_argument, NULL, 's'},
	    {"connections", required_argument, NULL, 'c'},
	    {"seconds", required_argument, NULL, 't'},
	    {"rate", required_argument, NULL, 'r'},
	    {"skip", required_argument, NULL, 'k'},
	    {"alpn", required_argument, NULL, 'a'},
	    {"warm", no_argument, NULL, 'w'},
	    {"hold", no_argument, NULL, 'h'},
	    {0},
	};
	static struct peer p = {.seconds = 5};
	const char *alpn = NULL;
	bool good = false;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's':
			good = read_server(&p, optarg);
			break;
		case 'c':
			p.n = strtoul(optarg, NULL, 10);
			break;
		case 't':
			p.seconds = strtol(optarg, NULL, 10);
			break;
		case 'r':
			p.rate = strtol(optarg, NULL, 10);
			break;
		case 'k':
			p.skip = strtol(optarg, NULL, 10);
			break;
		case 'a':
			alpn = optarg;
			break;
		case 'w':
			p.warm = true;
			break;
		case 'h':
			p.hold = true;
			break;
		default:
			return 2;
		}
	}
	p.mode = optind < argc ? argv[optind] : "";
	if (!good || p.n == 0 || p.rate < 0 ||
	    !(is_mode(&p, "set") || is_mode(&p, "get") || is_mode(&p, "shake"))) {
		fputs(
		    "usage: peer set|get|shake --server ADDRESS:PORT --connections N [--seconds S] "
		    "[--rate R] [--skip S] [--alpn NAME] [--warm] [--hold]\n",
		    stderr);
		return 2;
	}
	prepare(&p, alpn);
	run(&p);
	report(&p);
	while (p.hold && read(STDIN_FILENO, p.bytes, sizeof p.bytes) > 0)
		;
	_exit(0);
}
