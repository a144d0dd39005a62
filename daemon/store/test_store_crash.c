/* A process that is killed while it writes: what it had reported as committed is there.
 *
 * The moments come from a seed, argument or 1, which is printed; CYCLES is the second argument. */
#include "daemon/store/test_given.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/log.h"

#define ATTEMPTS 5

static uint64_t seed = 1;
static unsigned cycles = 50;

/* splitmix64 */
static uint64_t draw(uint64_t *random)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void must(bool good)
{
	if (!good)
		_exit(1);
}

/* How many records of each attempt are committed. */
struct report {
	uint64_t n[ATTEMPTS];
};

static void child_work(struct given *g, uint64_t *random)
{
	uint64_t kicks = draw(random) % 3 + 1;

	while (kicks-- > 0) {
		uint64_t records = draw(random) % 20 + 1;

		while (records-- > 0)
			when_appended_large(g, attempt((int64_t)(draw(random) % ATTEMPTS) + 1),
					    (uint32_t)records, draw(random) % 400);
		if (draw(random) % 8 == 0)
			when_packed(g, attempt((int64_t)(draw(random) % ATTEMPTS) + 1));
		if (draw(random) % 16 == 0)
			when_cut(g);
		store_kick(g->store);
	}
}

/* Writes until it is killed, and says through the pipe what is committed. */
static void child(struct given *g, int pipe_fd, uint64_t random)
{
	struct report report;
	size_t i;

	must(store_open(&g->store, g->dir) == ERR_OK);
	for (;;) {
		child_work(g, &random);
		must(committed(g) == ERR_OK);
		for (i = 0; i < ATTEMPTS; i++)
			report.n[i] = g->chains[i].n;
		must(write(pipe_fd, &report, sizeof report) == sizeof report);
	}
}

/* Kills it after some reports and then some time, so that the moment is anywhere in a commit. */
static struct report killed_somewhere(int pipe_fd, pid_t pid, uint64_t *random)
{
	struct timespec more = {0, (long)(draw(random) % 3000000)};
	uint64_t reports = draw(random) % 12;
	struct report last = {{0}}, next;
	int status;

	while (reports-- > 0 && read(pipe_fd, &next, sizeof next) == sizeof next)
		last = next;
	nanosleep(&more, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
	while (read(pipe_fd, &next, sizeof next) == sizeof next)
		last = next;
	return last;
}

static void then_reported_is_there(struct given *g, const struct report *report)
{
	static struct seen seen;
	char *path = mem_printf("%s/examd.db", g->dir);
	size_t i;

	assert_int_equal(ERR_OK, store_open(&g->store, g->dir));
	assert_int_equal(ERR_OK, recovered(g, &seen));
	for (i = 0; i < ATTEMPTS; i++) {
		assert_int_equal(ERR_OK, read_records(g, g->chains[i].subject, &seen));
		assert_true(seen.length >= report->n[i]);
		g->chains[i].n = seen.length;
		g->chains[i].last = seen.last;
	}
	store_close(g->store);
	g->store = NULL;
	assert_true(file_is_whole(path));
	free(path);
}

static void what_a_killed_process_had_reported_is_there(void **state)
{
	struct report report;
	struct given g;
	unsigned cycle;
	uint64_t all = 0;
	size_t i;

	(void)state;
	given_dir(&g);
	assert_int_equal(ERR_OK, store_create(g.dir));
	for (i = 0; i < ATTEMPTS; i++)
		g.chains[g.nchains++] = (struct given_chain){.subject = attempt((int64_t)i + 1)};
	for (cycle = 0; cycle < cycles; cycle++) {
		uint64_t random = seed * 1000003 + cycle;
		int fds[2];
		pid_t pid;

		assert_int_equal(0, pipe2(fds, O_CLOEXEC));
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child(&g, fds[1], draw(&random));
		close(fds[1]);
		report = killed_somewhere(fds[0], pid, &random);
		close(fds[0]);
		then_reported_is_there(&g, &report);
	}
	for (i = 0; i < ATTEMPTS; i++)
		all += g.chains[i].n;
	assert_true(all > cycles); /* the children did write */
	given_gone(&g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_killed_process_had_reported_is_there),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		cycles = (unsigned)strtoul(argv[2], NULL, 10);
	printf("seed %llu, %u cycles\n", (unsigned long long)seed, cycles);
	log_setup("test_store_crash", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
