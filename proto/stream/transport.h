/* A descriptor with or without TLS, non-blocking; for the files of this folder only. */
#ifndef PROTO_STREAM_TRANSPORT_H
#define PROTO_STREAM_TRANSPORT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/base/ids.h"

struct tls;

struct transport {
	int fd;	      /* owned; -1: none */
	SSL *ssl;     /* owned; NULL: plain, or a server whose client has said nothing yet */
	int expected; /* bytes below which the descriptor is not readable; 0: one is enough */
	unsigned key_updates; /* that a server's client has sent */
};

enum io {
	IO_OK,
	IO_WANT_READ,  /* again when the descriptor is readable */
	IO_WANT_WRITE, /* again when it is writable */
	IO_END,	       /* the other side sends no more */
	IO_FAILED,
	IO_UNTRUSTED, /* handshake: the key is not the expected one, or no ALPN in common */
};

/* Adds TLS to the descriptor.  HOST is the client's: whom it expects; NULL for a server.  T stays
 * where it is until transport_close(). */
void transport_secure(struct transport *t, const struct tls *tls, const char *host);
/* Before a server's transport_secure(): is the first record of a handshake there as a whole?  Until
 * it is the descriptor is not readable either, whatever drips in.  IO_OK also when it cannot be
 * told; IO_WANT_READ: again when it is readable; IO_FAILED: what came begins no handshake.  ROOM,
 * of SIZE bytes, is scratch. */
enum io transport_await_record(struct transport *t, void *room, size_t size);
enum io transport_handshake(struct transport *t);
/* Was HTTP/2 chosen?  After the handshake. */
bool transport_is_h2(const struct transport *t);
/* IO_FAILED also when a server's client changes its keys again and again. */
enum io transport_read(struct transport *t, void *data, size_t most, size_t *len);
/* Does TLS hold bytes that no event will tell of? */
bool transport_has_more(const struct transport *t);
enum io transport_write(struct transport *t, const void *data, size_t most, size_t *len);
/* Says that nothing more follows: close_notify alone, or close_notify and FIN. */
enum io transport_goodbye(struct transport *t);
enum io transport_finish(struct transport *t);
void transport_close(struct transport *t);
struct digest transport_peer_pin(const struct transport *t);

#endif
