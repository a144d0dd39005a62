/* The supervisor with small children of our own.  It runs in a process of its own; it and its
 * children tell what happens to them in lines on their standard output, which this test reads.  The
 * end of that pipe means that all of them are gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/front/leash.h"
#include "daemon/supervisor.h"
#include "daemon/whole_file.h"
#include "proto/base/mem.h"
#include "proto/base/times.h"
#include "proto/stream/tls.h"

#define WAIT_MS 20000 /* no wait of a test that holds takes so long */

/* How the children behave; shared with all of them. */
static struct shared {
	int cores;	  /* how many have begun */
	int fail_cores;	  /* so many of them fail, ... */
	int fail_status;  /* ... with this status, before they are ready */
	int fail_front;	  /* status with which every front ends; 0: none does */
	int deaf;	  /* children do not listen to 'S' */
	int stuck;	  /* they look at nothing any more, once they have begun */
	int bad_settings; /* the file of settings is bad */
	int settings;	  /* what it says: frames_burst */
	int cuts_leash;	  /* the first core closes its leash and lives on */
} * shared;

static struct {
	pid_t supervisor;
	int events; /* what they tell; -1: read to its end */
	struct buf lines;
	char dir[64];
	char *cert, *key;
	const char *user;
} w = {.events = -1};

/* ---- The children ---------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

static int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3; /* ".", ".." and its own */

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* The next message of the leash; the child ends when there is none any more. */
static struct leash_message *next_message(int leash)
{
	static struct leash_message m;
	struct pollfd p = {.fd = leash, .events = POLLIN};
	enum err err;

	while (shared->stuck)
		pause();
	while ((err = leash_receive(leash, &m)) == ERR_NOT_FOUND)
		poll(&p, 1, -1);
	if (err != ERR_OK)
		_exit(0);
	if (m.letter == LEASH_STOP && !shared->deaf) {
		tell("stopped %d\n", getpid());
		_exit(0);
	}
	return &m;
}

static void tell_settings(const struct leash_message *m, const char *word)
{
	struct leash_settings set;

	if (m->letter == LEASH_SETTINGS && leash_settings_read(m, &set) == ERR_OK)
		tell("%s %u %u %u %u\n", word, set.front.frames_burst, set.core_starts,
		     set.front_starts, (unsigned)set.metrics_every.v);
}

static int fake_core(const struct supervisor_children *children, int leash)
{
	uint32_t number, pid;
	struct leash_message *m;

	(void)children;
	shared->cores++;
	tell("core %d\n", getpid());
	if (shared->cores <= shared->fail_cores)
		return shared->fail_status;
	if (shared->cuts_leash && shared->cores == 1) {
		close(leash);
		for (;;)
			pause();
	}
	if (leash_send(leash, LEASH_READY, bytes_of("", 0), -1) != ERR_OK)
		return 99;
	for (;;) {
		m = next_message(leash);
		tell_settings(m, "core-set");
		if (m->letter != LEASH_FRONT_CHANNEL)
			continue;
		if (leash_front_read(m, &number, &pid) != ERR_OK)
			return 99;
		tell("core-has %u %u\n", number, pid);
		if (write(m->fd, "!", 1) != 1)
			tell("core-lost %u\n", number);
	}
}

static int fake_front(const struct supervisor_children *children, const struct front_start *start)
{
	struct leash_message *m;
	struct bytes cert, key;
	char byte;

	(void)children;
	tell("front %u %d %d %d\n", start->number, getpid(), count_descriptors(), (int)getuid());
	tell("front-begins %u\n", start->settings->frames_burst);
	tell("keys %d %zu %zu\n", getpid(), start->cert_pem.len, start->key_pem.len);
	if (shared->fail_front != 0)
		return shared->fail_front;
	for (;;) {
		m = next_message(start->leash_fd);
		if (m->letter == LEASH_CORE_CHANNEL && read(m->fd, &byte, 1) == 1)
			tell("front-has %d\n", getpid());
		tell_settings(m, "front-set");
		if (m->letter == LEASH_KEYS && leash_keys_read(m, &cert, &key) == ERR_OK)
			tell("new-keys %d %zu %zu\n", getpid(), cert.len, key.len);
	}
}

static enum err on_reload(const struct supervisor_start *start, struct leash_settings *settings)
{
	(void)start;
	if (shared->bad_settings)
		return ERR_INVALID;
	settings->front.frames_burst = (uint32_t)shared->settings;
	settings->log_level = LOG_LEVEL_OFF;
	settings->metrics_every = SECONDS(3);
	return ERR_OK;
}

static void on_serving(const struct supervisor_start *start, struct bytes cert_pem)
{
	(void)start;
	tell("serving %zu\n", cert_pem.len);
}

/* ---- The world ------------------------------------------------------------------------------- */

static void write_keys(const char *name)
{
	struct buf cert = {0}, key = {0};

	assert_int_equal(tls_make_self_signed(&name, 1, 10, &cert, &key), ERR_OK);
	unlink(w.cert);
	unlink(w.key);
	assert_int_equal(whole_file_make(w.cert, 0600, buf_bytes(&cert)), ERR_OK);
	assert_int_equal(whole_file_make(w.key, 0600, buf_bytes(&key)), ERR_OK);
	buf_fini(&cert);
	buf_fini(&key);
}

static void run_supervisor(uint32_t nfronts, int out)
{
	static const struct supervisor_children children = {fake_core, fake_front};
	static const struct front_settings settings = {.connections_most = 1, .frames_burst = 1};
	int listening = open("/dev/null", O_RDONLY);
	struct supervisor_start start = {
	    .children = &children,
	    .listen_fds = &listening,
	    .nlisten = 1,
	    .cert_file = w.cert,
	    .key_file = w.key,
	    .nfronts = nfronts,
	    .front = &settings,
	    .log_level = LOG_LEVEL_OFF,
	    .user = w.user,
	    .on_reload = on_reload,
	    .on_serving = on_serving,
	};

	dup2(out, STDOUT_FILENO);
	close(out);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	log_setup("supervisor", LOG_LEVEL_OFF);
	_exit(supervisor_run(&start));
}

static void given_supervisor(uint32_t nfronts)
{
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(NULL);
	w.supervisor = fork();
	if (w.supervisor == 0)
		run_supervisor(nfronts, out[1]);
	close(out[1]);
	w.events = out[0];
}

/* More lines; false when all processes have gone. */
static bool more_events(void)
{
	struct pollfd p = {.fd = w.events, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	n = read(w.events, buf_reserve(&w.lines, 4096), 4096);
	assert_true(n >= 0);
	buf_added(&w.lines, (size_t)n);
	return n > 0;
}

/* Takes the first line not yet taken that begins with WORD and, when it is not 0, with the number
 * FIRST, whatever came before it; its numbers go to N. */
static void expect_of(const char *word, long first, long n[4])
{
	for (;;) {
		const char *at;
		size_t len = strlen(word);

		for (at = buf_text(&w.lines); strchr(at, '\n') != NULL; at = strchr(at, '\n') + 1) {
			char *end = (char *)(uintptr_t)strchr(at, '\n');

			if (strncmp(at, word, len) != 0 || at[len] != ' ')
				continue;
			memset(n, 0, 4 * sizeof *n);
			sscanf(at + len, "%ld %ld %ld %ld", &n[0], &n[1], &n[2], &n[3]);
			if (first != 0 && n[0] != first)
				continue;
			w.lines.end -= (size_t)(end + 1 - at);
			memmove((char *)(uintptr_t)at, end + 1, strlen(end + 1) + 1);
			return;
		}
		assert_true(more_events());
	}
}

static void expect(const char *word, long n[4])
{
	expect_of(word, 0, n);
}

static long expect_core(void)
{
	long n[4];

	expect("core", n);
	return n[0];
}

struct seen_front {
	long number, pid;
};

/* A front has begun, and it and the core have a channel to each other. */
static struct seen_front expect_front(void)
{
	long front[4], core[4], has[4];

	expect("front", front);
	expect_of("core-has", front[0], core);
	assert_int_equal(core[1], front[1]);
	expect_of("front-has", front[1], has);
	return (struct seen_front){front[0], front[1]};
}

static int supervisor_ends(void)
{
	int status = 0;

	assert_int_equal(waitpid(w.supervisor, &status, 0), w.supervisor);
	w.supervisor = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_line(const char *word)
{
	return strstr(buf_text(&w.lines), word) != NULL;
}

static int world_begins(void **state)
{
	(void)state;
	shared =
	    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(w.dir, sizeof w.dir, "/tmp/test-supervisor-XXXXXX");
	if (shared == MAP_FAILED || mkdtemp(w.dir) == NULL)
		return -1;
	w.cert = mem_printf("%s/crt", w.dir);
	w.key = mem_printf("%s/key", w.dir);
	write_keys("localhost");
	return 0;
}

static int world_ends(void **state)
{
	(void)state;
	unlink(w.cert);
	unlink(w.key);
	rmdir(w.dir);
	free(w.cert);
	free(w.key);
	munmap(shared, sizeof *shared);
	return 0;
}

/* Whatever the test has left running goes. */
static int all_go(void **state)
{
	(void)state;
	if (w.supervisor > 0) {
		kill(w.supervisor, SIGKILL);
		waitpid(w.supervisor, NULL, 0);
	}
	w.supervisor = 0;
	if (w.events >= 0) {
		while (more_events())
			;
		close(w.events);
	}
	w.events = -1;
	w.user = NULL;
	buf_fini(&w.lines);
	memset(shared, 0, sizeof *shared);
	return 0;
}

/* ---- Beginning ------------------------------------------------------------------------------- */

static void the_core_is_first_and_each_front_gets_a_channel_to_it(void **state)
{
	struct seen_front a, b;
	long n[4];

	(void)state;
	given_supervisor(2);
	expect_core();
	a = expect_front();
	b = expect_front();
	assert_int_not_equal(a.number, b.number);
	assert_in_range(a.number, 1, 0xffffff);
	expect("serving", n);
	assert_true(n[0] > 0);
}

static void fronts_wait_until_the_core_is_ready(void **state)
{
	(void)state;
	shared->fail_cores = 2;
	shared->fail_status = 75;
	given_supervisor(1);
	expect_core();
	expect_core();
	assert_false(has_line("front"));
	expect_core();
	expect_front();
	assert_int_equal(shared->cores, 3);
}

static void a_child_has_no_descriptor_but_its_own(void **state)
{
	long n[4];

	(void)state;
	given_supervisor(2);
	expect("front", n);
	assert_int_equal(n[2], 5); /* 0, 1, 2, leash, listening */
	expect("front", n);
	assert_int_equal(n[2], 5);
}

static void children_run_as_the_user_that_was_asked_for(void **state)
{
	long n[4];

	(void)state;
	if (geteuid() != 0)
		skip(); /* needs root */
	w.user = "nobody";
	shared->stuck = 1; /* only the kernel can end them */
	given_supervisor(1);
	expect("front", n);
	assert_int_equal(n[3], 65534);
	/* The change of user has taken the kernel's promise to do so back: was it renewed? */
	kill(w.supervisor, SIGKILL);
	while (more_events())
		;
}

static void a_user_that_does_not_exist_is_a_fault_of_configuration(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* needs root */
	w.user = "no-such-user";
	given_supervisor(1);
	assert_int_equal(supervisor_ends(), SUPERVISOR_CONFIGURATION);
}

static void keys_that_do_not_belong_together_are_a_fault_of_configuration(void **state)
{
	struct buf other = {0}, key = {0};
	static const char *const name = "other";

	(void)state;
	assert_int_equal(tls_make_self_signed(&name, 1, 10, &other, &key), ERR_OK);
	unlink(w.cert);
	assert_int_equal(whole_file_make(w.cert, 0600, buf_bytes(&other)), ERR_OK);
	given_supervisor(1);
	assert_int_equal(supervisor_ends(), SUPERVISOR_CONFIGURATION);
	assert_int_equal(shared->cores, 0);
	write_keys("localhost");
	buf_fini(&other);
	buf_fini(&key);
}

static void the_service_manager_is_told_when_everything_runs(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = {WAIT_MS / 1000, 0};
	char text[32] = "";

	(void)state;
	snprintf(at.sun_path, sizeof at.sun_path, "%s/notify", w.dir);
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, sizeof at), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	given_supervisor(1);
	assert_int_equal(recv(fd, text, sizeof text - 1, 0), 7);
	assert_string_equal(text, "READY=1");
	expect_front();
	kill(w.supervisor, SIGTERM);
	assert_int_equal(supervisor_ends(), 0);
	assert_int_equal(recv(fd, text, sizeof text - 1, 0), 10);
	unsetenv("NOTIFY_SOCKET");
	unlink(at.sun_path);
	close(fd);
}

/* ---- Deaths ---------------------------------------------------------------------------------- */

static void a_front_that_dies_is_replaced_under_another_number_and_the_core_stays(void **state)
{
	struct seen_front a, b;

	(void)state;
	given_supervisor(1);
	expect_core();
	a = expect_front();
	kill((pid_t)a.pid, SIGKILL);
	b = expect_front();
	assert_int_not_equal(a.pid, b.pid);
	assert_int_not_equal(a.number, b.number);
	assert_int_equal(shared->cores, 1);
}

static void a_core_that_dies_is_replaced_and_fronts_get_new_channels(void **state)
{
	struct seen_front a, b;
	long core, n[4], m[4];

	(void)state;
	given_supervisor(2);
	core = expect_core();
	a = expect_front();
	b = expect_front();
	kill((pid_t)core, SIGKILL);
	assert_int_not_equal(expect_core(), core);
	expect("core-has", n);
	expect("core-has", m);
	assert_int_equal(n[0] + m[0], a.number + b.number);
	assert_int_equal(n[1] + m[1], a.pid + b.pid);
	expect("front-has", n);
	expect("front-has", m);
	assert_int_equal(n[0] + m[0], a.pid + b.pid);
	assert_false(has_line("front "));
	/* It is served on from the first core on: no second line for those who wait for it. */
	expect("serving", n);
	assert_false(has_line("serving"));
}

static void core_and_front_may_die_together(void **state)
{
	struct seen_front a, b;
	long core;

	(void)state;
	given_supervisor(1);
	core = expect_core();
	a = expect_front();
	kill(w.supervisor, SIGSTOP);
	kill((pid_t)core, SIGKILL);
	kill((pid_t)a.pid, SIGKILL);
	kill(w.supervisor, SIGCONT);
	expect_core();
	b = expect_front();
	assert_int_not_equal(a.number, b.number);
}

static void a_child_that_cuts_its_leash_is_killed_and_replaced(void **state)
{
	long core;

	(void)state;
	shared->cuts_leash = 1;
	given_supervisor(1);
	core = expect_core();
	assert_int_not_equal(expect_core(), core);
	expect_front();
}

static void a_core_that_cannot_work_stops_everything_with_its_status(void **state)
{
	(void)state;
	shared->fail_cores = 100;
	shared->fail_status = SUPERVISOR_CONFIGURATION;
	given_supervisor(1);
	assert_int_equal(supervisor_ends(), SUPERVISOR_CONFIGURATION);
	assert_int_equal(shared->cores, 1);
}

static void a_front_that_cannot_work_stops_the_core_too(void **state)
{
	long core, n[4];

	(void)state;
	shared->fail_front = FRONT_CONFIGURATION;
	given_supervisor(1);
	core = expect_core();
	expect("stopped", n);
	assert_int_equal(n[0], core);
	assert_int_equal(supervisor_ends(), SUPERVISOR_CONFIGURATION);
}

static void children_are_gone_within_a_second_of_their_supervisor(void **state)
{
	struct mono_ms then;

	(void)state;
	given_supervisor(2);
	expect_front();
	expect_front();
	then = mono_now();
	kill(w.supervisor, SIGKILL);
	while (more_events())
		;
	assert_in_range(mono_now().v - then.v, 0, 1000);
}

static void children_that_are_stuck_are_gone_with_their_supervisor_too(void **state)
{
	struct mono_ms then;
	long n[4];

	(void)state;
	shared->stuck = 1;
	given_supervisor(2);
	expect("front", n);
	expect("front", n);
	then = mono_now();
	kill(w.supervisor, SIGKILL);
	while (more_events())
		;
	assert_in_range(mono_now().v - then.v, 0, 1000);
}

static void children_begin_again_at_once_then_ever_more_slowly_up_to_five_seconds(void **state)
{
	static const int64_t waits[] = {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
	struct backoff b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(waits); i++)
		assert_int_equal(backoff_next(&b, (struct millis){59999}).v, waits[i]);
	/* Having lived for a minute, it is forgiven. */
	assert_int_equal(backoff_next(&b, SECONDS(60)).v, 0);
	assert_int_equal(backoff_next(&b, SECONDS(1)).v, 100);
}

static void a_core_that_dies_again_and_again_is_not_started_in_a_hurry(void **state)
{
	struct mono_ms then = mono_now();

	(void)state;
	shared->fail_cores = 4;
	shared->fail_status = 75;
	given_supervisor(1);
	expect_front();
	assert_int_equal(shared->cores, 5);
	assert_in_range(mono_now().v - then.v, 0 + 100 + 200 + 400, WAIT_MS);
}

/* ---- Signals --------------------------------------------------------------------------------- */

static void sigterm_stops_everybody_and_the_status_is_0(void **state)
{
	struct seen_front a;
	long core, n[4], m[4];

	(void)state;
	given_supervisor(1);
	core = expect_core();
	a = expect_front();
	kill(w.supervisor, SIGTERM);
	expect("stopped", n);
	expect("stopped", m);
	assert_int_equal(n[0] + m[0], core + a.pid);
	assert_int_equal(supervisor_ends(), 0);
}

static void who_does_not_listen_is_killed_after_a_second(void **state)
{
	struct mono_ms then;

	(void)state;
	shared->deaf = 1;
	given_supervisor(1);
	expect_front();
	then = mono_now();
	kill(w.supervisor, SIGTERM);
	assert_int_equal(supervisor_ends(), 0);
	assert_in_range(mono_now().v - then.v, 1000, 5000);
	while (more_events())
		;
}

static void a_signal_to_the_whole_group_is_the_supervisor_s_to_act_on(void **state)
{
	struct seen_front a;
	long core;

	(void)state;
	given_supervisor(1);
	core = expect_core();
	a = expect_front();
	kill((pid_t)core, SIGTERM);
	kill((pid_t)core, SIGINT);
	kill((pid_t)a.pid, SIGINT);
	kill((pid_t)a.pid, SIGHUP);
	kill(w.supervisor, SIGINT);
	assert_int_equal(supervisor_ends(), 0);
	while (more_events())
		;
	/* Both heard it from their supervisor. */
	expect("stopped", (long[4]){0});
	expect("stopped", (long[4]){0});
}

static void sighup_hands_new_keys_to_old_fronts_and_to_those_to_come(void **state)
{
	struct seen_front a;
	long n[4], old[4], fresh[4];

	(void)state;
	given_supervisor(1);
	a = expect_front();
	expect("keys", old);
	write_keys("a-name-of-another-length.example");
	kill(w.supervisor, SIGHUP);
	expect("new-keys", fresh);
	assert_int_equal(fresh[0], a.pid);
	assert_int_not_equal(fresh[1], old[1]);
	/* A key that cannot be read changes nothing. */
	unlink(w.key);
	kill(w.supervisor, SIGHUP);
	kill((pid_t)a.pid, SIGKILL);
	expect_front();
	expect("keys", n);
	assert_int_equal(n[1], fresh[1]);
	assert_int_equal(n[2], fresh[2]);
	assert_false(has_line("new-keys"));
	write_keys("localhost");
}

static void sighup_hands_new_settings_to_everybody_and_to_those_to_come(void **state)
{
	struct seen_front a;
	long n[4];

	(void)state;
	given_supervisor(1);
	a = expect_front();
	shared->settings = 17;
	kill(w.supervisor, SIGHUP);
	expect_of("core-set", 17, n);
	assert_int_equal(n[1], 1);
	assert_int_equal(n[3], 3000);
	expect_of("front-set", 17, n);
	kill((pid_t)a.pid, SIGKILL);
	expect_front();
	expect_of("front-begins", 17, n);
	expect_of("core-set", 17, n); /* which hears that there was another start */
	assert_int_equal(n[2], 2);
}

static void a_bad_file_of_settings_changes_nothing_nor_do_keys_that_do_not_fit(void **state)
{
	struct seen_front a;
	long n[4], old[4];

	(void)state;
	given_supervisor(1);
	a = expect_front();
	expect("keys", old);
	shared->bad_settings = 1;
	write_keys("a-name-of-another-length.example");
	kill(w.supervisor, SIGHUP);
	kill((pid_t)a.pid, SIGKILL);
	a = expect_front();
	expect("keys", n);
	assert_int_equal(n[1], old[1]);
	shared->bad_settings = 0;
	shared->settings = 18;
	unlink(w.key);
	kill(w.supervisor, SIGHUP);
	kill((pid_t)a.pid, SIGKILL);
	expect_front();
	expect_of("front-begins", 1, n);
	expect_of("front-begins", 1, n);
	expect_of("front-begins", 1, n);
	assert_false(has_line("new-keys"));
	assert_false(has_line("front-set"));
	write_keys("localhost");
}

#define a_test(f) cmocka_unit_test_teardown(f, all_go)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    a_test(the_core_is_first_and_each_front_gets_a_channel_to_it),
	    a_test(fronts_wait_until_the_core_is_ready),
	    a_test(a_child_has_no_descriptor_but_its_own),
	    a_test(children_run_as_the_user_that_was_asked_for),
	    a_test(a_user_that_does_not_exist_is_a_fault_of_configuration),
	    a_test(keys_that_do_not_belong_together_are_a_fault_of_configuration),
	    a_test(the_service_manager_is_told_when_everything_runs),
	    a_test(a_front_that_dies_is_replaced_under_another_number_and_the_core_stays),
	    a_test(a_core_that_dies_is_replaced_and_fronts_get_new_channels),
	    a_test(core_and_front_may_die_together),
	    a_test(a_child_that_cuts_its_leash_is_killed_and_replaced),
	    a_test(a_core_that_cannot_work_stops_everything_with_its_status),
	    a_test(a_front_that_cannot_work_stops_the_core_too),
	    a_test(children_are_gone_within_a_second_of_their_supervisor),
	    a_test(children_that_are_stuck_are_gone_with_their_supervisor_too),
	    a_test(children_begin_again_at_once_then_ever_more_slowly_up_to_five_seconds),
	    a_test(a_core_that_dies_again_and_again_is_not_started_in_a_hurry),
	    a_test(sigterm_stops_everybody_and_the_status_is_0),
	    a_test(who_does_not_listen_is_killed_after_a_second),
	    a_test(a_signal_to_the_whole_group_is_the_supervisor_s_to_act_on),
	    a_test(sighup_hands_new_keys_to_old_fronts_and_to_those_to_come),
	    a_test(sighup_hands_new_settings_to_everybody_and_to_those_to_come),
	    a_test(a_bad_file_of_settings_changes_nothing_nor_do_keys_that_do_not_fit),
	};

	return cmocka_run_group_tests_name("supervisor", tests, world_begins, world_ends);
}
