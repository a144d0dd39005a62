/* The sealed parts of forms.  They are kept from the check-in until the client has confirmed them,
 * because it fetches them in pieces, up to a bound; whatever is asked for again is made again. */
#ifndef DAEMON_SERVICE_SEALED_H
#define DAEMON_SERVICE_SEALED_H

#include "daemon/service/service.h"

#define SEALED_MOST (32u << 20) /* bytes kept */
#define SIZES_MOST  16384	/* sizes remembered, by the hash of the plaintext */

struct form_cache *form_cache_new(void);
void form_cache_free(struct form_cache *c);

/* Bytes of the sealed part, tag included. */
uint32_t sealed_size(const struct core *core, const struct attempt *a, uint32_t part);

/* Seals a part whose plaintext has just been rendered, and keeps it. */
void sealed_keep(const struct core *core, const struct attempt *a, uint32_t part,
		 struct bytes plain);
/* The client has all of it. */
void sealed_forget(const struct core *core, const struct attempt *a);

/* The sealed part; borrowed until the next call.
 *
 * ERR_CORRUPT  the part as rendered now has another hash than the one on record */
MUST_USE enum err sealed_part(const struct core *core, const struct attempt *a, uint32_t part,
			      struct bytes *out);

#endif
