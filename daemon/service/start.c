#include "daemon/service/start.h"

#include "daemon/service/people.h"
#include "daemon/service/render.h"

static struct digest hash_part(const struct form *form, uint32_t part)
{
	struct buf plain = {0};
	struct digest d;

	render_part(form, part, &plain);
	d = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	buf_fini(&plain);
	return d;
}

static struct digest *hash_parts(const struct form *form, struct arena *arena)
{
	struct digest *hashes = arena_new(arena, form->nparts * sizeof(*hashes));

	for (uint32_t i = 0; i < form->nparts; i++)
		hashes[i] = hash_part(form, i);
	return hashes;
}

enum err start_attempt(struct core *core, struct event *ev, const struct start *start)
{
	uint8_t seed[FORM_SEED];
	struct arena arena = {0};
	struct form form;
	enum err err;

	random_bytes(seed, sizeof(seed));
	err = form_make(&form, start->blueprint, start->bank, seed, &start->draw, &arena);
	if (err != ERR_OK)
		goto out;
	ev->u.open.person = start->person->id;
	ev->u.open.extra_percent = start->person->extra_percent;
	ev->u.open.blueprint = start->blueprint;
	ev->u.open.bank = start->bank;
	ev->u.open.seed = seed;
	ev->u.open.draw = &start->draw;
	ev->u.open.form = &form;
	ev->u.open.plain_hashes = hash_parts(&form, &arena);
	ev->u.open.tutor = start->tutor;
	err = service_decide_and_apply(core, ev);
out:
	arena_fini(&arena);
	return err;
}
