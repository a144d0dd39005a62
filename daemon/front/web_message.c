#include "daemon/front/web_message.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/ids.h"

#define ATTRIBUTES  "; Secure; HttpOnly; SameSite=Strict; Path=/"
#define ID_TAG	    0x08 /* field 1, varint: of Request and Reply */
#define VARINT_MOST 10

static const char *member_name(const Examd__V1__Request *request)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
	    &examd__v1__request__descriptor, (unsigned)request->body_case);

	return f == NULL ? "" : f->name;
}

static enum web_effect effect_of(const Examd__V1__Request *request, bool has_token)
{
	switch (request->body_case) {
	case EXAMD__V1__REQUEST__BODY_LOG_IN:
	case EXAMD__V1__REQUEST__BODY_USE_SLIP:
	case EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD:
		return WEB_BEGINS_SESSION;
	case EXAMD__V1__REQUEST__BODY_HELLO:
		return has_token ? WEB_RESUMES : WEB_NO_EFFECT;
	case EXAMD__V1__REQUEST__BODY_LOG_OUT:
		return WEB_ENDS_SESSION;
	default:
		return WEB_NO_EFFECT;
	}
}

/* ARENA holds what was decoded; TOKEN goes into a Hello. */
static enum err put_token(Examd__V1__Request *request, const uint8_t *token, struct buf *scratch,
			  struct bytes *out)
{
	uint8_t copy[WEB_TOKEN];

	if (request->body_case != EXAMD__V1__REQUEST__BODY_HELLO)
		return ERR_OK;
	if (request->hello->token.len > 0)
		return ERR_INVALID;
	if (token == NULL)
		return ERR_OK;
	memcpy(copy, token, sizeof copy);
	request->hello->token = (ProtobufCBinaryData){sizeof copy, copy};
	buf_clear(scratch);
	message_put(scratch, &request->base);
	*out = buf_bytes(scratch);
	explicit_bzero(copy, sizeof copy);
	return ERR_OK;
}

enum err web_message_in(struct bytes body, const char *name, const uint8_t *token,
			struct buf *scratch, struct bytes *out, struct web_call *call)
{
	struct arena arena = {0};
	Examd__V1__Request *request;
	enum err err;

	*out = body;
	if ((err = request_decode(body, &arena, &request)) != ERR_OK)
		goto out;
	call->id = request->id;
	call->effect = effect_of(request, token != NULL);
	if (request->id == 0 || strcmp(member_name(request), name) != 0)
		err = ERR_INVALID;
	else
		err = put_token(request, token, scratch, out);
out:
	arena_fini(&arena);
	return err;
}

uint64_t web_message_reply_id(struct bytes reply)
{
	uint64_t id = 0;

	if (reply.len == 0 || reply.data[0] != ID_TAG)
		return 0;
	for (size_t i = 1; i < reply.len && i <= VARINT_MOST; i++) {
		id |= (uint64_t)(reply.data[i] & 0x7f) << (7 * (i - 1));
		if ((reply.data[i] & 0x80) == 0)
			return id;
	}
	return 0;
}

static void cookie_of_token(const ProtobufCBinaryData *token, char cookie[WEB_COOKIE_MOST])
{
	char hex[2 * WEB_TOKEN + 1];

	hex_format(token->data, WEB_TOKEN, hex);
	snprintf(cookie, WEB_COOKIE_MOST, "__Host-examd=%s" ATTRIBUTES, hex);
	explicit_bzero(hex, sizeof hex);
}

static void cookie_ends(char cookie[WEB_COOKIE_MOST])
{
	snprintf(cookie, WEB_COOKIE_MOST, "__Host-examd=" ATTRIBUTES "; Max-Age=0");
}

struct bytes web_message_out(struct bytes message, const struct web_call *call, struct buf *scratch,
			     char cookie[WEB_COOKIE_MOST])
{
	struct arena arena = {0};
	Examd__V1__Reply *reply;

	cookie[0] = '\0';
	if (call->effect == WEB_NO_EFFECT)
		goto out;
	if (reply_decode(message, &arena, &reply) != ERR_OK) {
		message = bytes_of("", 0); /* it may hold a token */
		goto out;
	}
	if (reply->body_case == EXAMD__V1__REPLY__BODY_SESSION &&
	    reply->session->token.len == WEB_TOKEN) {
		cookie_of_token(&reply->session->token, cookie);
		reply->session->token = (ProtobufCBinaryData){0};
		buf_clear(scratch);
		message_put(scratch, &reply->base);
		message = buf_bytes(scratch);
	} else if ((call->effect == WEB_ENDS_SESSION && reply->error == 0) ||
		   (call->effect == WEB_RESUMES && reply->error == 0 &&
		    reply->body_case == EXAMD__V1__REPLY__BODY_HELLO &&
		    reply->hello->session == NULL)) {
		cookie_ends(cookie);
	}
out:
	arena_fini(&arena);
	return message;
}
