/* For a harness: what the server has acknowledged, a line each: attempt, item, seat, revision and
 * SHA-256 of the packed Answer in hex; tests/audit reads it. */
#ifndef CLIENT_TERM_ACK_LOG_H
#define CLIENT_TERM_ACK_LOG_H

#include "client/lib/exam_client.h"

/* In one write, so that no line is torn.  FD below 0 does nothing.  False: it could not be written.
 */
bool ack_log(int fd, const struct exam_client *client, const Examd__V1__Answer *answer);

#endif
