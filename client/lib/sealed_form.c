#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "client/lib/sealed_form.h"
#include "proto/wire/frame.h"
#include "proto/wire/seal.h"

#define PLAIN_ARENA_MOST ((size_t)64 * 1024 * 1024)

void sealed_form_init(struct sealed_form *f, const char *dir, const struct digest *pin,
		      struct attempt_id attempt)
{
	char name[17];

	*f = (struct sealed_form){0};
	if (dir == NULL)
		return;
	hex_format(pin->b, 8, name);
	f->path = mem_printf("%s/form-%s-%lld", dir, name, (long long)attempt.v);
}

static void part_forget(struct sealed_part *p)
{
	unsigned wrong = p->wrong;

	buf_fini(&p->sealed);
	arena_fini(&p->arena);
	*p = (struct sealed_part){.wrong = wrong};
}

void sealed_form_fini(struct sealed_form *f)
{
	for (size_t i = 0; i < COUNT(f->parts); i++)
		part_forget(&f->parts[i]);
	free(f->path);
	*f = (struct sealed_form){0};
}

static char *part_path(const struct sealed_form *f, size_t part)
{
	return mem_printf("%s-%zu", f->path, part);
}

static bool part_is_complete(const struct sealed_part *p)
{
	return p->size > 0 && buf_length(&p->sealed) == p->size;
}

/* The file is the hash of the plaintext, then the ciphertext. */
static void part_read(struct sealed_form *f, size_t part)
{
	struct sealed_part *p = &f->parts[part];
	struct buf text = {0};
	char *path;

	if (f->path == NULL)
		return;
	path = part_path(f, part);
	if (file_read(path, 32 + (size_t)p->size, &text) == ERR_OK &&
	    buf_length(&text) == 32 + (size_t)p->size &&
	    memcmp(buf_bytes(&text).data, p->hash.b, 32) == 0)
		buf_put(&p->sealed, buf_bytes(&text).data + 32, p->size);
	buf_fini(&text);
	free(path);
}

static void part_write(const struct sealed_form *f, size_t part)
{
	const struct sealed_part *p = &f->parts[part];
	struct buf text = {0};
	char *path;

	if (f->path == NULL)
		return;
	path = part_path(f, part);
	buf_put(&text, p->hash.b, 32);
	buf_put_bytes(&text, buf_bytes(&p->sealed));
	if (file_replace(path, buf_bytes(&text)) != ERR_OK)
		unlink(path); /* it is fetched again should it be needed */
	buf_fini(&text);
	free(path);
}

static void part_remove(const struct sealed_form *f, size_t part)
{
	char *path;

	if (f->path == NULL)
		return;
	path = part_path(f, part);
	unlink(path);
	free(path);
}

static bool part_is_same(const struct sealed_part *p, const Examd__V1__PartInfo *info)
{
	return p->size == info->sealed_size && p->first_item == info->first_item &&
	       memcmp(p->hash.b, info->hash.data, 32) == 0;
}

enum err sealed_form_expect(struct sealed_form *f, Examd__V1__PartInfo *const *parts, size_t nparts)
{
	if (nparts > SEALED_PARTS_MOST)
		return ERR_PROTOCOL;
	for (size_t i = 0; i < nparts; i++) {
		const Examd__V1__PartInfo *info = parts[i];
		struct sealed_part *p = &f->parts[i];

		if (info->sealed_size == 0)
			continue; /* not told yet */
		if (info->hash.len != 32 || info->sealed_size > SEALED_MOST ||
		    info->sealed_size <= SEAL_TAG)
			return ERR_PROTOCOL;
		if (part_is_same(p, info))
			continue;
		part_forget(p);
		p->size = info->sealed_size;
		p->first_item = info->first_item;
		memcpy(p->hash.b, info->hash.data, 32);
		part_read(f, i);
	}
	f->nparts = nparts;
	return ERR_OK;
}

bool sealed_form_missing(const struct sealed_form *f, uint32_t *part, uint32_t *offset)
{
	for (size_t i = 0; i < f->nparts; i++) {
		const struct sealed_part *p = &f->parts[i];

		if (p->size == 0 || part_is_complete(p))
			continue;
		*part = (uint32_t)i;
		*offset = (uint32_t)buf_length(&p->sealed);
		return true;
	}
	return false;
}

enum err sealed_form_add(struct sealed_form *f, const Examd__V1__FormPiece *piece)
{
	struct sealed_part *p;

	if (piece->part >= f->nparts)
		return ERR_PROTOCOL;
	p = &f->parts[piece->part];
	if (piece->size != p->size)
		return ERR_WRONG_FORM;
	if (piece->offset != buf_length(&p->sealed) || piece->data.len == 0 ||
	    piece->data.len > p->size - buf_length(&p->sealed))
		return ERR_PROTOCOL;
	buf_put(&p->sealed, piece->data.data, piece->data.len);
	if (part_is_complete(p))
		part_write(f, piece->part);
	return ERR_OK;
}

bool sealed_form_is_complete(const struct sealed_form *f)
{
	for (size_t i = 0; i < f->nparts; i++)
		if (!part_is_complete(&f->parts[i]))
			return false;
	return f->nparts > 0;
}

/* Does every item point to a stimulus that is there? */
static bool form_part_is_sound(const Examd__V1__FormPart *part)
{
	for (size_t i = 0; i < part->n_items; i++)
		if (part->items[i]->stimulus > part->n_stimuli)
			return false;
	return true;
}

enum err sealed_form_open(struct sealed_form *f, uint32_t part, struct bytes key)
{
	struct buf plain = {0};
	struct sealed_part *p;
	ProtobufCMessage *message = NULL;
	struct digest hash;
	enum err err = ERR_WRONG_FORM;

	if (part >= f->nparts || key.len != SEAL_KEY || !part_is_complete(&f->parts[part]))
		return ERR_NOT_READY;
	p = &f->parts[part];
	if (p->open != NULL)
		return ERR_OK;
	if (seal_open(key.data, buf_bytes(&p->sealed), &plain) != ERR_OK)
		goto out;
	hash = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	if (!digest_equal(&hash, &p->hash))
		goto out;
	p->arena.cap = PLAIN_ARENA_MOST;
	if (message_decode(&examd__v1__form_part__descriptor, buf_bytes(&plain), &p->arena,
			   &message) != ERR_OK)
		goto out;
	if (!form_part_is_sound((Examd__V1__FormPart *)message))
		goto out;
	p->open = (Examd__V1__FormPart *)message;
	err = ERR_OK;
out:
	if (err != ERR_OK) {
		buf_clear(&p->sealed);
		arena_reset(&p->arena);
		p->wrong++;
		part_remove(f, part);
	}
	buf_fini(&plain);
	return err;
}

void sealed_form_drop(struct sealed_form *f)
{
	for (size_t i = 0; i < f->nparts; i++) {
		part_remove(f, i);
		part_forget(&f->parts[i]);
	}
	f->nparts = 0;
}

const Examd__V1__FormItem *sealed_form_item(const struct sealed_form *f, struct item_no item,
					    uint32_t *part_out)
{
	for (size_t i = 0; i < f->nparts; i++) {
		const struct sealed_part *p = &f->parts[i];

		if (p->open == NULL || item.v < p->first_item ||
		    item.v - p->first_item >= p->open->n_items)
			continue;
		if (part_out != NULL)
			*part_out = (uint32_t)i;
		return p->open->items[item.v - p->first_item];
	}
	return NULL;
}

const char *sealed_form_stimulus(const struct sealed_form *f, struct item_no item)
{
	uint32_t part;
	const Examd__V1__FormItem *fi = sealed_form_item(f, item, &part);

	if (fi == NULL || fi->stimulus == 0)
		return NULL;
	return f->parts[part].open->stimuli[fi->stimulus - 1]->text;
}

void sealed_form_remove_files(struct sealed_form *f)
{
	for (size_t i = 0; i < f->nparts; i++)
		part_remove(f, i);
}
