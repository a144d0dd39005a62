/* When practice and reviews must be silent about a bank. */
#ifndef DAEMON_SERVICE_PRACTICE_H
#define DAEMON_SERVICE_PRACTICE_H

#include "daemon/service/service.h"

/* Is PERSON sitting an exam of BANK, with an attempt that is not closed?  Until it is, nothing
 * tells that person the bank's keys: no practice, no review of an earlier attempt.  Looks at all
 * attempts in memory. */
bool practice_sits_now(const struct core *core, struct person_id person, const char *bank);

#endif
