#include "daemon/service/sealed.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/service/render.h"
#include "proto/base/log.h"
#include "proto/wire/seal.h"

struct sealed_name {
	int64_t attempt;
	uint64_t part; /* no padding: it is a key */
};

struct sealed {
	struct sealed_name name;
	struct digest hash; /* of the plaintext */
	uint8_t *data;	    /* owned */
	size_t len;
	UT_hash_handle hh;
};

struct part_size {
	struct digest hash;
	uint32_t size; /* of the plaintext */
	UT_hash_handle hh;
};

struct form_cache {
	struct part_size *sizes; /* the oldest first */
	struct sealed *sealed;	 /* the oldest first */
	size_t kept;		 /* bytes of them */
};

struct form_cache *form_cache_new(void)
{
	return mem_new(sizeof(struct form_cache));
}

static void drop(struct form_cache *c, struct sealed *s)
{
	HASH_DEL(c->sealed, s);
	c->kept -= s->len;
	free(s->data);
	free(s);
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
	while (c->sealed != NULL)
		drop(c, c->sealed);
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

static struct sealed *find(const struct form_cache *c, struct attempt_id attempt, uint32_t part)
{
	struct sealed_name name = {attempt.v, part};
	struct sealed *s;

	HASH_FIND(hh, c->sealed, &name, sizeof(name), s);
	return s;
}

/* Makes room for LEN bytes more: the oldest go. */
static void make_room(struct form_cache *c, size_t len)
{
	while (c->sealed != NULL && c->kept + len > SEALED_MOST)
		drop(c, c->sealed);
}

static struct sealed *seal(const struct core *core, const struct attempt *a, uint32_t part,
			   struct bytes plain)
{
	const struct digest *hash = attempt_plain_hash(a, part);
	struct form_cache *c = core->form_cache;
	struct sealed *s = find(c, attempt_id(a), part);
	struct buf out = {0};
	uint8_t key[SEAL_KEY];

	if (s != NULL)
		drop(c, s);
	seal_key(core->secrets.seal_key, attempt_id(a), part, hash, key);
	seal_close(key, plain, &out);
	explicit_bzero(key, sizeof(key));
	make_room(c, buf_length(&out));
	s = mem_new(sizeof(*s));
	s->name = (struct sealed_name){attempt_id(a).v, part};
	s->hash = *hash;
	s->len = buf_length(&out);
	s->data = mem_copy(buf_bytes(&out).data, s->len);
	buf_fini(&out);
	c->kept += s->len;
	HASH_ADD(hh, c->sealed, name, sizeof(s->name), s);
	return s;
}

void sealed_keep(const struct core *core, const struct attempt *a, uint32_t part,
		 struct bytes plain)
{
	remember_size(core->form_cache, attempt_plain_hash(a, part), (uint32_t)plain.len);
	(void)seal(core, a, part, plain);
}

void sealed_forget(const struct core *core, const struct attempt *a)
{
	for (uint32_t part = 0; part < attempt_form(a)->nparts; part++) {
		struct sealed *s = find(core->form_cache, attempt_id(a), part);

		if (s != NULL)
			drop(core->form_cache, s);
	}
}

/* NULL: what is rendered now is not what was hashed at the check-in. */
static struct sealed *make_again(const struct core *core, const struct attempt *a, uint32_t part)
{
	struct sealed *s = NULL;
	struct buf plain = {0};
	struct digest now;

	render_part(attempt_form(a), part, &plain);
	now = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	if (digest_equal(&now, attempt_plain_hash(a, part)))
		s = seal(core, a, part, buf_bytes(&plain));
	buf_fini(&plain);
	return s;
}

enum err sealed_part(const struct core *core, const struct attempt *a, uint32_t part,
		     struct bytes *out)
{
	struct sealed *s = find(core->form_cache, attempt_id(a), part);

	if (s == NULL || !digest_equal(&s->hash, attempt_plain_hash(a, part)))
		s = make_again(core, a, part);
	if (s == NULL) {
		log_event(LOG_STORE_FAILED, F_TEXT("what", "form"),
			  F_INT("attempt", attempt_id(a).v), F_ERR(ERR_CORRUPT));
		return ERR_CORRUPT;
	}
	*out = bytes_of(s->data, s->len);
	return ERR_OK;
}
