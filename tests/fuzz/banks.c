/* Banks as YAML, and the rules for what was read. */
#include "questions/check/check.h"
#include "questions/text/bank_text.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = {0};
	struct bank *bank = NULL;
	enum err err = bank_parse(&bank, bytes_of(data, size), "bank.yaml", &diag);
	struct buf text = {0};

	MUST((err == ERR_OK) == (bank != NULL));
	MUST((err == ERR_BAD_INPUT) == diag_has_errors(&diag));
	if (err == ERR_OK)
		check_bank(bank, "bank.yaml", &diag);
	diag_sort(&diag);
	diag_print(&diag, &text);
	buf_fini(&text);
	bank_free(bank);
	diag_fini(&diag);
	return 0;
}
