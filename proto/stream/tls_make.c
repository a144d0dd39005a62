/* Certificates of our own making: one that stands for itself, which clients know by its pin; and
 * one by an authority that signs nothing else, for browsers. */
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

static bool set_name(X509_NAME *name, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1,
					  -1, 0) == 1;
}

/* What a certificate of either kind says; it is not signed yet. */
static bool fill_in(X509 *cert, EVP_PKEY *key, const char *subject, int days)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	       set_name(X509_get_subject_name(cert), subject) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) != NULL &&
	       X509_set_pubkey(cert, key) == 1;
}

/* NULL, or the certificate of a server, signed by AUTHORITY's key; without one by its own. */
static X509 *make_server(EVP_PKEY *key, const char *const *names, size_t nnames, int days,
			 X509 *authority, EVP_PKEY *authority_key)
{
	X509 *cert = X509_new();

	if (cert != NULL && fill_in(cert, key, "examd", days) &&
	    X509_set_issuer_name(
		cert, X509_get_subject_name(authority == NULL ? cert : authority)) == 1 &&
	    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	    add_names(cert, names, nnames) &&
	    X509_sign(cert, authority == NULL ? key : authority_key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* "permitted;DNS:a,permitted;IP:1.2.3.4/255.255.255.255": a browser believes it for these only. */
static void put_constraints(struct buf *out, const char *const *names, size_t nnames)
{
	static const char *const all6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
	struct in6_addr address;

	buf_put_text(out, "critical");
	for (size_t i = 0; i < nnames; i++) {
		if (inet_pton(AF_INET, names[i], &address) == 1)
			buf_printf(out, ",permitted;IP:%s/255.255.255.255", names[i]);
		else if (inet_pton(AF_INET6, names[i], &address) == 1)
			buf_printf(out, ",permitted;IP:%s/%s", names[i], all6);
		else
			buf_printf(out, ",permitted;DNS:%s",
				   strncmp(names[i], "*.", 2) == 0 ? names[i] + 2 : names[i]);
	}
}

static X509 *make_authority(EVP_PKEY *key, const char *const *names, size_t nnames, int days)
{
	struct buf constraints = {0};
	X509 *cert = X509_new();
	bool good;

	put_constraints(&constraints, names, nnames);
	good = cert != NULL && fill_in(cert, key, "examd classroom authority", days) &&
	       X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(cert, NID_key_usage, "critical,keyCertSign") &&
	       add_extension(cert, NID_name_constraints, buf_text(&constraints)) &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
	buf_fini(&constraints);
	if (good)
		return cert;
	X509_free(cert);
	return NULL;
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

static bool put_certificate(struct buf *out, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio != NULL && PEM_write_bio_X509(bio, cert) == 1;

	if (good)
		put_bio(out, bio);
	BIO_free(bio);
	return good;
}

static bool put_key(struct buf *out, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good =
	    bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (good)
		put_bio(out, bio);
	BIO_free(bio);
	return good;
}

enum err tls_make_self_signed(const char *const *names, size_t nnames, int days,
			      struct buf *cert_pem, struct buf *key_pem)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	enum err err = ERR_INVALID;

	if (!names_are_good(names, nnames) || days < 1)
		goto out;
	err = ERR_NO_MEMORY;
	if ((key = EVP_EC_gen("P-256")) != NULL &&
	    (cert = make_server(key, names, nnames, days, NULL, NULL)) != NULL &&
	    put_certificate(cert_pem, cert) && put_key(key_pem, key))
		err = ERR_OK;
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

enum err tls_make_signed(const char *const *names, size_t nnames, int days,
			 struct buf *authority_pem, struct buf *cert_pem, struct buf *key_pem)
{
	EVP_PKEY *key = NULL, *authority_key = NULL;
	X509 *cert = NULL, *authority = NULL;
	enum err err = ERR_INVALID;

	if (!names_are_good(names, nnames) || days < 1)
		goto out;
	err = ERR_NO_MEMORY;
	if ((key = EVP_EC_gen("P-256")) != NULL && (authority_key = EVP_EC_gen("P-256")) != NULL &&
	    (authority = make_authority(authority_key, names, nnames, days)) != NULL &&
	    (cert = make_server(key, names, nnames, days, authority, authority_key)) != NULL &&
	    put_certificate(authority_pem, authority) && put_certificate(cert_pem, cert) &&
	    put_key(key_pem, key))
		err = ERR_OK;
out:
	X509_free(cert);
	X509_free(authority);
	EVP_PKEY_free(key);
	EVP_PKEY_free(authority_key); /* and with it the power to sign */
	ERR_clear_error();
	return err;
}
