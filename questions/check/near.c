/* Stems that are nearly the same.
 *
 * Two stems are compared by the Jaccard similarity of their shingles: of all runs of three words
 * that occur in either, how many occur in both.  From NEAR_PERCENT on they count as the same
 * question. Stems about one stimulus are compared with each other only, others among themselves;
 * and a stem of fewer than WORDS_LEAST words is nothing but its one detail, so it is left to the
 * exact rule.
 *
 * Items of the topic "drill" are made from tables and differ in a term by nature: only the exact
 * rule is for them.
 *
 * Shingles are sorted by how rare they are: two sets that share that much share one of their few
 * rarest (prefix filtering), so only stems that meet there are compared. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "questions/check/rules.h"

#define NEAR_PERCENT 80
#define SHINGLE	     3
#define WORDS_LEAST  12

struct shingle {
	uint64_t hash;
	uint32_t count; /* stems that have it */
};

/* The shingles of one stem: rarest first, none twice. */
struct stem {
	const struct item *item;
	struct shingle *shingles; /* owned */
	size_t n, prefix;
};

/* A shingle among the rarest of a stem. */
struct posting {
	uint64_t hash;
	uint32_t stem;
};

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ p[i]) * FNV_PRIME;
	return hash;
}

/* The next word in lower case as a hash; 0: none is left.  A dot between characters belongs to it.
 */
static uint64_t next_word(const char **at)
{
	uint64_t hash = FNV_START;
	const char *s = *at;

	while (*s != '\0' && !isalnum((unsigned char)*s))
		s++;
	if (*s == '\0')
		return 0;
	for (; isalnum((unsigned char)*s) || (*s == '.' && isalnum((unsigned char)s[1])); s++) {
		char c = (char)tolower((unsigned char)*s);

		hash = mix(hash, &c, 1);
	}
	*at = s;
	return hash | 1;
}

static int by_hash(const void *a, const void *b)
{
	const struct shingle *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_rarity(const void *a, const void *b)
{
	const struct shingle *x = a, *y = b;

	return x->count != y->count ? (x->count > y->count) - (x->count < y->count) : by_hash(a, b);
}

/* Sorts by hash and drops what is there twice. */
static void make_set(struct stem *stem)
{
	size_t i, n = 0;

	qsort(stem->shingles, stem->n, sizeof *stem->shingles, by_hash);
	for (i = 1; i < stem->n; i++)
		if (stem->shingles[i].hash != stem->shingles[n].hash)
			stem->shingles[++n] = stem->shingles[i];
	stem->n = n + 1;
}

static bool is_drill(const struct item *item)
{
	size_t i;

	for (i = 0; i < item->ntopics; i++)
		if (strcmp(item->topics[i], "drill") == 0)
			return true;
	return false;
}

/* False: too short to be compared. */
static bool read_stem(struct stem *stem, const struct item *item)
{
	size_t most = strlen(item->stem) / 2 + 1, words = 0;
	uint64_t last[SHINGLE] = {0}, word, start = FNV_START;
	const char *at = item->stem;

	*stem = (struct stem){.item = item};
	stem->shingles = mem_new_array(most, sizeof *stem->shingles);
	if (item->set != NULL)
		start = mix(start, &item->set, sizeof item->set);
	for (; (word = next_word(&at)) != 0; words++) {
		memmove(last, last + 1, sizeof last - sizeof *last);
		last[SHINGLE - 1] = word;
		if (words + 1 >= SHINGLE)
			stem->shingles[stem->n++].hash = mix(start, last, sizeof last);
	}
	if (words < WORDS_LEAST) {
		free(stem->shingles);
		return false;
	}
	make_set(stem);
	return true;
}

/* In every stem, how many stems have each of its shingles. */
static void count_shingles(struct stem *stems, size_t n)
{
	struct shingle *all;
	size_t i, k, total = 0;

	for (i = 0; i < n; i++)
		total += stems[i].n;
	all = mem_new_array(total, sizeof *all);
	for (total = 0, i = 0; i < n; i++)
		for (k = 0; k < stems[i].n; k++)
			all[total++] = stems[i].shingles[k];
	qsort(all, total, sizeof *all, by_hash);
	for (i = 0; i < total; i = k)
		for (k = i; k < total && all[k].hash == all[i].hash; k++)
			all[i].count++;
	for (k = 0, i = 0; i < total; i++)
		if (all[i].count > 0)
			all[k++] = all[i];
	for (i = 0; i < n; i++)
		for (total = 0; total < stems[i].n; total++) {
			struct shingle *s = &stems[i].shingles[total];

			*s = *(struct shingle *)bsearch(s, all, k, sizeof *all, by_hash);
		}
	free(all);
}

/* Sets of which NEAR_PERCENT of all is shared share at least one of so many of the rarest. */
static size_t prefix_of(size_t n)
{
	return n - (n * NEAR_PERCENT + 99) / 100 + 1;
}

static bool are_near(const struct stem *a, const struct stem *b)
{
	size_t i = 0, k = 0, both = 0;

	while (i < a->n && k < b->n) {
		int c = by_rarity(&a->shingles[i], &b->shingles[k]);

		both += c == 0;
		i += c <= 0;
		k += c >= 0;
	}
	return 100 * both >= NEAR_PERCENT * (a->n + b->n - both);
}

static int by_hash_and_stem(const void *a, const void *b)
{
	const struct posting *x = a, *y = b;
	int c = (x->hash > y->hash) - (x->hash < y->hash);

	return c != 0 ? c : (x->stem > y->stem) - (x->stem < y->stem);
}

/* Reads as an exact twin, which has a rule of its own. */
static bool same_text(const struct item *a, const struct item *b)
{
	return strcasecmp(a->stem, b->stem) == 0;
}

/* The stem is told once, with the first that it is near to. */
static void compare_all(const struct check *c, const struct stem *stems, size_t nstems,
			const struct posting *postings, size_t n)
{
	bool *told = mem_new_array(nstems, sizeof *told);
	size_t i, k, first;

	for (first = 0, i = 0; i < n; i++) {
		const struct stem *stem = &stems[postings[i].stem];

		if (postings[i].hash != postings[first].hash)
			first = i;
		for (k = first; k < i && !told[postings[i].stem]; k++) {
			const struct stem *other = &stems[postings[k].stem];

			if (!are_near(stem, other) || same_text(stem->item, other->item))
				continue;
			told[postings[i].stem] = true;
			check_found(c, RULE_NEAR_STEM, stem->item->place,
				    "%s asks nearly what %s on line %u asks", stem->item->id,
				    other->item->id, other->item->place.line);
		}
	}
	free(told);
}

void check_near(const struct check *c)
{
	struct stem *stems = mem_new_array(c->bank->nitems, sizeof *stems);
	struct posting *postings;
	size_t i, k, n = 0, total = 0;

	for (i = 0; i < c->bank->nitems; i++)
		if (c->bank->items[i]->review != REVIEW_RETIRED && !is_drill(c->bank->items[i]) &&
		    read_stem(&stems[n], c->bank->items[i]))
			n++;
	count_shingles(stems, n);
	for (i = 0; i < n; i++)
		total += prefix_of(stems[i].n);
	postings = mem_new_array(total, sizeof *postings);
	for (total = 0, i = 0; i < n; i++) {
		qsort(stems[i].shingles, stems[i].n, sizeof *stems[i].shingles, by_rarity);
		for (k = 0; k < prefix_of(stems[i].n); k++)
			postings[total++] =
			    (struct posting){stems[i].shingles[k].hash, (uint32_t)i};
	}
	qsort(postings, total, sizeof *postings, by_hash_and_stem);
	compare_all(c, stems, n, postings, total);
	for (i = 0; i < n; i++)
		free(stems[i].shingles);
	free(stems);
	free(postings);
}
