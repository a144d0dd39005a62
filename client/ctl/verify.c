/* verify: is a transcript what the installation signed?  No server is needed. */
#include "client/ctl/handlers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report/transcript.h"

/* A key as 64 hex digits, or a file that holds those, or its 32 bytes. */
static bool read_key(const char *text, uint8_t key[TRANSCRIPT_KEY_SIZE])
{
	struct buf file = {0};
	bool good = hex_parse(text, key, TRANSCRIPT_KEY_SIZE) == ERR_OK;
	const char *content;

	if (good)
		return true;
	if (!ctl_read_file(text, &file))
		return false;
	if (buf_length(&file) == TRANSCRIPT_KEY_SIZE) {
		memcpy(key, buf_bytes(&file).data, TRANSCRIPT_KEY_SIZE);
		good = true;
	} else {
		char *line = mem_copy_text(buf_text(&file));

		content = line;
		line[strcspn(line, " \t\r\n")] = '\0';
		good = hex_parse(content, key, TRANSCRIPT_KEY_SIZE) == ERR_OK;
		free(line);
	}
	buf_fini(&file);
	if (!good)
		ctl_failed("%s: a key is 32 bytes, or 64 hex digits", text);
	return good;
}

static const char *kind_word(struct subject subject)
{
	static const char *const words[] = {"installation", "attempt", "sitting"};
	unsigned kind = (unsigned)subject_kind(subject);

	return kind < sizeof words / sizeof words[0] ? words[kind] : "unknown";
}

static void print_json(const struct transcript_found *f, const struct diag *diag)
{
	json_t *errors = json_array(), *all;
	char key[2 * TRANSCRIPT_KEY_SIZE + 1], *text;

	hex_format(f->public_key, sizeof f->public_key, key);
	for (size_t i = 0; i < diag->length; i++)
		json_array_append_new(errors, json_string(diag->entries[i].text));
	all = json_pack("{s:s,s:I,s:I,s:I,s:I,s:s,s:b,s:o}", "of", kind_word(f->subject), "number",
			(json_int_t)subject_number(f->subject), "records", (json_int_t)f->records,
			"signatures", (json_int_t)f->signatures, "signed_records",
			(json_int_t)f->signed_records, "public_key", key, "good",
			(int)!diag_has_errors(diag), "findings", errors);
	text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	puts(text);
	free(text);
	json_decref(all);
}

static void print_text(const struct transcript_found *f, const struct diag *diag)
{
	struct buf text = {0};

	diag_print(diag, &text);
	fputs(buf_text(&text), stderr);
	buf_fini(&text);
	if (!diag_has_errors(diag))
		printf("Good: %s %lld, %llu records, %llu of them proved by %llu signatures.\n",
		       kind_word(f->subject), (long long)subject_number(f->subject),
		       (unsigned long long)f->records, (unsigned long long)f->signed_records,
		       (unsigned long long)f->signatures);
	else
		puts("Not good: this is not what the installation signed.");
}

int verify_transcript(struct ctl *ctl)
{
	struct transcript_found found = {0};
	struct diag diag = {0};
	struct buf file = {0};
	uint8_t key[TRANSCRIPT_KEY_SIZE];
	bool has_key = ctl_has(ctl, OPT_KEY);
	int status = EXIT_REFUSED;

	if (has_key && !read_key(ctl_value(ctl, OPT_KEY), key))
		return EXIT_REFUSED;
	if (!ctl_read_file(ctl->args[0], &file))
		goto out;
	if (transcript_verify(buf_bytes(&file), has_key ? key : NULL, &diag, &found) == ERR_OK)
		status = EXIT_DONE;
	if (ctl_json(ctl))
		print_json(&found, &diag);
	else
		print_text(&found, &diag);
out:
	buf_fini(&file);
	diag_fini(&diag);
	return status;
}
