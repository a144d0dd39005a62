/* Takes an exam by a script, without a person: waits for admission and start, answers, waits until
 * all is saved, hands in, fetches the result.
 *
 *   ENTERING -> ANSWERING <-> SAVING -> LEAVING -> ANSWERING     a part after the other
 *                             SAVING -> SUBMITTING -> CLOSED
 *   any -> CLOSED         by the clock or by staff
 *   any -> DONE           with an exit status */
#ifndef CLIENT_TERM_TAKER_H
#define CLIENT_TERM_TAKER_H

#include "client/lib/exam_client.h"
#include "client/term/script.h"

enum taker_exit { TAKER_CLOSED = 0, TAKER_FAILED = 1, TAKER_STOPPED = 3 };

struct taker_config {
	struct exam_client_config client; /* .user and .loop are set by the taker */
	const struct script *script;	  /* borrowed */
	const char *user, *password;	  /* NULL: by slip */
	int64_t sitting;
	bool json;
	int acks_fd; /* of --log-acks; -1: none */
};

/* Runs a loop of its own until it is over. */
int taker_run(const struct taker_config *config);

#endif
