#include "daemon/service/backups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/backup.h"
#include "proto/base/log.h"

struct backups {
	struct core *core; /* borrowed */
	struct timer timer;
	struct backups_watcher *watcher; /* borrowed; NULL: nobody */
	struct command_id id;		 /* who asked for the last; zero: no command */
	char file[BACKUP_NAME_MOST + 1];
	uint32_t percent; /* told last */
};

static void ended(struct backups *b, enum err err)
{
	struct backups_watcher *w = b->watcher;

	if (err == ERR_OK)
		log_event(LOG_BACKUP_DONE, F_TEXT("file", b->file));
	b->watcher = NULL;
	if (w != NULL)
		w->on_end(w, err);
}

static void on_time(struct timer *timer)
{
	struct backups *b = container_of(timer, struct backups, timer);
	uint32_t percent = 0;

	switch (store_backup_state(b->core->store, &percent)) {
	case BACKUP_RUNNING:
		if (percent != b->percent && b->watcher != NULL)
			b->watcher->on_progress(b->watcher, percent);
		b->percent = percent;
		timer_set(timer, BACKUPS_WATCH_EVERY);
		break;
	case BACKUP_DONE:
		ended(b, ERR_OK);
		break;
	case BACKUP_NONE:
	case BACKUP_FAILED:
		ended(b, ERR_IO); /* the store has said why */
		break;
	}
}

struct backups *backups_new(struct core *core)
{
	struct backups *b = mem_new(sizeof(*b));

	b->core = core;
	timer_init(&b->timer, core->loop, on_time);
	return b;
}

void backups_free(struct backups *b)
{
	if (b == NULL)
		return;
	timer_fini(&b->timer);
	free(b);
}

enum err backups_begin(struct backups *b, const struct command_id *id, const char *name)
{
	enum err err = store_backup(b->core->store, name);

	if (err != ERR_OK)
		return err;
	b->id = id != NULL ? *id : (struct command_id){0};
	snprintf(b->file, sizeof(b->file), "%s", name);
	b->percent = 0;
	timer_set(&b->timer, BACKUPS_WATCH_EVERY);
	return ERR_OK;
}

enum err backups_state(const struct backups *b, const struct command_id *id, const char *name,
		       uint32_t *percent, bool *done)
{
	enum backup_state state;

	if (command_id_is_zero(id) || memcmp(&b->id, id, sizeof(*id)) != 0)
		return ERR_NOT_FOUND;
	if (strcmp(b->file, name) != 0)
		return ERR_COMMAND_REUSED;
	*percent = 0;
	state = store_backup_state(b->core->store, percent);
	*done = state == BACKUP_DONE;
	return state == BACKUP_RUNNING || *done ? ERR_OK : ERR_IO;
}

void backups_watch(struct backups *b, struct backups_watcher *w)
{
	b->watcher = w;
}
