/* Staff: a backup of the database, on the server. */
#include "daemon/service/backups.h"
#include "daemon/service/commands.h"
#include "daemon/service/people.h"
#include "daemon/service/routes.h"

enum err on_backup(struct request *rq)
{
	const Examd__V1__Backup *m = rq->msg->backup;
	struct backups *backups = rq->core->backups;
	Examd__V1__BackupState *state;
	struct command_id id;
	uint32_t percent;
	bool done;
	enum err err;

	if ((err = command_id_read(&m->command_id, &id)) != ERR_OK)
		return err;
	err = backups_state(backups, &id, m->name, &percent, &done);
	if (err == ERR_NOT_FOUND && (err = backups_begin(backups, &id, m->name)) == ERR_OK)
		err = backups_state(backups, &id, m->name, &percent, &done);
	if (err != ERR_OK)
		return err;
	state = arena_new(&rq->core->arena, sizeof(*state));
	examd__v1__backup_state__init(state);
	state->name = m->name;
	state->percent = percent;
	state->done = done;
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_BACKUP_STATE;
	rq->reply.backup_state = state;
	return ERR_OK;
}
