/* What a disk can hold when the power goes at a place of a recording.
 *
 * What was synced is there.  Of what was written since the last sync of a file each piece is there
 * or not, in any order; a piece is a whole write, or the part of it in a sector of 512 bytes or a
 * page of 4096.  Of the changes of a folder since its last sync the first so many are there, as
 * journals of file systems keep them.  What was never written reads as zeros. */
#ifndef TESTS_POWER_IMAGE_H
#define TESTS_POWER_IMAGE_H

#include "tests/power/recorder.h"

enum tearing {
	ALL_LOST,
	ALL_THERE,
	WRITES_LOST,	  /* each whole, or not */
	SECTORS_LOST,	  /* each write's part of a sector */
	PAGES_LOST,	  /* each write's part of a page */
	TAIL_LOST,	  /* the first ones, and the first sectors of the next */
	WRITES_EXCHANGED, /* some, the later ones first */
	TEARINGS
};

/* Writes the files of the image into DIR, which is empty: the power went before the CUT'th of what
 * happened.  DURABLE, of its length, is what is kept from one call to the next: {0} at first, and
 * CUT never falls. */
struct durable_file {
	struct buf content;
	size_t synced; /* what happened up to here is in .content, where it is of this file */
};
struct durable {
	struct durable_file *files; /* owned */
	size_t nfiles;
};
void image_write(const struct recording *r, size_t cut, enum tearing tearing, uint64_t random,
		 struct durable *durable, const char *dir);
void durable_free(struct durable *d);

/* splitmix64, below MOST. */
uint64_t image_draw(uint64_t *random, uint64_t most);

#endif
