/* Connections: bytes in, bytes out, over TLS or a plain socket (a socketpair to another process).
 *
 * A connection reads into a buffer and calls on_data(); whoever handles it takes from the front
 * what is complete.  What is written is queued and flushed at the end of the loop's pass.  Time
 * limits are absolute: a peer that drips bytes does not move them.  Every way to close is alike for
 * the owner: on_closed() once, after the bytes that came before it were offered, and then the
 * connection is gone.  Truncation shows in the frames' lengths, so a missing close_notify is
 * nothing special. */
#ifndef PROTO_STREAM_CONN_H
#define PROTO_STREAM_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/base/bytes.h"
#include "proto/base/ids.h"
#include "proto/stream/loop.h"
#include "proto/stream/tls.h"

struct conn;

enum conn_end {
	CONN_END_PEER,	    /* the other side closed it */
	CONN_END_ERROR,	    /* the socket or TLS failed */
	CONN_END_TIME,	    /* a time limit passed */
	CONN_END_UNTRUSTED, /* the server's key is not the expected one, or no ALPN in common */
	CONN_END_OURS,	    /* conn_close_soon() has drained */
};

/* Embedded in the owner; outlives the connection. */
struct conn_user {
	void (*on_ready)(struct conn_user *user); /* connected, handshake done; may be NULL */
	/* More bytes than at the last call; or the same, when reading goes on after a pause.  Never
	 * called from inside another call of this header. */
	void (*on_data)(struct conn_user *user, struct buf *in);
	void (*on_closed)(struct conn_user *user, enum conn_end why); /* conn is freed after it */
};

/* TLS == NULL: plain.  FD is taken, and made non-blocking.  on_ready() comes at the end of the pass
 * at the earliest, also for a plain one.  The handshake must end within HANDSHAKE.  Nothing of TLS
 * is made for it before the client's first record is there as a whole, and what begins otherwise is
 * cut (CONN_END_ERROR); all who shake hands share three milliseconds after a pass, so that those
 * who are through do not wait for them. */
struct conn *conn_accept(struct loop *loop, int fd, struct tls *tls, struct millis handshake,
			 struct conn_user *user);

/* Connects to HOST:PORT (a name is looked up: this blocks for the look-up; its addresses are tried
 * one after the other) and, with TLS, shakes hands; LIMIT for all of it.  HOST is also the name for
 * SNI and for verification by certificate authorities.
 *
 * ERR_NOT_FOUND  the name has no address;  ERR_IO  the socket failed at once */
MUST_USE enum err conn_connect(struct conn **out, struct loop *loop, const char *host,
			       unsigned port, struct tls *tls, struct millis limit,
			       struct conn_user *user);

/* Ends it now, without on_closed(); what is queued is dropped.  Allowed inside its own callbacks,
 * on_closed() included.  NULL is welcome. */
void conn_free(struct conn *conn);

/* Queue bytes.  Flushed at the end of this pass.  Before on_ready() they wait for it; once the
 * connection is closing or broken they are dropped. */
void conn_write(struct conn *conn, const void *data, size_t len);
/* The queue itself, to append to; call conn_written() after. */
struct buf *conn_out(struct conn *conn);
void conn_written(struct conn *conn);

/* For an owner with a queue of its own: SOURCE is called when the connection's queue is empty and
 * the kernel takes more, appends to OUT what is there to be sent, and calls nothing of this header
 * for this connection.  It comes after conn_written(), and again when what it appended is gone,
 * until it appends nothing. */
void conn_set_source(struct conn *conn, void (*source)(struct conn_user *user, struct buf *out));

/* Bytes queued and not yet taken by the kernel. */
size_t conn_queued(const struct conn *conn);

/* Let the queue drain (at most LIMIT, else CONN_END_TIME), send close_notify and FIN, wait for the
 * other side to close too (for what is left of LIMIT: closing with input unread would reset the
 * connection and lose the last reply), close, on_closed(CONN_END_OURS).  Input is no longer
 * offered, the owner's deadline no longer counts.  on_closed() does not come from inside this call.
 */
void conn_close_soon(struct conn *conn, struct millis limit);

/* Closes with CONN_END_TIME when not renewed or cleared before.  What has come is not offered again
 * then. */
void conn_set_deadline(struct conn *conn, struct millis limit);
void conn_clear_deadline(struct conn *conn);

/* Stop and go on reading: back-pressure.  While paused neither bytes nor an end are told, time
 * limits excepted; on_data() comes again, in the next pass, for what the owner had left in the
 * buffer. */
void conn_pause_reading(struct conn *conn, bool pause);

/* The peer's address as text, "127.0.0.1"; "" for a plain socketpair. */
const char *conn_peer(const struct conn *conn);
/* After on_ready() of a TLS server: HTTP/2 was chosen, not examd/1 (tls_allow_h2()). */
bool conn_is_h2(const struct conn *conn);
/* After on_ready() of a TLS client: the pin of the key that the server showed. */
struct digest conn_peer_pin(const struct conn *conn);

/* A listening socket: calls on_accept with a new descriptor that the callee takes.  When the
 * process is out of descriptors it waits a second and tries again.  FD is taken. */
struct listener;
struct listener_user {
	void (*on_accept)(struct listener_user *user, int fd);
};
struct listener *listener_new(struct loop *loop, int fd, struct listener_user *user);
void listener_pause(struct listener *l, bool pause);
void listener_free(struct listener *l);

/* A bound, listening TCP socket with SO_REUSEADDR, not yet in a loop; HOST may be a name or
 * address. PORT 0 picks one: listen_port() tells.
 *
 * ERR_IN_USE, ERR_FORBIDDEN (a port below 1024), ERR_NOT_FOUND, ERR_IO */
MUST_USE enum err listen_open(const char *host, unsigned port, int *fd_out);
unsigned listen_port(int fd);

#endif
