/* Files given to `examctl verify`: transcripts and receipts.
 *
 * With the key of the corpus' installation nothing passes but what that installation signed. */
#include <string.h>

#include "daemon/report/receipt.h"
#include "daemon/report/transcript.h"
#include "tests/fuzz/target.h"

static enum err verify(struct bytes file, const uint8_t *key)
{
	struct transcript_found found;
	struct diag diag = {0};
	struct receipt_found receipt;
	enum err err;

	found = (struct transcript_found){0};
	err = receipt_is(file) ? receipt_verify(file, key, &diag, &receipt)
			       : transcript_verify(file, key, &diag, &found);
	MUST((err == ERR_OK) == !diag_has_errors(&diag));
	MUST(found.signed_records <= found.records);
	diag_fini(&diag);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nobody[SIGNATURE_KEY_SIZE] = {1};

	(void)verify(bytes_of(data, size), NULL);
	MUST(verify(bytes_of(data, size), nobody) != ERR_OK);
	return 0;
}
