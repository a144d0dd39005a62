#include "daemon/report/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/record.h"
#include "proto/base/mem.h"

#define BEGINNING  "{\n  \"attempt\": \""
#define STATEMENT  "\",\n  \"statement\": \""
#define SIGNATURE  "\",\n  \"signature\": \""
#define PUBLIC_KEY "\",\n  \"public_key\": \""
#define END	   "\"\n}\n"

bool receipt_is(struct bytes file)
{
	return file.len > 0 && file.data[0] == BEGINNING[0];
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
	buf_printf(out, BEGINNING "%lld" STATEMENT, (long long)attempt);
	put_hex(out, statement);
	buf_put_text(out, SIGNATURE);
	put_hex(out, bytes_of(signature, SIGNATURE_SIZE));
	buf_put_text(out, PUBLIC_KEY);
	put_hex(out, bytes_of(public_key, SIGNATURE_KEY_SIZE));
	buf_put_text(out, END);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* What a receipt says, as far as it could be read. */
struct content {
	int64_t attempt;
	struct buf statement, signature, key;
};

struct reading {
	struct bytes file;
	size_t at;
	struct diag *diag; /* borrowed */
};

static struct diag_place place_of(const struct reading *r, size_t at)
{
	struct diag_place place = {.line = 1, .column = 1};

	for (size_t i = 0; i < at && i < r->file.len; i++) {
		place.column++;
		if (r->file.data[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}

static bool expect(struct reading *r, const char *text)
{
	size_t len = strlen(text), same = 0;

	while (same < len && r->at + same < r->file.len &&
	       r->file.data[r->at + same] == (uint8_t)text[same])
		same++;
	if (same < len)
		diag_add(r->diag, DIAG_ERROR, place_of(r, r->at + same), "form",
			 r->at + same == r->file.len ? "the receipt ends here"
						     : "a receipt does not read so");
	r->at += same;
	return same == len;
}

/* As it would be written: no zeros before it. */
static bool read_attempt(struct reading *r, int64_t *out)
{
	size_t from = r->at;

	*out = 0;
	while (r->at < r->file.len && r->file.data[r->at] >= '0' && r->file.data[r->at] <= '9' &&
	       *out < INT64_MAX / 10)
		*out = *out * 10 + (r->file.data[r->at++] - '0');
	if (*out > 0 && r->file.data[from] != '0')
		return true;
	diag_add(r->diag, DIAG_ERROR, place_of(r, from), "attempt", "no number of an attempt");
	return false;
}

static int digit_of(uint8_t c)
{
	const char *at = memchr("0123456789abcdef", c, 16);

	return at == NULL ? -1 : (int)(at - "0123456789abcdef");
}

/* Pairs of digits up to what is none. */
static void read_hex(struct reading *r, struct buf *out)
{
	for (; r->at + 1 < r->file.len; r->at += 2) {
		int high = digit_of(r->file.data[r->at]), low = digit_of(r->file.data[r->at + 1]);

		if (high < 0 || low < 0)
			return;
		buf_put_u8(out, (uint8_t)(high << 4 | low));
	}
}

static bool read_content(struct reading *r, struct content *c)
{
	if (!expect(r, BEGINNING) || !read_attempt(r, &c->attempt) || !expect(r, STATEMENT))
		return false;
	read_hex(r, &c->statement);
	if (!expect(r, SIGNATURE))
		return false;
	read_hex(r, &c->signature);
	if (!expect(r, PUBLIC_KEY))
		return false;
	read_hex(r, &c->key);
	if (!expect(r, END))
		return false;
	if (r->at == r->file.len)
		return true;
	diag_add(r->diag, DIAG_ERROR, place_of(r, r->at), "form", "something follows the receipt");
	return false;
}

/* ---- Judging -------------------------------------------------------------------------------- */

static const struct diag_place whole;

static void complain(struct diag *diag, const char *id, const char *text)
{
	diag_add(diag, DIAG_ERROR, whole, id, "%s", text);
}

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
	const uint8_t *key = buf_bytes(&c->key).data;

	if (buf_length(&c->key) != SIGNATURE_KEY_SIZE) {
		complain(diag, "key", "a public key has 64 digits");
		return;
	}
	memcpy(found->public_key, key, sizeof found->public_key);
	if (trusted == NULL)
		diag_add(
		    diag, DIAG_WARNING, whole, "no-key",
		    "no public key was given: that of the file proves nothing about who signed");
	else if (memcmp(trusted, key, SIGNATURE_KEY_SIZE) != 0)
		complain(diag, "key", "the receipt names another public key");
	if (!signature_holds(trusted == NULL ? key : trusted, buf_bytes(&c->statement),
			     buf_bytes(&c->signature)))
		complain(diag, "signature", "the signature is not of this key and statement");
	check_statement(c, diag, found);
}

enum err receipt_verify(struct bytes file, const uint8_t public_key[SIGNATURE_KEY_SIZE],
			struct diag *diag, struct receipt_found *found)
{
	struct reading r = {.file = file, .diag = diag};
	struct content c = {0};

	*found = (struct receipt_found){0};
	if (file.len > RECEIPT_MOST)
		complain(diag, "form", "no receipt is so long");
	else if (read_content(&r, &c))
		judge(&c, public_key, diag, found);
	found->attempt = c.attempt;
	buf_fini(&c.statement);
	buf_fini(&c.signature);
	buf_fini(&c.key);
	return diag_has_errors(diag) ? ERR_BAD_INPUT : ERR_OK;
}
