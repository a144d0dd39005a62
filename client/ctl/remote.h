/* The connection of one command to the server, used step by step: a call returns its reply.
 *
 * The server, its key and who logs in come from options, then the environment, then the log-in that
 * `examctl login` has kept.  Failures are told on standard error. */
#ifndef CLIENT_CTL_REMOTE_H
#define CLIENT_CTL_REMOTE_H

#include "client/ctl/ctl.h"
#include "client/lib/exam_client.h"

/* Connects and logs in as is needed.  Afterwards ctl->remote is there. */
MUST_USE bool remote_open(struct ctl *ctl);
void remote_close(struct ctl *ctl);

/* One call, sent again over lost connections.  The reply is the remote's until the next call.
 *
 * ERR_TIMEOUT  no answer in the time of --timeout: it is not known whether it was done
 * and whatever the server says; *OUT then tells its detail, and may be NULL */
MUST_USE enum err remote_call(struct ctl *ctl, Examd__V1__Request *request,
			      const Examd__V1__Reply **out);

/* The same, but failures are told; NULL: failed, or the reply is not the one expected. */
const Examd__V1__Reply *remote_ask(struct ctl *ctl, Examd__V1__Request *request,
				   Examd__V1__Reply__BodyCase expected);

/* Tells a refusal in words. */
int remote_refused(enum err err, const Examd__V1__Reply *reply);

/* A file up to the server under a number, for this connection only.
 *
 * ERR_TIMEOUT  the connection was lost: begin again */
MUST_USE enum err remote_upload(struct ctl *ctl, uint32_t number, struct bytes content);

/* A file that the server offers, whole and compared with its hash. */
MUST_USE enum err remote_download(struct ctl *ctl, const Examd__V1__File *file, struct buf *out);

/* Runs the loop until a notice or a change of the link came, at most LIMIT.  For watching. */
struct remote_watcher {
	void (*on_notice)(struct remote_watcher *w, const Examd__V1__Notice *notice);
	/* The link came up, or was lost; may be NULL. */
	void (*on_link)(struct remote_watcher *w, enum link_state state, enum err why);
	bool link_came_up; /* since it was last cleared */
};
void remote_watch(struct ctl *ctl, struct remote_watcher *w);
void remote_wait(struct ctl *ctl, struct millis limit);

/* For a program that runs the loop itself and makes asynchronous calls; borrowed. */
struct loop *remote_loop(const struct ctl *ctl);
struct exam_client *remote_client(const struct ctl *ctl);

/* Of the server, as connected to. */
const struct join *remote_server(const struct ctl *ctl);

/* ---- The log-in that is kept ------------------------------------------------------------- */

int ctl_login(struct ctl *ctl);
int ctl_logout(struct ctl *ctl);
int ctl_passwd(struct ctl *ctl);

#endif
