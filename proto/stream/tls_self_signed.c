/* A certificate that stands for itself; clients know it by its pin. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "proto/stream/tls.h"

#define DAY 86400L

static bool add_name(GENERAL_NAMES *sans, const char *name)
{
	GENERAL_NAME *san = GENERAL_NAME_new();
	struct in6_addr address;
	ASN1_STRING *value;
	int type = GEN_DNS, len = (int)strlen(name);
	const void *data = name;

	if (inet_pton(AF_INET, name, &address) == 1) {
		type = GEN_IPADD;
		data = &address;
		len = 4;
	} else if (inet_pton(AF_INET6, name, &address) == 1) {
		type = GEN_IPADD;
		data = &address;
		len = 16;
	}
	value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
	if (san == NULL || value == NULL || ASN1_STRING_set(value, data, len) != 1) {
		GENERAL_NAME_free(san);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(san, type, value);
	if (sk_GENERAL_NAME_push(sans, san) > 0)
		return true;
	GENERAL_NAME_free(san);
	return false;
}

static bool add_names(X509 *cert, const char *const *names, size_t nnames)
{
	GENERAL_NAMES *sans = sk_GENERAL_NAME_new_null();
	bool good = sans != NULL;
	size_t i;

	for (i = 0; good && i < nnames; i++)
		good = add_name(sans, names[i]);
	good = good && X509_add1_ext_i2d(cert, NID_subject_alt_name, sans, 0, 0) == 1;
	GENERAL_NAMES_free(sans);
	return good;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return good;
}

/* 127 random bits: a serial number is positive. */
static bool set_serial(X509 *cert)
{
	BIGNUM *serial = BN_new();
	bool good = serial != NULL && BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;

	BN_free(serial);
	return good;
}

static bool set_subject(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"examd",
					  -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, name) == 1;
}

static bool fill_in(X509 *cert, EVP_PKEY *key, const char *const *names, size_t nnames, int days)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	       set_subject(cert) && X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) != NULL &&
	       X509_set_pubkey(cert, key) == 1 &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	       add_names(cert, names, nnames) && X509_sign(cert, key, EVP_sha256()) > 0;
}

static void put_bio(struct buf *out, BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	buf_put(out, data, (size_t)len);
}

static bool names_are_good(const char *const *names, size_t nnames)
{
	size_t i;

	for (i = 0; i < nnames; i++)
		if (names[i][0] == '\0' || strlen(names[i]) > 253 ||
		    strspn(names[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.:*") != strlen(names[i]))
			return false;
	return nnames > 0;
}

enum err tls_make_self_signed(const char *const *names, size_t nnames, int days,
			      struct buf *cert_pem, struct buf *key_pem)
{
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_secmem());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	enum err err = ERR_INVALID;

	if (!names_are_good(names, nnames) || days < 1)
		goto out;
	err = ERR_NO_MEMORY;
	if (cert_bio == NULL || key_bio == NULL || key == NULL || cert == NULL ||
	    !fill_in(cert, key, names, nnames, days) || PEM_write_bio_X509(cert_bio, cert) != 1 ||
	    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		goto out;
	put_bio(cert_pem, cert_bio);
	put_bio(key_pem, key_bio);
	err = ERR_OK;
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(key_bio);
	BIO_free(cert_bio);
	ERR_clear_error();
	return err;
}
