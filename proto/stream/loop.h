/* The loop: one thread that waits for descriptors, timers and signals.  The only code that touches
 * libevent stands behind this header and conn.h.
 *
 * Everything that fires later is embedded in its owner and found again with container_of(); its
 * owner stops it before it is freed.  Nothing here may be called from another thread. */
#ifndef PROTO_STREAM_LOOP_H
#define PROTO_STREAM_LOOP_H

#include <stdbool.h>

#include "proto/base/err.h"
#include "proto/base/times.h"

struct event; /* libevent's */
struct loop;

/* Must be made after fork().  Ignores SIGPIPE for the process.  Failure ends the process. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop(); the pass under way is finished, its connections flushed. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* The time when this pass of the loop began to work: one clock reading a pass.  Outside of a pass:
 * the time. */
struct mono_ms loop_now(const struct loop *loop);

/* Called at the end of every pass in which anything was called, in the order of adding; again in
 * the same pass when flushing the connections has told somebody of an end.  Connections are flushed
 * after it, so it may write.  It may remove itself or others. */
struct loop_pass {
	void (*on_pass)(struct loop_pass *pass);
	struct loop_pass *next; /* the loop's */
};
void loop_add_pass(struct loop *loop, struct loop_pass *pass);
void loop_remove_pass(struct loop *loop, struct loop_pass *pass);

struct timer {
	void (*on_time)(struct timer *timer);
	struct event *ev;  /* the loop's */
	struct loop *loop; /* borrowed */
	struct mono_ms until;
};
void timer_init(struct timer *t, struct loop *loop, void (*on_time)(struct timer *t));
/* Fires once, when loop_now() is DELAY later than now at the earliest; a timer that was set is set
 * anew. */
void timer_set(struct timer *t, struct millis delay);
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);
void timer_fini(struct timer *t);

/* A descriptor that is readable (or, when asked, writable): on_ready() comes in every pass while it
 * is.  Nothing is watched before watch_set().  Not owned: end the watch before closing it. */
struct watch {
	void (*on_ready)(struct watch *w, bool readable, bool writable);
	struct event *read_ev, *write_ev; /* the loop's */
	struct loop *loop;
	int fd;
};
void watch_init(struct watch *w, struct loop *loop, int fd,
		void (*on_ready)(struct watch *w, bool readable, bool writable));
void watch_set(struct watch *w, bool read, bool write);
void watch_fini(struct watch *w);

struct signal_watch {
	void (*on_signal)(struct signal_watch *s, int number);
	struct event *ev;
	struct loop *loop;
	int number;
};
void signal_watch_init(struct signal_watch *s, struct loop *loop, int number,
		       void (*on_signal)(struct signal_watch *s, int number));
void signal_watch_fini(struct signal_watch *s);

#endif
