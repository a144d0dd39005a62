/* A worker: one thread with a bounded queue of jobs, for what must not block a loop (hashing a
 * password, reading a report).  A job is run on the thread, then handed back to the thread that
 * owns the worker, which polls worker_fd() and calls worker_settle(). */
#ifndef PROTO_BASE_WORKER_H
#define PROTO_BASE_WORKER_H

#include <stddef.h>

#include "proto/base/err.h"

struct worker;

/* Embedded in whatever the job is about (container_of finds it). */
struct job {
	void (*run)(struct job *job);  /* on the worker's thread */
	void (*done)(struct job *job); /* on the owner's thread; may free the job */
	struct job *next;	       /* the worker's */
};

/* A worker whose queue holds at most MOST jobs, those under way and not yet settled included. */
struct worker *worker_new(size_t most);

/* Waits for the job under way; jobs not yet run are dropped: their done() is called without run(),
 * as are those run but not settled. */
void worker_free(struct worker *w);

/* Takes the job until its done().
 *
 * ERR_BUSY  the queue is full; the job is still the caller's */
MUST_USE enum err worker_add(struct worker *w, struct job *job);

/* Readable when there is something to settle. */
int worker_fd(const struct worker *w);

/* Calls done() of every finished job. */
void worker_settle(struct worker *w);

#endif
