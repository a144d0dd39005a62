#include "daemon/service/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/service/service.h"
#include "proto/base/log.h"
#include "proto/base/worker.h"

/* One file that is being written; everything in it is the thread's until done(). */
struct writing {
	struct job job;
	struct metrics *metrics;
	struct buf text;
	bool failed;
};

struct metrics {
	struct core *core; /* borrowed */
	struct worker *worker;
	struct watch watch;
	struct timer timer;
	struct millis every;
	uint32_t core_starts, front_starts;
	bool busy;			 /* a file is being written, ... */
	bool again;			 /* ... and is to be written anew */
	bool told;			 /* that it could not be written */
	char *path, *new_path, *backups; /* owned */
};

/* ---- The text -------------------------------------------------------------------------------- */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP examd_%s %s\n# TYPE examd_%s %s\n", name, help, name, type);
}

static void put(struct buf *out, const char *name, const char *type, const char *help,
		uint64_t value)
{
	head(out, name, type, help);
	buf_printf(out, "examd_%s %llu\n", name, (unsigned long long)value);
}

static void put_seconds(struct buf *out, const char *name, const char *help, double seconds)
{
	head(out, name, "gauge", help);
	buf_printf(out, "examd_%s %.6f\n", name, seconds);
}

static void put_labelled(struct buf *out, const char *name, const char *label, const char *value,
			 uint64_t n)
{
	buf_printf(out, "examd_%s{%s=\"%s\"} %llu\n", name, label, value, (unsigned long long)n);
}

static void put_attempts(struct buf *out, const struct core *core)
{
	static const char *const names[ATTEMPT_NSTATES] = {
	    [ATTEMPT_CHECKED_IN] = "checked_in", [ATTEMPT_ADMITTED] = "admitted",
	    [ATTEMPT_READY] = "ready",		 [ATTEMPT_RUNNING] = "running",
	    [ATTEMPT_SUBMITTED] = "submitted",	 [ATTEMPT_EXPIRED] = "expired",
	    [ATTEMPT_CLOSED] = "closed",	 [ATTEMPT_VOIDED] = "voided",
	};
	uint64_t n[ATTEMPT_NSTATES] = {0};
	const struct attempt *a = NULL;

	while ((a = engine_attempt_after(core->engine, a)) != NULL)
		n[attempt_state(a)]++;
	head(out, "attempts", "gauge", "Attempts in memory, by state.");
	for (size_t i = ATTEMPT_CHECKED_IN; i < ATTEMPT_NSTATES; i++)
		put_labelled(out, "attempts", "state", names[i], n[i]);
}

static void put_sittings(struct buf *out, const struct core *core)
{
	static const char *const names[] = {
	    [SITTING_CREATED] = "created",
	    [SITTING_OPEN] = "open",
	    [SITTING_STARTED] = "started",
	    [SITTING_CLOSED] = "closed",
	};
	uint64_t n[COUNT(names)] = {0};
	const struct sitting *s = NULL;

	while ((s = engine_sitting_after(core->engine, s)) != NULL)
		n[sitting_state(s)]++;
	head(out, "sittings", "gauge", "Sittings, by state.");
	for (size_t i = SITTING_CREATED; i < COUNT(names); i++)
		put_labelled(out, "sittings", "state", names[i], n[i]);
}

static void put_store(struct buf *out, const struct core *core)
{
	struct store_stats s;

	store_stats(core->store, &s);
	put(out, "records_total", "counter", "Records committed since the core began.", s.records);
	put(out, "commits_total", "counter", "Transactions committed since the core began.",
	    s.commits);
	put_seconds(out, "last_commit_seconds", "How long the last transaction took.",
		    (double)s.last_commit_us / 1e6);
	put(out, "queue_length", "gauge", "Records and changes that wait for their commit.",
	    s.queued);
	put(out, "wal_bytes", "gauge", "Size of the write-ahead log.", s.wal_bytes);
}

static uint64_t count_logged_in(const struct core *core)
{
	const struct client *c;
	uint64_t n = 0;

	for (c = core->clients; c != NULL; c = c->hh.next)
		n += c->session != NULL;
	return n;
}

void metrics_text(const struct metrics *m, struct buf *out)
{
	const struct core *core = m->core;

	put(out, "connections", "gauge", "Clients that are connected.", HASH_COUNT(core->clients));
	put(out, "sessions", "gauge", "Clients that are connected and logged in.",
	    count_logged_in(core));
	put_sittings(out, core);
	put_attempts(out, core);
	put(out, "answers_acknowledged_total", "counter",
	    "Answers acknowledged as saved since the core began.", core->answers_acknowledged);
	put_store(out, core);
	put_seconds(out, "service_time_seconds", "The exam's own clock.",
		    (double)service_now(core).v / 1e3);
	head(out, "process_starts_total", "counter",
	     "Processes started since the supervisor began.");
	put_labelled(out, "process_starts_total", "process", "core", m->core_starts);
	put_labelled(out, "process_starts_total", "process", "front", m->front_starts);
}

/* ---- The file, on the thread ----------------------------------------------------------------- */

/* When the last backup was written, by the clock of files; 0: there is none. */
static time_t last_backup(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;
	time_t last = 0;

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime > last)
			last = st.st_mtime;
	closedir(d);
	return last;
}

static void put_backup(struct buf *out, const char *folder)
{
	time_t last = last_backup(folder);

	if (last > 0)
		put_seconds(out, "backup_age_seconds", "Time since the last backup was written.",
			    (double)wall_now().v / 1e3 - (double)last);
}

static bool write_all(const char *path, struct bytes text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	bool whole;

	if (fd < 0)
		return false;
	whole = write(fd, text.data, text.len) == (ssize_t)text.len;
	return (close(fd) == 0) && whole;
}

static void writing_run(struct job *job)
{
	struct writing *w = container_of(job, struct writing, job);
	const struct metrics *m = w->metrics;

	put_backup(&w->text, m->backups);
	w->failed =
	    !write_all(m->new_path, buf_bytes(&w->text)) || rename(m->new_path, m->path) != 0;
	if (w->failed)
		(void)unlink(m->new_path);
}

static void writing_done(struct job *job)
{
	struct writing *w = container_of(job, struct writing, job);
	struct metrics *m = w->metrics;

	if (w->failed && !m->told)
		log_event(LOG_CONFIG_BAD, F_TEXT("what", "metrics"), F_TEXT("file", m->path));
	m->told = w->failed;
	m->busy = false;
	if (m->again)
		timer_set(&m->timer, (struct millis){0});
	m->again = false;
	buf_fini(&w->text);
	free(w);
}

/* ---- When ------------------------------------------------------------------------------------ */

static void write_now(struct metrics *m)
{
	struct writing *w;

	if (m->busy) {
		m->again = true;
		return;
	}
	w = mem_new(sizeof(*w));
	w->job = (struct job){writing_run, writing_done, NULL};
	w->metrics = m;
	metrics_text(m, &w->text);
	if (worker_add(m->worker, &w->job) != ERR_OK)
		abort(); /* it has room for one, and has none */
	m->busy = true;
}

static void on_time(struct timer *timer)
{
	struct metrics *m = container_of(timer, struct metrics, timer);

	if (m->every.v == 0)
		return;
	write_now(m);
	timer_set(timer, m->every);
}

static void on_settled(struct watch *w, bool readable, bool writable)
{
	(void)readable;
	(void)writable;
	worker_settle(container_of(w, struct metrics, watch)->worker);
}

void metrics_set(struct metrics *m, struct millis every, uint32_t core_starts,
		 uint32_t front_starts)
{
	m->every = every;
	m->core_starts = core_starts;
	m->front_starts = front_starts;
	on_time(&m->timer);
}

void metrics_starts(const struct metrics *m, uint32_t *core, uint32_t *fronts)
{
	*core = m->core_starts;
	*fronts = m->front_starts;
}

struct metrics *metrics_new(struct core *core)
{
	struct metrics *m = mem_new(sizeof(*m));

	m->core = core;
	m->path = mem_printf("%s/metrics.prom", core->dir);
	m->new_path = mem_printf("%s/metrics.prom.new", core->dir);
	m->backups = mem_printf("%s/backups", core->dir);
	m->worker = worker_new(1);
	watch_init(&m->watch, core->loop, worker_fd(m->worker), on_settled);
	watch_set(&m->watch, true, false);
	timer_init(&m->timer, core->loop, on_time);
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	watch_fini(&m->watch);
	worker_free(m->worker);
	timer_fini(&m->timer);
	free(m->path);
	free(m->new_path);
	free(m->backups);
	free(m);
}
