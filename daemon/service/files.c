#include "daemon/service/files.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/service/routes.h"

struct files {
	struct client_part part;
	struct buf uploads[FILE_NUMBERS], downloads[FILE_NUMBERS];
};

static void files_gone(struct client_part *part)
{
	struct files *f = container_of(part, struct files, part);
	size_t i;

	for (i = 0; i < FILE_NUMBERS; i++) {
		buf_fini(&f->uploads[i]);
		buf_fini(&f->downloads[i]);
	}
	free(f);
}

static struct files *files_of(struct client *client)
{
	if (client->files == NULL) {
		struct files *f = mem_new(sizeof *f);

		f->part.gone = files_gone;
		client->files = &f->part;
	}
	return container_of(client->files, struct files, part);
}

static bool number_is_good(uint32_t number)
{
	return number >= 1 && number <= FILE_NUMBERS;
}

static size_t uploaded_in_all(const struct files *f)
{
	size_t i, sum = 0;

	for (i = 0; i < FILE_NUMBERS; i++)
		sum += buf_length(&f->uploads[i]);
	return sum;
}

/* Appends a piece; the same piece again changes nothing. */
enum err on_upload(struct request *rq)
{
	const Examd__V1__Upload *u = rq->msg->upload;
	struct files *f = files_of(rq->client);
	struct buf *b;

	if (!number_is_good(u->number) || u->data.len > PIECE_MOST)
		return ERR_INVALID;
	b = &f->uploads[u->number - 1];
	if (u->offset == 0)
		buf_clear(b);
	if (u->offset > buf_length(b)) {
		rq->detail = "A piece before this one is missing.";
		return ERR_INVALID;
	}
	if (u->offset < buf_length(b)) {
		struct bytes have = buf_bytes(b);

		if (u->data.len > have.len - u->offset ||
		    memcmp(have.data + u->offset, u->data.data, u->data.len) != 0)
			return ERR_CONFLICT;
		return ERR_OK;
	}
	if (uploaded_in_all(f) + u->data.len > FILES_MOST)
		return ERR_TOO_LARGE;
	buf_put(b, u->data.data, u->data.len);
	return ERR_OK;
}

enum err on_download(struct request *rq)
{
	const Examd__V1__Download *d = rq->msg->download;
	Examd__V1__FilePiece *piece = request_new(rq, sizeof *piece);
	struct bytes all, part;

	if (!number_is_good(d->number))
		return ERR_INVALID;
	all = buf_bytes(&files_of(rq->client)->downloads[d->number - 1]);
	if (d->offset > all.len)
		return ERR_INVALID;
	part = bytes_of(all.data + d->offset, all.len - d->offset);
	if (part.len > PIECE_MOST)
		part.len = PIECE_MOST;
	examd__v1__file_piece__init(piece);
	piece->offset = d->offset;
	piece->size = all.len;
	piece->data = (ProtobufCBinaryData){part.len, request_new(rq, part.len + 1)};
	if (part.len > 0)
		memcpy(piece->data.data, part.data, part.len);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_FILE_PIECE;
	rq->reply.file_piece = piece;
	return ERR_OK;
}

enum err file_uploaded(const struct client *client, uint32_t number, struct bytes *out)
{
	const struct files *f;

	if (!number_is_good(number) || client->files == NULL)
		return ERR_NOT_FOUND;
	f = container_of(client->files, struct files, part);
	*out = buf_bytes(&f->uploads[number - 1]);
	return out->len == 0 ? ERR_NOT_FOUND : ERR_OK;
}

enum err file_offer(struct client *client, uint32_t number, struct buf *content, const char *name,
		    Examd__V1__File *out, struct arena *arena)
{
	struct bytes all = buf_bytes(content);
	struct digest hash = digest_of(all.data, all.len);
	struct buf *slot;

	if (!number_is_good(number))
		return ERR_INVALID;
	examd__v1__file__init(out);
	out->number = number;
	out->size = all.len;
	out->name = arena_copy_text(arena, name);
	out->sha256 = (ProtobufCBinaryData){32, arena_copy(arena, hash.b, 32)};
	slot = &files_of(client)->downloads[number - 1];
	buf_fini(slot);
	*slot = *content;
	*content = (struct buf){0};
	return ERR_OK;
}
