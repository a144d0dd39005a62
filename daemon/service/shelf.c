#include "daemon/service/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

struct shelf {
	char **exams; /* owned */
	size_t nexams;
};

struct shelf *shelf_new(void)
{
	return mem_new(sizeof(struct shelf));
}

void shelf_free(struct shelf *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->nexams; i++)
		free(c->exams[i]);
	free(c->exams);
	free(c);
}

static void name_exam(struct shelf *c, const char *name)
{
	for (size_t i = 0; i < c->nexams; i++)
		if (strcmp(c->exams[i], name) == 0)
			return;
	c->exams = mem_resize(c->exams, (c->nexams + 1) * sizeof(c->exams[0]));
	c->exams[c->nexams++] = mem_copy_text(name);
}

size_t shelf_exams(const struct core *core, const char *const **names_out)
{
	*names_out = (const char *const *)core->shelf->exams;
	return core->shelf->nexams;
}

static void put_source(struct core *core, enum change_kind kind, struct store_source source)
{
	struct store_change change = {.kind = kind};

	change.u.source = source;
	service_put(core, &change);
}

void shelf_put_bank(struct core *core, struct bank *bank, struct bytes text)
{
	put_source(core, CHANGE_BANK,
		   (struct store_source){bank->hash, bank->name, bank->version, text});
	engine_add_bank(core->engine, bank);
}

void shelf_put_exam(struct core *core, struct blueprint *blueprint, struct bytes text)
{
	put_source(
	    core, CHANGE_EXAM,
	    (struct store_source){blueprint->hash, blueprint->exam, blueprint->version, text});
	name_exam(core->shelf, blueprint->exam);
	engine_add_blueprint(core->engine, blueprint);
}

enum err shelf_load_bank(struct core *core, const struct store_source *row)
{
	struct bank *bank = NULL;
	struct diag diag = {0};
	enum err err = bank_parse(&bank, row->text, row->name, &diag);

	diag_fini(&diag);
	if (err == ERR_OK && digest_equal(&bank->hash, &row->hash)) {
		engine_add_bank(core->engine, bank);
		return ERR_OK;
	}
	bank_free(bank);
	return ERR_CORRUPT;
}

enum err shelf_load_exam(struct core *core, const struct store_source *row)
{
	struct blueprint *blueprint = NULL;
	struct diag diag = {0};
	enum err err = blueprint_parse(&blueprint, row->text, row->name, &diag);

	diag_fini(&diag);
	if (err == ERR_OK && digest_equal(&blueprint->hash, &row->hash)) {
		name_exam(core->shelf, blueprint->exam);
		engine_add_blueprint(core->engine, blueprint);
		return ERR_OK;
	}
	blueprint_free(blueprint);
	return ERR_CORRUPT;
}
