#include "daemon/service/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/service/backups.h"
#include "daemon/service/doubts.h"
#include "daemon/service/metrics.h"
#include "proto/base/log.h"

#define IDLE_LIMIT SECONDS(30)

struct operator
{
	struct control *control; /* borrowed */
	struct conn *conn;	 /* owned */
	struct conn_user user;
	bool waits; /* for the backup under way */
	struct operator* next;
};

struct control {
	struct core *core; /* borrowed */
	struct listener *listener;
	struct listener_user user;
	struct operator* operators;
	size_t count;
	struct backups_watcher backup;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static void say(struct operator* o, const char *line)
{
	conn_write(o->conn, line, strlen(line));
	conn_write(o->conn, "\n", 1);
}

static void say_error(struct operator* o, enum err err)
{
	char *line = mem_printf("error %s %s", err_name(err), err_sentence(err));

	say(o, line);
	free(line);
}

/* ---- status ---------------------------------------------------------------------------------- */

static json_t *fronts_json(const struct core *core)
{
	json_t *list = json_array();

	for (const struct front *f = core->fronts; f != NULL; f = f->next)
		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:I}", "number", (json_int_t)f->number,
						"pid", (json_int_t)f->pid, "queued",
						(json_int_t)conn_queued(f->conn)));
	return list;
}

static json_t *sittings_json(const struct core *core)
{
	json_t *list = json_array();
	const struct sitting *s = NULL;

	while ((s = engine_sitting_after(core->engine, s)) != NULL) {
		const struct attempt_id *attempts;
		const struct person_id *persons;

		json_array_append_new(
		    list,
		    json_pack("{s:I, s:i, s:b, s:I, s:I}", "sitting", (json_int_t)sitting_id(s).v,
			      "state", (int)sitting_state(s), "paused", (int)sitting_is_paused(s),
			      "candidates", (json_int_t)sitting_persons(s, &persons), "attempts",
			      (json_int_t)sitting_attempts(s, &attempts)));
	}
	return list;
}

static json_t *store_json(const struct core *core)
{
	struct store_stats stats;

	store_stats(core->store, &stats);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "commits", (json_int_t)stats.commits,
			 "records", (json_int_t)stats.records, "wal_bytes",
			 (json_int_t)stats.wal_bytes, "queued", (json_int_t)stats.queued,
			 "background", (json_int_t)stats.background, "last_commit_us",
			 (json_int_t)stats.last_commit_us);
}

static size_t count_attempts(const struct core *core, size_t *running)
{
	const struct attempt *a = NULL;
	size_t n = 0;

	*running = 0;
	while ((a = engine_attempt_after(core->engine, a)) != NULL) {
		n++;
		*running += attempt_state(a) == ATTEMPT_RUNNING;
	}
	return n;
}

static json_t *warnings_json(const struct core *core)
{
	json_t *list = json_array();
	unsigned bits = doubts_look(core->doubts);

	for (unsigned i = 0; i < DOUBTS; i++)
		if (bits & 1u << i)
			json_array_append_new(list,
					      json_pack("{s:s, s:s}", "warning", doubt_name(i),
							"text", doubt_sentence(i)));
	return list;
}

static json_t *starts_json(const struct core *core)
{
	uint32_t cores, fronts;

	metrics_starts(core->metrics, &cores, &fronts);
	return json_pack("{s:I, s:I}", "core", (json_int_t)cores, "fronts", (json_int_t)fronts);
}

static void on_status(struct operator* o, const char *argument)
{
	const struct core *core = o->control->core;
	size_t running, attempts = count_attempts(core, &running);
	json_t *status;
	char *line;

	(void)argument;
	status = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "core_pid",
			   (json_int_t)getpid(), "service_ms", (json_int_t)service_now(core).v,
			   "connections", (json_int_t)HASH_COUNT(core->clients), "attempts",
			   (json_int_t)attempts, "running", (json_int_t)running, "answers",
			   (json_int_t)core->answers_acknowledged, "starts", starts_json(core),
			   "warnings", warnings_json(core), "fronts", fronts_json(core), "sittings",
			   sittings_json(core), "store", store_json(core));
	line = json_dumps(status, JSON_COMPACT);
	say(o, line);
	say(o, "ok");
	free(line);
	json_decref(status);
}

/* ---- backup ---------------------------------------------------------------------------------- */

static void say_to_waiting(struct control *c, const char *line, bool last)
{
	for (struct operator* o = c->operators; o != NULL; o = o->next) {
		if (!o->waits)
			continue;
		say(o, line);
		o->waits = !last;
	}
}

static void on_backup_progress(struct backups_watcher *w, uint32_t percent)
{
	char line[32];

	snprintf(line, sizeof(line), "progress %u", percent);
	say_to_waiting(container_of(w, struct control, backup), line, false);
}

static void on_backup_end(struct backups_watcher *w, enum err err)
{
	struct control *c = container_of(w, struct control, backup);

	if (err == ERR_OK)
		say_to_waiting(c, "ok", true);
	for (struct operator* o = c->operators; o != NULL; o = o->next) {
		if (o->waits)
			say_error(o, err);
		o->waits = false;
	}
}

static void on_backup_line(struct operator* o, const char *name)
{
	struct control *c = o->control;
	enum err err = backups_begin(c->core->backups, NULL, name);

	if (err != ERR_OK) {
		say_error(o, err);
		return;
	}
	conn_clear_deadline(o->conn);
	o->waits = true;
	say(o, "progress 0");
	backups_watch(c->core->backups, &c->backup);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool argument;
	void (*handle)(struct operator* o, const char *argument);
} commands[] = {
    {"status", false, on_status},
    {"backup", true, on_backup_line},
};

static void on_line(struct operator* o, const char *line)
{
	const char *space = strchr(line, ' ');
	size_t word = space != NULL ? (size_t)(space - line) : strlen(line);

	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strlen(commands[i].word) != word || memcmp(commands[i].word, line, word) != 0 ||
		    commands[i].argument != (space != NULL))
			continue;
		if (o->waits)
			say_error(o, ERR_BUSY);
		else
			commands[i].handle(o, space != NULL ? space + 1 : NULL);
		return;
	}
	say_error(o, ERR_INVALID);
}

static void operator_free(struct operator* o)
{
	struct control *c = o->control;
	struct operator** at = & c->operators;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	c->count--;
	free(o);
}

static void on_data(struct conn_user *user, struct buf *in)
{
	struct operator* o = container_of(user, struct operator, user);
	char line[CONTROL_LINE_MOST + 1];
	const uint8_t *end;

	while ((end = memchr(buf_bytes(in).data, '\n', buf_length(in))) != NULL) {
		size_t len = (size_t)(end - buf_bytes(in).data);

		if (len > CONTROL_LINE_MOST)
			break;
		memcpy(line, buf_bytes(in).data, len);
		line[len] = '\0';
		buf_take(in, len + 1);
		on_line(o, line);
	}
	if (buf_length(in) > CONTROL_LINE_MOST) {
		buf_clear(in);
		say_error(o, ERR_TOO_LARGE);
		conn_close_soon(o->conn, SECONDS(1));
	}
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	(void)why;
	operator_free(container_of(user, struct operator, user));
}

static void on_accept(struct listener_user *user, int fd)
{
	struct control *c = container_of(user, struct control, user);
	struct operator* o;

	if (c->count >= CONTROL_CONNECTIONS_MOST) {
		close(fd);
		return;
	}
	o = mem_new(sizeof(*o));
	o->control = c;
	o->user = (struct conn_user){.on_data = on_data, .on_closed = on_closed};
	o->next = c->operators;
	c->operators = o;
	c->count++;
	o->conn = conn_accept(c->core->loop, fd, NULL, SECONDS(5), &o->user);
	conn_set_deadline(o->conn, IDLE_LIMIT);
}

static enum err open_socket(const char *path, int *fd_out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bound;

	if (fd < 0)
		return ERR_IO;
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path); /* of a core that died: the lock says that there is no other */
	mask = umask(0177);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound != 0 || listen(fd, CONTROL_CONNECTIONS_MOST) != 0) {
		close(fd);
		return ERR_IO;
	}
	*fd_out = fd;
	return ERR_OK;
}

enum err control_open(struct control **out, struct core *core)
{
	struct control *c = mem_new(sizeof(*c));
	int fd;
	enum err err = ERR_TOO_LARGE;

	if ((size_t)snprintf(c->path, sizeof(c->path), "%s/control", core->dir) < sizeof(c->path))
		err = open_socket(c->path, &fd);
	if (err != ERR_OK) {
		free(c);
		return err;
	}
	c->core = core;
	c->user.on_accept = on_accept;
	c->listener = listener_new(core->loop, fd, &c->user);
	c->backup = (struct backups_watcher){on_backup_progress, on_backup_end};
	*out = c;
	return ERR_OK;
}

void control_close(struct control *c)
{
	if (c == NULL)
		return;
	while (c->operators != NULL) {
		conn_free(c->operators->conn);
		operator_free(c->operators);
	}
	listener_free(c->listener);
	if (c->core->backups != NULL)
		backups_watch(c->core->backups, NULL);
	unlink(c->path);
	free(c);
}
