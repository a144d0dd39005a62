#include "daemon/service/sealed.h"

#include <stdlib.h>

#include "daemon/service/render.h"
#include "proto/base/log.h"
#include "proto/wire/seal.h"

struct sealed {
	struct digest hash; /* of the plaintext */
	struct attempt_id attempt;
	uint32_t part;
	struct buf bytes;
	uint64_t used; /* when: the least is the oldest */
};

struct part_size {
	struct digest hash;
	uint32_t size; /* of the plaintext */
	UT_hash_handle hh;
};

struct form_cache {
	struct part_size *sizes; /* the oldest first */
	struct sealed sealed[SEALED_MOST];
	uint64_t uses;
};

struct form_cache *form_cache_new(void)
{
	return mem_new(sizeof(struct form_cache));
}

void form_cache_free(struct form_cache *c)
{
	struct part_size *size, *next;

	if (c == NULL)
		return;
	HASH_ITER (hh, c->sizes, size, next) {
		HASH_DEL(c->sizes, size);
		free(size);
	}
	for (size_t i = 0; i < SEALED_MOST; i++)
		buf_fini(&c->sealed[i].bytes);
	free(c);
}

static void remember_size(struct form_cache *c, const struct digest *hash, uint32_t size)
{
	struct part_size *known, *oldest;

	HASH_FIND(hh, c->sizes, hash, sizeof(*hash), known);
	if (known != NULL)
		return;
	known = mem_new(sizeof(*known));
	known->hash = *hash;
	known->size = size;
	HASH_ADD(hh, c->sizes, hash, sizeof(known->hash), known);
	if (HASH_COUNT(c->sizes) <= SIZES_MOST)
		return;
	oldest = c->sizes;
	HASH_DEL(c->sizes, oldest);
	free(oldest);
}

uint32_t sealed_size(const struct core *core, const struct attempt *a, uint32_t part)
{
	const struct digest *hash = attempt_plain_hash(a, part);
	struct part_size *known;
	struct buf plain = {0};
	uint32_t size;

	HASH_FIND(hh, core->form_cache->sizes, hash, sizeof(*hash), known);
	if (known != NULL)
		return known->size + SEAL_TAG;
	render_part(attempt_form(a), part, &plain);
	size = (uint32_t)buf_length(&plain);
	buf_fini(&plain);
	remember_size(core->form_cache, hash, size);
	return size + SEAL_TAG;
}

/* The place of this part, or of the one that was not used for longest; *FOUND says which. */
static struct sealed *place_for(struct form_cache *c, struct attempt_id attempt, uint32_t part,
				const struct digest *hash, bool *found)
{
	struct sealed *oldest = &c->sealed[0];

	*found = true;
	for (size_t i = 0; i < SEALED_MOST; i++) {
		struct sealed *s = &c->sealed[i];

		if (s->attempt.v == attempt.v && s->part == part && digest_equal(&s->hash, hash))
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	*found = false;
	return oldest;
}

static enum err seal_into(const struct core *core, const struct attempt *a, uint32_t part,
			  struct sealed *s)
{
	const struct digest *hash = attempt_plain_hash(a, part);
	uint8_t key[SEAL_KEY];
	struct buf plain = {0};
	struct digest now;
	enum err err = ERR_OK;

	render_part(attempt_form(a), part, &plain);
	now = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	s->attempt.v = 0;
	buf_clear(&s->bytes);
	if (!digest_equal(&now, hash)) {
		err = ERR_CORRUPT;
		goto out;
	}
	seal_key(core->secrets.seal_key, attempt_id(a), part, hash, key);
	seal_close(key, buf_bytes(&plain), &s->bytes);
	s->attempt = attempt_id(a);
	s->part = part;
	s->hash = *hash;
out:
	buf_fini(&plain);
	return err;
}

enum err sealed_part(const struct core *core, const struct attempt *a, uint32_t part,
		     struct bytes *out)
{
	bool found;
	struct sealed *s =
	    place_for(core->form_cache, attempt_id(a), part, attempt_plain_hash(a, part), &found);
	enum err err = found ? ERR_OK : seal_into(core, a, part, s);

	if (err != ERR_OK) {
		log_event(LOG_STORE_FAILED, F_TEXT("what", "form"),
			  F_INT("attempt", attempt_id(a).v), F_ERR(err));
		return err;
	}
	s->used = ++core->form_cache->uses;
	*out = buf_bytes(&s->bytes);
	return ERR_OK;
}
