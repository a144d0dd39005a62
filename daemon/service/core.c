#include "daemon/service/core.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <libgen.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/confine/confine.h"
#include "daemon/front/leash.h"
#include "daemon/service/archive.h"
#include "daemon/service/commands.h"
#include "daemon/service/shelf.h"
#include "daemon/service/backups.h"
#include "daemon/service/control.h"
#include "daemon/service/doubts.h"
#include "daemon/service/fronts.h"
#include "daemon/service/hasher.h"
#include "daemon/service/metrics.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/recover.h"
#include "daemon/service/sealed.h"
#include "daemon/service/service.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"

#define TICKS_A_PASS 64
#define TICK_LEAST   ((struct millis){5})
#define STOP_LIMIT   SECONDS(5)
#define LOCK_STEP_MS 50
#define CALM	     SECONDS(1)
#define MOVES_LEAST  100 /* for memory to be given back */

/* ---- The lock -------------------------------------------------------------------------------- */

/* Waits for another core to end; the kernel frees its lock with it. */
static enum err take_lock(const char *dir, struct millis wait, int *fd_out)
{
	char *path = mem_printf("%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct mono_ms until = mono_add(mono_now(), wait);
	bool told = false;

	free(path);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			close(fd);
			return ERR_IO;
		}
		if (mono_left(until, mono_now()).v == 0) {
			close(fd);
			return ERR_IN_USE;
		}
		if (!told)
			log_event(LOG_LOCK_WAIT, F_TEXT("dir", dir));
		told = true;
		(void)poll(NULL, 0, LOCK_STEP_MS);
	}
	*fd_out = fd;
	return ERR_OK;
}

/* ---- One pass of the loop -------------------------------------------------------------------- */

/* What the clock brings: deadlines, and heartbeats. */
static void serve_time(struct core *core)
{
	struct event ev;
	struct service_ms due;

	for (int i = 0; i < TICKS_A_PASS; i++) {
		if (!engine_next_due(core->engine, &due) || due.v > service_now(core).v)
			break;
		ev = service_event(core, EVENT_TICK);
		if (service_decide_and_apply(core, &ev) != ERR_OK || core->decision.nrecords == 0)
			break;
	}
	if (clock_beat_is_due(&core->clock, engine_is_running(core->engine)))
		clock_beat(&core->clock, core->store);
}

/* A heartbeat that is late stops the clock, so it is looked for four times as often as it is due.
 */
static void set_tick(struct core *core)
{
	struct millis wait = {engine_is_running(core->engine) ? HEARTBEAT.v / 4 : HEARTBEAT.v};
	struct service_ms due, now = service_now(core);

	if (engine_next_due(core->engine, &due) && due.v - now.v < wait.v)
		wait.v = due.v - now.v;
	if (wait.v < TICK_LEAST.v)
		wait = TICK_LEAST;
	timer_set(&core->tick, wait);
}

/* Back-pressure: no more requests while the disk is far behind. */
static void hold_back(struct core *core)
{
	bool full = store_is_full(core->store);

	if (full == core->held_back)
		return;
	core->held_back = full;
	fronts_pause(core, full);
}

static void stop_when_drained(struct core *core)
{
	bool drained = store_last(core->store).v <= core->committed.v && fronts_are_drained(core);

	if (drained || mono_left(core->stop_at, mono_now()).v == 0)
		core_end(core, 0);
}

/* A crowd that checks in has its forms rendered and sealed; what that needed goes back to the
 * system when the crowd has passed, but not while anybody's clock runs: it takes a while. */
static void give_memory_back(struct core *core)
{
	struct mono_ms now = clock_mono(&core->clock);

	if (core->moves != core->moves_seen) {
		core->moves_seen = core->moves;
		core->calm_from = now;
	} else if (core->moves >= MOVES_LEAST && !engine_is_running(core->engine) &&
		   now.v - core->calm_from.v >= CALM.v) {
		core->moves = core->moves_seen = 0;
		malloc_trim(0);
	}
}

static void on_pass(struct loop_pass *pass)
{
	struct core *core = container_of(pass, struct core, pass);

	if (core->failed)
		return;
	serve_time(core);
	if (store_last(core->store).v != core->ticked_at.v) {
		core->ticked_at = store_last(core->store); /* something may be due earlier */
		set_tick(core);
	}
	store_kick(core->store);
	fronts_release(core);
	hold_back(core);
	arena_reset(&core->scratch);
	give_memory_back(core);
	if (core->stopping)
		stop_when_drained(core);
}

static void on_tick(struct timer *timer)
{
	set_tick(container_of(timer, struct core, tick)); /* the pass does the rest */
}

/* Nobody knows whether the last transaction is on disk: not one byte more leaves, and the next
 * start reads what is true. */
static void fail(struct core *core, enum err err)
{
	log_event(LOG_STORE_FAILED, F_ERR(err));
	core->failed = true;
	core_end(core, CORE_RESTART);
}

static void on_store(struct watch *w, bool readable, bool writable)
{
	struct core *core = container_of(w, struct core, store_watch);
	enum err err = store_settle(core->store, &core->committed);

	(void)readable;
	(void)writable;
	if (err != ERR_OK) {
		fail(core, err);
		return;
	}
	clock_committed(&core->clock, core->committed);
}

static void on_readers(struct watch *w, bool readable, bool writable)
{
	struct core *core = container_of(w, struct core, readers_watch);

	(void)readable;
	(void)writable;
	store_readers_settle(core->store);
}

static void on_hasher(struct watch *w, bool readable, bool writable)
{
	struct core *core = container_of(w, struct core, hasher_watch);

	(void)readable;
	(void)writable;
	worker_settle(core->hasher);
}

/* ---- Opening and closing --------------------------------------------------------------------- */

static struct core_settings with_defaults(const struct core_settings *settings)
{
	struct core_settings s = settings != NULL ? *settings : (struct core_settings){0};

	if (s.hash_queue == 0)
		s.hash_queue = 64;
	if (s.lock_wait.v == 0)
		s.lock_wait = SECONDS(10);
	if (s.throttle_free == 0)
		s.throttle_free = 5;
	if (s.sessions_a_person == 0)
		s.sessions_a_person = 16;
	return s;
}

static void make_parts(struct core *core)
{
	struct engine_config config = {.sign = secrets_sign, .key = &core->secrets};

	memcpy(config.installation, core->secrets.installation, sizeof(config.installation));
	core->loop = loop_new();
	core->engine = engine_new(&config);
	core->people = people_new();
	core->sessions = sessions_new();
	core->texts = texts_new();
	core->commands = commands_new();
	core->shelf = shelf_new();
	core->form_cache = form_cache_new();
	core->push = push_new(core);
	core->archive = archive_new(core);
	core->hasher = worker_new(core->settings.hash_queue);
	core->arena.cap = FRAME_ARENA_MOST;
	throttle_init(&core->throttle, core->settings.throttle_free);
}

static void start_watching(struct core *core)
{
	watch_init(&core->store_watch, core->loop, store_fd(core->store), on_store);
	watch_init(&core->readers_watch, core->loop, store_readers_fd(core->store), on_readers);
	watch_init(&core->hasher_watch, core->loop, worker_fd(core->hasher), on_hasher);
	watch_set(&core->store_watch, true, false);
	watch_set(&core->readers_watch, true, false);
	watch_set(&core->hasher_watch, true, false);
	core->pass.on_pass = on_pass;
	loop_add_pass(core->loop, &core->pass);
	core->backups = backups_new(core);
	core->metrics = metrics_new(core);
	core->doubts = doubts_new(core);
	timer_init(&core->tick, core->loop, on_tick);
	set_tick(core);
}

enum err core_open(struct core **out, const char *dir, const struct core_settings *settings,
		   const struct time_source *time)
{
	struct core *core = mem_new(sizeof(*core));
	enum err err;

	core->dir = dir;
	core->settings = with_defaults(settings);
	core->status = -1;
	core->lock_fd = -1;
	if (sodium_init() < 0)
		err = ERR_IO;
	else if ((err = take_lock(dir, core->settings.lock_wait, &core->lock_fd)) == ERR_OK &&
		 (err = secrets_read(&core->secrets, dir)) == ERR_OK &&
		 (err = store_open(&core->store, dir)) == ERR_OK) {
		core->committed = store_last(core->store); /* what was there is on disk */
		make_parts(core);
		if ((err = recover(core, time)) == ERR_OK)
			err = control_open(&core->control, core);
	}
	if (err != ERR_OK) {
		core_close(core);
		return err;
	}
	start_watching(core);
	*out = core;
	return ERR_OK;
}

static void stop_watching(struct core *core)
{
	if (core->pass.on_pass == NULL)
		return;
	loop_remove_pass(core->loop, &core->pass);
	watch_fini(&core->store_watch);
	watch_fini(&core->readers_watch);
	watch_fini(&core->hasher_watch);
	timer_fini(&core->tick);
	backups_free(core->backups);
	metrics_free(core->metrics);
	doubts_free(core->doubts);
}

static void free_parts(struct core *core)
{
	fronts_free(core);
	worker_free(core->hasher); /* its jobs end here, with their clients gone */
	hasher_free(core->hashing);
	store_close(core->store);
	decision_fini(&core->decision);
	engine_free(core->engine);
	archive_free(core->archive);
	push_free(core->push);
	form_cache_free(core->form_cache);
	shelf_free(core->shelf);
	commands_free(core->commands);
	texts_free(core->texts);
	sessions_free(core->sessions);
	people_free(core->people);
	throttle_fini(&core->throttle);
	arena_fini(&core->arena);
	arena_fini(&core->scratch);
	loop_free(core->loop);
}

void core_close(struct core *core)
{
	if (core == NULL)
		return;
	control_close(core->control);
	stop_watching(core);
	if (core->loop != NULL)
		free_parts(core);
	else
		store_close(core->store);
	secrets_wipe(&core->secrets);
	if (core->lock_fd >= 0)
		close(core->lock_fd);
	free(core);
}

struct loop *core_loop(struct core *core)
{
	return core->loop;
}

int core_status(const struct core *core)
{
	return core->status;
}

/* ---- The process ----------------------------------------------------------------------------- */

struct leash_watch {
	struct watch watch;
	struct core *core;
	int fd;
	struct leash_message message;
};

static void use_settings(struct core *core, const struct leash_message *m)
{
	struct leash_settings set;

	if (leash_settings_read(m, &set) != ERR_OK)
		return;
	log_set_level(set.log_level);
	metrics_set(core->metrics, set.metrics_every, set.core_starts, set.front_starts);
}

static void on_leash_message(struct leash_watch *l)
{
	struct core *core = l->core;
	uint32_t number, pid;

	switch (l->message.letter) {
	case LEASH_FRONT_CHANNEL:
		if (leash_front_read(&l->message, &number, &pid) == ERR_OK)
			core_add_front(core, l->message.fd, number, pid);
		break;
	case LEASH_STOP:
		log_event(LOG_STOPPING, F_INT("pid", getpid()));
		core->stopping = true;
		core->stop_at = mono_add(mono_now(), STOP_LIMIT);
		break;
	case LEASH_SETTINGS:
		use_settings(core, &l->message);
		break;
	case LEASH_CORE_CHANNEL:
	case LEASH_KEYS:
	case LEASH_READY:
		if (l->message.fd >= 0)
			close(l->message.fd); /* not for a core */
		break;
	}
}

static void on_leash(struct watch *w, bool readable, bool writable)
{
	struct leash_watch *l = container_of(w, struct leash_watch, watch);
	enum err err;

	(void)readable;
	(void)writable;
	while ((err = leash_receive(l->fd, &l->message)) == ERR_OK || err == ERR_PROTOCOL)
		if (err == ERR_OK)
			on_leash_message(l);
	if (err != ERR_NOT_FOUND)
		_exit(l->core->stopping ? 0 : CORE_RESTART); /* nobody would stop us: at once, the
								disk has what counts */
}

static int status_of(enum err err)
{
	switch (err) {
	case ERR_IN_USE:
	case ERR_IO:
	case ERR_DISK_FULL:
		return CORE_RESTART;
	default:
		return CORE_CONFIGURATION;
	}
}

static int serve(struct core *core, int leash_fd)
{
	struct leash_watch *l = mem_new(sizeof(*l));
	enum err err;
	int status;

	l->core = core;
	l->fd = leash_fd;
	watch_init(&l->watch, core->loop, leash_fd, on_leash);
	watch_set(&l->watch, true, false);
	err = leash_send(leash_fd, LEASH_READY, (struct bytes){NULL, 0}, -1);
	log_event(LOG_STARTED, F_INT("pid", getpid()));
	if (err == ERR_OK)
		loop_run(core->loop);
	status = core->status >= 0 ? core->status : CORE_RESTART;
	watch_fini(&l->watch);
	free(l);
	return status;
}

/* Its folder, with the two in it that may be links to another disk; the folder in which the
 * certificate stands, because a new one is another file; chance, for SQLite and jansson. */
static enum err confine_core(const struct core_start *start)
{
	const char *certificate = start->settings == NULL ? NULL : start->settings->certificate;
	char *secrets = mem_printf("%s/secrets", start->dir);
	char *backups = mem_printf("%s/backups", start->dir);
	char *where = certificate == NULL ? NULL : realpath(certificate, NULL);
	const struct confine_place places[] = {
	    {start->dir, CONFINE_WRITE},    {secrets, CONFINE_READ},
	    {backups, CONFINE_WRITE},	    {where == NULL ? NULL : dirname(where), CONFINE_READ},
	    {"/dev/urandom", CONFINE_READ},
	};
	enum err err = confine(CONFINE_CORE, places, COUNT(places));

	free(secrets);
	free(backups);
	free(where);
	return err;
}

int core_main(const struct core_start *start)
{
	struct hasher *hasher = hasher_start();
	struct core *core = NULL;
	enum err err;
	int status;

	if (confine_core(start) != ERR_OK) {
		hasher_free(hasher);
		return CORE_CONFIGURATION; /* it is in the log */
	}
	err = core_open(&core, start->dir, start->settings, &time_of_the_machine);
	if (err != ERR_OK) {
		log_event(LOG_CONFIG_BAD, F_TEXT("dir", start->dir), F_ERR(err));
		hasher_free(hasher);
		return status_of(err); /* the leash goes with the process: cut before, its status
					  would be that of the supervisor's SIGKILL */
	}
	core->hashing = hasher;
	status = serve(core, start->leash_fd);
	if (core->failed)
		_exit(status); /* nothing is written or said after a commit that nobody knows of */
	core_close(core);
	close(start->leash_fd);
	return status;
}
