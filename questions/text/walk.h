/* Reading YAML into plain structs, by tables: one table a mapping, a row a key.
 *
 * Every error has file, line and column, and reading goes on after it.  A text that breaks the
 * syntax of YAML has one error, where libyaml stopped.  Ids of the findings:
 *
 * syntax, alias, anchor, tag, too-deep, documents      the text as YAML
 * duplicate-key, unknown-key, missing-key, wrong-kind  its shape
 * no-value, bad-value, too-short, too-long, too-few, too-many  its values */
#ifndef QUESTIONS_TEXT_WALK_H
#define QUESTIONS_TEXT_WALK_H

#include <stdbool.h>
#include <yaml.h>

#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "proto/base/mem.h"
#include "questions/model/item.h"

#define WALK_TEXT_MOST	(16u << 20) /* bytes of a source */
#define WALK_DEPTH_MOST 16	    /* mappings and lists inside each other */
#define WALK_NODES_MOST 2000000	    /* values, lists and mappings of a source */
#define WALK_KEYS_MOST	100	    /* of a mapping */
#define WALK_NAME_MOST	40	    /* bytes of a name: a-z, 0-9, - */

struct walk {
	yaml_document_t doc; /* owned while .loaded */
	bool loaded;
	const char *file;    /* borrowed */
	struct diag *diag;   /* borrowed */
	struct arena *arena; /* borrowed: texts and lists that are read belong to it */
};

enum field_kind {
	FIELD_LINE,   /* const char *: least to most bytes, no line break */
	FIELD_PROSE,  /* const char *: the same, line breaks allowed, those at the end cut off */
	FIELD_NAME,   /* const char *: a name */
	FIELD_NUMBER, /* uint32_t: least to most */
	FIELD_FLAG,   /* bool: true, false */
	FIELD_CHOICE, /* an enum without negative values: one of .choices */
	FIELD_LINES,  /* const char **, size_t: a list of least to most lines of .size bytes at most
		       */
	FIELD_NAMES,  /* const char **, size_t: a list of least to most names */
	FIELD_LIST,   /* an array of .size bytes each, size_t: .read fills in each element */
	FIELD_NODE    /* .read stores what it finds in the object itself */
};

struct choice {
	const char *name; /* NULL ends the list */
	unsigned value;
};

struct field {
	const char *key; /* NULL ends the table */
	enum field_kind kind;
	bool required;
	uint32_t least, most;
	size_t at;	 /* offset in the object */
	size_t count_at; /* lists: offset of the number of elements */
	size_t place_at; /* offset of a struct place for the value; 0: not kept */
	size_t size;
	const struct choice *choices;
	/* OBJECT is what the table is about, or the element of a FIELD_LIST: the tables above say
	 * what it points to. */
	void (*read)(struct walk *w, const yaml_node_t *node, void *object);
};

/* Loads the text; false: DIAG has why, and there is nothing to walk.  walk_fini() in any case. */
bool walk_load(struct walk *w, struct bytes text);
void walk_fini(struct walk *w);

/* The root; NULL when the document is empty, which is an error already. */
const yaml_node_t *walk_root(struct walk *w);

/* Fills in OBJECT from a mapping; what has an error stays as it was. */
void walk_mapping(struct walk *w, const yaml_node_t *node, const struct field *fields,
		  void *object);

/* The steps of walk_mapping(), for a mapping whose keys are the author's: is it a mapping of at
 * most WALK_KEYS_MOST keys, and is the key of a pair a word that no earlier pair has?  Otherwise
 * there is an error in DIAG. */
bool walk_is_mapping(struct walk *w, const yaml_node_t *node);
bool walk_key(struct walk *w, const yaml_node_t *mapping, const yaml_node_pair_t *pair);

/* The value of a key of a mapping; NULL: not there, or no mapping. */
const yaml_node_t *walk_get(struct walk *w, const yaml_node_t *mapping, const char *key);

/* The number of elements of a list, and the I'th; 0 for what is no list. */
size_t walk_length(const yaml_node_t *list);
const yaml_node_t *walk_nth(struct walk *w, const yaml_node_t *list, size_t i);

/* Is it a list of LEAST to MOST elements?  Otherwise an error that calls it WHAT. */
bool walk_is_list(struct walk *w, const yaml_node_t *node, const char *what, size_t least,
		  size_t most);

/* The text of a scalar in the arena; NULL after an error. */
const char *walk_name(struct walk *w, const yaml_node_t *node, const char *what);
const char *walk_line(struct walk *w, const yaml_node_t *node, const char *what, size_t least,
		      size_t most);

/* A whole number in its bounds; false after an error. */
bool walk_number(struct walk *w, const yaml_node_t *node, const char *what, uint32_t least,
		 uint32_t most, uint32_t *out);

/* One of the choices; false after an error. */
bool walk_choice(struct walk *w, const yaml_node_t *node, const char *what,
		 const struct choice *choices, unsigned *out);

struct place walk_place(const yaml_node_t *node);
__attribute__((format(printf, 4, 5))) void walk_error(struct walk *w, struct place place,
						      const char *id, const char *fmt, ...);

#endif
