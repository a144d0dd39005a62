/* The leash: what the supervisor and its children say to each other, over a SOCK_SEQPACKET
 * socketpair.  A message is one letter, a payload, and sometimes a descriptor.
 *
 *   to a front    'C' + descriptor   a new channel to the core; no payload
 *                 'K'                certificate and key: u32 length of the first, then both as PEM
 *                 'O'                settings that have changed: see below
 *                 'S'                stop: let out what is said, then exit with 0
 *   to the core   'F' + descriptor   a new channel to a front: u32 number, u32 pid
 *                 'O'                settings, and how often processes were started
 *                 'S'                stop
 *   from the core 'R'                ready: recovered, and serving the channels that it is given
 *
 * all numbers big-endian.  A child whose leash is at its end exits at once: nobody would stop it or
 * start it again. */
#ifndef DAEMON_FRONT_LEASH_H
#define DAEMON_FRONT_LEASH_H

#include <stdint.h>

#include "daemon/front/front.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/base/times.h"

enum leash_letter {
	LEASH_CORE_CHANNEL = 'C',
	LEASH_KEYS = 'K',
	LEASH_FRONT_CHANNEL = 'F',
	LEASH_READY = 'R',
	LEASH_SETTINGS = 'O',
	LEASH_STOP = 'S',
};

#define LEASH_MOST 65536 /* bytes of a payload */

struct leash_message {
	enum leash_letter letter;
	int fd; /* the receiver's to close; -1: none came */
	size_t len;
	uint8_t payload[LEASH_MOST];
};

/* A new leash: one end each, both close-on-exec.  ERR_IO */
MUST_USE enum err leash_pair(int fd_out[2]);

/* Sends one message, without waiting for room.  FD_TO_PASS is still the caller's, and may be
 * closed; -1: none.
 *
 * ERR_CLOSED     the other end is gone
 * ERR_BUSY       the other end reads nothing, and its queue is full
 * ERR_TOO_LARGE  the payload is longer than LEASH_MOST
 * ERR_IO */
MUST_USE enum err leash_send(int fd, enum leash_letter letter, struct bytes payload,
			     int fd_to_pass);

/* Receives one message, without waiting for it.
 *
 * ERR_NOT_FOUND  there is none now
 * ERR_CLOSED     the other end is gone
 * ERR_PROTOCOL   an empty message or an unknown letter; it was taken, its descriptor closed
 * ERR_IO */
MUST_USE enum err leash_receive(int fd, struct leash_message *out);

/* The payload of 'F'.  ERR_PROTOCOL  another length, or no descriptor */
void leash_front_put(struct buf *payload, uint32_t number, uint32_t pid);
MUST_USE enum err leash_front_read(const struct leash_message *m, uint32_t *number, uint32_t *pid);

/* The payload of 'K'; the two views are borrowed from the message.  ERR_PROTOCOL */
void leash_keys_put(struct buf *payload, struct bytes cert_pem, struct bytes key_pem);
MUST_USE enum err leash_keys_read(const struct leash_message *m, struct bytes *cert_pem,
				  struct bytes *key_pem);

/* The payload of 'O': what may change while examd runs.  Each child takes what it needs. */
struct leash_settings {
	struct front_settings front;
	enum log_level log_level;
	struct millis metrics_every;	    /* 0: never */
	uint32_t core_starts, front_starts; /* of processes, since the supervisor began */
};
void leash_settings_put(struct buf *payload, const struct leash_settings *settings);
/* ERR_PROTOCOL  another length, or no level of the log */
MUST_USE enum err leash_settings_read(const struct leash_message *m, struct leash_settings *out);

#endif
