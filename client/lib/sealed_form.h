/* The sealed form of one attempt: fetched piece by piece as ciphertext, opened when the keys come.
 *
 * The ciphertext of a part is kept in memory, and in the state directory once it is complete, so
 * that a client that starts again need not fetch it.  Whether it is the right one shows only when
 * it is opened: the tag, then SHA-256 of the plaintext against the hash that the server told.  What
 * does not fit is dropped, here and on disk, and is missing again. */
#ifndef CLIENT_LIB_SEALED_FORM_H
#define CLIENT_LIB_SEALED_FORM_H

#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/ids.h"
#include "proto/base/mem.h"
#include "proto/wire/examd.pb-c.h"

#define SEALED_PARTS_MOST 16
#define SEALED_MOST	  (32u * 1024 * 1024) /* bytes of a part */

struct sealed_part {
	struct digest hash; /* of the plaintext, as the server told */
	uint32_t size;	    /* of the ciphertext; 0: not known yet */
	uint32_t first_item;
	struct buf sealed; /* what has been fetched */
	unsigned wrong;	   /* how often it did not fit */
	struct arena arena;
	Examd__V1__FormPart *open; /* in the arena; NULL: still sealed */
};

/* {0} is an empty one. */
struct sealed_form {
	char *path; /* owned: of the files, without "-PART"; NULL: none are kept */
	struct sealed_part parts[SEALED_PARTS_MOST];
	size_t nparts;
};

/* DIR may be NULL. */
void sealed_form_init(struct sealed_form *f, const char *dir, const struct digest *pin,
		      struct attempt_id attempt);
void sealed_form_fini(struct sealed_form *f);

/* What the server says about the parts.  A part with another hash or size than before is dropped;
 * one that the state directory holds is complete at once.
 *
 * ERR_PROTOCOL  sizes or numbers that cannot be */
MUST_USE enum err sealed_form_expect(struct sealed_form *f, Examd__V1__PartInfo *const *parts,
				     size_t nparts);

/* The next piece to ask for; false: nothing is missing (or nothing is known). */
bool sealed_form_missing(const struct sealed_form *f, uint32_t *part, uint32_t *offset);

/* A piece that came.
 *
 * ERR_PROTOCOL    not the piece that is missing, or longer than the part
 * ERR_WRONG_FORM  the server now has another size: ask for the status */
MUST_USE enum err sealed_form_add(struct sealed_form *f, const Examd__V1__FormPiece *piece);

/* Every part is here as a whole. */
bool sealed_form_is_complete(const struct sealed_form *f);

/* Open a complete part.  Opening it twice is harmless.
 *
 * ERR_NOT_READY   it is not complete
 * ERR_WRONG_FORM  it does not fit; it was dropped and must be fetched again */
MUST_USE enum err sealed_form_open(struct sealed_form *f, uint32_t part, struct bytes key);

/* Drop everything; fetch again. */
void sealed_form_drop(struct sealed_form *f);

const Examd__V1__FormItem *sealed_form_item(const struct sealed_form *f, struct item_no item,
					    uint32_t *part_out);
const char *sealed_form_stimulus(const struct sealed_form *f, struct item_no item);

/* The receipt is here: remove the files. */
void sealed_form_remove_files(struct sealed_form *f);

#endif
