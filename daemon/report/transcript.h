/* Transcripts: the records of one attempt or sitting in a file that anybody can verify without the
 * daemon.
 *
 *   "examd-transcript 1\n", the installation's Ed25519 public key (32 bytes), then the records from
 *   the first on, as daemon/record/packed.h says: each with its chain value
 *
 * What it proves: no record was changed, left out or put in before the last signed one, because the
 * signature (RFC 8032) covers the number of records before it and their chain value.  What comes
 * after the last signature is chained, but not signed. */
#ifndef DAEMON_REPORT_TRANSCRIPT_H
#define DAEMON_REPORT_TRANSCRIPT_H

#include "daemon/record/record.h"
#include "proto/base/diag.h"

#define TRANSCRIPT_MAGIC    "examd-transcript 1\n"
#define TRANSCRIPT_KEY_SIZE 32

void transcript_begin(struct buf *out, const uint8_t public_key[TRANSCRIPT_KEY_SIZE]);
/* The next record, sealed. */
void transcript_add(struct buf *out, const struct record *r);

struct transcript_found {
	struct subject subject;
	uint64_t records, signatures;
	uint64_t signed_records; /* proved by the last signature */
	uint8_t public_key[TRANSCRIPT_KEY_SIZE];
};

/* Checks every link of the chain, every signature and what is signed: the statement's attempt, its
 * number of records and chain value are those before it, state and score are those of the record,
 * and it names the statement that it supersedes.  All errors are added to DIAG, each naming its
 * record; a transcript without a signature gets a warning.  FOUND is filled in as far as it could
 * be read.
 *
 * PUBLIC_KEY is the one that the reader trusts; NULL takes that of the file, which proves only that
 * the file is of one piece, and is a warning.
 *
 * ERR_BAD_INPUT  DIAG has errors */
MUST_USE enum err transcript_verify(struct bytes file,
				    const uint8_t public_key[TRANSCRIPT_KEY_SIZE],
				    struct diag *diag, struct transcript_found *found);

#endif
