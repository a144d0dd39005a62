/* What a section can be filled from: exact quotas out of single items and whole sets. */
#include "questions/model/blueprint.h"

#include <string.h>

static bool is_drawable(const struct item *item)
{
	return item->review != REVIEW_RETIRED;
}

/* Every item of the set can be drawn, scores, and serves the one section. */
static bool set_is_drawable(const struct item_set *set, const char *exam, const char *section)
{
	size_t i;

	for (i = 0; i < set->nitems; i++) {
		const struct item *item = set->items[i];
		const char *its = item_section(item, exam);

		if (!is_drawable(item) || item->pretest || its == NULL || strcmp(its, section) != 0)
			return false;
	}
	return true;
}

enum item_use item_use(const struct item *item, const char *exam, const char **section_out)
{
	const char *section = item_section(item, exam);

	*section_out = section;
	if (section == NULL || !is_drawable(item))
		return USE_NONE;
	if (item->set != NULL)
		return set_is_drawable(item->set, exam, section) ? USE_SCORED : USE_NONE;
	return item->pretest ? USE_PRETEST : USE_SCORED;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t supply_most(const struct supply *supply, uint32_t count)
{
	uint32_t threes, best = 0;

	if (supply->singles >= count)
		return count;
	for (threes = 0; threes <= least(supply->sets[3], count / 3); threes++) {
		uint32_t twos = least(supply->sets[2], (count - 3 * threes) / 2);
		uint32_t in_sets = 3 * threes + 2 * twos;
		uint32_t all = in_sets + least(supply->singles, count - in_sets);

		best = all > best ? all : best;
	}
	return best;
}

bool supply_fills(const struct supply *supply, uint32_t count)
{
	return supply_most(supply, count) == count;
}
