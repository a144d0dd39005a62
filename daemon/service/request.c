#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/service/commands.h"
#include "daemon/service/people.h"
#include "daemon/service/service.h"
#include "daemon/service/sessions.h"

static const char no_text[] = "";

void *request_new(struct request *rq, size_t size)
{
	return arena_new(&rq->core->scratch, size);
}

char *request_text(struct request *rq, const char *text)
{
	return arena_copy_text(&rq->core->scratch, text != NULL ? text : no_text);
}

char *request_printf(struct request *rq, const char *fmt, ...)
{
	va_list ap, again;
	int len;
	char *text;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = arena_new(&rq->core->scratch, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

struct digest request_content(const struct request *rq)
{
	wire_request bare = *rq->msg;
	struct buf packed = {0};
	struct digest d;

	bare.id = 0;
	if (rq->client->session != NULL)
		buf_put_u64(&packed, (uint64_t)rq->client->session->person.v);
	message_put(&packed, &bare.base);
	d = digest_of(buf_bytes(&packed).data, buf_length(&packed));
	buf_fini(&packed);
	return d;
}

const struct person *request_person(const struct request *rq)
{
	return client_person(rq->core, rq->client);
}

enum err request_event(const struct request *rq, enum event_kind kind,
		       const ProtobufCBinaryData *command_id, struct event *ev)
{
	*ev = service_event(rq->core, kind);
	ev->client_id = rq->client->client_id;
	if (rq->client->session != NULL)
		ev->by.person = rq->client->session->person;
	if (command_id == NULL)
		return ERR_OK;
	ev->by.content = request_content(rq);
	return command_id_read(command_id, &ev->by.command);
}

struct ticket request_defer(struct request *rq)
{
	rq->deferred = true;
	return (struct ticket){rq->client->id, rq->msg->id};
}

struct client *ticket_client(struct core *core, const struct ticket *t)
{
	return client_find(core, t->conn);
}

void ticket_reply(struct core *core, const struct ticket *t, enum err err, const char *detail,
		  wire_reply *reply)
{
	wire_reply bare = EXAMD__V1__REPLY__INIT;
	struct client *client = ticket_client(core, t);

	if (client == NULL)
		return;
	if (err != ERR_OK || reply == NULL)
		reply = &bare;
	reply->id = t->request;
	reply->error = (uint32_t)err;
	if (detail != NULL)
		reply->detail = (char *)(uintptr_t)detail; /* protobuf-c knows no const */
	client_send(core, client, reply);
}
