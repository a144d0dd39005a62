/* TLS contexts: TLS 1.3 only, no tickets, no session cache, no early data, strict ALPN.  The only
 * code that touches OpenSSL's SSL stands behind this header and conn.h. */
#ifndef PROTO_STREAM_TLS_H
#define PROTO_STREAM_TLS_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"
#include "proto/base/times.h"

#define ALPN_EXAMD "examd/1"
#define ALPN_H2	   "h2"

struct tls; /* a server's or a client's context */

/* A server: certificate chain and key as PEM.  DETAIL (may be NULL) gets a sentence on failure.
 *
 * ERR_INVALID  they cannot be read, do not belong together, or the key is weaker than P-256 */
MUST_USE enum err tls_server_new(struct tls **out, struct bytes cert_pem, struct bytes key_pem,
				 char detail[256]);

/* A server's context lets clients choose HTTP/2 too; examd/1 is preferred.  conn_is_h2() tells. */
void tls_allow_h2(struct tls *tls);

/* A client.  Exactly one way to trust: PIN (SHA-256 of the server's SPKI, RFC 7469 section 2.4);
 * or, when PIN is NULL, the system's certificate authorities and the host name; or, when ANY is
 * set, whatever key the server shows (then conn_peer_pin() tells it, to be asked about). */
struct tls_trust {
	const struct digest *pin;
	const char *ca_file; /* NULL: the system's */
	bool any;
};
MUST_USE enum err tls_client_new(struct tls **out, const struct tls_trust *trust, char detail[256]);

/* Live connections keep what they need; the context goes with the last of them. */
void tls_free(struct tls *tls);

/* The pin of a certificate: SHA-256 of its SPKI.
 *
 * ERR_INVALID  not a certificate */
MUST_USE enum err tls_pin_of_pem(struct bytes cert_pem, struct digest *pin);

/* When the certificate ends.
 *
 * ERR_INVALID  not a certificate */
MUST_USE enum err tls_end_of_pem(struct bytes cert_pem, struct wall_ms *end);

/* A new ECDSA P-256 key and a self-signed certificate for NAMES (DNS names or addresses), valid for
 * DAYS, as PEM put into the two buffers. */
struct buf;
MUST_USE enum err tls_make_self_signed(const char *const *names, size_t nnames, int days,
				       struct buf *cert_pem, struct buf *key_pem);

/* The same, signed by a certificate authority made for it alone, as PEM put into AUTHORITY_PEM: for
 * browsers, which believe a server when the authority is installed on their machine.  The
 * authority's key is forgotten: it has signed this one certificate and never signs another, and it
 * says itself that it is good for NAMES only (RFC 5280 section 4.2.1.10), so that whoever installs
 * it takes no risk. */
MUST_USE enum err tls_make_signed(const char *const *names, size_t nnames, int days,
				  struct buf *authority_pem, struct buf *cert_pem,
				  struct buf *key_pem);

#endif
