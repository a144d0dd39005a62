/* Transcripts: the records of one attempt or sitting in a file that anybody can verify without the
 * daemon.
 *
 *   "examd-transcript 2\n", the installation's Ed25519 public key (32 bytes), then the records from
 *   the first on, as daemon/record/packed.h says: each with its chain value; at the end 64 bytes,
 *   the signature (RFC 8032) over everything before it
 *
 * What it proves: the installation gave out exactly these records; none was changed, left out, put
 * in or cut off.  The statements that were signed when the attempt was closed stand in their
 * records and count the records before them, so that they hold by themselves. */
#ifndef DAEMON_REPORT_TRANSCRIPT_H
#define DAEMON_REPORT_TRANSCRIPT_H

#include "daemon/record/record.h"
#include "daemon/report/signature.h"
#include "proto/base/diag.h"

#define TRANSCRIPT_MAGIC "examd-transcript 2\n"

void transcript_begin(struct buf *out, const uint8_t public_key[SIGNATURE_KEY_SIZE]);
/* The next record, sealed. */
void transcript_add(struct buf *out, const struct record *r);
/* Signs the whole of it; SIGN is Ed25519 with KEY, that of the public key above. */
void transcript_end(struct buf *out,
		    void (*sign)(void *key, struct bytes content,
				 uint8_t signature[SIGNATURE_SIZE]),
		    void *key);

struct transcript_found {
	struct subject subject;
	uint64_t records, signatures;
	uint64_t signed_records; /* proved by the last signature */
	uint8_t public_key[SIGNATURE_KEY_SIZE];
};

/* Checks every link of the chain, the signature at the end, every other and what is signed: the
 * statement's attempt, its number of records and chain value are those before it, state and score
 * are those of the record, and it names the statement that it supersedes.  All errors are added to
 * DIAG, each naming its record; a transcript without a signature gets a warning.  FOUND is filled
 * in as far as it could be read.
 *
 * PUBLIC_KEY is the one that the reader trusts; NULL takes that of the file, which proves only that
 * the file is of one piece, and is a warning.
 *
 * ERR_BAD_INPUT  DIAG has errors */
MUST_USE enum err transcript_verify(struct bytes file, const uint8_t public_key[SIGNATURE_KEY_SIZE],
				    struct diag *diag, struct transcript_found *found);

#endif
