/* Commands that change people, banks or exams: the same id gets the same reply.  (Those that change
 * sittings and attempts are known to the engine: decision.repeated.) */
#ifndef DAEMON_SERVICE_COMMANDS_H
#define DAEMON_SERVICE_COMMANDS_H

#include "daemon/service/service.h"

/* A command's id as it is in a message.  ERR_INVALID  it has not 16 bytes, or is zero */
MUST_USE enum err command_id_read(const ProtobufCBinaryData *data, struct command_id *out);

struct commands *commands_new(void);
void commands_free(struct commands *c);
/* Recovery.  ERR_CORRUPT  its reply cannot be opened */
MUST_USE enum err commands_load(struct core *core, const struct store_command *row);

/* Was this command carried out before?  Then the kept reply is in rq->reply: return ERR_OK.
 *
 * ERR_OK              it was: rq->reply is filled
 * ERR_NOT_FOUND       it was not: carry it out, then command_keep()
 * ERR_COMMAND_REUSED  the id was used for another command
 * ERR_BUSY            the same command is under way (command_begin())
 * ERR_INVALID         the id has not 16 bytes, or is zero */
MUST_USE enum err command_seen(struct request *rq, const ProtobufCBinaryData *id);

/* Keep rq->reply under the command's id; call before returning ERR_OK. */
void command_keep(struct request *rq, const ProtobufCBinaryData *id);

/* For those that reply later: begin when deferring, end with the reply (NULL: it failed, forget).
 */
struct command_ref {
	struct command_id id;
	struct digest content;
};
struct command_ref command_begin(struct request *rq, const ProtobufCBinaryData *id);
void command_end(struct core *core, const struct command_ref *ref, const wire_reply *reply);

#endif
