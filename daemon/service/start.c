#include "daemon/service/start.h"

#include "daemon/service/people.h"
#include "daemon/service/render.h"
#include "daemon/service/sealed.h"

/* The parts as clients get them, one after the other in OUT. */
static struct bytes *render_parts(const struct form *form, struct buf *out, struct arena *arena)
{
	size_t *ends = arena_new(arena, form->nparts * sizeof(*ends)), start = 0;
	struct bytes *parts = arena_new(arena, form->nparts * sizeof(*parts));

	for (uint32_t i = 0; i < form->nparts; i++) {
		render_part(form, i, out);
		ends[i] = buf_length(out);
	}
	for (uint32_t i = 0; i < form->nparts; start = ends[i++])
		parts[i] = bytes_of(buf_bytes(out).data + start, ends[i] - start);
	return parts;
}

static struct digest *hash_parts(const struct bytes *parts, size_t n, struct arena *arena)
{
	struct digest *hashes = arena_new(arena, n * sizeof(*hashes));

	for (size_t i = 0; i < n; i++)
		hashes[i] = digest_of(parts[i].data, parts[i].len);
	return hashes;
}

/* The client fetches them next.  The attempt may be another than the one begun here: an earlier one
 * by the same command. */
static void keep_parts(struct core *core, const struct bytes *parts)
{
	const struct attempt *a = engine_attempt(core->engine, core->decision.attempt);

	if (a == NULL || core->decision.repeated)
		return;
	for (uint32_t i = 0; i < attempt_form(a)->nparts; i++)
		sealed_keep(core, a, i, parts[i]);
}

enum err start_attempt(struct core *core, struct event *ev, const struct start *start)
{
	uint8_t seed[FORM_SEED];
	struct arena arena = {0};
	struct buf rendered = {0};
	struct bytes *parts;
	struct form form;
	enum err err;

	random_bytes(seed, sizeof(seed));
	err = form_make(&form, start->blueprint, start->bank, seed, &start->draw, &arena);
	if (err != ERR_OK)
		goto out;
	parts = render_parts(&form, &rendered, &arena);
	ev->u.open.person = start->person->id;
	ev->u.open.extra_percent = start->person->extra_percent;
	ev->u.open.blueprint = start->blueprint;
	ev->u.open.bank = start->bank;
	ev->u.open.seed = seed;
	ev->u.open.draw = &start->draw;
	ev->u.open.form = &form;
	ev->u.open.plain_hashes = hash_parts(parts, form.nparts, &arena);
	ev->u.open.tutor = start->tutor;
	err = service_decide_and_apply(core, ev);
	if (err == ERR_OK)
		keep_parts(core, parts);
out:
	buf_fini(&rendered);
	arena_fini(&arena);
	return err;
}
