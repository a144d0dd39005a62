/* The loop from inside, for the files of this folder only.
 *
 * One pass: libevent calls what is ready; connections with bytes left inside TLS are read on; then,
 * until nothing is left to tell, ends and beginnings are told, the passes run, and connections that
 * were written to are flushed.  At last what was freed during the pass goes.  Then those who shake
 * hands get SHAKING_MOST_NS, in a pass of their own. */
#ifndef PROTO_STREAM_LOOP_INSIDE_H
#define PROTO_STREAM_LOOP_INSIDE_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/base/log.h"
#include "proto/stream/loop.h"

#define SCRATCH		(16 * 1024) /* the most that one TLS record holds */
#define SHAKING_MOST_NS 3000000	    /* after a pass; one step at least */

struct conn;
TAILQ_HEAD(conn_list, conn);

struct loop {
	struct event_base *base; /* owned */
	bool in_pass, stopping;
	struct mono_ms now;	     /* while in_pass */
	struct loop_pass *passes;    /* borrowed; in order of adding */
	struct loop_pass *next_pass; /* while they run: the one to be called next */
	struct conn_list tell;	     /* on_ready() or on_closed() is due at the end of this pass */
	struct conn_list dirty;	     /* to be flushed at the end of this pass */
	struct conn_list again;	     /* to be read on in the next pass */
	struct conn_list shaking;    /* servers' connections whose handshake can go on */
	size_t nagain;
	struct conn_list dead;	  /* freed in this pass */
	struct log_rate failures; /* of handshakes, told in the log */
	uint8_t scratch[SCRATCH];
};

/* Something is called: the pass has begun, if it had not. */
void loop_begin(struct loop *loop);

/* Of conn.c: each works through one of the lists. */
void conns_tell(struct loop *loop);
void conns_flush(struct loop *loop);
void conns_read_on(struct loop *loop);
void conns_shake(struct loop *loop); /* its beginning, as far as the time allows */
void conns_reap(struct loop *loop);

#endif
