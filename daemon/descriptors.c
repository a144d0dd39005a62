#include "daemon/descriptors.h"

#include <limits.h>
#include <unistd.h>

/* The least of KEEP that is at least FROM; INT_MAX: none. */
static int next_kept(const int *keep, size_t n, int from)
{
	int least = INT_MAX;
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i] >= from && keep[i] < least)
			least = keep[i];
	return least;
}

void descriptors_keep_only(const int *keep, size_t n)
{
	int from = 0, kept;

	while ((kept = next_kept(keep, n, from)) != INT_MAX) {
		if (kept > from)
			(void)close_range((unsigned)from, (unsigned)kept - 1, 0);
		from = kept + 1;
	}
	(void)close_range((unsigned)from, ~0u, 0);
}
