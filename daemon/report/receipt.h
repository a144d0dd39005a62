/* Receipts: what the server signed when an attempt was closed, as candidates keep it; anybody can
 * verify it without the daemon.  A text of exactly this form, which is JSON:
 *
 *   {
 *     "attempt": "7",
 *     "statement": "a packed ReceiptStatement of record.proto, as hex digits, small letters",
 *     "signature": "Ed25519 over the statement's bytes, 128 digits",
 *     "public_key": "64 digits"
 *   }
 *
 * ending in a line feed.  Whatever is written otherwise, were it a blank more, is not what was
 * given out. */
#ifndef DAEMON_REPORT_RECEIPT_H
#define DAEMON_REPORT_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/report/signature.h"
#include "proto/base/diag.h"
#include "proto/base/err.h"

#define RECEIPT_MOST (64 * 1024) /* bytes; one has about 1,000 */

struct receipt_found {
	int64_t attempt;
	int64_t person;	  /* a random number */
	uint64_t records; /* of the attempt, before its close */
	uint64_t answers; /* that count */
	int64_t closed;	  /* wall time, ms since 1970 */
	char exam[64];	  /* its id, cut where it is longer; printable ASCII only */
	bool supersedes;  /* an earlier one, after a reopening or a rescoring */
	uint8_t public_key[SIGNATURE_KEY_SIZE];
};

/* Does the file begin as a receipt does? */
bool receipt_is(struct bytes file);

/* The text of a receipt. */
void receipt_put(struct buf *out, int64_t attempt, struct bytes statement,
		 const uint8_t signature[SIGNATURE_SIZE],
		 const uint8_t public_key[SIGNATURE_KEY_SIZE]);

/* Checks the form, the signature, and that the statement is of the attempt that is named.  Errors
 * are added to DIAG with their line and column; FOUND is filled in as far as it could be read.
 *
 * PUBLIC_KEY is the one that the reader trusts; NULL takes that of the file, which proves only that
 * the file is of one piece, and is a warning.
 *
 * ERR_BAD_INPUT  DIAG has errors */
MUST_USE enum err receipt_verify(struct bytes file, const uint8_t public_key[SIGNATURE_KEY_SIZE],
				 struct diag *diag, struct receipt_found *found);

#endif
