/* DIR/secrets: keys that are not in the database, each a file of mode 0600. */
#ifndef DAEMON_SERVICE_SECRETS_H
#define DAEMON_SERVICE_SECRETS_H

#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"

struct secrets {
	uint8_t installation[16]; /* not secret: the number of this installation */
	uint8_t slip_key[32];
	uint8_t seal_key[32];
	uint8_t sign_seed[32];
	uint8_t sign_secret[64]; /* Ed25519, from the seed */
	uint8_t sign_public[32];
};

/* Makes DIR/secrets with new sign.key, slip.key, seal.key and installation.  The folder may exist;
 * none of the files may.
 *
 * ERR_EXISTS, ERR_IO, ERR_DISK_FULL */
MUST_USE enum err secrets_make(const char *dir);

/* ERR_NOT_FOUND  a file is missing;  ERR_CORRUPT  a file has another length;
 * ERR_INVALID  others than the owner may read one;  ERR_IO */
MUST_USE enum err secrets_read(struct secrets *out, const char *dir);
void secrets_wipe(struct secrets *s);

/* Ed25519 (RFC 8032); KEY is a struct secrets.  For engine_config. */
void secrets_sign(void *key, struct bytes statement, uint8_t signature[64]);

/* HMAC-SHA-256 under the slip key. */
struct digest secrets_slip_hmac(const struct secrets *s, struct bytes canonical_slip);

#endif
