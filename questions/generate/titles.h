/* When a reader could not tell two titles apart. */
#ifndef QUESTIONS_GENERATE_TITLES_H
#define QUESTIONS_GENERATE_TITLES_H

#include <stdbool.h>

#include "proto/base/bytes.h"

/* What tells a title apart, as a number: its words in lower case and in their order, without
 * punctuation and without words that distinguish nothing (articles, "of", "other", "specified",
 * "unspecified", "NEC" and the like). */
uint64_t title_core(struct bytes title);

/* Does the title hold the word, in any capitals? */
bool title_has(struct bytes title, const char *word);

/* The same, without the words of one side (right, left, bilateral, unspecified): what is left of a
 * title is equal in all the sides of one condition. */
uint64_t title_sideless(struct bytes title);

/* Is it fit to be printed in an item: no quotation marks, not too long, no five digits in a row? */
bool title_is_fit(struct bytes title);

#endif
