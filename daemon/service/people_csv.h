/* Rosters: people as CSV (RFC 4180, UTF-8, a byte order mark is skipped).
 *
 * The first line names the columns, in any order and case: id and name are required; email, group,
 * role (candidate, proctor, instructor or admin; candidate when empty) and "extra time" (percent,
 * 0-300, 0 when empty; "extra", "extra_percent" and "extra time in percent" are the same) may be
 * absent.  Other columns are reported as a warning and dropped. */
#ifndef DAEMON_SERVICE_PEOPLE_CSV_H
#define DAEMON_SERVICE_PEOPLE_CSV_H

#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "proto/base/err.h"
#include "proto/base/mem.h"
#include "proto/wire/examd.pb-c.h"

#define ROSTER_MOST	  20000 /* rows */
#define ROSTER_NAME_MOST  200	/* bytes */
#define ROSTER_EMAIL_MOST 254
#define ROSTER_GROUP_MOST 64
#define ROSTER_EXTRA_MOST 300 /* percent */

struct roster_row {
	const char *user, *name, *email, *group; /* in the arena; never NULL */
	Examd__V1__Role role;
	uint32_t extra_percent;
	unsigned line;
};

struct roster {
	struct roster_row *rows; /* owned */
	size_t length, cap;
};
void roster_fini(struct roster *r);

/* Reads a roster; every error is in DIAG with its line and column.
 *
 * ERR_BAD_INPUT  DIAG has errors */
MUST_USE enum err roster_parse(struct roster *out, struct bytes text, const char *file,
			       struct arena *arena, struct diag *diag);

#endif
