/* verify: is a transcript, or a receipt, what the installation signed?  No server is needed. */
#include "client/ctl/handlers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report/receipt.h"
#include "daemon/report/transcript.h"
#include "proto/base/times.h"

/* A key as 64 hex digits, or a file that holds those, or its 32 bytes. */
static bool read_key(const char *text, uint8_t key[SIGNATURE_KEY_SIZE])
{
	struct buf file = {0};
	bool good = hex_parse(text, key, SIGNATURE_KEY_SIZE) == ERR_OK;
	const char *content;

	if (good)
		return true;
	if (!ctl_read_file(text, &file))
		return false;
	if (buf_length(&file) == SIGNATURE_KEY_SIZE) {
		memcpy(key, buf_bytes(&file).data, SIGNATURE_KEY_SIZE);
		good = true;
	} else {
		char *line = mem_copy_text(buf_text(&file));

		content = line;
		line[strcspn(line, " \t\r\n")] = '\0';
		good = hex_parse(content, key, SIGNATURE_KEY_SIZE) == ERR_OK;
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

static json_t *findings(const struct diag *diag)
{
	json_t *all = json_array();

	for (size_t i = 0; i < diag->length; i++)
		json_array_append_new(all, json_string(diag->entries[i].text));
	return all;
}

static void print_whole(json_t *all)
{
	char *text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	puts(text);
	free(text);
	json_decref(all);
}

static void print_findings(const struct diag *diag)
{
	struct buf text = {0};

	diag_print(diag, &text);
	fputs(buf_text(&text), stderr);
	buf_fini(&text);
}

/* ---- Transcripts ---------------------------------------------------------------------------- */

static void print_json(const struct transcript_found *f, const struct diag *diag)
{
	char key[2 * SIGNATURE_KEY_SIZE + 1];

	hex_format(f->public_key, sizeof f->public_key, key);
	print_whole(json_pack("{s:s,s:I,s:I,s:I,s:I,s:s,s:b,s:o}", "of", kind_word(f->subject),
			      "number", (json_int_t)subject_number(f->subject), "records",
			      (json_int_t)f->records, "signatures", (json_int_t)f->signatures,
			      "signed_records", (json_int_t)f->signed_records, "public_key", key,
			      "good", (int)!diag_has_errors(diag), "findings", findings(diag)));
}

static void print_text(const struct transcript_found *f, const struct diag *diag)
{
	print_findings(diag);
	if (!diag_has_errors(diag))
		printf("Good: %s %lld, %llu records, %llu of them proved by %llu signatures.\n",
		       kind_word(f->subject), (long long)subject_number(f->subject),
		       (unsigned long long)f->records, (unsigned long long)f->signed_records,
		       (unsigned long long)f->signatures);
	else
		puts("Not good: this is not what the installation signed.");
}

static enum err verify_records(struct ctl *ctl, struct bytes file, const uint8_t *key)
{
	struct transcript_found found = {0};
	struct diag diag = {0};
	enum err err = transcript_verify(file, key, &diag, &found);

	if (ctl_json(ctl))
		print_json(&found, &diag);
	else
		print_text(&found, &diag);
	diag_fini(&diag);
	return err;
}

/* ---- Receipts ------------------------------------------------------------------------------- */

static void print_receipt_json(const struct receipt_found *f, const struct diag *diag)
{
	char key[2 * SIGNATURE_KEY_SIZE + 1];

	hex_format(f->public_key, sizeof f->public_key, key);
	print_whole(json_pack("{s:s,s:I,s:s,s:I,s:I,s:I,s:b,s:s,s:b,s:o}", "of", "receipt",
			      "number", (json_int_t)f->attempt, "exam", f->exam, "records",
			      (json_int_t)f->records, "answers", (json_int_t)f->answers,
			      "closed_ms", (json_int_t)f->closed, "supersedes", (int)f->supersedes,
			      "public_key", key, "good", (int)!diag_has_errors(diag), "findings",
			      findings(diag)));
}

static void print_receipt_text(const struct receipt_found *f, const struct diag *diag)
{
	char closed[WALL_TEXT_SIZE];

	print_findings(diag);
	if (diag_has_errors(diag)) {
		puts("Not good: this is not what the installation signed.");
		return;
	}
	wall_format((struct wall_ms){f->closed}, closed);
	printf("Good: receipt of attempt %lld, exam %s, closed %s, %llu answers, %llu records.\n",
	       (long long)f->attempt, f->exam, closed, (unsigned long long)f->answers,
	       (unsigned long long)f->records);
	if (f->supersedes)
		puts("It takes the place of an earlier one.");
}

static enum err verify_receipt(struct ctl *ctl, struct bytes file, const uint8_t *key)
{
	struct receipt_found found = {0};
	struct diag diag = {0};
	enum err err = receipt_verify(file, key, &diag, &found);

	if (ctl_json(ctl))
		print_receipt_json(&found, &diag);
	else
		print_receipt_text(&found, &diag);
	diag_fini(&diag);
	return err;
}

int verify_file(struct ctl *ctl)
{
	struct buf file = {0};
	uint8_t bytes[SIGNATURE_KEY_SIZE];
	const uint8_t *key = ctl_has(ctl, OPT_KEY) ? bytes : NULL;
	int status = EXIT_REFUSED;
	enum err err;

	if (key != NULL && !read_key(ctl_value(ctl, OPT_KEY), bytes))
		return EXIT_REFUSED;
	if (!ctl_read_file(ctl->args[0], &file))
		goto out;
	err = receipt_is(buf_bytes(&file)) ? verify_receipt(ctl, buf_bytes(&file), key)
					   : verify_records(ctl, buf_bytes(&file), key);
	status = err == ERR_OK ? EXIT_DONE : EXIT_REFUSED;
out:
	buf_fini(&file);
	return status;
}
