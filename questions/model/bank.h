/* A bank: a named, versioned collection of items.  Immutable once read; owns all its memory. */
#ifndef QUESTIONS_MODEL_BANK_H
#define QUESTIONS_MODEL_BANK_H

#include "proto/base/mem.h"
#include "questions/model/item.h"

#define BANK_ITEMS_MOST 20000

struct bank {
	struct arena arena; /* owns everything below */
	const char *name, *title, *version, *licence, *copyright;
	const char *code_year, *hcpcs, *notice; /* may be NULL */
	const char **requires;
	size_t nrequires;
	struct item **items; /* in the order of the source; the items of a set stand together */
	size_t nitems;
	struct item_set **sets;
	size_t nsets;
	struct digest hash;    /* bank_seal() */
	struct item **by_hash; /* sorted by hash: made by bank_seal() */
	struct item **by_id;   /* sorted by id: made by bank_seal() */
};

struct bank *bank_new(void);
void bank_free(struct bank *bank);

/* Fills in the hash of each item and of the bank, and the indexes; after this nothing changes.
 *
 * The bank's hash is SHA-256 over name, version, and for each item in order its hash and what
 * decides whether a form draws it, so that bank hash, blueprint, seed and draw give one form.
 * Rationale, references and who reviewed are outside.  Canonical bytes, as in item.h:
 *
 *   TEXT "examd bank 1", TEXT name, TEXT version, u32 items, then for each item:
 *   32 bytes hash, TEXT id of the set ("" for none), u8 level, flag retired, flag pretest,
 *   u32 sections, then for each TEXT exam, TEXT section; u32 topics, then for each TEXT topic */
void bank_seal(struct bank *bank);

/* Of a sealed bank.  NULL: not there. */
const struct item *bank_by_hash(const struct bank *bank, const struct digest *hash);
const struct item *bank_by_id(const struct bank *bank, const char *id);

#endif
