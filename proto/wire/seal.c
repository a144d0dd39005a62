#include "proto/wire/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO   "examd form 1"
#define NINFO  (sizeof INFO - 1)
#define SHA256 32

static const uint8_t nonce[12];

/* libcrypto refuses only when it has no memory or no such algorithm; then nothing can go on. */
static void must(int done)
{
	if (done == 1)
		return;
	ERR_print_errors_fp(stderr);
	abort();
}

static void hmac(const uint8_t *key, size_t nkey, const uint8_t *data, size_t len,
		 uint8_t out[SHA256])
{
	must(HMAC(EVP_sha256(), key, (int)nkey, data, len, out, NULL) != NULL);
}

/* RFC 5869: extract, then the one block of expand that 32 bytes need. */
void seal_key(const uint8_t secret[32], struct attempt_id attempt, uint32_t part,
	      const struct digest *plain_hash, uint8_t key[SEAL_KEY])
{
	static const uint8_t no_salt[SHA256];
	uint8_t prk[SHA256], info[NINFO + 8 + 4 + SHA256 + 1];

	hmac(no_salt, sizeof no_salt, secret, 32, prk);
	memcpy(info, INFO, NINFO);
	u64_write(info + NINFO, (uint64_t)attempt.v);
	u32_write(info + NINFO + 8, part);
	memcpy(info + NINFO + 12, plain_hash->b, SHA256);
	info[sizeof info - 1] = 1;
	hmac(prk, sizeof prk, info, sizeof info, key);
	OPENSSL_cleanse(prk, sizeof prk);
}

void seal_close(const uint8_t key[SEAL_KEY], struct bytes plain, struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *p = buf_reserve(out, plain.len + SEAL_TAG);
	int n = 0, last = 0;

	must(ctx != NULL);
	must(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce));
	must(EVP_EncryptUpdate(ctx, p, &n, plain.data, (int)plain.len));
	must(EVP_EncryptFinal_ex(ctx, p + n, &last));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG, p + plain.len));
	buf_added(out, plain.len + SEAL_TAG);
	EVP_CIPHER_CTX_free(ctx);
}

enum err seal_open(const uint8_t key[SEAL_KEY], struct bytes sealed, struct buf *out)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t tag[SEAL_TAG], *p;
	size_t len;
	int n = 0, last = 0, good;

	if (sealed.len < SEAL_TAG || sealed.len > INT32_MAX)
		return ERR_CORRUPT;
	len = sealed.len - SEAL_TAG;
	memcpy(tag, sealed.data + len, SEAL_TAG);
	p = buf_reserve(out, len + SEAL_TAG);
	ctx = EVP_CIPHER_CTX_new();
	must(ctx != NULL);
	must(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce));
	must(EVP_DecryptUpdate(ctx, p, &n, sealed.data, (int)len));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag));
	good = EVP_DecryptFinal_ex(ctx, p + n, &last);
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	if (good != 1)
		return ERR_CORRUPT;
	buf_added(out, len);
	return ERR_OK;
}
