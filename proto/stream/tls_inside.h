/* TLS contexts from inside, for the files of this folder only. */
#ifndef PROTO_STREAM_TLS_INSIDE_H
#define PROTO_STREAM_TLS_INSIDE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "proto/stream/tls.h"

struct tls {
	SSL_CTX *ctx; /* owned */
	unsigned users;
	bool is_server, allows_h2;
	struct digest pin; /* when the context checks one */
};

/* One more user; each calls tls_free(). */
struct tls *tls_share(struct tls *tls);

/* SHA-256 of the SPKI. */
struct digest tls_pin_of_cert(X509 *cert);

#endif
