#include "daemon/service/hasher.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/confine/confine.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/times.h"

/* Longer than any that was ever accepted: as wrong as the whole of it. */
#define PASSWORD_ROOM (PASSWORD_MOST + 2)

struct question {
	uint32_t what; /* an enum password_what */
	char hash[PASSWORD_HASH_SIZE];
	char password[PASSWORD_ROOM]; /* with its NUL */
};

struct answer {
	uint32_t good;
	char hash[PASSWORD_HASH_SIZE];
};

struct hasher {
	int fd; /* owned; a socketpair that keeps messages apart.  -1: the process is gone */
	pid_t pid;
	bool asked; /* a question, and it has not answered yet */
};

/* ---- The process ---------------------------------------------------------------------------- */

static bool send_whole(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, data, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static bool receive_whole(int fd, void *data, size_t len, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, data, len, flags);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static void serve(int fd)
{
	struct question q;
	struct answer a;

	while (receive_whole(fd, &q, sizeof q, 0)) {
		struct password_task t = {.what = (enum password_what)q.what};

		memcpy(t.hash, q.hash, sizeof t.hash);
		t.password = q.password;
		password_do(&t);
		a = (struct answer){.good = t.good};
		memcpy(a.hash, t.hash, sizeof a.hash);
		sodium_memzero(&q, sizeof q);
		if (!send_whole(fd, &a, sizeof a))
			break;
	}
}

/* Nothing of the core's is left to it but the log: a leash or a lock that it held would live on
 * when the core has died. */
static _Noreturn void be_the_hasher(int fd)
{
	static const struct sched_param none = {0};
	sigset_t nothing;

	if (dup2(fd, STDIN_FILENO) != STDIN_FILENO || close_range(3, ~0u, 0) != 0)
		_exit(1);
	sigemptyset(&nothing);
	(void)sigprocmask(SIG_SETMASK, &nothing, NULL);
	(void)prctl(PR_SET_NAME, "examd-hasher");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not even to the end of a hash */
	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "hasher"), F_TEXT("doing", "SCHED_IDLE"),
			  F_INT("errno", errno));
	if (sodium_init() < 0 || confine(CONFINE_HASHER, NULL, 0) != ERR_OK)
		_exit(1);
	serve(STDIN_FILENO);
	_exit(0);
}

/* ---- Its core ------------------------------------------------------------------------------- */

static void gone(struct hasher *h)
{
	log_event(LOG_CHANNEL_LOST, F_TEXT("why", "the hasher has ended"));
	close(h->fd);
	h->fd = -1;
}

struct hasher *hasher_start(void)
{
	struct hasher *h;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		be_the_hasher(pair[1]);
	close(pair[1]);
	if (pid < 0) {
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "hasher"), F_INT("errno", errno));
		close(pair[0]);
		return NULL;
	}
	h = mem_new(sizeof *h);
	h->fd = pair[0];
	h->pid = pid;
	return h;
}

void hasher_free(struct hasher *h)
{
	if (h == NULL)
		return;
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

pid_t hasher_pid(const struct hasher *h)
{
	return h->pid;
}

/* Is an answer there within so long? */
static bool wait_for_answer(const struct hasher *h, struct mono_ms until)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	int n;

	do {
		n = poll(&p, 1, (int)mono_left(until, mono_now()).v);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static bool await(struct hasher *h, struct answer *a, struct mono_ms until)
{
	if (!wait_for_answer(h, until))
		return false;
	h->asked = false;
	if (receive_whole(h->fd, a, sizeof *a, MSG_DONTWAIT))
		return true;
	gone(h);
	return false;
}

static bool ask(struct hasher *h, const struct password_task *t)
{
	struct question q = {.what = t->what};
	size_t len = strnlen(t->password, PASSWORD_ROOM - 1);
	bool sent;

	memcpy(q.hash, t->hash, sizeof q.hash);
	memcpy(q.password, t->password, len);
	sent = send_whole(h->fd, &q, sizeof q);
	sodium_memzero(&q, sizeof q);
	h->asked = sent;
	if (!sent)
		gone(h);
	return sent;
}

bool hasher_do(struct hasher *h, struct password_task *t)
{
	struct answer a = {0};
	bool done;

	if (h == NULL || h->fd < 0)
		return false;
	if (h->asked && !await(h, &a, mono_now())) /* a late answer is nobody's */
		return false;
	if (!ask(h, t))
		return false;
	done = await(h, &a, mono_add(mono_now(), (struct millis){HASHER_PATIENCE_MS}));
	if (done) {
		t->good = a.good != 0;
		memcpy(t->hash, a.hash, sizeof t->hash);
	}
	sodium_memzero(&a, sizeof a);
	return done;
}
