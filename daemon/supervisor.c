#include "daemon/supervisor.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/confine/confine.h"
#include "daemon/descriptors.h"
#include "daemon/front/leash.h"
#include "daemon/notify.h"
#include "daemon/whole_file.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/tls.h"

#define PEM_MOST    (LEASH_MOST / 2 - 4)
#define STOP_LIMIT  SECONDS(1)
#define NUMBER_MASK 0xffffffu
#define GROUPS_MOST 256

/*  DOWN -> UP -> (READY, the core only) -> DOWN  */
enum child_state { CHILD_DOWN, CHILD_UP, CHILD_READY };

struct child {
	enum child_state state;
	pid_t pid;
	int leash;		 /* owned; -1: none, or at its end */
	uint32_t number;	 /* of a front */
	struct mono_ms begin_at; /* DOWN: when to start it */
	struct mono_ms began;	 /* otherwise: when it was started */
	struct backoff backoff;
};

/* Whom children run as; looked up before the supervisor is confined. */
struct identity {
	bool changes; /* false: as the supervisor */
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MOST];
	int ngroups;
};

struct supervisor {
	const struct supervisor_start *start; /* borrowed */
	pid_t pid;
	struct identity children_are;
	int signals; /* owned */
	sigset_t old_mask;
	struct buf cert, key;		/* owned */
	struct leash_settings settings; /* as the children have them */
	struct child core;
	struct child fronts[SUPERVISOR_FRONTS_MOST];
	uint32_t last_number;
	bool served; /* everything ran once */
	bool stopping;
	struct mono_ms kill_at; /* while stopping */
	int status;
};

/* Keys do not stay in memory that is given back. */
static void wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_clear(b);
}

/* ---- Walks over the children ---------------------------------------------------------------- */

static size_t child_count(const struct supervisor *s)
{
	return 1 + s->start->nfronts;
}

/* The core, then the fronts. */
static struct child *child_nth(struct supervisor *s, size_t i)
{
	return i == 0 ? &s->core : &s->fronts[i - 1];
}

static bool is_core(const struct supervisor *s, const struct child *c)
{
	return c == &s->core;
}

static const char *name_of(const struct supervisor *s, const struct child *c)
{
	return is_core(s, c) ? "core" : "front";
}

/* ---- In the child --------------------------------------------------------------------------- */

static void die(const char *what)
{
	log_event(LOG_CONFIG_BAD, F_TEXT("what", what), F_INT("errno", errno));
	_exit(SUPERVISOR_CONFIGURATION);
}

/* The kernel's promise to kill us with our supervisor holds from here on, unless it is gone
 * already. */
static void die_with(pid_t supervisor)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		die("PR_SET_PDEATHSIG");
	if (getppid() != supervisor)
		_exit(0);
}

static void become(const struct identity *who)
{
	if (!who->changes)
		return;
	if (setgroups((size_t)who->ngroups, who->groups) != 0 || setgid(who->gid) != 0 ||
	    setuid(who->uid) != 0)
		die("the change to the user");
	if (who->uid != 0 && setuid(0) == 0)
		die("the change to the user can be undone");
}

/* Signals that reach a whole group of processes are the supervisor's to act on. */
static void set_signals(const struct supervisor *s)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	size_t i;

	for (i = 0; i < COUNT(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

static void keep_what_is_needed(const struct supervisor *s, const struct child *c, int leash)
{
	int keep[SUPERVISOR_FRONTS_MOST] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, leash};
	size_t n = 4, i;

	for (i = 0; !is_core(s, c) && i < s->start->nlisten && n < COUNT(keep); i++)
		keep[n++] = s->start->listen_fds[i];
	descriptors_keep_only(keep, n);
}

static int run_front(const struct supervisor *s, const struct child *c, int leash)
{
	const struct front_start start = {
	    .leash_fd = leash,
	    .listen_fds = s->start->listen_fds,
	    .nlisten = s->start->nlisten,
	    .number = c->number,
	    .cert_pem = buf_bytes(&s->cert),
	    .key_pem = buf_bytes(&s->key),
	    .settings = &s->settings.front,
	};

	return s->start->children->front_main(s->start->children, &start);
}

static _Noreturn void run_child(struct supervisor *s, const struct child *c, int leash)
{
	const struct rlimit no_core = {0, 0};
	int status;

	die_with(s->pid);
	set_signals(s);
	keep_what_is_needed(s, c, leash);
	become(&s->children_are);
	die_with(s->pid);			/* a change of uid takes the promise back */
	(void)setrlimit(RLIMIT_CORE, &no_core); /* memory holds keys */
	(void)prctl(PR_SET_NAME, is_core(s, c) ? "examd-core" : "examd-front");
	log_setup(name_of(s, c), s->settings.log_level);
	if (is_core(s, c)) {
		wipe(&s->key);
		status = s->start->children->core_main(s->start->children, leash);
	} else {
		status = run_front(s, c, leash);
	}
	fflush(NULL);
	_exit(status);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

/* Numbers of 24 bits: from the time of day, so that a supervisor that is started again does not
 * repeat its predecessor's, then counted up. */
static uint32_t next_number(struct supervisor *s)
{
	if (s->last_number == 0)
		s->last_number = (uint32_t)((wall_now().v / 1000 & 0xffff) << 8);
	s->last_number = (s->last_number + 1) & NUMBER_MASK;
	return s->last_number == 0 ? next_number(s) : s->last_number;
}

static void try_again_later(struct child *c)
{
	c->begin_at = mono_add(mono_now(), backoff_next(&c->backoff, (struct millis){0}));
}

static void tell(struct supervisor *s, struct child *c, enum leash_letter letter,
		 struct bytes payload, int fd)
{
	enum err err = c->leash < 0 ? ERR_OK : leash_send(c->leash, letter, payload, fd);

	if (err == ERR_OK || err == ERR_CLOSED)
		return; /* it has died, or will be told at its next start */
	log_event(LOG_CHANNEL_LOST, F_TEXT("process", name_of(s, c)), F_INT("child", c->pid),
		  F_ERR(err));
	kill(c->pid, SIGKILL); /* it does not listen: another one will */
}

/* Settings that have changed, and how often processes were started. */
static void tell_settings(struct supervisor *s, struct child *c)
{
	struct buf payload = {0};

	leash_settings_put(&payload, &s->settings);
	tell(s, c, LEASH_SETTINGS, buf_bytes(&payload), -1);
	buf_fini(&payload);
}

/* Gives a front and the core a channel. */
static void connect_front(struct supervisor *s, struct child *front)
{
	struct buf who = {0};
	int fd[2];

	if (s->core.state != CHILD_READY || front->state == CHILD_DOWN)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0) {
		log_event(LOG_CHANNEL_LOST, F_TEXT("why", "socketpair"), F_INT("errno", errno));
		kill(front->pid, SIGKILL);
		return;
	}
	leash_front_put(&who, front->number, (uint32_t)front->pid);
	tell(s, &s->core, LEASH_FRONT_CHANNEL, buf_bytes(&who), fd[0]);
	tell(s, front, LEASH_CORE_CHANNEL, bytes_of("", 0), fd[1]);
	close(fd[0]);
	close(fd[1]);
	buf_fini(&who);
}

static void begin(struct supervisor *s, struct child *c)
{
	int leash[2];

	if (leash_pair(leash) != ERR_OK) {
		try_again_later(c);
		return;
	}
	if (!is_core(s, c))
		c->number = next_number(s);
	fflush(NULL);
	c->pid = fork();
	if (c->pid == 0)
		run_child(s, c, leash[1]);
	close(leash[1]);
	if (c->pid < 0) {
		close(leash[0]);
		try_again_later(c);
		return;
	}
	c->leash = leash[0];
	c->state = CHILD_UP;
	c->began = mono_now();
	log_event(LOG_CHILD_STARTED, F_TEXT("process", name_of(s, c)), F_INT("child", c->pid));
	if (is_core(s, c)) {
		s->settings.core_starts++;
		return;
	}
	s->settings.front_starts++;
	connect_front(s, c);
	if (s->core.state == CHILD_READY)
		tell_settings(s, &s->core);
}

/* Starts whatever is due.  Fronts wait for the first core. */
static void begin_due(struct supervisor *s)
{
	struct mono_ms now = mono_now();
	size_t i;

	for (i = 0; i < child_count(s); i++) {
		struct child *c = child_nth(s, i);

		if (c->state == CHILD_DOWN && mono_left(c->begin_at, now).v == 0 &&
		    (is_core(s, c) || s->served))
			begin(s, c);
	}
}

static void on_core_ready(struct supervisor *s)
{
	size_t i;

	s->core.state = CHILD_READY;
	tell_settings(s, &s->core);
	for (i = 0; i < s->start->nfronts; i++)
		connect_front(s, &s->fronts[i]);
	if (s->served || s->stopping)
		return;
	s->served = true;
	begin_due(s);
	notify_service_manager("READY=1");
	if (s->start->on_serving != NULL)
		s->start->on_serving(s->start, buf_bytes(&s->cert));
}

/* ---- The end -------------------------------------------------------------------------------- */

static void stop(struct supervisor *s, int status)
{
	size_t i;

	if (s->stopping)
		return;
	s->stopping = true;
	s->status = status;
	s->kill_at = mono_add(mono_now(), STOP_LIMIT);
	log_event(LOG_STOPPING, F_INT("status", status));
	notify_service_manager("STOPPING=1");
	for (i = 0; i < child_count(s); i++)
		tell(s, child_nth(s, i), LEASH_STOP, bytes_of("", 0), -1);
}

static void kill_all(struct supervisor *s)
{
	size_t i;

	s->kill_at = mono_add(mono_now(), STOP_LIMIT);
	for (i = 0; i < child_count(s); i++)
		if (child_nth(s, i)->state != CHILD_DOWN)
			kill(child_nth(s, i)->pid, SIGKILL);
}

static bool all_down(struct supervisor *s)
{
	size_t i;

	for (i = 0; i < child_count(s); i++)
		if (child_nth(s, i)->state != CHILD_DOWN)
			return false;
	return true;
}

static void on_configuration(struct supervisor *s, const struct child *c)
{
	fprintf(stderr,
		"examd: the %s cannot run until somebody mends what it has said above; stopping.\n",
		name_of(s, c));
	stop(s, SUPERVISOR_CONFIGURATION);
}

static void on_death(struct supervisor *s, struct child *c, int how)
{
	struct mono_ms now = mono_now();
	struct millis wait = backoff_next(&c->backoff, mono_left(now, c->began));

	c->state = CHILD_DOWN;
	c->begin_at = mono_add(now, wait);
	if (c->leash >= 0)
		close(c->leash);
	c->leash = -1;
	if (s->stopping)
		return;
	log_event(LOG_CHILD_DIED, F_TEXT("process", name_of(s, c)), F_INT("child", c->pid),
		  F_INT("status", WIFEXITED(how) ? WEXITSTATUS(how) : -1),
		  F_INT("signal", WIFSIGNALED(how) ? WTERMSIG(how) : 0), F_INT("wait_ms", wait.v));
	if (WIFEXITED(how) && WEXITSTATUS(how) == SUPERVISOR_CONFIGURATION)
		on_configuration(s, c);
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	size_t i;
	int how;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (i = 0; i < child_count(s); i++)
			if (child_nth(s, i)->state != CHILD_DOWN && child_nth(s, i)->pid == pid)
				on_death(s, child_nth(s, i), how);
}

/* ---- Certificate, key and settings
 * -------------------------------------------------------------------- */

/* Reads both and tries them; nothing changes on failure, which is said in the log. */
static enum err read_keys(struct supervisor *s)
{
	struct buf cert = {0}, key = {0};
	struct tls *tls = NULL;
	char detail[256] = "";
	const char *file = s->start->cert_file;
	enum err err;

	if ((err = whole_file_read(file, PEM_MOST, &cert)) != ERR_OK)
		goto out;
	file = s->start->key_file;
	if ((err = whole_file_read(file, PEM_MOST, &key)) != ERR_OK)
		goto out;
	if ((err = tls_server_new(&tls, buf_bytes(&cert), buf_bytes(&key), detail)) != ERR_OK)
		goto out;
	wipe(&s->cert);
	wipe(&s->key);
	buf_put_bytes(&s->cert, buf_bytes(&cert));
	buf_put_bytes(&s->key, buf_bytes(&key));
out:
	if (err != ERR_OK)
		log_event(LOG_CONFIG_BAD, F_TEXT("file", file), F_ERR(err),
			  F_TEXT("detail", detail));
	tls_free(tls);
	wipe(&key);
	buf_fini(&cert);
	buf_fini(&key);
	return err;
}

static void reload(struct supervisor *s)
{
	struct leash_settings next = s->settings;
	struct buf payload = {0};
	size_t i;

	if (s->stopping)
		return;
	if (s->start->on_reload != NULL && s->start->on_reload(s->start, &next) != ERR_OK)
		return;
	if (read_keys(s) != ERR_OK)
		return;
	s->settings = next;
	log_set_level(next.log_level);
	for (i = 0; i < child_count(s); i++)
		tell_settings(s, child_nth(s, i));
	leash_keys_put(&payload, buf_bytes(&s->cert), buf_bytes(&s->key));
	for (i = 0; i < s->start->nfronts; i++)
		tell(s, &s->fronts[i], LEASH_KEYS, buf_bytes(&payload), -1);
	wipe(&payload);
	buf_fini(&payload);
	log_event(LOG_CONFIG_RELOADED, F_TEXT("certificate", s->start->cert_file));
}

/* ---- The wait ------------------------------------------------------------------------------- */

static void on_signals(struct supervisor *s)
{
	struct signalfd_siginfo got;

	while (read(s->signals, &got, sizeof got) == (ssize_t)sizeof got) {
		switch (got.ssi_signo) {
		case SIGCHLD:
			reap(s);
			break;
		case SIGHUP:
			reload(s);
			break;
		default:
			stop(s, 0);
		}
	}
}

static void on_leash(struct supervisor *s, struct child *c)
{
	static struct leash_message m; /* too large for the stack */
	enum err err;

	while ((err = leash_receive(c->leash, &m)) == ERR_OK) {
		if (m.fd >= 0)
			close(m.fd);
		if (m.letter == LEASH_READY && is_core(s, c) && c->state == CHILD_UP)
			on_core_ready(s);
	}
	if (err == ERR_NOT_FOUND || err == ERR_PROTOCOL)
		return;
	/* It has died, or has cut its leash and must. */
	close(c->leash);
	c->leash = -1;
	kill(c->pid, SIGKILL);
}

/* How long to wait for something to happen; -1: as long as it takes. */
static int wait_ms(struct supervisor *s)
{
	struct mono_ms now = mono_now();
	int64_t least = -1, left;
	size_t i;

	if (s->stopping)
		return (int)mono_left(s->kill_at, now).v;
	for (i = 0; i < child_count(s); i++) {
		const struct child *c = child_nth(s, i);

		if (c->state != CHILD_DOWN || (!is_core(s, c) && !s->served))
			continue;
		left = mono_left(c->begin_at, now).v;
		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}

static void wait_and_act(struct supervisor *s)
{
	struct pollfd p[2 + SUPERVISOR_FRONTS_MOST];
	size_t n = child_count(s), i;

	p[n] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){.fd = child_nth(s, i)->leash, .events = POLLIN};
	if (poll(p, n + 1, wait_ms(s)) < 0)
		return;
	for (i = 0; i < n; i++)
		if (p[i].revents != 0 && child_nth(s, i)->leash == p[i].fd)
			on_leash(s, child_nth(s, i));
	if (p[n].revents != 0)
		on_signals(s);
}

static void run(struct supervisor *s)
{
	while (!s->stopping || !all_down(s)) {
		if (!s->stopping)
			begin_due(s);
		else if (mono_left(s->kill_at, mono_now()).v == 0)
			kill_all(s);
		wait_and_act(s);
	}
}

static void watch_signals(struct supervisor *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &s->old_mask);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		die("signalfd");
}

/* Returns false when there is no such user, or it has too many groups. */
static bool look_up(const char *user, struct identity *who)
{
	const struct passwd *pw;

	who->changes = user != NULL && geteuid() == 0;
	if (!who->changes)
		return true;
	if ((pw = getpwnam(user)) == NULL)
		return false;
	who->uid = pw->pw_uid;
	who->gid = pw->pw_gid;
	who->ngroups = GROUPS_MOST;
	return getgrouplist(user, pw->pw_gid, who->groups, &who->ngroups) >= 0;
}

/* Says in the log what keeps the processes apart, and gives up what is not needed any more. */
static bool settle_down(struct supervisor *s)
{
	if (!look_up(s->start->user, &s->children_are)) {
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "the user for core and fronts"));
		fprintf(stderr, "examd: core and fronts cannot run as %s: no such user\n",
			s->start->user);
		return false;
	}
	if (!s->children_are.changes)
		log_event(LOG_STARTED,
			  F_TEXT("what", "all processes run as one user, kept apart by filters"),
			  F_INT("uid", geteuid()));
	return confine(CONFINE_SUPERVISOR, NULL, 0) == ERR_OK;
}

int supervisor_run(const struct supervisor_start *start)
{
	struct supervisor s = {
	    .start = start,
	    .pid = getpid(),
	    .core = {.leash = -1},
	    .settings = {.front = *start->front,
			 .log_level = start->log_level,
			 .metrics_every = start->metrics_every},
	};
	size_t i;

	for (i = 0; i < COUNT(s.fronts); i++)
		s.fronts[i].leash = -1;
	if (read_keys(&s) != ERR_OK) {
		fprintf(stderr, "examd: certificate and key cannot be used: %s, %s\n",
			start->cert_file, start->key_file);
		s.status = SUPERVISOR_CONFIGURATION;
		goto out;
	}
	watch_signals(&s);
	if (settle_down(&s))
		run(&s);
	else
		s.status = SUPERVISOR_CONFIGURATION;
	close(s.signals);
out:
	wipe(&s.key);
	buf_fini(&s.cert);
	buf_fini(&s.key);
	return s.status;
}
