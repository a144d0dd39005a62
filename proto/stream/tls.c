#include "proto/stream/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/mem.h"
#include "proto/stream/tls_inside.h"

#define SECURITY_BITS 128 /* that of P-256, RSA 3072, Ed25519 */

/* The first is examd/1's, the whole is a server's that allows HTTP/2. */
static const unsigned char alpn_list[] = "\x07" ALPN_EXAMD "\x02" ALPN_H2;
#define ALPN_EXAMD_LEN (1 + 7)
#define ALPN_WHOLE_LEN (sizeof alpn_list - 1)
_Static_assert(ALPN_WHOLE_LEN == ALPN_EXAMD_LEN + 1 + 2, "the length stands before the name");

/* The sentence, with what OpenSSL has to say, whose queue of errors is emptied. */
static enum err refuse(char detail[256], const char *sentence)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (detail != NULL)
		snprintf(detail, 256, "%s%s%s", sentence, reason == NULL ? "" : ": ",
			 reason == NULL ? "" : reason);
	ERR_clear_error();
	return ERR_INVALID;
}

static struct tls *tls_new(bool is_server)
{
	struct tls *tls = mem_new(sizeof *tls);
	SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
					  "TLS_CHACHA20_POLY1305_SHA256") != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 0) != 1) {
		ERR_print_errors_fp(stderr);
		abort(); /* only without memory, or with an OpenSSL that cannot do TLS 1.3 */
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* A missing close_notify is nothing special: frames tell what is missing. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	*tls = (struct tls){.ctx = ctx, .users = 1, .is_server = is_server};
	return tls;
}

struct tls *tls_share(struct tls *tls)
{
	tls->users++;
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL || --tls->users > 0)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

/* ---- A server ------------------------------------------------------------------------------- */

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
		       const unsigned char *in, unsigned inlen, void *arg)
{
	const struct tls *tls = arg;
	unsigned list = tls->allows_h2 ? ALPN_WHOLE_LEN : ALPN_EXAMD_LEN;
	unsigned char *name;

	(void)ssl;
	if (SSL_select_next_proto(&name, outlen, alpn_list, list, in, inlen) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = name;
	return SSL_TLSEXT_ERR_OK;
}

/* A key with a passphrase is refused; nobody is there to be asked. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static BIO *bio_of(struct bytes b)
{
	BIO *bio = BIO_new_mem_buf(b.data, (int)b.len);

	if (bio == NULL)
		abort(); /* only without memory */
	return bio;
}

static X509 *read_cert(BIO *bio)
{
	return PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
}

static enum err use_chain(SSL_CTX *ctx, struct bytes pem, char detail[256])
{
	BIO *bio = bio_of(pem);
	X509 *cert = read_cert(bio);
	enum err err = ERR_OK;

	if (cert == NULL)
		err = refuse(detail, "there is no certificate in PEM form");
	else if (SSL_CTX_use_certificate(ctx, cert) != 1)
		err = refuse(detail, "the certificate cannot be used");
	X509_free(cert);
	while (err == ERR_OK && (cert = read_cert(bio)) != NULL)
		if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			err = refuse(detail, "a certificate of the chain cannot be used");
		}
	if (err == ERR_OK && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		err = refuse(detail, "a certificate of the chain cannot be read");
	ERR_clear_error(); /* "no start line" is how the chain ends */
	BIO_free(bio);
	return err;
}

static enum err use_key(SSL_CTX *ctx, struct bytes pem, char detail[256])
{
	BIO *bio = bio_of(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	enum err err = ERR_OK;

	if (key == NULL)
		err = refuse(detail, "there is no private key in PEM form without a passphrase");
	else if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS)
		err = refuse(detail, "the key is weaker than ECDSA P-256 or RSA 3072");
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		err = refuse(detail, "certificate and key do not belong together");
	EVP_PKEY_free(key);
	BIO_free(bio);
	return err;
}

enum err tls_server_new(struct tls **out, struct bytes cert_pem, struct bytes key_pem,
			char detail[256])
{
	struct tls *tls = tls_new(true);
	enum err err;

	SSL_CTX_set_alpn_select_cb(tls->ctx, select_alpn, tls);
	if ((err = use_chain(tls->ctx, cert_pem, detail)) != ERR_OK)
		goto out;
	if ((err = use_key(tls->ctx, key_pem, detail)) != ERR_OK)
		goto out;
	*out = tls;
	tls = NULL;
out:
	tls_free(tls);
	return err;
}

void tls_allow_h2(struct tls *tls)
{
	tls->allows_h2 = true;
}

/* ---- A client ------------------------------------------------------------------------------- */

/* In place of verifying a chain: is it the expected key?  That the server has it, is proved by the
 * handshake itself. */
static int pin_fits(X509_STORE_CTX *store, void *arg)
{
	const struct tls *tls = arg;
	struct digest shown = tls_pin_of_cert(X509_STORE_CTX_get0_cert(store));

	if (digest_equal(&shown, &tls->pin))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

static int any_key(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static enum err use_authorities(SSL_CTX *ctx, const char *ca_file, char detail[256])
{
	if (ca_file == NULL ? SSL_CTX_set_default_verify_paths(ctx) == 1
			    : SSL_CTX_load_verify_file(ctx, ca_file) == 1)
		return ERR_OK;
	return refuse(detail, "the certificates to trust cannot be read");
}

enum err tls_client_new(struct tls **out, const struct tls_trust *trust, char detail[256])
{
	struct tls *tls = tls_new(false);
	enum err err = ERR_OK;

	if (SSL_CTX_set_alpn_protos(tls->ctx, alpn_list, ALPN_EXAMD_LEN) != 0)
		abort(); /* only without memory */
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	if (trust->pin != NULL) {
		tls->pin = *trust->pin;
		SSL_CTX_set_cert_verify_callback(tls->ctx, pin_fits, tls);
	} else if (trust->any) {
		SSL_CTX_set_cert_verify_callback(tls->ctx, any_key, NULL);
	} else {
		err = use_authorities(tls->ctx, trust->ca_file, detail);
	}
	if (err == ERR_OK)
		*out = tls;
	else
		tls_free(tls);
	return err;
}

/* ---- Pins ----------------------------------------------------------------------------------- */

struct digest tls_pin_of_cert(X509 *cert)
{
	struct digest pin = {{0}};
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (len > 0)
		pin = digest_of(der, (size_t)len);
	OPENSSL_free(der);
	return pin;
}

enum err tls_pin_of_pem(struct bytes cert_pem, struct digest *pin)
{
	BIO *bio = bio_of(cert_pem);
	X509 *cert = read_cert(bio);
	enum err err = cert == NULL ? ERR_INVALID : ERR_OK;

	if (cert != NULL)
		*pin = tls_pin_of_cert(cert);
	X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

enum err tls_end_of_pem(struct bytes cert_pem, struct wall_ms *end)
{
	BIO *bio = bio_of(cert_pem);
	X509 *cert = read_cert(bio);
	struct tm tm;
	enum err err = ERR_INVALID;

	if (cert != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1) {
		end->v = (int64_t)timegm(&tm) * 1000;
		err = ERR_OK;
	}
	X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	return err;
}
