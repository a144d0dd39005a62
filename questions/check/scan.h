/* Inside check: the texts of an item one after the other, and the codes and quotations in them. */
#ifndef QUESTIONS_CHECK_SCAN_H
#define QUESTIONS_CHECK_SCAN_H

#include "proto/base/bytes.h"
#include "questions/model/item.h"

enum text_role {
	TEXT_STEM,
	TEXT_STIMULUS,
	TEXT_RATIONALE,
	TEXT_REFERENCE,
	TEXT_OPTION, /* one that is wrong */
	TEXT_KEY,    /* one that is right */
	TEXT_WHY,
	TEXT_LABEL
};

struct item_text {
	enum text_role role;
	const char *text; /* never NULL */
	struct place place;
	const char *where; /* "the stem" */
};

/* Goes through the texts of an item: {item} to begin with.  False: there are no more. */
struct texts {
	const struct item *item;
	size_t next;
};
bool texts_next(struct texts *t, struct item_text *out);

/* A code as people print it, of these forms and not part of a longer word:
 *   ICD-10-CM      with its dot: E11.9, but no "E11.2-" and no range E11.0-E11.8
 *   ICD-10-PCS     seven characters with a digit and a letter among them
 *   HCPCS Level II a letter A to V and four digits
 * Others (a category without dot, a modifier) look like too much else (T4, B12, LT) and are seen
 * only where the item cites them. */
struct printed_code {
	enum code_system system;
	char code[ITEM_CODE_MOST + 1]; /* canonical */
	size_t at, len;		       /* in the text */
};

/* The next code from *AT on in a text of the item, and *AT behind it.  False: none. */
bool scan_code(const struct item *item, const char *text, size_t *at, struct printed_code *out);

/* Does the code stand in quotation marks of its own, "T36.01A"?  So one is printed that is meant to
 * be malformed. */
bool is_quoted(const char *text, const struct printed_code *code);

/* Does the item cite the code, or one that is written the same? */
bool is_cited(const struct item *item, const char *code);

/* The text between double quotation marks right behind a code, as in E11.9 "Title",
 * E11.9 ("Title") or E11.9, "Title", when it begins with a capital; without a full stop, comma or
 * semicolon at its end.  .len 0: there is none, or it leaves something out ("...").  BEHIND is
 * where the code ends. */
struct bytes scan_title(const char *text, size_t behind);

/* SHA-256 of a title in lower case with single spaces and no full stop at its end, in hexadecimal.
 */
#define TITLE_HASH 64
void title_hash(struct bytes title, char out[TITLE_HASH + 1]);

/* Does the text hold the word, as a whole word, with its capitals as given? */
bool has_word(const char *text, const char *word);

#endif
