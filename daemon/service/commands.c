#include "daemon/service/commands.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* As long as the store keeps them. */
#define COMMANDS_MOST 65536

struct command {
	struct command_id id;
	struct digest content;
	bool under_way;
	uint8_t *reply; /* owned; packed, without id */
	size_t reply_len;
	UT_hash_handle hh;
};

struct commands {
	struct command *known; /* the oldest first */
};

struct commands *commands_new(void)
{
	return mem_new(sizeof(struct commands));
}

static void drop(struct commands *c, struct command *command)
{
	HASH_DEL(c->known, command);
	free(command->reply);
	free(command);
}

void commands_free(struct commands *c)
{
	struct command *command, *next;

	if (c == NULL)
		return;
	HASH_ITER (hh, c->known, command, next)
		drop(c, command);
	free(c);
}

static struct command *find(const struct commands *c, const struct command_id *id)
{
	struct command *command;

	HASH_FIND(hh, c->known, id, sizeof(*id), command);
	return command;
}

static struct command *add(struct commands *c, const struct command_id *id,
			   const struct digest *content)
{
	struct command *command = mem_new(sizeof(*command));

	command->id = *id;
	command->content = *content;
	HASH_ADD(hh, c->known, id, sizeof(command->id), command);
	if (HASH_COUNT(c->known) > COMMANDS_MOST && !c->known->under_way)
		drop(c, c->known);
	return command;
}

static void set_reply(struct command *command, struct bytes reply)
{
	free(command->reply);
	command->reply = mem_copy(reply.data, reply.len);
	command->reply_len = reply.len;
	command->under_way = false;
}

/* A kept reply may hold slips or a one-time password, which must not stand in the database: it is
 * sealed under a key of the installation. */
static void reply_key(const struct core *core, uint8_t key[crypto_secretbox_KEYBYTES])
{
	static const char name[] = "examd kept reply 1";

	crypto_auth_hmacsha256(key, (const uint8_t *)name, sizeof(name) - 1,
			       core->secrets.seal_key);
}

static void seal_reply(const struct core *core, struct bytes plain, struct buf *out)
{
	uint8_t key[crypto_secretbox_KEYBYTES], nonce[crypto_secretbox_NONCEBYTES];
	size_t size = plain.len + crypto_secretbox_MACBYTES;

	reply_key(core, key);
	random_bytes(nonce, sizeof(nonce));
	buf_put(out, nonce, sizeof(nonce));
	crypto_secretbox_easy(buf_reserve(out, size), plain.data, plain.len, nonce, key);
	buf_added(out, size);
	sodium_memzero(key, sizeof(key));
}

static enum err open_reply(const struct core *core, struct bytes sealed, struct buf *out)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	size_t head = crypto_secretbox_NONCEBYTES, size;
	int bad;

	if (sealed.len < head + crypto_secretbox_MACBYTES)
		return ERR_CORRUPT;
	size = sealed.len - head - crypto_secretbox_MACBYTES;
	reply_key(core, key);
	bad = crypto_secretbox_open_easy(buf_reserve(out, size), sealed.data + head,
					 sealed.len - head, sealed.data, key);
	sodium_memzero(key, sizeof(key));
	if (bad != 0)
		return ERR_CORRUPT;
	buf_added(out, size);
	return ERR_OK;
}

enum err commands_load(struct core *core, const struct store_command *row)
{
	struct buf plain = {0};
	enum err err = open_reply(core, row->reply, &plain);

	if (err == ERR_OK && find(core->commands, &row->id) == NULL)
		set_reply(add(core->commands, &row->id, &row->content), buf_bytes(&plain));
	buf_fini(&plain);
	return err;
}

enum err command_id_read(const ProtobufCBinaryData *data, struct command_id *out)
{
	if (data->len != COMMAND_SIZE)
		return ERR_INVALID;
	memcpy(out->b, data->data, COMMAND_SIZE);
	return command_id_is_zero(out) ? ERR_INVALID : ERR_OK;
}

static enum err replay(struct request *rq, const struct command *command)
{
	wire_reply *kept;
	enum err err;

	if (command->under_way)
		return ERR_BUSY;
	err = reply_decode(bytes_of(command->reply, command->reply_len), &rq->core->arena, &kept);
	if (err != ERR_OK)
		return ERR_CORRUPT;
	rq->reply = *kept;
	return ERR_OK;
}

enum err command_seen(struct request *rq, const ProtobufCBinaryData *data)
{
	struct command_id id;
	struct digest content;
	const struct command *command;
	enum err err = command_id_read(data, &id);

	if (err != ERR_OK)
		return err;
	command = find(rq->core->commands, &id);
	if (command == NULL)
		return ERR_NOT_FOUND;
	content = request_content(rq);
	if (!digest_equal(&content, &command->content))
		return ERR_COMMAND_REUSED;
	return replay(rq, command);
}

static void keep(struct core *core, const struct command_id *id, const struct digest *content,
		 const wire_reply *reply)
{
	struct store_change change = {.kind = CHANGE_COMMAND};
	struct command *command = find(core->commands, id);
	wire_reply bare = *reply;
	struct buf packed = {0}, sealed = {0};

	bare.id = 0;
	bare.clock = NULL;
	message_put(&packed, &bare.base);
	if (command == NULL)
		command = add(core->commands, id, content);
	set_reply(command, buf_bytes(&packed));
	seal_reply(core, buf_bytes(&packed), &sealed);
	change.u.command = (struct store_command){*id, *content, buf_bytes(&sealed)};
	service_put(core, &change);
	buf_fini(&sealed);
	buf_fini(&packed);
}

void command_keep(struct request *rq, const ProtobufCBinaryData *data)
{
	struct command_ref ref = {.content = request_content(rq)};

	if (command_id_read(data, &ref.id) == ERR_OK)
		keep(rq->core, &ref.id, &ref.content, &rq->reply);
}

struct command_ref command_begin(struct request *rq, const ProtobufCBinaryData *data)
{
	struct command_ref ref = {.content = request_content(rq)};

	if (command_id_read(data, &ref.id) == ERR_OK && find(rq->core->commands, &ref.id) == NULL)
		add(rq->core->commands, &ref.id, &ref.content)->under_way = true;
	return ref;
}

void command_end(struct core *core, const struct command_ref *ref, const wire_reply *reply)
{
	struct command *command = find(core->commands, &ref->id);

	if (reply != NULL)
		keep(core, &ref->id, &ref->content, reply);
	else if (command != NULL)
		drop(core->commands, command);
}
