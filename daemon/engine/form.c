#include "daemon/engine/form.h"

#include <string.h>

#include "daemon/engine/dice.h"

/* A single item or a whole set. */
struct unit {
	uint32_t first;	  /* place of its first item in the bank */
	uint32_t section; /* of the outline */
	uint32_t items;
	uint32_t group; /* of the shelf: see group_of() */
};

enum wish { WISH_PREFER, WISH_NONE, WISH_AVOID };
#define GROUPS 6 /* three wishes, each sets first and then single items */

/* Units that a quota is drawn from, in their groups. */
struct shelf {
	struct unit *units;
	uint32_t start[GROUPS + 1]; /* of each group */
};

/* A section with its place in the exam. */
struct line {
	const struct section *section;
	uint32_t part, no; /* of the part */
	bool wanted;	   /* by the draw */
};

/* The digests to prefer or to avoid, found by their first bytes: hashes are uniform. */
struct wish_entry {
	const struct digest *hash; /* NULL: free */
	enum wish wish;
};

struct maker {
	const struct blueprint *blueprint;
	const struct bank *bank;
	const struct form_draw *draw;
	bool drill;
	struct arena scratch;
	struct dice dice;
	struct line *lines; /* the outline */
	uint32_t nlines;
	uint32_t *names; /* open addressing: 1 + line of a section's name, 0: free */
	uint32_t names_mask;
	struct wish_entry *wishes; /* open addressing; NULL: there are none */
	uint32_t wishes_mask;
	struct shelf *shelves; /* one a line, then one for pretest items */
	uint32_t nshelves;
	struct unit *drawn; /* of all parts, in their order */
	uint32_t *part_start;
	uint32_t nparts;
	struct unit *pretest;
	uint32_t npretest;
	uint32_t *gap;	       /* of a pretest item: how many units come before it */
	uint32_t *pretest_end; /* of a part: the pretest items in it and in the parts before */
};

bool form_draw_is_drill(const struct form_draw *draw)
{
	return draw != NULL && (draw->nsections > 0 || draw->level != LEVEL_NONE ||
				draw->items > 0 || draw->minutes > 0);
}

static uint32_t power_above(size_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/* The outline: sections by number and by name. */

static bool section_is_wanted(const struct form_draw *draw, const char *name)
{
	size_t i;

	if (draw == NULL || draw->nsections == 0)
		return true;
	for (i = 0; i < draw->nsections; i++)
		if (strcmp(draw->sections[i], name) == 0)
			return true;
	return false;
}

/* FNV-1a. */
static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static uint32_t *name_slot(const struct maker *m, const char *name)
{
	uint32_t at = name_hash(name) & m->names_mask;

	while (m->names[at] != 0 && strcmp(m->lines[m->names[at] - 1].section->name, name) != 0)
		at = (at + 1) & m->names_mask;
	return &m->names[at];
}

static void make_outline(struct maker *m)
{
	const struct blueprint *b = m->blueprint;
	uint32_t part, no, n = 0;

	for (part = 0; part < b->nparts; part++)
		n += (uint32_t)b->parts[part].nsections;
	m->lines = arena_new(&m->scratch, n * sizeof *m->lines);
	m->names_mask = power_above(2 * (size_t)n + 1) - 1;
	m->names = arena_new(&m->scratch, (m->names_mask + 1) * sizeof *m->names);
	for (part = 0; part < b->nparts; part++)
		for (no = 0; no < b->parts[part].nsections; no++) {
			const struct section *s = &b->parts[part].sections[no];

			m->lines[m->nlines] =
			    (struct line){s, part, no, section_is_wanted(m->draw, s->name)};
			*name_slot(m, s->name) = ++m->nlines;
		}
}

/* Wishes. */

static struct wish_entry *wish_slot(const struct maker *m, const struct digest *hash)
{
	uint32_t at = u32_read(hash->b) & m->wishes_mask;

	while (m->wishes[at].hash != NULL && !digest_equal(m->wishes[at].hash, hash))
		at = (at + 1) & m->wishes_mask;
	return &m->wishes[at];
}

static void add_wishes(struct maker *m, const struct digest *hashes, size_t n, enum wish wish)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct wish_entry *slot = wish_slot(m, &hashes[i]);

		if (slot->hash == NULL)
			*slot = (struct wish_entry){&hashes[i], wish};
	}
}

static void make_wishes(struct maker *m)
{
	size_t n = m->draw == NULL ? 0 : m->draw->nprefer + m->draw->navoid;

	if (n == 0)
		return;
	m->wishes_mask = power_above(2 * n + 1) - 1;
	m->wishes = arena_new(&m->scratch, (m->wishes_mask + (size_t)1) * sizeof *m->wishes);
	add_wishes(m, m->draw->prefer, m->draw->nprefer, WISH_PREFER);
	add_wishes(m, m->draw->avoid, m->draw->navoid, WISH_AVOID);
}

static enum wish wish_of(const struct maker *m, const struct unit *u)
{
	enum wish wish = WISH_NONE;
	uint32_t i;

	for (i = 0; m->wishes != NULL && i < u->items; i++) {
		const struct wish_entry *e = wish_slot(m, &m->bank->items[u->first + i]->hash);

		if (e->hash != NULL && e->wish == WISH_PREFER)
			return WISH_PREFER;
		if (e->hash != NULL)
			wish = WISH_AVOID;
	}
	return wish;
}

/* Shelves. */

static uint32_t group_of(enum wish wish, uint32_t items)
{
	return 2 * (uint32_t)wish + (items == 1);
}

static bool level_fits(const struct maker *m, const struct unit *u)
{
	uint32_t i;

	if (!m->drill || m->draw->level == LEVEL_NONE)
		return true;
	for (i = 0; i < u->items; i++)
		if (m->bank->items[u->first + i]->level != m->draw->level)
			return false;
	return true;
}

/* The unit that begins with an item, and its shelf; false: none, or it does not fit. */
static bool find_unit(const struct maker *m, uint32_t first, struct unit *u, uint32_t *shelf)
{
	const struct item *item = m->bank->items[first];
	const char *section;
	enum item_use use;
	uint32_t line;

	if (item->set != NULL && item->set->items[0] != item)
		return false;
	if ((use = item_use(item, m->blueprint->exam, &section)) == USE_NONE)
		return false;
	if ((line = *name_slot(m, section)) == 0)
		return false;
	u->first = first;
	u->section = line - 1;
	u->items = item->set == NULL ? 1 : (uint32_t)item->set->nitems;
	if (!m->lines[line - 1].wanted || !level_fits(m, u))
		return false;
	u->group = group_of(wish_of(m, u), u->items);
	*shelf = use == USE_PRETEST		  ? m->nshelves - 1
		 : m->drill && m->draw->items > 0 ? 0
						  : line - 1;
	return true;
}

/* Sorts all units into their shelves and groups, in the order of the bank. */
static void fill_shelves(struct maker *m)
{
	size_t n = m->bank->nitems, cells;
	struct unit *found = arena_new(&m->scratch, n * sizeof *found);
	struct unit *sorted = arena_new(&m->scratch, n * sizeof *sorted);
	uint32_t *shelf = arena_new(&m->scratch, n * sizeof *shelf), *at, nfound = 0, i, k;

	m->nshelves = m->nlines + 1;
	cells = (size_t)m->nshelves * GROUPS;
	m->shelves = arena_new(&m->scratch, m->nshelves * sizeof *m->shelves);
	at = arena_new(&m->scratch, (cells + 1) * sizeof *at);
	for (i = 0; i < n; i++)
		if (find_unit(m, i, &found[nfound], &shelf[nfound])) {
			at[shelf[nfound] * GROUPS + found[nfound].group + 1]++;
			nfound++;
		}
	for (i = 1; i <= cells; i++)
		at[i] += at[i - 1];
	for (i = 0; i < m->nshelves; i++) {
		m->shelves[i].units = sorted + at[i * GROUPS];
		for (k = 0; k <= GROUPS; k++)
			m->shelves[i].start[k] = at[i * GROUPS + k] - at[i * GROUPS];
	}
	for (i = 0; i < nfound; i++)
		sorted[at[shelf[i] * GROUPS + found[i].group]++] = found[i];
}

/* Drawing. */

static void supply_add(struct supply *s, uint32_t items, uint32_t units)
{
	if (items == 1)
		s->singles += units;
	else if (items < COUNT(s->sets))
		s->sets[items] += units;
}

static struct supply shelf_supply(const struct shelf *shelf, uint32_t groups)
{
	struct supply s = {0};
	uint32_t i, g;

	for (g = 0; g < groups; g++)
		if (g % 2 == 1)
			s.singles += shelf->start[g + 1] - shelf->start[g];
		else
			for (i = shelf->start[g]; i < shelf->start[g + 1]; i++)
				supply_add(&s, shelf->units[i].items, 1);
	return s;
}

static void swap_units(struct unit *a, struct unit *b)
{
	struct unit t = *a;

	*a = *b;
	*b = t;
}

/* Draws units of exactly QUOTA items from a shelf that can fill it. */
static uint32_t draw_exactly(struct dice *dice, struct shelf *shelf, uint32_t quota,
			     struct unit *out)
{
	uint32_t groups = group_of(WISH_AVOID, 0), taken = 0, g, i;
	struct supply rest = shelf_supply(shelf, groups);

	if (!supply_fills(&rest, quota)) {
		groups = GROUPS;
		rest = shelf_supply(shelf, groups);
	}
	for (g = 0; g < groups; g++)
		for (i = shelf->start[g]; i < shelf->start[g + 1] && quota > 0; i++) {
			struct unit *u = &shelf->units[i];

			swap_units(u, u + dice_below(dice, shelf->start[g + 1] - i));
			supply_add(&rest, u->items, (uint32_t)-1);
			if (u->items > quota || !supply_fills(&rest, quota - u->items))
				continue;
			out[taken++] = *u;
			quota -= u->items;
		}
	return taken;
}

/* What is drawn from a shelf: the quota; in a drill as much of it as there is. */
static enum err find_quota(const struct maker *m, uint32_t shelf, uint32_t *quota)
{
	struct supply all = shelf_supply(&m->shelves[shelf], GROUPS);

	*quota = m->lines[shelf].section->items;
	if (m->drill) {
		if (m->draw->items > 0)
			*quota = shelf == 0 ? m->draw->items : 0;
		*quota = supply_most(&all, *quota);
		return ERR_OK;
	}
	return supply_fills(&all, *quota) ? ERR_OK : ERR_BANK_TOO_SMALL;
}

static uint32_t part_of(const struct maker *m, uint32_t line)
{
	return m->drill ? 0 : m->lines[line].part;
}

static enum err draw_scored(struct maker *m)
{
	uint32_t i, quota, n = 0, part = 0;
	enum err err;

	m->nparts = m->drill ? 1 : (uint32_t)m->blueprint->nparts;
	m->part_start = arena_new(&m->scratch, (m->nparts + 1) * sizeof *m->part_start);
	m->drawn = arena_new(&m->scratch, m->bank->nitems * sizeof *m->drawn);
	for (i = 0; i < m->nlines; i++) {
		for (; part < part_of(m, i); part++)
			m->part_start[part + 1] = n;
		if ((err = find_quota(m, i, &quota)) != ERR_OK)
			return err;
		n += draw_exactly(&m->dice, &m->shelves[i], quota, m->drawn + n);
	}
	for (; part < m->nparts; part++)
		m->part_start[part + 1] = n;
	return n > 0 ? ERR_OK : ERR_BANK_TOO_SMALL;
}

static enum err draw_pretest(struct maker *m)
{
	struct shelf *shelf = &m->shelves[m->nshelves - 1];
	struct supply all = shelf_supply(shelf, GROUPS);

	if (m->drill || m->blueprint->pretest == 0)
		return ERR_OK;
	if (!supply_fills(&all, m->blueprint->pretest))
		return ERR_BANK_TOO_SMALL;
	m->pretest = arena_new(&m->scratch, m->blueprint->pretest * sizeof *m->pretest);
	m->npretest = draw_exactly(&m->dice, shelf, m->blueprint->pretest, m->pretest);
	return ERR_OK;
}

/* Order. */

static void shuffle_units(struct dice *dice, struct unit *units, uint32_t n)
{
	for (; n > 1; n--)
		swap_units(&units[n - 1], &units[dice_below(dice, n)]);
}

/* Units in the order of their sections; those of one section stay in the order they have. */
static void sort_by_section(struct maker *m, struct unit *units, uint32_t n)
{
	uint32_t *at = arena_new(&m->scratch, (m->nlines + 1) * sizeof *at), i;
	struct unit *sorted = arena_new(&m->scratch, n * sizeof *sorted);

	for (i = 0; i < n; i++)
		at[units[i].section + 1]++;
	for (i = 1; i <= m->nlines; i++)
		at[i] += at[i - 1];
	for (i = 0; i < n; i++)
		sorted[at[units[i].section]++] = units[i];
	if (n > 0)
		memcpy(units, sorted, n * sizeof *units);
}

static void order_units(struct maker *m)
{
	uint32_t part;

	for (part = 0; part < m->nparts; part++) {
		struct unit *units = m->drawn + m->part_start[part];
		uint32_t n = m->part_start[part + 1] - m->part_start[part];

		shuffle_units(&m->dice, units, n);
		if (m->blueprint->order == ORDER_SECTIONS)
			sort_by_section(m, units, n);
	}
}

/* Spreads the pretest items over the gaps between the units of all parts: a uniform choice of
 * places in the whole (Knuth, algorithm 3.4.2 S). */
static void spread_pretest(struct maker *m)
{
	uint32_t units = m->part_start[m->nparts], pretest = m->npretest, n = 0;

	m->gap = arena_new(&m->scratch, pretest * sizeof *m->gap);
	while (pretest > 0)
		if (dice_below(&m->dice, units + pretest) < pretest) {
			m->gap[n++] = m->part_start[m->nparts] - units;
			pretest--;
		} else {
			units--;
		}
}

/* Where two parts meet, the pretest items of the gap are divided between them. */
static void divide_pretest(struct maker *m)
{
	uint32_t part, n = 0, in_gap;

	m->pretest_end = arena_new(&m->scratch, m->nparts * sizeof *m->pretest_end);
	for (part = 0; part + 1 < m->nparts; part++) {
		uint32_t end = m->part_start[part + 1];

		while (n < m->npretest && m->gap[n] < end)
			n++;
		for (in_gap = 0; n + in_gap < m->npretest && m->gap[n + in_gap] == end;)
			in_gap++;
		n += dice_below(&m->dice, in_gap + 1);
		m->pretest_end[part] = n;
	}
	m->pretest_end[part] = m->npretest;
}

/* The form itself. */

static void place_item(struct maker *m, const struct unit *u, uint32_t i, bool pretest,
		       struct form_item *out)
{
	const struct line *line = &m->lines[u->section];

	out->item = m->bank->items[u->first + i];
	out->pretest = pretest;
	out->section = pretest ? 0 : m->drill ? u->section : line->no;
}

/* Places the units of a part, and the pretest items in their gaps; says how many items. */
static uint32_t place_part(struct maker *m, uint32_t part, uint32_t *next, struct form_item *out)
{
	uint32_t u = m->part_start[part], end = m->part_start[part + 1], i, n = 0;

	for (; u < end; u++) {
		while (*next < m->pretest_end[part] && m->gap[*next] == u)
			place_item(m, &m->pretest[(*next)++], 0, true, &out[n++]);
		for (i = 0; i < m->drawn[u].items; i++)
			place_item(m, &m->drawn[u], i, false, &out[n++]);
	}
	while (*next < m->pretest_end[part])
		place_item(m, &m->pretest[(*next)++], 0, true, &out[n++]);
	return n;
}

/* The items of a part: those of its units, and its pretest items. */
static uint32_t part_items(const struct maker *m, uint32_t part)
{
	uint32_t n = m->pretest_end[part] - (part == 0 ? 0 : m->pretest_end[part - 1]), u;

	for (u = m->part_start[part]; u < m->part_start[part + 1]; u++)
		n += m->drawn[u].items;
	return n;
}

static void order_options(struct dice *dice, struct form_item *fi)
{
	uint32_t n = (uint32_t)fi->item->noptions, i, k;

	for (i = 0; i < n; i++)
		fi->order[i] = (uint8_t)i;
	for (i = n; fi->item->shuffle && i > 1; i--) {
		uint8_t t = fi->order[i - 1];

		k = dice_below(dice, i);
		fi->order[i - 1] = fi->order[k];
		fi->order[k] = t;
	}
}

static enum err place_all(struct maker *m, struct form *out, struct arena *arena)
{
	uint32_t part, i, next = 0;

	*out = (struct form){m->blueprint, m->bank, NULL, m->nparts, 0};
	if ((out->parts = arena_new(arena, m->nparts * sizeof *out->parts)) == NULL)
		return ERR_NO_MEMORY;
	for (part = 0; part < m->nparts; part++) {
		struct form_part *p = &out->parts[part];

		p->items = arena_new(arena, part_items(m, part) * sizeof *p->items);
		if (p->items == NULL)
			return ERR_NO_MEMORY;
		p->nitems = place_part(m, part, &next, p->items);
		out->nitems += p->nitems;
		for (i = 0; i < p->nitems; i++)
			order_options(&m->dice, &p->items[i]);
	}
	return ERR_OK;
}

enum err form_make(struct form *out, const struct blueprint *blueprint, const struct bank *bank,
		   const uint8_t seed[FORM_SEED], const struct form_draw *draw, struct arena *arena)
{
	struct maker m = {.blueprint = blueprint, .bank = bank, .draw = draw};
	enum err err;

	m.drill = form_draw_is_drill(draw);
	dice_init(&m.dice, "examd form 1", seed, FORM_SEED);
	make_outline(&m);
	make_wishes(&m);
	fill_shelves(&m);
	if ((err = draw_scored(&m)) != ERR_OK || (err = draw_pretest(&m)) != ERR_OK)
		goto out;
	order_units(&m);
	spread_pretest(&m);
	divide_pretest(&m);
	err = place_all(&m, out, arena);
out:
	arena_fini(&m.scratch);
	return err;
}

const struct form_item *form_item(const struct form *form, struct item_no no, uint32_t *part_out)
{
	uint32_t at = no.v, part;

	for (part = 0; part < form->nparts; part++) {
		if (at < form->parts[part].nitems) {
			if (part_out != NULL)
				*part_out = part;
			return &form->parts[part].items[at];
		}
		at -= (uint32_t)form->parts[part].nitems;
	}
	return NULL;
}

static uint32_t exam_minutes(const struct blueprint *b)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < b->nparts; i++)
		n += b->parts[i].minutes;
	return n;
}

uint32_t form_minutes(const struct form *form, uint32_t part, const struct form_draw *draw)
{
	const struct blueprint *b = form->blueprint;
	uint64_t whole;

	if (!form_draw_is_drill(draw))
		return b->parts[part].minutes;
	if (draw->minutes > 0)
		return draw->minutes;
	whole = (uint64_t)exam_minutes(b) * form->nitems;
	return (uint32_t)((whole + b->total - 1) / b->total);
}
