/* What needs no server: exams in files. */
#include "client/ctl/offline.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/form.h"
#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

/* ---- Diagnostics ------------------------------------------------------------------------- */

static const char *level_word(enum diag_level level)
{
	return level == DIAG_ERROR ? "error" : level == DIAG_WARNING ? "warning" : "note";
}

static void print_json(const struct diag *diag)
{
	json_t *entries = json_array(), *all;
	char *text;

	for (size_t i = 0; i < diag->length; i++) {
		const struct diag_entry *e = &diag->entries[i];

		json_array_append_new(
		    entries, json_pack("{s:s,s:s?,s:i,s:i,s:s?,s:s}", "level", level_word(e->level),
				       "file", e->file, "line", (int)e->line, "column",
				       (int)e->column, "rule", e->id, "text", e->text));
	}
	all = json_pack("{s:i,s:i,s:o}", "errors", (int)diag->errors, "warnings",
			(int)diag->warnings, "entries", entries);
	text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	puts(text);
	free(text);
	json_decref(all);
}

static void print_text(const struct diag *diag, const char *good)
{
	struct buf text = {0};

	diag_print(diag, &text);
	fputs(buf_text(&text), stderr);
	buf_fini(&text);
	if (!diag_has_errors(diag) && good != NULL)
		printf("%s\n", good);
	else if (diag_has_errors(diag))
		printf("%zu errors, %zu warnings\n", diag->errors, diag->warnings);
}

int offline_tell(const struct ctl *ctl, struct diag *diag, const char *good)
{
	diag_sort(diag);
	if (ctl_json(ctl))
		print_json(diag);
	else
		print_text(diag, good);
	return diag_has_errors(diag) ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- Reading ----------------------------------------------------------------------------- */

struct bank *offline_read_bank(const char *path, struct diag *diag)
{
	struct buf text = {0};
	struct bank *bank = NULL;

	if (!ctl_read_file(path, &text))
		diag_add(diag, DIAG_ERROR, (struct diag_place){path, 0, 0}, "file",
			 "the file cannot be read");
	else if (bank_parse(&bank, buf_bytes(&text), path, diag) != ERR_OK &&
		 !diag_has_errors(diag))
		diag_add(diag, DIAG_ERROR, (struct diag_place){path, 0, 0}, "file",
			 "the file is too large");
	buf_fini(&text);
	return bank;
}

struct blueprint *offline_read_blueprint(const char *path, struct diag *diag)
{
	struct buf text = {0};
	struct blueprint *blueprint = NULL;

	if (!ctl_read_file(path, &text))
		diag_add(diag, DIAG_ERROR, (struct diag_place){path, 0, 0}, "file",
			 "the file cannot be read");
	else if (blueprint_parse(&blueprint, buf_bytes(&text), path, diag) != ERR_OK &&
		 !diag_has_errors(diag))
		diag_add(diag, DIAG_ERROR, (struct diag_place){path, 0, 0}, "file",
			 "the file is too large");
	buf_fini(&text);
	return blueprint;
}

/* ---- exam check, exam preview ------------------------------------------------------------ */

int exam_check(struct ctl *ctl)
{
	struct diag diag = {0};
	struct blueprint *blueprint = offline_read_blueprint(ctl->args[0], &diag);
	struct bank *bank = NULL;
	int status;

	if (ctl_has(ctl, OPT_BANK))
		bank = offline_read_bank(ctl_value(ctl, OPT_BANK), &diag);
	if (blueprint != NULL && bank != NULL)
		blueprint_check_bank(blueprint, bank, ctl->args[0], &diag);
	status =
	    offline_tell(ctl, &diag, bank != NULL ? "No errors; the bank fills it." : "No errors.");
	bank_free(bank);
	blueprint_free(blueprint);
	diag_fini(&diag);
	return status;
}

static void print_options(const struct form_item *fi, bool keys)
{
	const struct item *item = fi->item;

	for (size_t i = 0; i < item->noptions; i++) {
		const struct option *o = &item->options[fi->order[i]];

		printf("   %c%c %s\n", (char)('A' + (int)i), keys && o->right ? '*' : '.', o->text);
	}
	for (size_t i = 0; i < item->nfields; i++) {
		const struct code_field *f = &item->fields[i];

		printf("   [%s]%s", f->label, f->optional ? " (optional)" : "");
		for (size_t j = 0; keys && j < f->naccept; j++)
			printf(" %s%s", j > 0 ? "or " : "= ", f->accept[j]);
		printf("\n");
	}
}

static void print_item(const struct form_item *fi, size_t number, bool keys)
{
	const struct item *item = fi->item;

	if (item->set != NULL && item == item->set->items[0])
		printf("---\n%s\n---\n", item->set->stimulus);
	printf("%zu. %s\n", number, item->stem);
	if (item->kind == ITEM_MULTIPLE)
		printf("   (choose %zu)\n", item_right_count(item));
	print_options(fi, keys);
	if (keys)
		printf("   [%s%s]\n", item->id, fi->pretest ? ", pretest" : "");
	printf("\n");
}

static void print_form(const struct form *form, bool keys)
{
	size_t number = 0;

	for (size_t p = 0; p < form->nparts; p++) {
		printf("%s, %s: %zu items, %u minutes\n\n", form->blueprint->title,
		       form->blueprint->parts[p].title, form->parts[p].nitems,
		       form->blueprint->parts[p].minutes);
		for (size_t i = 0; i < form->parts[p].nitems; i++)
			print_item(&form->parts[p].items[i], ++number, keys);
	}
}

static json_t *form_item_json(const struct form_item *fi, bool keys)
{
	json_t *options = json_array(), *o;

	for (size_t i = 0; i < fi->item->noptions; i++)
		json_array_append_new(options, json_string(fi->item->options[fi->order[i]].text));
	o = json_pack("{s:s,s:s,s:o}", "id", fi->item->id, "stem", fi->item->stem, "options",
		      options);
	if (keys) {
		json_t *right = json_array();

		for (size_t i = 0; i < fi->item->noptions; i++)
			if (fi->item->options[fi->order[i]].right)
				json_array_append_new(right, json_integer((json_int_t)i));
		json_object_set_new(o, "right", right);
	}
	return o;
}

static void print_form_json(const struct form *form, bool keys)
{
	json_t *items = json_array();
	char *text;

	for (size_t p = 0; p < form->nparts; p++)
		for (size_t i = 0; i < form->parts[p].nitems; i++)
			json_array_append_new(items,
					      form_item_json(&form->parts[p].items[i], keys));
	text = json_dumps(items, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	puts(text);
	free(text);
	json_decref(items);
}

static int preview(const struct ctl *ctl, const struct blueprint *blueprint,
		   const struct bank *bank, int64_t number)
{
	struct form_draw draw = {0};
	struct arena arena = {0};
	uint8_t seed[FORM_SEED] = {0};
	struct form form;
	enum err err;

	u64_write(seed + 8, (uint64_t)number);
	err = form_make(&form, blueprint, bank, seed, &draw, &arena);
	if (err != ERR_OK)
		ctl_failed("%s", err_sentence(err));
	else if (ctl_json(ctl))
		print_form_json(&form, ctl_has(ctl, OPT_KEYS));
	else
		print_form(&form, ctl_has(ctl, OPT_KEYS));
	arena_fini(&arena);
	return err == ERR_OK ? EXIT_DONE : EXIT_REFUSED;
}

/* Where the blueprint of an exam stands: FILE itself, or NAME.yaml here, in a checkout, or where
 * the shipped ones were installed.  To be freed. */
static char *find_exam(const char *name)
{
	static const char *const folders[] = {".", "questions/banks", EXAMD_BANKS};

	for (size_t i = 0; strchr(name, '/') == NULL && i < COUNT(folders); i++) {
		char *path = mem_printf("%s/%s.yaml", folders[i], name);

		if (access(name, R_OK) != 0 && access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return mem_copy_text(name);
}

/* The bank that a blueprint names, as NAME.yaml beside it.  To be freed. */
static char *bank_beside(const char *exam_path, const char *bank)
{
	const char *slash = strrchr(exam_path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - exam_path + 1);

	return mem_printf("%.*s%s.yaml", folder, exam_path, bank);
}

static int preview_files(const struct ctl *ctl, const char *exam_path, int64_t seed)
{
	struct diag diag = {0};
	struct blueprint *blueprint = offline_read_blueprint(exam_path, &diag);
	struct bank *bank = NULL;
	int status = EXIT_REFUSED;

	if (blueprint != NULL) {
		char *beside = bank_beside(exam_path, blueprint->bank);

		bank = offline_read_bank(ctl_has(ctl, OPT_BANK) ? ctl_value(ctl, OPT_BANK) : beside,
					 &diag);
		free(beside);
	}
	if (bank != NULL)
		blueprint_check_bank(blueprint, bank, exam_path, &diag);
	if (diag_has_errors(&diag))
		status = offline_tell(ctl, &diag, NULL);
	else if (bank != NULL)
		status = preview(ctl, blueprint, bank, seed);
	bank_free(bank);
	blueprint_free(blueprint);
	diag_fini(&diag);
	return status;
}

int exam_preview(struct ctl *ctl)
{
	char *exam_path;
	int64_t seed = 1;
	int status;

	if (ctl_has(ctl, OPT_SEED) && !ctl_number(ctl_value(ctl, OPT_SEED), 0, &seed))
		return EXIT_USAGE;
	exam_path = find_exam(ctl->args[0]);
	status = preview_files(ctl, exam_path, seed);
	free(exam_path);
	return status;
}
