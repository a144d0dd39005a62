/* crowd: connections that never log in, in one process that costs as little as it can.
 *
 *   crowd attack PORT COUNT SECONDS [--noise] [--back RATE]
 *       holds COUNT connections to 127.0.0.1:PORT, from twenty addresses: every second one says
 *       nothing, every other drips a ClientHello, a byte a second.  One that the server cuts is
 * made again, RATE a second of all at most (2,500).  With --noise every third sends a byte that
 *       belongs to no protocol each second, so that it is cut at once: much harsher.
 *   crowd sink SECONDS LIMIT_MS
 *       a bare listening socket: accepts, drops what comes, cuts each connection after LIMIT_MS.
 *       What an attack on it costs the others on this machine is what any server would cost them.
 *
 * Prints lines of JSON: {"phase":"port"...} of the sink; "there" when COUNT have been made, and
 * "end". */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/base/times.h"

#define ADDRESSES  20u /* ports of one address would not last */
#define TICK_MS	   1
#define DRIP_MS	   1000
#define EVENTS	   256
#define HELLO_SIZE 505

enum kind { SILENT, DRIPS_HELLO, DRIPS_NOISE };

struct place {
	int fd; /* -1: nobody is there */
	enum kind kind;
	unsigned sent;
	struct mono_ms cut_at; /* of the sink */
};

/* To the sink. */
struct came {
	int fd;
	struct mono_ms cut_at;
};

struct crowd {
	struct place *places;
	unsigned count, open, most;
	unsigned port, back; /* a second */
	bool noise;
	int poll;
	unsigned turn, look, address; /* whose byte is due; who may be missing; whence */
	uint64_t bytes_due, back_due; /* thousandths */
	uint64_t made, refused, cut;
	struct came *came; /* of the sink: a ring */
	unsigned oldest, newest;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const struct crowd *c, const char *phase)
{
	printf("{\"phase\":\"%s\",\"open\":%u,\"most\":%u,\"made\":%llu,\"cut\":%llu,\"refused\":%"
	       "llu}\n",
	       phase, c->open, c->most, (unsigned long long)c->made, (unsigned long long)c->cut,
	       (unsigned long long)c->refused);
	fflush(stdout);
}

static struct sockaddr_in address_of(uint32_t host, unsigned port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(host)}};
}

static void leave(struct crowd *c, struct place *p)
{
	close(p->fd); /* and epoll forgets it */
	p->fd = -1;
	c->open--;
}

static void watch(struct crowd *c, struct place *p)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = p}};

	must(epoll_ctl(c->poll, EPOLL_CTL_ADD, p->fd, &ev) == 0, "epoll_ctl");
	c->open++;
	if (c->open > c->most)
		c->most = c->open;
}

/* ---- Attack --------------------------------------------------------------------------------- */

static enum kind kind_of(const struct crowd *c, uint64_t nth)
{
	return c->noise ? (enum kind)(nth % 3) : (enum kind)(nth % 2);
}

static void come(struct crowd *c, struct place *p)
{
	const struct sockaddr_in from = address_of(0x7f000002u + c->address++ % ADDRESSES, 0);
	const struct sockaddr_in to = address_of(INADDR_LOOPBACK, c->port);
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&from, sizeof from) != 0 ||
	    (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
		c->refused++;
		close(fd);
		return;
	}
	*p = (struct place){.fd = fd, .kind = kind_of(c, c->made++)};
	watch(c, p);
}

/* The head of a record with a ClientHello of 500 bytes; what follows may be anything. */
static uint8_t byte_of(const struct place *p)
{
	static const uint8_t hello[HELLO_SIZE] = {0x16, 3, 1, 1, 0xf8, 1, 0, 1, 0xf4, 3, 3};

	return p->kind == DRIPS_NOISE ? (uint8_t)(p->sent * 7 + 1) : hello[p->sent % HELLO_SIZE];
}

static void drip(struct place *p)
{
	uint8_t byte = byte_of(p);

	if (p->fd >= 0 && p->kind != SILENT && send(p->fd, &byte, 1, MSG_NOSIGNAL) == 1)
		p->sent++;
}

/* What is due after so many milliseconds: bytes, and connections in place of those that were cut.
 */
static void tick(struct crowd *c, unsigned ms)
{
	c->bytes_due += (uint64_t)c->count * ms * 1000 / DRIP_MS;
	for (; c->bytes_due >= 1000; c->bytes_due -= 1000)
		drip(&c->places[c->turn++ % c->count]);
	c->back_due += (uint64_t)c->back * ms;
	for (unsigned n = c->count; n > 0 && c->back_due >= 1000 && c->open < c->count; n--) {
		struct place *p = &c->places[c->look++ % c->count];

		if (p->fd >= 0)
			continue;
		come(c, p);
		c->back_due -= 1000;
	}
	c->back_due %= 1000; /* nobody was missing: no arrears */
}

/* The server says something only to cut it. */
static void on_cut(struct crowd *c, struct place *p, uint32_t events)
{
	char bytes[256];
	bool over = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

	if (!over && (events & EPOLLIN))
		over = recv(p->fd, bytes, sizeof bytes, 0) == 0;
	if (!over)
		return;
	c->cut++;
	leave(c, p);
}

static void attack(struct crowd *c, struct mono_ms end)
{
	struct epoll_event evs[EVENTS];
	struct mono_ms now = mono_now(), last = now;
	bool told = false;

	while (now.v < end.v) {
		int n = epoll_wait(c->poll, evs, EVENTS, TICK_MS);

		for (int i = 0; i < n; i++)
			on_cut(c, evs[i].data.ptr, evs[i].events);
		now = mono_now();
		if (now.v - last.v < TICK_MS)
			continue;
		tick(c, (unsigned)(now.v - last.v));
		last = now;
		if (!told && c->made >= c->count)
			say(c, "there");
		told = told || c->made >= c->count;
	}
	say(c, "end");
}

/* ---- Sink ----------------------------------------------------------------------------------- */

static void take(struct crowd *c, int listener, struct millis limit)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct place *p = &c->places[(unsigned)fd % c->count];

		*p = (struct place){.fd = fd, .cut_at = mono_add(mono_now(), limit)};
		c->came[c->newest++ % c->count] = (struct came){fd, p->cut_at};
		c->made++;
		watch(c, p);
	}
}

static void drop_what_came(struct crowd *c, struct place *p)
{
	char bytes[4096];
	ssize_t n = recv(p->fd, bytes, sizeof bytes, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		leave(c, p);
}

/* In the order in which they came; some have gone before, and their place may be another's now. */
static void cut_the_old(struct crowd *c, struct mono_ms now)
{
	while (c->oldest != c->newest) {
		struct came *came = &c->came[c->oldest % c->count];
		struct place *p = &c->places[(unsigned)came->fd % c->count];

		if (came->cut_at.v > now.v)
			return;
		c->oldest++;
		if (p->fd < 0 || p->cut_at.v != came->cut_at.v)
			continue;
		c->cut++;
		leave(c, p);
	}
}

static int listen_somewhere(struct crowd *c)
{
	struct sockaddr_in at = address_of(INADDR_LOOPBACK, 0);
	struct epoll_event ev = {.events = EPOLLIN, .data = {.ptr = NULL}};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
		 listen(fd, 1024) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
		 epoll_ctl(c->poll, EPOLL_CTL_ADD, fd, &ev) == 0,
	     "listen");
	printf("{\"phase\":\"port\",\"port\":%u}\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void sink(struct crowd *c, struct mono_ms end, struct millis limit)
{
	int listener = listen_somewhere(c);
	struct epoll_event evs[EVENTS];
	struct mono_ms now = mono_now();

	c->came = mem_new_array(c->count, sizeof *c->came);
	while (now.v < end.v) {
		int n = epoll_wait(c->poll, evs, EVENTS, TICK_MS);

		for (int i = 0; i < n; i++) {
			struct place *p = evs[i].data.ptr;

			if (p == NULL)
				take(c, listener, limit);
			else if (p->fd >= 0)
				drop_what_came(c, p);
		}
		now = mono_now();
		cut_the_old(c, now);
	}
	free(c->came);
	say(c, "end");
}

/* ---- The program ---------------------------------------------------------------------------- */

static unsigned number(const char *text)
{
	unsigned long v = strtoul(text, NULL, 10);

	must(v > 0 && v <= 1000000, "a number from 1 to 1,000,000 is wanted");
	return (unsigned)v;
}

static void more_options(struct crowd *c, int argc, char **argv)
{
	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "--noise") == 0)
			c->noise = true;
		else if (strcmp(argv[i], "--back") == 0 && i + 1 < argc)
			c->back = number(argv[++i]);
		else
			must(false, "unknown option");
	}
}

int main(int argc, char **argv)
{
	struct crowd c = {.back = 2500};
	bool attacks = argc >= 5 && strcmp(argv[1], "attack") == 0;
	struct rlimit files;
	struct mono_ms end;

	if (!attacks && (argc != 4 || strcmp(argv[1], "sink") != 0)) {
		fputs("usage: crowd attack PORT COUNT SECONDS [--noise] [--back RATE]\n"
		      "       crowd sink SECONDS LIMIT_MS\n",
		      stderr);
		return 2;
	}
	must(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
	files.rlim_cur = files.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
	c.count = attacks ? number(argv[3]) : (unsigned)files.rlim_max;
	c.places = mem_new_array(c.count, sizeof *c.places);
	for (unsigned i = 0; i < c.count; i++)
		c.places[i].fd = -1;
	c.poll = epoll_create1(EPOLL_CLOEXEC);
	must(c.poll >= 0, "epoll");
	end = mono_add(mono_now(), SECONDS(number(argv[attacks ? 4 : 2])));
	if (attacks) {
		more_options(&c, argc, argv);
		c.port = number(argv[2]);
		attack(&c, end);
	} else {
		sink(&c, end, (struct millis){number(argv[3])});
	}
	free(c.places);
	return 0;
}
