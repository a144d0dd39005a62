/* Banks in files: checked, their codes looked up, drill items made.  No server is needed. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/ctl/offline.h"
#include "client/lib/device.h"
#include "proto/base/bytes.h"
#include "questions/check/check.h"
#include "questions/check/facts.h"
#include "questions/generate/generate.h"

#define LOCK_NAME	"codes.lock"
#define LOCK_MOST	((size_t)64 << 20)
#define BLUEPRINTS_MOST 64
#define FILLS_MOST	100

/* ---- Files ------------------------------------------------------------------------------- */

/* Paths, in order. */
struct paths {
	char **list; /* owned, as is each */
	size_t n;
};

static void paths_fini(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i]);
	free(p->list);
}

static void paths_take(struct paths *p, char *path)
{
	p->list = mem_resize(p->list, (p->n + 1) * sizeof *p->list);
	p->list[p->n++] = path;
}

static void failed(struct diag *diag, const char *path, const char *why)
{
	diag_add(diag, DIAG_ERROR, (struct diag_place){path, 0, 0}, "file", "%s", why);
}

/* Does the file begin with this key, before the other one?  Banks and blueprints stand in the same
 * directories. */
static bool begins_with(const char *path, const char *key, const char *other)
{
	char line[256];
	bool found = false;
	FILE *f = fopen(path, "re");

	while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
		found = strncmp(line, key, strlen(key)) == 0;
		if (strncmp(line, other, strlen(other)) == 0)
			break;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static bool is_yaml(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* The files of a directory that begin with the key, by name; false: it cannot be read. */
static bool list_dir(struct paths *out, const char *dir, const char *key, const char *other)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", dir, names[i]->d_name);

		if (is_yaml(names[i]->d_name) && begins_with(file, key, other))
			paths_take(out, file);
		else
			free(file);
		free(names[i]);
	}
	free(names);
	return n >= 0;
}

/* The banks that the arguments name: files, and all banks of directories. */
static void list_banks(const struct ctl *ctl, struct paths *out, struct diag *diag)
{
	struct stat st;

	for (size_t i = 0; i < ctl->nargs; i++) {
		const char *path = ctl->args[i];

		if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
			paths_take(out, mem_copy_text(path));
		else if (!list_dir(out, path, "bank:", "exam:"))
			failed(diag, path, "the directory cannot be read");
	}
	if (out->n == 0 && !diag_has_errors(diag))
		failed(diag, NULL, "there is no bank here");
}

/* The directory that a file is in.  To be freed. */
static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? mem_copy_text(".") : mem_printf("%.*s", (int)(slash - path), path);
}

/* ---- bank check -------------------------------------------------------------------------- */

static const char *level_word(enum diag_level level)
{
	return level == DIAG_ERROR ? "error" : level == DIAG_WARNING ? "warning" : "note";
}

static int explain(const char *id)
{
	const struct check_rule *rule = check_rule_find(id);

	if (rule != NULL) {
		printf("%s (%s)\n%s\n", rule->id, level_word(rule->level), rule->explanation);
		return EXIT_DONE;
	}
	if (strcmp(id, "list") != 0)
		return ctl_wrong("there is no rule \"%s\"; --explain list has them", id);
	for (size_t i = 0; (rule = check_rule_nth(i)) != NULL; i++)
		printf("%-22s %s\n", rule->id, level_word(rule->level));
	return EXIT_DONE;
}

/* What a check is made with. */
struct checking {
	const struct ctl *ctl;
	struct diag *diag;
	struct tables tables;
	uint32_t percent; /* of what a form draws */
	struct paths blueprints;
	bool *used; /* owned: which of these found their bank */
	size_t banks, items;
};

/* "1.5" as 150 percent; false: it is no number from 1 to FILLS_MOST. */
static bool read_fills(const char *text, uint32_t *percent)
{
	char *end;
	double fills = strtod(text, &end);

	if (text[0] == '\0' || *end != '\0' || !(fills >= 1 && fills <= FILLS_MOST))
		return false;
	*percent = (uint32_t)(fills * 100 + 0.5);
	return true;
}

static void check_with_tables(const struct checking *c, const struct bank *bank, const char *path)
{
	struct facts facts = {0};

	facts_take(&facts, bank, &c->tables);
	check_tables_year(bank, path, &c->tables, c->diag);
	check_codes(bank, path, &facts, c->diag);
	facts_fini(&facts);
}

/* Against the file of --lock, or the one beside the bank, if there is one. */
static void check_with_lock(const struct checking *c, const struct bank *bank, const char *path)
{
	char *dir = dir_of(path), *beside = mem_printf("%s/%s", dir, LOCK_NAME);
	const char *lock = ctl_has(c->ctl, OPT_LOCK) ? ctl_value(c->ctl, OPT_LOCK) : beside;
	struct facts facts = {0};
	struct buf text = {0};
	enum err err = file_read(lock, LOCK_MOST, &text);

	if (err == ERR_NOT_FOUND && !ctl_has(c->ctl, OPT_LOCK))
		diag_add(c->diag, DIAG_NOTE, (struct diag_place){path, 0, 0}, "not-looked-up",
			 "no code was looked up: there is no %s, and no --tables", beside);
	else if (err != ERR_OK)
		failed(c->diag, lock, err_sentence(err));
	else if (facts_parse(&facts, buf_bytes(&text), lock, c->diag) == ERR_OK)
		check_codes(bank, path, &facts, c->diag);
	facts_fini(&facts);
	buf_fini(&text);
	free(beside);
	free(dir);
}

/* The blueprint, if it names the bank; with FORCE an error where it cannot be read. */
static bool check_blueprint(const struct checking *c, const struct bank *bank, const char *path,
			    bool force)
{
	struct diag own = {0};
	struct blueprint *b = offline_read_blueprint(path, force ? c->diag : &own);
	bool names = b != NULL && strcmp(b->bank, bank->name) == 0;

	if (names)
		blueprint_check_supply(b, bank, c->percent, path, c->diag);
	blueprint_free(b);
	diag_fini(&own);
	return names;
}

static void check_beside(const struct checking *c, const struct bank *bank, const char *path)
{
	struct paths found = {0};
	char *dir = dir_of(path);

	(void)!list_dir(&found, dir, "exam:", "bank:");
	for (size_t i = 0; i < found.n; i++)
		check_blueprint(c, bank, found.list[i], false);
	paths_fini(&found);
	free(dir);
}

static void check_file(struct checking *c, const char *path)
{
	struct bank *bank = offline_read_bank(path, c->diag);

	if (bank == NULL)
		return;
	check_bank(bank, path, c->diag);
	if (ctl_has(c->ctl, OPT_TABLES))
		check_with_tables(c, bank, path);
	else
		check_with_lock(c, bank, path);
	for (size_t i = 0; i < c->blueprints.n; i++)
		c->used[i] |= check_blueprint(c, bank, c->blueprints.list[i], !c->used[i]);
	if (!ctl_has(c->ctl, OPT_BLUEPRINT))
		check_beside(c, bank, path);
	c->banks++;
	c->items += bank->nitems;
	bank_free(bank);
}

static void check_files(struct checking *c)
{
	struct paths banks = {0};
	char *list =
	    mem_copy_text(ctl_has(c->ctl, OPT_BLUEPRINT) ? ctl_value(c->ctl, OPT_BLUEPRINT) : "");
	char *names[BLUEPRINTS_MOST];
	size_t n = list[0] == '\0' ? 0 : list_cut(list, names, COUNT(names));

	for (size_t i = 0; i < n; i++)
		paths_take(&c->blueprints, mem_copy_text(names[i]));
	c->used = mem_new_array(n, sizeof *c->used);
	list_banks(c->ctl, &banks, c->diag);
	for (size_t i = 0; i < banks.n; i++)
		check_file(c, banks.list[i]);
	for (size_t i = 0; i < n; i++)
		if (!c->used[i])
			failed(c->diag, c->blueprints.list[i],
			       "the exam is drawn from none of these banks");
	paths_fini(&banks);
	free(list);
}

int bank_check_files(struct ctl *ctl)
{
	struct diag diag = {0};
	struct checking c = {.ctl = ctl, .diag = &diag, .percent = 100};
	char *good;
	int status;

	if (ctl_has(ctl, OPT_EXPLAIN))
		return explain(ctl_value(ctl, OPT_EXPLAIN));
	if (ctl->nargs == 0)
		return ctl_wrong("usage: examctl bank check PATH...");
	if (ctl_has(ctl, OPT_FILLS) && !read_fills(ctl_value(ctl, OPT_FILLS), &c.percent))
		return ctl_wrong("--fills is a number from 1 to %d", FILLS_MOST);
	if (!ctl_has(ctl, OPT_TABLES) ||
	    tables_open(&c.tables, ctl_value(ctl, OPT_TABLES), &diag) == ERR_OK)
		check_files(&c);
	good = mem_printf("%zu banks with %zu items: no errors, %zu warnings", c.banks, c.items,
			  diag.warnings);
	status = offline_tell(ctl, &diag, good);
	free(good);
	tables_close(&c.tables);
	paths_fini(&c.blueprints);
	free(c.used);
	diag_fini(&diag);
	return status;
}

/* ---- bank lock --------------------------------------------------------------------------- */

static void take_file(struct facts *facts, const struct tables *tables, const char *path,
		      struct diag *diag)
{
	struct bank *bank = offline_read_bank(path, diag);
	struct facts own = {0};

	if (bank == NULL)
		return;
	facts_take(&own, bank, tables);
	check_tables_year(bank, path, tables, diag);
	check_codes(bank, path, &own, diag);
	facts_take(facts, bank, tables);
	facts_fini(&own);
	bank_free(bank);
}

/* Nothing is written when a code is not right. */
static int lock_files(const struct ctl *ctl, const struct tables *tables, struct diag *diag)
{
	struct paths banks = {0};
	struct facts facts = {0};
	struct buf text = {0};
	char *good = NULL;
	int status;

	list_banks(ctl, &banks, diag);
	for (size_t i = 0; i < banks.n; i++)
		take_file(&facts, tables, banks.list[i], diag);
	facts_print(&facts, &text);
	if (strcmp(ctl_value(ctl, OPT_OUTPUT), "-") != 0)
		good = mem_printf("%zu banks: %zu facts about their codes", banks.n, facts.length);
	status = offline_tell(ctl, diag, good);
	if (status == EXIT_DONE && !ctl_write_file(ctl_value(ctl, OPT_OUTPUT), &text))
		status = EXIT_REFUSED;
	free(good);
	buf_fini(&text);
	facts_fini(&facts);
	paths_fini(&banks);
	return status;
}

int bank_lock(struct ctl *ctl)
{
	struct diag diag = {0};
	struct tables tables = {0};
	int status;

	if (!ctl_has(ctl, OPT_TABLES) || !ctl_has(ctl, OPT_OUTPUT))
		return ctl_wrong("bank lock needs --tables DIR and -o FILE");
	if (tables_open(&tables, ctl_value(ctl, OPT_TABLES), &diag) == ERR_OK)
		status = lock_files(ctl, &tables, &diag);
	else
		status = offline_tell(ctl, &diag, NULL);
	tables_close(&tables);
	diag_fini(&diag);
	return status;
}

/* ---- bank generate ----------------------------------------------------------------------- */

static int list_kinds(void)
{
	const struct drill *drill;

	for (size_t i = 0; (drill = drill_nth(i)) != NULL; i++)
		printf("%-20s %s\n", drill->name, drill->help);
	return EXIT_DONE;
}

static void tell_refused(const struct drill_report *report)
{
	for (size_t i = 0; i < DRILL_REASONS; i++)
		if (report->refused[i] > 0)
			fprintf(stderr, "%zu rows refused: %s\n", report->refused[i],
				drill_reason((enum drill_refused)i));
}

static int generate_file(const struct ctl *ctl, const struct tables *tables,
			 const struct drill *drill, const struct drill_order *order)
{
	struct drill_report report = {0};
	struct buf text = {0};
	int status = EXIT_DONE;

	drill_make(&text, drill, tables, order, &report);
	tell_refused(&report);
	if (report.made < order->count)
		status = ctl_failed("the tables give %zu items of this kind, not %zu; nothing was "
				    "written",
				    report.made, order->count);
	else if (!ctl_write_file(ctl_value(ctl, OPT_OUTPUT), &text))
		status = EXIT_REFUSED;
	else if (strcmp(ctl_value(ctl, OPT_OUTPUT), "-") != 0)
		printf("%zu items\n", report.made);
	buf_fini(&text);
	return status;
}

int bank_generate(struct ctl *ctl)
{
	struct drill_order order = {.seed = 1};
	const char *kind = ctl_has(ctl, OPT_KIND) ? ctl_value(ctl, OPT_KIND) : "list";
	const struct drill *drill = drill_find(kind);
	struct diag diag = {0};
	struct tables tables = {0};
	int64_t seed = 1, count = 100;
	int status = EXIT_REFUSED;

	if (drill == NULL && strcmp(kind, "list") == 0)
		return list_kinds();
	if (drill == NULL)
		return ctl_wrong("there is no kind \"%s\"; --kind list has them", kind);
	if (!ctl_has(ctl, OPT_TABLES) || !ctl_has(ctl, OPT_OUTPUT))
		return ctl_wrong("bank generate needs --tables DIR and -o FILE");
	if ((ctl_has(ctl, OPT_SEED) && !ctl_number(ctl_value(ctl, OPT_SEED), 0, &seed)) ||
	    (ctl_has(ctl, OPT_COUNT) && !ctl_number(ctl_value(ctl, OPT_COUNT), 1, &count)))
		return EXIT_USAGE;
	if (count > BANK_ITEMS_MOST)
		return ctl_wrong("a bank has at most %d items", BANK_ITEMS_MOST);
	order.seed = (uint64_t)seed;
	order.count = (size_t)count;
	if (tables_open(&tables, ctl_value(ctl, OPT_TABLES), &diag) == ERR_OK)
		status = generate_file(ctl, &tables, drill, &order);
	else
		status = offline_tell(ctl, &diag, NULL);
	tables_close(&tables);
	diag_fini(&diag);
	return status;
}
