/* Blueprints as YAML; one that a bank can fill makes a form. */
#include <stdio.h>

#include "daemon/engine/form.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"
#include "tests/fuzz/target.h"

#define BANK SOURCE_TREE "/questions/banks/cpc-style.yaml"

/* Kept for the life of the process. */
static const struct bank *starter(void)
{
	static struct bank *bank;
	struct diag diag = {0};
	struct buf text = {0};
	size_t n;
	FILE *f;

	if (bank != NULL)
		return bank;
	f = fopen(BANK, "re");
	MUST(f != NULL);
	do {
		n = fread(buf_reserve(&text, 65536), 1, 65536, f);
		buf_added(&text, n);
	} while (n > 0);
	fclose(f);
	MUST(bank_parse(&bank, buf_bytes(&text), BANK, &diag) == ERR_OK);
	buf_fini(&text);
	diag_fini(&diag);
	return bank;
}

static void make_form(const struct blueprint *blueprint, struct diag *diag)
{
	uint8_t seed[FORM_SEED] = {7};
	struct arena arena = {0};
	struct form form;
	enum err err;

	blueprint_check_bank(blueprint, starter(), "exam.yaml", diag);
	err = form_make(&form, blueprint, starter(), seed, NULL, &arena);
	MUST(err == ERR_OK || err == ERR_BANK_TOO_SMALL);
	if (!diag_has_errors(diag))
		MUST(err == ERR_OK);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = {0};
	struct blueprint *blueprint = NULL;
	enum err err = blueprint_parse(&blueprint, bytes_of(data, size), "exam.yaml", &diag);

	MUST((err == ERR_OK) == (blueprint != NULL));
	MUST((err == ERR_BAD_INPUT) == diag_has_errors(&diag));
	if (err == ERR_OK)
		make_form(blueprint, &diag);
	blueprint_free(blueprint);
	diag_fini(&diag);
	return 0;
}
