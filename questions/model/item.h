/* An item: one question.  An immutable version, named by id and content hash.
 *
 * The structs are plain data that whoever reads a bank fills in and nobody changes afterwards; all
 * memory belongs to the bank's arena (bank.h).  Texts are UTF-8 without NUL. */
#ifndef QUESTIONS_MODEL_ITEM_H
#define QUESTIONS_MODEL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"

enum item_kind { ITEM_SINGLE = 1, ITEM_MULTIPLE = 2, ITEM_CODES = 3 };
enum item_level { LEVEL_NONE, LEVEL_RECALL, LEVEL_APPLICATION, LEVEL_ANALYSIS };
enum review_status { REVIEW_DRAFT, REVIEW_REVIEWED, REVIEW_RETIRED };
enum code_system { CODE_ICD10CM, CODE_ICD10PCS, CODE_HCPCS2 };
enum code_scoring { CODES_SHARE, CODES_BLANK };

#define ITEM_OPTIONS_MOST 10
#define ITEM_FIELDS_MOST  20
#define ITEM_TEXT_MOST	  16384 /* bytes of a stem, stimulus or rationale */
#define ITEM_CODE_MOST	  16	/* bytes of a code as typed */

/* Where in the source a thing stands, for diagnostics; 0 when it was not read from a text. */
struct place {
	unsigned line, column;
};

struct option {
	const char *text;
	const char *why; /* NULL: not said */
	bool right;
	struct place place;
};

/* A blank of a typed-codes item.  A principal field is bound to its place and may accept several
 * codes; the others are in any order among themselves. */
struct code_field {
	const char *label;
	const char **accept; /* canonical form (codes.h) */
	size_t naccept;
	bool principal, optional;
	struct place place;
};

struct item_section {
	const char *exam, *section;
};

struct cited_code {
	enum code_system system;
	const char *code; /* canonical */
	struct place place;
};

struct item {
	const char *id;
	struct digest hash; /* SHA-256 of the canonical content: item_hash() */
	enum item_kind kind;
	enum item_level level;
	const char *stem, *rationale; /* rationale may be NULL */
	struct option *options;
	size_t noptions;
	bool shuffle;
	struct code_field *fields;
	size_t nfields;
	enum code_scoring scoring;
	struct item_section *sections;
	size_t nsections;
	const char **topics;
	size_t ntopics;
	const char **references;
	size_t nreferences;
	struct cited_code *codes;
	size_t ncodes;
	enum review_status review;
	bool pretest;
	const struct item_set *set; /* NULL: a single item */
	struct place place;
};

struct item_set {
	const char *id, *stimulus;
	const struct item **items; /* 2-3 */
	size_t nitems;
	struct place place;
};

/* The number of right options; told to the candidate of a multiple-response item. */
size_t item_right_count(const struct item *item);

/* The section that the item serves in an exam; NULL: none. */
const char *item_section(const struct item *item, const char *exam);

/* SHA-256 over everything that makes an item the question it is and decides its score: id, kind,
 * stem, the set's stimulus, options with their marks, fields, scoring, shuffle.  Rationale,
 * references, sections, review and topics may be mended without a new version.
 *
 * The canonical bytes, in this order.  TEXT is a 4-byte big-endian length and that many bytes of
 * UTF-8; u8 is a byte; u32 four bytes, big-endian; a flag a byte 0 or 1.
 *
 *   TEXT "examd item 1"
 *   TEXT id, u8 kind (as in enum item_kind), TEXT stem
 *   flag in a set, TEXT stimulus of the set ("" for none), flag shuffle, u8 scoring
 *   u32 options, then for each: TEXT text, flag right
 *   u32 fields, then for each: TEXT label, flag principal, flag optional, u32 codes accepted, then
 *   for each of these TEXT code (canonical) */
struct digest item_hash(const struct item *item);

/* The shape that the canonical bytes of all things in this folder share. */
struct buf;
void canonical_text(struct buf *out, const char *text); /* TEXT; NULL as "" */
void canonical_flag(struct buf *out, bool flag);

/* The fields that must be filled: those that are not optional. */
size_t item_expected_codes(const struct item *item);

/* Hundredths of a point that a full answer earns: 100; typed codes: 100 for each expected blank, so
 * that every blank weighs the same, as in CIC-style exams. */
int32_t item_points_most(const struct item *item);

#endif
