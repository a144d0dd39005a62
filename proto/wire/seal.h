/* The sealed form: AES-256-GCM under a key of its own for every part of every attempt.
 *
 * key = HKDF-SHA256(ikm = installation secret, salt = "", info = "examd form 1" || u64 attempt ||
 * u32 part || SHA-256 of the plaintext), RFC 5869.  A key seals one plaintext only, so the nonce is
 * twelve zero bytes.  The ciphertext is followed by the 16-byte tag; no additional data. */
#ifndef PROTO_WIRE_SEAL_H
#define PROTO_WIRE_SEAL_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"

#define SEAL_KEY 32
#define SEAL_TAG 16

void seal_key(const uint8_t secret[32], struct attempt_id attempt, uint32_t part,
	      const struct digest *plain_hash, uint8_t key[SEAL_KEY]);

/* Appends ciphertext and tag to OUT: plain.len + SEAL_TAG bytes. */
void seal_close(const uint8_t key[SEAL_KEY], struct bytes plain, struct buf *out);

/* Appends the plaintext to OUT.
 *
 * ERR_CORRUPT  the tag does not fit: another key or changed bytes; OUT is as it was */
MUST_USE enum err seal_open(const uint8_t key[SEAL_KEY], struct bytes sealed, struct buf *out);

#endif
