/* Rosters as CSV. */
#include "daemon/service/people_csv.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct roster roster = {0};
	struct arena arena = {0};
	struct diag diag = {0};
	enum err err = roster_parse(&roster, bytes_of(data, size), "people.csv", &arena, &diag);

	MUST(err == ERR_OK || err == ERR_BAD_INPUT);
	MUST((err == ERR_BAD_INPUT) == diag_has_errors(&diag));
	MUST(roster.length <= ROSTER_MOST);
	for (size_t i = 0; err == ERR_OK && i < roster.length; i++) {
		const struct roster_row *row = &roster.rows[i];

		MUST(row->user[0] != '\0' && row->name != NULL && row->email != NULL);
		MUST(bytes_is_text(bytes_of_text(row->name)));
		MUST(row->extra_percent <= ROSTER_EXTRA_MOST);
	}
	roster_fini(&roster);
	arena_fini(&arena);
	diag_fini(&diag);
	return 0;
}
