#include "daemon/report/signature.h"

#include <openssl/evp.h>

bool signature_holds(const uint8_t key[SIGNATURE_KEY_SIZE], struct bytes content,
		     struct bytes signature)
{
	EVP_PKEY *pkey =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, SIGNATURE_KEY_SIZE);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
	    pkey != NULL && ctx != NULL && signature.len == SIGNATURE_SIZE &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.len, content.data, content.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good;
}
