#include "questions/model/test_findings.h"

#include <stdbool.h>
#include <stdio.h>

static const char *text_of(struct diag *diag, bool placed)
{
	static char text[4096];
	size_t n = 0;

	diag_sort(diag);
	text[0] = '\0';
	for (size_t i = 0; i < diag->length && n < sizeof text; i++) {
		const struct diag_entry *e = &diag->entries[i];
		char column[16] = "";

		if (placed)
			snprintf(column, sizeof column, ":%u", e->column);
		n +=
		    (size_t)snprintf(text + n, sizeof text - n, "%u%s %s|", e->line, column, e->id);
	}
	diag_fini(diag);
	return text;
}

const char *test_findings(struct diag *diag)
{
	return text_of(diag, false);
}

const char *test_findings_placed(struct diag *diag)
{
	return text_of(diag, true);
}
