#include "questions/text/bank_text.h"

#include <stdlib.h>
#include <string.h>

#include "questions/model/codes.h"
#include "questions/text/walk.h"

#define TITLE_MOST  200
#define OPTION_MOST 2048
#define LINE_MOST   500
#define LISTED_MOST 20	/* sections, topics, references, accepted codes */
#define CODES_MOST  100 /* cited by an item */

static const struct choice kinds[] = {
    {"single", ITEM_SINGLE}, {"multiple", ITEM_MULTIPLE}, {"codes", ITEM_CODES}, {NULL, 0}};
static const struct choice levels[] = {{"recall", LEVEL_RECALL},
				       {"application", LEVEL_APPLICATION},
				       {"analysis", LEVEL_ANALYSIS},
				       {NULL, 0}};
static const struct choice scorings[] = {{"share", CODES_SHARE}, {"blank", CODES_BLANK}, {NULL, 0}};
static const struct choice systems[] = {
    {"icd10cm", CODE_ICD10CM}, {"icd10pcs", CODE_ICD10PCS}, {"hcpcs2", CODE_HCPCS2}, {NULL, 0}};
static const struct choice statuses[] = {
    {"draft", REVIEW_DRAFT}, {"reviewed", REVIEW_REVIEWED}, {"retired", REVIEW_RETIRED}, {NULL, 0}};

#define AT(type, member) .at = offsetof(struct type, member)
#define LIST(type, list, count)                                                                    \
	.at = offsetof(struct type, list), .count_at = offsetof(struct type, count)

/* Options. */

static const struct field option_fields[] = {
    {.key = "text",
     .kind = FIELD_PROSE,
     .required = true,
     .least = 1,
     .most = OPTION_MOST,
     AT(option, text)},
    {.key = "right", .kind = FIELD_FLAG, AT(option, right)},
    {.key = "why", .kind = FIELD_PROSE, .least = 1, .most = OPTION_MOST, AT(option, why)},
    {.key = NULL},
};

static void read_option(struct walk *w, const yaml_node_t *node, void *object)
{
	struct option *option = object;

	option->place = walk_place(node);
	walk_mapping(w, node, option_fields, option);
}

/* Codes, as typed by the author: kept in canonical form. */

static const char *read_code(struct walk *w, const yaml_node_t *node)
{
	char code[ITEM_CODE_MOST + 1];
	const char *typed = walk_line(w, node, "a code", 1, 2 * ITEM_CODE_MOST);

	if (typed == NULL)
		return NULL;
	if (code_canonical(typed, code, sizeof code) != ERR_OK || code[0] == '\0') {
		walk_error(w, walk_place(node), "bad-value",
			   "\"%s\" is no code: at most %d letters, digits and hyphens", typed,
			   ITEM_CODE_MOST);
		return NULL;
	}
	return arena_copy_text(w->arena, code);
}

static void read_cited(struct walk *w, const yaml_node_t *node, void *object)
{
	struct cited_code *cited = object;

	cited->code = read_code(w, node);
}

static const struct field cited_fields[] = {
    {.key = "system",
     .kind = FIELD_CHOICE,
     .required = true,
     .choices = systems,
     AT(cited_code, system)},
    {.key = "code", .kind = FIELD_NODE, .required = true, .read = read_cited},
    {.key = NULL},
};

static void read_cited_code(struct walk *w, const yaml_node_t *node, void *object)
{
	struct cited_code *cited = object;

	cited->place = walk_place(node);
	walk_mapping(w, node, cited_fields, cited);
}

static void read_accept(struct walk *w, const yaml_node_t *node, void *object)
{
	struct code_field *field = object;
	size_t i, k, n = walk_length(node);

	if (!walk_is_list(w, node, "accept", 1, LISTED_MOST))
		return;
	field->accept = arena_new(w->arena, n * sizeof *field->accept);
	for (i = 0; i < n; i++) {
		const char *code = read_code(w, walk_nth(w, node, i));

		for (k = 0; code != NULL && k < field->naccept; k++)
			if (strcmp(field->accept[k], code) == 0) {
				walk_error(w, walk_place(walk_nth(w, node, i)), "duplicate-code",
					   "the code %s is accepted twice", code);
				code = NULL;
			}
		if (code != NULL)
			field->accept[field->naccept++] = code;
	}
}

static const struct field field_fields[] = {
    {.key = "label",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(code_field, label)},
    {.key = "accept", .kind = FIELD_NODE, .required = true, .read = read_accept},
    {.key = "principal", .kind = FIELD_FLAG, AT(code_field, principal)},
    {.key = "optional", .kind = FIELD_FLAG, AT(code_field, optional)},
    {.key = NULL},
};

static void read_code_field(struct walk *w, const yaml_node_t *node, void *object)
{
	struct code_field *field = object;

	field->place = walk_place(node);
	walk_mapping(w, node, field_fields, field);
	if (field->principal && field->optional)
		walk_error(w, field->place, "bad-field", "a principal field cannot be optional");
}

/* Items. */

static void read_sections(struct walk *w, const yaml_node_t *node, void *object)
{
	struct item *item = object;
	const yaml_node_pair_t *p;
	size_t n;

	if (!walk_is_mapping(w, node))
		return;
	n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n == 0 || n > LISTED_MOST) {
		walk_error(w, walk_place(node), n == 0 ? "too-few" : "too-many",
			   "an item is for 1 to %d exams", LISTED_MOST);
		return;
	}
	item->sections = arena_new(w->arena, n * sizeof *item->sections);
	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		struct item_section s = {NULL, NULL};

		if (!walk_key(w, node, p))
			continue;
		s.exam = walk_name(w, yaml_document_get_node(&w->doc, p->key), "an exam");
		s.section = walk_name(w, yaml_document_get_node(&w->doc, p->value), "a section");
		if (s.exam != NULL && s.section != NULL)
			item->sections[item->nsections++] = s;
	}
}

/* Who reviewed, and a note, are for the people who keep the bank. */
struct review {
	enum review_status status;
	const char *by, *note;
};

static const struct field review_fields[] = {
    {.key = "status",
     .kind = FIELD_CHOICE,
     .required = true,
     .choices = statuses,
     AT(review, status)},
    {.key = "by", .kind = FIELD_LINE, .least = 1, .most = TITLE_MOST, AT(review, by)},
    {.key = "note", .kind = FIELD_PROSE, .least = 1, .most = OPTION_MOST, AT(review, note)},
    {.key = NULL},
};

static void read_review(struct walk *w, const yaml_node_t *node, void *object)
{
	struct review review = {REVIEW_DRAFT, NULL, NULL};
	struct item *item = object;

	walk_mapping(w, node, review_fields, &review);
	item->review = review.status;
}

static const struct field item_fields[] = {
    {.key = "id", .kind = FIELD_NAME, .required = true, AT(item, id)},
    {.key = "sections", .kind = FIELD_NODE, .required = true, .read = read_sections},
    {.key = "level", .kind = FIELD_CHOICE, .choices = levels, AT(item, level)},
    {.key = "topic", .kind = FIELD_NAMES, .most = LISTED_MOST, LIST(item, topics, ntopics)},
    {.key = "kind", .kind = FIELD_CHOICE, .required = true, .choices = kinds, AT(item, kind)},
    {.key = "stem",
     .kind = FIELD_PROSE,
     .required = true,
     .least = 1,
     .most = ITEM_TEXT_MOST,
     AT(item, stem)},
    {.key = "options",
     .kind = FIELD_LIST,
     .least = 2,
     .most = ITEM_OPTIONS_MOST,
     LIST(item, options, noptions),
     .size = sizeof(struct option),
     .read = read_option},
    {.key = "shuffle", .kind = FIELD_FLAG, AT(item, shuffle)},
    {.key = "scoring", .kind = FIELD_CHOICE, .choices = scorings, AT(item, scoring)},
    {.key = "fields",
     .kind = FIELD_LIST,
     .least = 1,
     .most = ITEM_FIELDS_MOST,
     LIST(item, fields, nfields),
     .size = sizeof(struct code_field),
     .read = read_code_field},
    {.key = "rationale",
     .kind = FIELD_PROSE,
     .least = 1,
     .most = ITEM_TEXT_MOST,
     AT(item, rationale)},
    {.key = "references",
     .kind = FIELD_LINES,
     .most = LISTED_MOST,
     LIST(item, references, nreferences),
     .size = LINE_MOST},
    {.key = "codes",
     .kind = FIELD_LIST,
     .most = CODES_MOST,
     LIST(item, codes, ncodes),
     .size = sizeof(struct cited_code),
     .read = read_cited_code},
    {.key = "review", .kind = FIELD_NODE, .read = read_review},
    {.key = "pretest", .kind = FIELD_FLAG, AT(item, pretest)},
    {.key = NULL},
};

/* A key that has no meaning for the item's kind. */
static void refuse_key(struct walk *w, const yaml_node_t *node, const char *key, const char *kind)
{
	const yaml_node_t *value = walk_get(w, node, key);

	if (value != NULL)
		walk_error(w, walk_place(value), "wrong-kind", "%s does not belong to %s", key,
			   kind);
}

static void require_key(struct walk *w, const yaml_node_t *node, const char *key)
{
	if (walk_get(w, node, key) == NULL)
		walk_error(w, walk_place(node), "missing-key", "the key \"%s\" is missing", key);
}

/* Exactly one right option. */
static void check_single(struct walk *w, const struct item *item)
{
	const struct option *first = NULL;
	size_t i;

	for (i = 0; i < item->noptions; i++) {
		if (!item->options[i].right)
			continue;
		if (first == NULL)
			first = &item->options[i];
		else
			walk_error(w, item->options[i].place, "right-options",
				   "a second right option; the first is on line %u",
				   first->place.line);
	}
	if (first == NULL && item->noptions > 0)
		walk_error(w, item->place, "right-options", "no option is marked as right");
}

/* At least one right option, and at least one that is not. */
static void check_multiple(struct walk *w, const struct item *item)
{
	size_t n = item_right_count(item);

	if (item->noptions > 0 && n == 0)
		walk_error(w, item->place, "right-options", "no option is marked as right");
	if (item->noptions > 0 && n == item->noptions)
		walk_error(w, item->place, "right-options", "all options are marked as right");
}

static void check_choice(struct walk *w, const yaml_node_t *node, const struct item *item)
{
	refuse_key(w, node, "fields", "a choice of options");
	refuse_key(w, node, "scoring", "a choice of options");
	require_key(w, node, "options");
	if (item->kind == ITEM_SINGLE)
		check_single(w, item);
	else
		check_multiple(w, item);
}

static void check_codes(struct walk *w, const yaml_node_t *node, const struct item *item)
{
	refuse_key(w, node, "options", "typed codes");
	refuse_key(w, node, "shuffle", "typed codes");
	require_key(w, node, "fields");
	if (item->nfields > 0 && item_expected_codes(item) == 0)
		walk_error(w, item->place, "bad-field", "every field is optional");
}

static struct item *read_item(struct walk *w, const yaml_node_t *node, const struct item_set *set)
{
	struct item *item = arena_new(w->arena, sizeof *item);

	item->place = walk_place(node);
	item->shuffle = true;
	item->set = set;
	walk_mapping(w, node, item_fields, item);
	if (item->kind == ITEM_CODES)
		check_codes(w, node, item);
	else if (item->kind != 0)
		check_choice(w, node, item);
	if (set != NULL && item->pretest)
		walk_error(w, item->place, "bad-set", "an item of a set cannot be a pretest item");
	return item;
}

/* Sets. */

#define SET_LEAST 2
#define SET_MOST  3

static void keep_item(struct bank *bank, struct item *item)
{
	bank->items[bank->nitems++] = item;
}

static bool same_sections(const struct item *a, const struct item *b)
{
	size_t i;

	for (i = 0; i < a->nsections; i++) {
		const char *section = item_section(b, a->sections[i].exam);

		if (section == NULL || strcmp(section, a->sections[i].section) != 0)
			return false;
	}
	return a->nsections == b->nsections;
}

static void skip_node(struct walk *w, const yaml_node_t *node, void *object)
{
	(void)w, (void)node, (void)object;
}

static const struct field set_fields[] = {
    {.key = "set", .kind = FIELD_NAME, .required = true, AT(item_set, id)},
    {.key = "stimulus",
     .kind = FIELD_PROSE,
     .required = true,
     .least = 1,
     .most = ITEM_TEXT_MOST,
     AT(item_set, stimulus)},
    {.key = "items", .kind = FIELD_NODE, .required = true, .read = skip_node},
    {.key = NULL},
};

static void read_set(struct walk *w, const yaml_node_t *node, struct bank *bank)
{
	const yaml_node_t *list = walk_get(w, node, "items");
	struct item_set *set = arena_new(w->arena, sizeof *set);
	size_t i;

	set->place = walk_place(node);
	walk_mapping(w, node, set_fields, set);
	if (list == NULL || !walk_is_list(w, list, "the items of a set", SET_LEAST, SET_MOST))
		return;
	set->items = arena_new(w->arena, SET_MOST * sizeof(struct item *));
	for (i = 0; i < walk_length(list); i++) {
		struct item *item = read_item(w, walk_nth(w, list, i), set);

		keep_item(bank, item);
		set->items[set->nitems++] = item;
		if (!same_sections(item, set->items[0]))
			walk_error(w, item->place, "bad-set",
				   "the items of a set serve the same sections");
	}
	bank->sets[bank->nsets++] = set;
}

/* The bank. */

static size_t count_items(struct walk *w, const yaml_node_t *list)
{
	size_t i, n = 0;

	for (i = 0; i < walk_length(list); i++) {
		const yaml_node_t *e = walk_nth(w, list, i);
		const yaml_node_t *in_set =
		    walk_get(w, e, "set") == NULL ? NULL : walk_get(w, e, "items");

		n += in_set == NULL ? 1 : walk_length(in_set);
	}
	return n;
}

static void read_items(struct walk *w, const yaml_node_t *node, void *object)
{
	struct bank *bank = object;
	size_t i, n = count_items(w, node);

	if (!walk_is_list(w, node, "items", 1, BANK_ITEMS_MOST))
		return;
	if (n > BANK_ITEMS_MOST) {
		walk_error(w, walk_place(node), "too-many", "%zu items; at most %d", n,
			   BANK_ITEMS_MOST);
		return;
	}
	bank->items = arena_new(w->arena, n * sizeof *bank->items);
	bank->sets = arena_new(w->arena, walk_length(node) * sizeof *bank->sets);
	for (i = 0; i < walk_length(node); i++) {
		const yaml_node_t *e = walk_nth(w, node, i);

		if (walk_get(w, e, "set") != NULL)
			read_set(w, e, bank);
		else
			keep_item(bank, read_item(w, e, NULL));
	}
}

static const struct field bank_fields[] = {
    {.key = "bank", .kind = FIELD_NAME, .required = true, AT(bank, name)},
    {.key = "title",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(bank, title)},
    {.key = "version",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = WALK_NAME_MOST,
     AT(bank, version)},
    {.key = "code_year",
     .kind = FIELD_LINE,
     .least = 1,
     .most = WALK_NAME_MOST,
     AT(bank, code_year)},
    {.key = "hcpcs", .kind = FIELD_LINE, .least = 1, .most = WALK_NAME_MOST, AT(bank, hcpcs)},
    {.key = "licence",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(bank, licence)},
    {.key = "copyright",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = LINE_MOST,
     AT(bank, copyright)},
    {.key = "notice", .kind = FIELD_PROSE, .least = 1, .most = ITEM_TEXT_MOST, AT(bank, notice)},
    {.key = "requires",
     .kind = FIELD_LINES,
     .most = LISTED_MOST,
     LIST(bank, requires, nrequires),
     .size = TITLE_MOST},
    {.key = "items", .kind = FIELD_NODE, .required = true, .read = read_items},
    {.key = NULL},
};

/* A name and where it stands, to find those that are there twice. */
struct named {
	const char *name;
	struct place place;
};

static int by_name_and_place(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c == 0)
		c = (x->place.line > y->place.line) - (x->place.line < y->place.line);
	return c != 0 ? c
		      : (x->place.column > y->place.column) - (x->place.column < y->place.column);
}

static void refuse_duplicates(struct walk *w, struct named *named, size_t n, const char *what)
{
	size_t i, first = 0;

	qsort(named, n, sizeof *named, by_name_and_place);
	for (i = 1; i < n; i++) {
		if (strcmp(named[i].name, named[first].name) != 0)
			first = i;
		else
			walk_error(w, named[i].place, "duplicate-id",
				   "another %s is called %s too, on line %u", what, named[i].name,
				   named[first].place.line);
	}
}

static void check_ids(struct walk *w, const struct bank *bank)
{
	struct named *named = mem_new_array(bank->nitems, sizeof *named);
	size_t i, n = 0;

	for (i = 0; i < bank->nitems; i++)
		if (bank->items[i]->id != NULL)
			named[n++] = (struct named){bank->items[i]->id, bank->items[i]->place};
	refuse_duplicates(w, named, n, "item");
	for (n = 0, i = 0; i < bank->nsets; i++)
		if (bank->sets[i]->id != NULL)
			named[n++] = (struct named){bank->sets[i]->id, bank->sets[i]->place};
	refuse_duplicates(w, named, n, "set");
	free(named);
}

enum err bank_parse(struct bank **out, struct bytes text, const char *file, struct diag *diag)
{
	struct bank *bank = bank_new();
	struct walk w = {.file = file, .diag = diag, .arena = &bank->arena};
	size_t errors = diag->errors;
	enum err err = ERR_BAD_INPUT;
	const yaml_node_t *root;

	if (!walk_load(&w, text) || (root = walk_root(&w)) == NULL) {
		err = text.len > WALK_TEXT_MOST ? ERR_TOO_LARGE : ERR_BAD_INPUT;
		goto out;
	}
	walk_mapping(&w, root, bank_fields, bank);
	check_ids(&w, bank);
	if (diag->errors != errors)
		goto out;
	bank_seal(bank);
	*out = bank;
	bank = NULL;
	err = ERR_OK;
out:
	walk_fini(&w);
	bank_free(bank);
	return err;
}
