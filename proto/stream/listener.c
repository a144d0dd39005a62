#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/address.h"
#include "proto/stream/conn.h"

#define ACCEPTS_MOST 16 /* in one pass */
#define BACKLOG	     1024

struct listener {
	struct listener_user *user; /* borrowed */
	struct watch watch;
	struct timer retry;
	bool paused;	     /* by the owner */
	bool calling, freed; /* freed while it calls: goes when it has called */
	int fd;		     /* owned */
};

static void update(struct listener *l)
{
	watch_set(&l->watch, !l->paused && !timer_is_set(&l->retry), false);
}

static void on_retry(struct timer *t)
{
	update(container_of(t, struct listener, retry));
}

/* Out of descriptors or memory: the socket stays readable, so looking again at once would spin. */
static void wait_a_second(struct listener *l, int error)
{
	log_event(LOG_CONN_REFUSED, F_TEXT("why", "accept"), F_INT("errno", error));
	timer_set(&l->retry, SECONDS(1));
	update(l);
}

/* Of accept(2): the errors of a connection that has gone before it was taken. */
static bool is_of_one_connection(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

static void on_connections(struct watch *w, bool readable, bool writable)
{
	struct listener *l = container_of(w, struct listener, watch);
	int fd, n;

	(void)readable;
	(void)writable;
	l->calling = true;
	for (n = 0; n < ACCEPTS_MOST && !l->freed && !l->paused; n++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			l->user->on_accept(l->user, fd);
		} else if (!is_of_one_connection(errno)) {
			if (errno != EAGAIN)
				wait_a_second(l, errno);
			break;
		}
	}
	l->calling = false;
	if (l->freed)
		listener_free(l);
}

struct listener *listener_new(struct loop *loop, int fd, struct listener_user *user)
{
	struct listener *l = mem_new(sizeof *l);

	l->user = user;
	l->fd = fd;
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	timer_init(&l->retry, loop, on_retry);
	watch_init(&l->watch, loop, fd, on_connections);
	update(l);
	return l;
}

void listener_pause(struct listener *l, bool pause)
{
	l->paused = pause;
	update(l);
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	l->freed = true;
	if (l->calling)
		return;
	watch_fini(&l->watch);
	timer_fini(&l->retry);
	close(l->fd);
	free(l);
}

static enum err listen_error(void)
{
	switch (errno) {
	case EADDRINUSE:
		return ERR_IN_USE;
	case EACCES:
		return ERR_FORBIDDEN;
	default:
		return ERR_IO;
	}
}

static enum err listen_on(const struct addrinfo *a, int *fd_out)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, off = 0;
	enum err err = ERR_OK;

	if (fd < 0)
		return ERR_IO;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->ai_family == AF_INET6) /* "::" is everybody */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		err = listen_error();
	if (err == ERR_OK)
		*fd_out = fd;
	else
		close(fd);
	return err;
}

enum err listen_open(const char *host, unsigned port, int *fd_out)
{
	struct addrinfo *addrs, *a;
	enum err err = address_find(host, port, true, &addrs);

	if (err != ERR_OK)
		return err;
	err = ERR_IO;
	for (a = addrs; a != NULL && err == ERR_IO; a = a->ai_next)
		err = listen_on(a, fd_out);
	freeaddrinfo(addrs);
	return err;
}

unsigned listen_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {0};
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.any, &len) != 0)
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}
