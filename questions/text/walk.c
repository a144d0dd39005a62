#include "questions/text/walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(enum item_kind) == sizeof(unsigned), "choices are stored as unsigned");

static struct place place_of(yaml_mark_t mark)
{
	return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

struct place walk_place(const yaml_node_t *node)
{
	return place_of(node->start_mark);
}

void walk_error(struct walk *w, struct place place, const char *id, const char *fmt, ...)
{
	struct diag_place at = {w->file, place.line, place.column};
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	diag_add(w->diag, DIAG_ERROR, at, id, "%s", text == NULL ? "?" : text);
	free(text);
}

/* The YAML itself: events first, because only they tell aliases, tags and depth with their place,
 * and because a document is loaded only when it is known to be a tree of bounded depth. */

/* Bytes that are not UTF-8 have an offset but no mark. */
static struct place place_of_offset(struct bytes text, size_t offset)
{
	struct place p = {1, 1};
	size_t i;

	for (i = 0; i < offset && i < text.len; i++) {
		if (text.data[i] == '\n')
			p = (struct place){p.line + 1, 1};
		else
			p.column += (text.data[i] & 0xc0) != 0x80;
	}
	return p;
}

static void syntax_error(struct walk *w, const yaml_parser_t *p, struct bytes text)
{
	const char *problem = p->problem == NULL ? "not YAML" : p->problem;

	if (p->error == YAML_READER_ERROR)
		walk_error(w, place_of_offset(text, p->problem_offset), "syntax", "%s", problem);
	else if (p->context != NULL)
		walk_error(w, place_of(p->problem_mark), "syntax", "%s, %s", problem, p->context);
	else
		walk_error(w, place_of(p->problem_mark), "syntax", "%s", problem);
}

/* What has been seen of the events so far. */
struct seen {
	unsigned depth, documents, nodes;
	bool done, refused;
};

static void refuse(struct walk *w, struct seen *seen, const yaml_event_t *e, const char *id,
		   const char *why)
{
	walk_error(w, place_of(e->start_mark), id, "%s", why);
	seen->refused = true;
}

/* Anchors name what an alias repeats; tags say what type a value has.  Neither has a use here. */
static void check_marks(struct walk *w, struct seen *seen, const yaml_event_t *e,
			const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		refuse(w, seen, e, "anchor", "anchors (&) are not allowed");
	if (tag != NULL)
		refuse(w, seen, e, "tag", "tags (!) are not allowed");
}

static void go_down(struct walk *w, struct seen *seen, const yaml_event_t *e)
{
	if (++seen->depth <= WALK_DEPTH_MOST)
		return;
	refuse(w, seen, e, "too-deep", "lists and mappings are nested too deeply");
	seen->done = true;
}

static void on_event(struct walk *w, struct seen *seen, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		refuse(w, seen, e, "alias", "aliases (*) are not allowed");
		break;
	case YAML_SCALAR_EVENT:
		check_marks(w, seen, e, e->data.scalar.anchor, e->data.scalar.tag);
		break;
	case YAML_SEQUENCE_START_EVENT:
		check_marks(w, seen, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		go_down(w, seen, e);
		break;
	case YAML_MAPPING_START_EVENT:
		check_marks(w, seen, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		go_down(w, seen, e);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		seen->depth--;
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (++seen->documents < 2)
			break;
		refuse(w, seen, e, "documents", "one file holds one document");
		seen->done = true;
		break;
	case YAML_STREAM_END_EVENT:
		seen->done = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* A loaded document takes a hundred bytes for a value of one. */
static void count_node(struct walk *w, struct seen *seen, const yaml_event_t *e)
{
	seen->nodes += e->type == YAML_SCALAR_EVENT || e->type == YAML_SEQUENCE_START_EVENT ||
		       e->type == YAML_MAPPING_START_EVENT;
	if (seen->nodes <= WALK_NODES_MOST || seen->done)
		return;
	refuse(w, seen, e, "too-many", "there are too many values");
	seen->done = true;
}

static bool parser_open(yaml_parser_t *p, struct bytes text)
{
	if (!yaml_parser_initialize(p))
		return false;
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, text.data, text.len);
	return true;
}

static bool check_events(struct walk *w, struct bytes text)
{
	struct seen seen = {0};
	yaml_parser_t p;
	yaml_event_t e;

	if (!parser_open(&p, text))
		return false;
	while (!seen.done) {
		if (!yaml_parser_parse(&p, &e)) {
			syntax_error(w, &p, text);
			seen.done = seen.refused = true;
			break;
		}
		count_node(w, &seen, &e);
		on_event(w, &seen, &e);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return !seen.refused;
}

bool walk_load(struct walk *w, struct bytes text)
{
	yaml_parser_t p;

	if (text.len > WALK_TEXT_MOST) {
		walk_error(w, (struct place){0}, "too-long", "the text has more than %u bytes",
			   WALK_TEXT_MOST);
		return false;
	}
	if (!check_events(w, text) || !parser_open(&p, text))
		return false;
	w->loaded = yaml_parser_load(&p, &w->doc) != 0;
	if (!w->loaded)
		syntax_error(w, &p, text);
	yaml_parser_delete(&p);
	return w->loaded;
}

void walk_fini(struct walk *w)
{
	if (w->loaded)
		yaml_document_delete(&w->doc);
	w->loaded = false;
}

const yaml_node_t *walk_root(struct walk *w)
{
	const yaml_node_t *root = yaml_document_get_root_node(&w->doc);

	if (root == NULL)
		walk_error(w, (struct place){1, 1}, "no-value", "the text is empty");
	return root;
}

static const yaml_node_t *node_of(struct walk *w, int index)
{
	return yaml_document_get_node(&w->doc, index);
}

/* Scalars. */

static const char *scalar_text(const yaml_node_t *n)
{
	return (const char *)n->data.scalar.value;
}

static bool is_plain(const yaml_node_t *n)
{
	return n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* What YAML calls null: nothing was written. */
static bool is_nothing(const yaml_node_t *n)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
	size_t i;

	for (i = 0; i < COUNT(nothing); i++)
		if (is_plain(n) && strcmp(scalar_text(n), nothing[i]) == 0)
			return true;
	return false;
}

static bool is_scalar(struct walk *w, const yaml_node_t *n, const char *what)
{
	if (n->type != YAML_SCALAR_NODE) {
		walk_error(w, walk_place(n), "wrong-kind", "%s is one value, not a %s", what,
			   n->type == YAML_MAPPING_NODE ? "mapping" : "list");
		return false;
	}
	if (is_nothing(n)) {
		walk_error(w, walk_place(n), "no-value", "%s has no value", what);
		return false;
	}
	return true;
}

/* Control characters could drive a terminal; of them only line breaks and tabs are text. */
static bool has_controls(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c1)
			return true;
	}
	return false;
}

static bool is_blank(const char *text, size_t len)
{
	return strspn(text, " \t\n") >= len;
}

static const char *read_text(struct walk *w, const yaml_node_t *n, const struct field *f)
{
	struct place at = walk_place(n);
	const char *text;
	size_t len;
	char *out;

	if (!is_scalar(w, n, f->key))
		return NULL;
	text = scalar_text(n);
	len = n->data.scalar.length;
	while (f->kind == FIELD_PROSE && len > 0 && text[len - 1] == '\n')
		len--;
	if (!bytes_is_text(bytes_of(text, len)) || has_controls(text, len))
		walk_error(w, at, "bad-value", "%s holds a control character", f->key);
	else if (f->kind == FIELD_LINE && memchr(text, '\n', len) != NULL)
		walk_error(w, at, "bad-value", "%s is one line", f->key);
	else if (len < f->least || (f->least > 0 && is_blank(text, len)))
		walk_error(w, at, "too-short", "%s is empty", f->key);
	else if (len > f->most)
		walk_error(w, at, "too-long", "%s has %zu bytes; %u are allowed", f->key, len,
			   f->most);
	else {
		out = arena_new(w->arena, len + 1);
		memcpy(out, text, len);
		return out;
	}
	return NULL;
}

const char *walk_line(struct walk *w, const yaml_node_t *node, const char *what, size_t least,
		      size_t most)
{
	const struct field f = {
	    .key = what, .kind = FIELD_LINE, .least = (uint32_t)least, .most = (uint32_t)most};

	return read_text(w, node, &f);
}

const char *walk_name(struct walk *w, const yaml_node_t *node, const char *what)
{
	const char *text;
	size_t len;

	if (!is_scalar(w, node, what))
		return NULL;
	text = scalar_text(node);
	len = node->data.scalar.length;
	if (len >= 1 && len <= WALK_NAME_MOST &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return arena_copy_text(w->arena, text);
	walk_error(w, walk_place(node), "bad-value",
		   "%s is a name: 1 to %d of the characters a-z, 0-9 and -", what, WALK_NAME_MOST);
	return NULL;
}

static bool read_number(struct walk *w, const yaml_node_t *n, const struct field *f, uint32_t *out)
{
	uint64_t v = 0;
	const char *s;
	size_t len;

	if (!is_scalar(w, n, f->key))
		return false;
	s = scalar_text(n);
	len = strspn(s, "0123456789");
	if (len == 0 || len != n->data.scalar.length || !is_plain(n)) {
		walk_error(w, walk_place(n), "bad-value", "%s is a whole number", f->key);
		return false;
	}
	if (len <= 10)
		v = strtoull(s, NULL, 10);
	if (len > 10 || v < f->least || v > f->most) {
		walk_error(w, walk_place(n), "bad-value", "%s is a number from %u to %u", f->key,
			   f->least, f->most);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

bool walk_number(struct walk *w, const yaml_node_t *node, const char *what, uint32_t least,
		 uint32_t most, uint32_t *out)
{
	const struct field f = {.key = what, .least = least, .most = most};

	return read_number(w, node, &f, out);
}

static const struct choice flags[] = {{"true", true}, {"false", false}, {NULL, 0}};

bool walk_choice(struct walk *w, const yaml_node_t *node, const char *what,
		 const struct choice *choices, unsigned *out)
{
	struct buf names = {0};
	const struct choice *c;

	if (!is_scalar(w, node, what))
		return false;
	for (c = choices; c->name != NULL; c++)
		if (strcmp(c->name, scalar_text(node)) == 0)
			break;
	if (c->name != NULL) {
		*out = c->value;
		return true;
	}
	for (c = choices; c->name != NULL; c++)
		buf_printf(&names, "%s%s",
			   c == choices	       ? ""
			   : c[1].name == NULL ? " or "
					       : ", ",
			   c->name);
	walk_error(w, walk_place(node), "bad-value", "%s is %s", what, buf_text(&names));
	buf_fini(&names);
	return false;
}

/* Lists. */

size_t walk_length(const yaml_node_t *list)
{
	if (list->type != YAML_SEQUENCE_NODE)
		return 0;
	return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

const yaml_node_t *walk_nth(struct walk *w, const yaml_node_t *list, size_t i)
{
	return node_of(w, list->data.sequence.items.start[i]);
}

bool walk_is_list(struct walk *w, const yaml_node_t *node, const char *what, size_t least,
		  size_t most)
{
	size_t n = walk_length(node);

	if (node->type != YAML_SEQUENCE_NODE)
		walk_error(w, walk_place(node), "wrong-kind", "%s is a list", what);
	else if (n < least)
		walk_error(w, walk_place(node), "too-few", "%s has %zu elements; at least %zu",
			   what, n, least);
	else if (n > most)
		walk_error(w, walk_place(node), "too-many", "%s has %zu elements; at most %zu",
			   what, n, most);
	else
		return true;
	return false;
}

static void store(void *object, size_t at, const void *value, size_t size)
{
	memcpy((char *)object + at, value, size);
}

static void read_texts(struct walk *w, const yaml_node_t *node, const struct field *f, void *object)
{
	size_t i, n = walk_length(node), kept = 0;
	const char **out = arena_new(w->arena, n * sizeof *out);

	for (i = 0; i < n; i++) {
		const yaml_node_t *e = walk_nth(w, node, i);
		const char *text = f->kind == FIELD_NAMES ? walk_name(w, e, f->key)
							  : walk_line(w, e, f->key, 1, f->size);

		if (text != NULL)
			out[kept++] = text;
	}
	store(object, f->at, &out, sizeof out);
	store(object, f->count_at, &kept, sizeof kept);
}

static void read_list(struct walk *w, const yaml_node_t *node, const struct field *f, void *object)
{
	size_t i, n = walk_length(node);
	char *out = arena_new(w->arena, n * f->size);

	for (i = 0; i < n; i++)
		f->read(w, walk_nth(w, node, i), out + i * f->size);
	store(object, f->at, &out, sizeof out);
	store(object, f->count_at, &n, sizeof n);
}

/* Mappings. */

static void read_field(struct walk *w, const yaml_node_t *n, const struct field *f, void *object)
{
	const char *text;
	unsigned chosen;
	uint32_t number;
	bool flag;

	switch (f->kind) {
	case FIELD_LINE:
	case FIELD_PROSE:
		if ((text = read_text(w, n, f)) != NULL)
			store(object, f->at, &text, sizeof text);
		break;
	case FIELD_NAME:
		if ((text = walk_name(w, n, f->key)) != NULL)
			store(object, f->at, &text, sizeof text);
		break;
	case FIELD_NUMBER:
		if (read_number(w, n, f, &number))
			store(object, f->at, &number, sizeof number);
		break;
	case FIELD_FLAG:
		if (!walk_choice(w, n, f->key, flags, &chosen))
			break;
		flag = chosen != 0;
		store(object, f->at, &flag, sizeof flag);
		break;
	case FIELD_CHOICE:
		if (walk_choice(w, n, f->key, f->choices, &chosen))
			store(object, f->at, &chosen, sizeof chosen);
		break;
	case FIELD_LINES:
	case FIELD_NAMES:
		if (walk_is_list(w, n, f->key, f->least, f->most))
			read_texts(w, n, f, object);
		break;
	case FIELD_LIST:
		if (walk_is_list(w, n, f->key, f->least, f->most))
			read_list(w, n, f, object);
		break;
	case FIELD_NODE:
		f->read(w, n, object);
		break;
	}
}

/* Insertions, deletions and changes that make one word of the other; 9 for what is far away. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WALK_NAME_MOST + 1], left, corner;
	size_t n = strlen(a), m = strlen(b), i, k;

	if (n > WALK_NAME_MOST || m > WALK_NAME_MOST)
		return 9;
	for (k = 0; k <= m; k++)
		row[k] = (unsigned)k;
	for (i = 1; i <= n; i++) {
		corner = row[0];
		row[0] = (unsigned)i;
		for (k = 1; k <= m; k++) {
			left = row[k - 1] + 1;
			corner += a[i - 1] != b[k - 1];
			if (row[k] + 1 < left)
				left = row[k] + 1;
			if (corner < left)
				left = corner;
			corner = row[k];
			row[k] = left;
		}
	}
	return row[m];
}

static void unknown_key(struct walk *w, const yaml_node_t *key, const struct field *fields)
{
	const struct field *f, *near = NULL;
	unsigned best = 3;

	for (f = fields; f->key != NULL; f++)
		if (distance(f->key, scalar_text(key)) < best) {
			best = distance(f->key, scalar_text(key));
			near = f;
		}
	if (near != NULL)
		walk_error(w, walk_place(key), "unknown-key",
			   "there is no key \"%s\" here; did you mean \"%s\"?", scalar_text(key),
			   near->key);
	else
		walk_error(w, walk_place(key), "unknown-key", "there is no key \"%s\" here",
			   scalar_text(key));
}

static const yaml_node_t *find_pair(struct walk *w, const yaml_node_t *mapping, const char *key,
				    const yaml_node_pair_t *end, const yaml_node_t **key_out)
{
	const yaml_node_pair_t *p;

	for (p = mapping->data.mapping.pairs.start; p < end; p++) {
		const yaml_node_t *k = node_of(w, p->key);

		if (k->type == YAML_SCALAR_NODE && strcmp(scalar_text(k), key) == 0) {
			*key_out = k;
			return node_of(w, p->value);
		}
	}
	return NULL;
}

const yaml_node_t *walk_get(struct walk *w, const yaml_node_t *mapping, const char *key)
{
	const yaml_node_t *found;

	if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	return find_pair(w, mapping, key, mapping->data.mapping.pairs.top, &found);
}

bool walk_is_mapping(struct walk *w, const yaml_node_t *node)
{
	size_t n;

	if (node->type != YAML_MAPPING_NODE) {
		walk_error(w, walk_place(node), "wrong-kind",
			   "a mapping (keys with values) belongs here");
		return false;
	}
	n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (n > WALK_KEYS_MOST) {
		walk_error(w, walk_place(node), "too-many", "%zu keys; at most %d", n,
			   WALK_KEYS_MOST);
		return false;
	}
	return true;
}

bool walk_key(struct walk *w, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = node_of(w, pair->key), *first;

	if (key->type != YAML_SCALAR_NODE || key->data.scalar.length > WALK_NAME_MOST ||
	    strlen(scalar_text(key)) != key->data.scalar.length ||
	    has_controls(scalar_text(key), key->data.scalar.length)) {
		walk_error(w, walk_place(key), "wrong-kind", "a key is a word");
		return false;
	}
	if (find_pair(w, mapping, scalar_text(key), pair, &first) != NULL) {
		walk_error(w, walk_place(key), "duplicate-key",
			   "the key \"%s\" is here twice, first on line %u", scalar_text(key),
			   walk_place(first).line);
		return false;
	}
	return true;
}

static void read_pair(struct walk *w, const yaml_node_pair_t *pair, const struct field *fields,
		      void *object)
{
	const yaml_node_t *key = node_of(w, pair->key), *value = node_of(w, pair->value);
	struct place place = walk_place(value);
	const struct field *f;

	for (f = fields; f->key != NULL; f++)
		if (strcmp(f->key, scalar_text(key)) == 0)
			break;
	if (f->key == NULL) {
		unknown_key(w, key, fields);
		return;
	}
	if (f->place_at != 0)
		store(object, f->place_at, &place, sizeof place);
	read_field(w, value, f, object);
}

void walk_mapping(struct walk *w, const yaml_node_t *node, const struct field *fields, void *object)
{
	const yaml_node_pair_t *p;
	const struct field *f;

	if (!walk_is_mapping(w, node))
		return;
	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++)
		if (walk_key(w, node, p))
			read_pair(w, p, fields, object);
	for (f = fields; f->key != NULL; f++)
		if (f->required && walk_get(w, node, f->key) == NULL)
			walk_error(w, walk_place(node), "missing-key", "the key \"%s\" is missing",
				   f->key);
}
