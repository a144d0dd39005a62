#include "proto/stream/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/stream/tls.h"
#include "proto/stream/tls_inside.h"

/* RFC 8446 section 5.1. */
#define RECORD_HEAD	 5
#define RECORD_HANDSHAKE 22

/* How often a client may change its keys.  They are good for 2^24.5 records (RFC 8446 section 5.5),
 * more than an exam ever has, so an honest client does it hardly once.  OpenSSL does not count: it
 * works KeyUpdates off inside one SSL_read_ex(), which takes the next ones from the socket and
 * returns when none is left, so whoever sends nothing else would have the whole loop. */
#define KEY_UPDATES_MOST 32

static bool host_is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static int expect_host(SSL *ssl, const char *host)
{
	if (host_is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
		       void *arg)
{
	struct transport *t = arg;

	(void)version;
	if (sent || type != SSL3_RT_HANDSHAKE || len == 0 ||
	    *(const uint8_t *)data != SSL3_MT_KEY_UPDATE)
		return;
	/* Nothing else ends the call from in here. */
	if (++t->key_updates > KEY_UPDATES_MOST)
		SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

void transport_secure(struct transport *t, const struct tls *tls, const char *host)
{
	t->ssl = SSL_new(tls->ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, t->fd) != 1 ||
	    (host != NULL && expect_host(t->ssl, host) != 1)) {
		ERR_print_errors_fp(stderr);
		abort(); /* only without memory */
	}
	if (!tls->is_server) {
		SSL_set_connect_state(t->ssl);
		return;
	}
	SSL_set_accept_state(t->ssl);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
}

static enum io tls_failure(void)
{
	unsigned long e = ERR_peek_error();

	switch (ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0) {
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_NO_APPLICATION_PROTOCOL:
	case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
		return IO_UNTRUSTED;
	default:
		return IO_FAILED;
	}
}

/* What a call to OpenSSL came to; its queue of errors, which belongs to the thread, is emptied. */
static enum io outcome(SSL *ssl, int rc)
{
	enum io io = IO_FAILED;

	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_NONE:
		return IO_OK;
	case SSL_ERROR_WANT_READ:
		return IO_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return IO_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return IO_END;
	case SSL_ERROR_SSL:
		io = tls_failure();
		break;
	}
	ERR_clear_error();
	return io;
}

static bool alpn_is(const SSL *ssl, const char *wanted)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

bool transport_is_h2(const struct transport *t)
{
	return t->ssl != NULL && alpn_is(t->ssl, ALPN_H2);
}

static enum io errno_outcome(enum io would_block)
{
	return errno == EAGAIN || errno == EINTR ? would_block : IO_FAILED;
}

static void expect_bytes(struct transport *t, int count)
{
	int least = count == 0 ? 1 : count;

	if (t->expected != count &&
	    setsockopt(t->fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0)
		t->expected = count;
}

enum io transport_await_record(struct transport *t, void *room, size_t size)
{
	const uint8_t *head = room;
	ssize_t n = recv(t->fd, room, size, MSG_PEEK);
	int whole = RECORD_HEAD;

	if (n <= 0)
		return n == 0 ? IO_END : errno_outcome(IO_WANT_READ);
	if (head[0] != RECORD_HANDSHAKE)
		return IO_FAILED;
	if (n >= RECORD_HEAD)
		whole += head[3] << 8 | head[4];
	/* Readable with less than was asked for: the rest will not come, or memory is short. */
	if (n < whole && n < (ssize_t)size && whole > t->expected) {
		expect_bytes(t, whole);
		if (t->expected == whole)
			return IO_WANT_READ;
	}
	expect_bytes(t, 0);
	return IO_OK;
}

enum io transport_handshake(struct transport *t)
{
	enum io io;

	if (t->ssl == NULL)
		return IO_OK;
	ERR_clear_error();
	io = outcome(t->ssl, SSL_do_handshake(t->ssl));
	/* Without ALPN on one side the handshake succeeds, and nobody is asked. */
	if (io == IO_OK && !alpn_is(t->ssl, ALPN_EXAMD) && !alpn_is(t->ssl, ALPN_H2))
		io = IO_UNTRUSTED;
	return io;
}

static enum io read_tls(struct transport *t, void *data, size_t most, size_t *len)
{
	enum io io;

	ERR_clear_error();
	io = outcome(t->ssl, SSL_read_ex(t->ssl, data, most, len));
	/* With nothing after the one too many OpenSSL would wait for more. */
	return io != IO_OK && t->key_updates > KEY_UPDATES_MOST ? IO_FAILED : io;
}

enum io transport_read(struct transport *t, void *data, size_t most, size_t *len)
{
	ssize_t n;

	*len = 0;
	if (t->ssl != NULL)
		return read_tls(t, data, most, len);
	n = read(t->fd, data, most);
	if (n < 0)
		return errno_outcome(IO_WANT_READ);
	*len = (size_t)n;
	return n == 0 ? IO_END : IO_OK;
}

bool transport_has_more(const struct transport *t)
{
	return t->ssl != NULL && SSL_has_pending(t->ssl) == 1;
}

enum io transport_write(struct transport *t, const void *data, size_t most, size_t *len)
{
	ssize_t n;

	*len = 0;
	if (t->ssl != NULL) {
		ERR_clear_error();
		return outcome(t->ssl, SSL_write_ex(t->ssl, data, most, len));
	}
	n = write(t->fd, data, most);
	if (n < 0)
		return errno_outcome(IO_WANT_WRITE);
	*len = (size_t)n;
	return IO_OK;
}

enum io transport_goodbye(struct transport *t)
{
	int rc;

	if (t->ssl == NULL)
		return IO_OK;
	ERR_clear_error();
	rc = SSL_shutdown(t->ssl); /* 0: sent, the other side's has not come */
	return rc >= 0 ? IO_OK : outcome(t->ssl, rc);
}

enum io transport_finish(struct transport *t)
{
	if (transport_goodbye(t) == IO_WANT_WRITE)
		return IO_WANT_WRITE;
	return shutdown(t->fd, SHUT_WR) == 0 ? IO_OK : IO_FAILED;
}

void transport_close(struct transport *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

struct digest transport_peer_pin(const struct transport *t)
{
	X509 *cert = t->ssl == NULL ? NULL : SSL_get0_peer_certificate(t->ssl);

	return cert == NULL ? (struct digest){{0}} : tls_pin_of_cert(cert);
}
