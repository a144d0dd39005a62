#include "daemon/config_file.h"

#include <stdlib.h>

#include "daemon/whole_file.h"
#include "proto/base/mem.h"
#include "questions/text/walk.h"

#define SETTINGS_MOST 64
#define VALUE_MOST    4096 /* bytes; the table knows the real bound of each */

/* A setting as it stands in the file. */
struct written {
	const char *value; /* in the arena; NULL: not there */
	struct place place;
};

static void add(struct diag *diag, const char *file, struct place at, const char *id,
		const char *text)
{
	diag_add(diag, DIAG_ERROR, (struct diag_place){file, at.line, at.column}, id, "%s", text);
}

static void set(struct config *c, const char *file, const char *name, const struct written *w,
		struct diag *diag)
{
	char detail[256], *assignment;

	if (w->value == NULL)
		return;
	assignment = mem_printf("%s=%s", name, w->value);
	if (config_set(c, assignment, detail) != ERR_OK)
		add(diag, file, w->place, "bad-value", detail);
	free(assignment);
}

/* The keys that there are: each setting is one line of text, which the table of settings reads. */
static void make_fields(struct field fields[SETTINGS_MOST + 1])
{
	size_t i;

	for (i = 0; config_name(i) != NULL && i < SETTINGS_MOST; i++)
		fields[i] = (struct field){
		    .key = config_name(i),
		    .kind = FIELD_LINE,
		    .most = VALUE_MOST,
		    .at = i * sizeof(struct written) + offsetof(struct written, value),
		    .place_at = i * sizeof(struct written) + offsetof(struct written, place),
		};
}

void config_file_read(struct config *c, const char *file, struct bytes text, struct diag *diag)
{
	struct field fields[SETTINGS_MOST + 1] = {0};
	struct written written[SETTINGS_MOST] = {0};
	struct arena arena = {.cap = 4 * CONFIG_FILE_MOST};
	struct walk w = {.file = file, .diag = diag, .arena = &arena};
	const yaml_node_t *root;
	size_t i;

	make_fields(fields);
	if (walk_load(&w, text) && (root = yaml_document_get_root_node(&w.doc)) != NULL)
		walk_mapping(&w, root, fields, written); /* none: all in comments */
	for (i = 0; fields[i].key != NULL; i++)
		set(c, file, fields[i].key, &written[i], diag);
	walk_fini(&w);
	arena_fini(&arena);
}

static enum err read_file(struct config *c, const struct config_sources *from, struct diag *diag)
{
	struct buf text = {0};
	enum err err = whole_file_read(from->file, CONFIG_FILE_MOST, &text);

	if (err == ERR_OK)
		config_file_read(c, from->file, buf_bytes(&text), diag);
	else if (err == ERR_NOT_FOUND && from->file_may_miss)
		err = ERR_OK;
	else
		add(diag, from->file, (struct place){0}, "file", err_sentence(err));
	buf_fini(&text);
	return err;
}

enum err config_load(struct config *c, const struct config_sources *from, struct diag *diag)
{
	char detail[256];
	size_t i;
	enum err err;

	config_init(c);
	if ((err = read_file(c, from, diag)) != ERR_OK)
		return err;
	for (i = 0; i < from->nassignments; i++)
		if (config_set(c, from->assignments[i], detail) != ERR_OK)
			add(diag, "-o", (struct place){0}, "bad-value", detail);
	diag_sort(diag);
	return diag_has_errors(diag) ? ERR_INVALID : ERR_OK;
}
