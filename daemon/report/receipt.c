#include "daemon/report/receipt.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/record.h"
#include "proto/base/mem.h"

bool receipt_is(struct bytes file)
{
	return file.len > 0 && file.data[0] == '{';
}

static void put_hex(struct buf *out, struct bytes b)
{
	char *text = mem_new(2 * b.len + 1);

	hex_format(b.data, b.len, text);
	buf_put_text(out, text);
	free(text);
}

void receipt_put(struct buf *out, int64_t attempt, struct bytes statement,
		 const uint8_t signature[SIGNATURE_SIZE],
		 const uint8_t public_key[SIGNATURE_KEY_SIZE])
{
	buf_printf(out, "{\n  \"attempt\": \"%lld\",\n  \"statement\": \"", (long long)attempt);
	put_hex(out, statement);
	buf_put_text(out, "\",\n  \"signature\": \"");
	put_hex(out, bytes_of(signature, SIGNATURE_SIZE));
	buf_put_text(out, "\",\n  \"public_key\": \"");
	put_hex(out, bytes_of(public_key, SIGNATURE_KEY_SIZE));
	buf_put_text(out, "\"\n}\n");
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct diag_place whole;

static void complain(struct diag *diag, const char *id, const char *text)
{
	diag_add(diag, DIAG_ERROR, whole, id, "%s", text);
}

/* What a receipt says. */
struct content {
	int64_t attempt;
	struct buf statement;
	uint8_t signature[SIGNATURE_SIZE], key[SIGNATURE_KEY_SIZE];
};

static bool read_attempt(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && *out > 0;
}

static bool read_statement(const char *text, struct buf *out)
{
	size_t len = strlen(text) / 2;

	if (hex_parse(text, buf_reserve(out, len), len) != ERR_OK)
		return false;
	buf_added(out, len);
	return true;
}

/* The texts of the JSON as what they stand for. */
static bool decode(json_t *root, struct content *c, struct diag *diag)
{
	const char *attempt, *statement, *signature, *key;
	size_t before = diag->length;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:s,s:s,s:s,s:s}", "attempt", &attempt,
			   "statement", &statement, "signature", &signature, "public_key",
			   &key) < 0) {
		complain(diag, "form",
			 "a receipt has attempt, statement, signature and public_key");
		return false;
	}
	if (!read_attempt(attempt, &c->attempt))
		complain(diag, "attempt", "no number of an attempt");
	if (!read_statement(statement, &c->statement))
		complain(diag, "statement", "a statement is hex digits, two for a byte");
	if (hex_parse(signature, c->signature, sizeof c->signature) != ERR_OK)
		complain(diag, "signature", "a signature has 128 hex digits");
	if (hex_parse(key, c->key, sizeof c->key) != ERR_OK)
		complain(diag, "key", "a public key has 64 hex digits");
	return diag->length == before;
}

static struct diag_place place_of(struct bytes file, size_t at)
{
	struct diag_place place = {.line = 1, .column = 1};

	for (size_t i = 0; i < at; i++) {
		place.column++;
		if (file.data[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}

/* Is the file what receipt_put() writes of its content? */
static bool is_as_written(struct bytes file, const struct content *c, struct diag *diag)
{
	struct buf written = {0};
	struct bytes ours;
	size_t same = 0;

	receipt_put(&written, c->attempt, buf_bytes(&c->statement), c->signature, c->key);
	ours = buf_bytes(&written);
	while (same < ours.len && same < file.len && ours.data[same] == file.data[same])
		same++;
	if (same < ours.len || same < file.len)
		diag_add(diag, DIAG_ERROR, place_of(file, same), "form",
			 "a receipt is not written so");
	buf_fini(&written);
	return same == ours.len && same == file.len;
}

/* jansson's -1 is our 0: not known. */
static unsigned number(int n)
{
	return n > 0 ? (unsigned)n : 0;
}

static bool read_content(struct bytes file, struct content *c, struct diag *diag)
{
	json_error_t error;
	json_t *root = json_loadb((const char *)file.data, file.len, 0, &error);
	bool good;

	if (root == NULL) { /* jansson's own words may have the file's bytes in them */
		diag_add(diag, DIAG_ERROR,
			 (struct diag_place){NULL, number(error.line), number(error.column)},
			 "form", "this is no JSON");
		return false;
	}
	good = decode(root, c, diag) && is_as_written(file, c, diag);
	json_decref(root);
	return good;
}

/* ---- Judging -------------------------------------------------------------------------------- */

static void check_statement(const struct content *c, struct diag *diag, struct receipt_found *found)
{
	struct bytes packed = buf_bytes(&c->statement);
	Examd__Record__ReceiptStatement *s =
	    examd__record__receipt_statement__unpack(NULL, packed.len, packed.data);

	if (s == NULL) {
		complain(diag, "statement", "the statement cannot be read");
		return;
	}
	if (s->attempt != c->attempt)
		complain(diag, "statement-attempt", "the statement is of another attempt");
	found->person = s->person;
	found->records = s->records;
	found->answers = s->answers;
	found->closed = s->closed_wall;
	found->supersedes = s->superseded.len > 0;
	snprintf(found->exam, sizeof found->exam, "%s", s->exam);
	for (char *at = found->exam; *at != '\0'; at++)
		if (*at < ' ' || *at > '~') /* whoever wrote the file may have chosen it */
			*at = '?';
	examd__record__receipt_statement__free_unpacked(s, NULL);
}

static void judge(const struct content *c, const uint8_t *trusted, struct diag *diag,
		  struct receipt_found *found)
{
	memcpy(found->public_key, c->key, sizeof found->public_key);
	if (trusted == NULL)
		diag_add(
		    diag, DIAG_WARNING, whole, "no-key",
		    "no public key was given: that of the file proves nothing about who signed");
	else if (memcmp(trusted, c->key, sizeof c->key) != 0)
		complain(diag, "key", "the receipt names another public key");
	if (!signature_holds(trusted == NULL ? c->key : trusted, buf_bytes(&c->statement),
			     bytes_of(c->signature, sizeof c->signature)))
		complain(diag, "signature", "the signature is not of this key and statement");
	check_statement(c, diag, found);
}

enum err receipt_verify(struct bytes file, const uint8_t public_key[SIGNATURE_KEY_SIZE],
			struct diag *diag, struct receipt_found *found)
{
	struct content c = {0};

	*found = (struct receipt_found){0};
	if (file.len > RECEIPT_MOST)
		complain(diag, "form", "no receipt is so long");
	else if (read_content(file, &c, diag))
		judge(&c, public_key, diag, found);
	found->attempt = c.attempt;
	buf_fini(&c.statement);
	return diag_has_errors(diag) ? ERR_BAD_INPUT : ERR_OK;
}
