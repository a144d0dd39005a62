#include "client/ctl/handlers.h"

#include <jansson.h>
#include <stdlib.h>

static const char *level_word(uint32_t level)
{
	return level == 0 ? "error" : level == 1 ? "warning" : "note";
}

static void print_json(const Examd__V1__Diagnostics *d)
{
	json_t *entries = json_array(), *secrets = json_array(), *all;
	char *text;

	for (size_t i = 0; i < d->n_entries; i++) {
		const Examd__V1__Diagnostic *e = d->entries[i];

		json_array_append_new(
		    entries, json_pack("{s:s,s:s,s:i,s:i,s:s,s:s}", "level", level_word(e->level),
				       "file", e->file, "line", (int)e->line, "column",
				       (int)e->column, "rule", e->rule, "text", e->text));
	}
	for (size_t i = 0; i < d->n_secrets; i++)
		json_array_append_new(secrets, json_pack("{s:s,s:s}", "user", d->secrets[i]->user,
							 "secret", d->secrets[i]->secret));
	all = json_pack("{s:i,s:i,s:b,s:i,s:i,s:s,s:o,s:o}", "errors", (int)d->errors, "warnings",
			(int)d->warnings, "changed", (int)d->changed, "added", (int)d->added,
			"updated", (int)d->updated, "summary", d->summary, "entries", entries,
			"secrets", secrets);
	text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	puts(text);
	free(text);
	json_decref(all);
}

static void print_text(const Examd__V1__Diagnostics *d)
{
	for (size_t i = 0; i < d->n_entries; i++) {
		const Examd__V1__Diagnostic *e = d->entries[i];

		fprintf(stderr, "%s:%u:%u: %s: %s [%s]\n", e->file, e->line, e->column,
			level_word(e->level), e->text, e->rule);
	}
	if (d->n_secrets > 0)
		printf("One-time passwords, shown only now:\n");
	for (size_t i = 0; i < d->n_secrets; i++)
		printf("  %-20s %s\n", d->secrets[i]->user, d->secrets[i]->secret);
	if (d->summary[0] != '\0')
		printf("%s\n", d->summary);
	if (d->added + d->updated > 0)
		printf("%u added, %u updated\n", d->added, d->updated);
	printf("%u errors, %u warnings%s\n", d->errors, d->warnings,
	       d->changed ? "" : "; nothing was changed");
}

int diagnostics_print(const Examd__V1__Diagnostics *d, bool json)
{
	if (json)
		print_json(d);
	else
		print_text(d);
	return d->errors == 0 ? EXIT_DONE : EXIT_REFUSED;
}
