/* The journal: every answer that was put on this device for one attempt, on disk before it is sent,
 * kept until the receipt.
 *
 * An append-only file in the state directory, of one (server key, attempt):
 *
 *   "EXAMJNL1" | pin, 32 bytes | u64 attempt            the head
 *   u32 length | 8 bytes of SHA-256(length, body) | body      an entry; body = kind byte, content
 *
 * all big-endian.  Kind 'A': an Answer as it goes over the wire.  Kind 'S': u32 item, seat,
 * revision, error: the server's word on it (not synced: losing it costs only a resend).  Kind 'L':
 * u32 item that was looked at; kind 'M': u32 item, then u8 where, u32 from, u32 to of each of its
 * highlights (traces.h; not synced either).  Other kinds are another release's, and left out.
 * Reading stops at the first entry that is not whole or whose checksum is wrong; the file is cut
 * there, because that is where a write was torn, and what was torn was not sent. */
#ifndef CLIENT_LIB_JOURNAL_H
#define CLIENT_LIB_JOURNAL_H

#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/ids.h"

struct journal;

/* Kinds of entries that journal_trace() writes. */
#define JOURNAL_LOOKED 'L'
#define JOURNAL_MARKED 'M'

/* on_trace() may be NULL. */
struct journal_reader {
	void (*on_answer)(struct journal_reader *r, struct bytes answer);
	void (*on_settled)(struct journal_reader *r, struct item_no item, struct seat_no seat,
			   uint32_t revision, enum err err);
	void (*on_trace)(struct journal_reader *r, uint8_t kind, struct bytes content);
};

/* Opens the journal, makes it where it is missing, and tells READER every entry in order.
 *
 * ERR_IN_USE     another client on this machine has it open
 * ERR_CORRUPT    the head is another's
 * ERR_FORBIDDEN, ERR_DISK_FULL, ERR_IO */
MUST_USE enum err journal_open(struct journal **out, const char *dir, const struct digest *pin,
			       struct attempt_id attempt, struct journal_reader *reader);
void journal_close(struct journal *j); /* NULL is welcome */

/* On disk when it returns ERR_OK.  Otherwise the file is as it was.
 *
 * ERR_DISK_FULL, ERR_IO */
MUST_USE enum err journal_put(struct journal *j, struct bytes answer);
void journal_settled(struct journal *j, struct item_no item, struct seat_no seat, uint32_t revision,
		     enum err err);

/* What is no answer; may be lost. */
void journal_trace(struct journal *j, uint8_t kind, struct bytes content);

/* The receipt is here: the file is removed, the journal closed. */
void journal_remove(struct journal *j);

/* How many bytes of a torn tail were cut at opening. */
size_t journal_cut(const struct journal *j);

#endif
