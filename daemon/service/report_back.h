/* What an import or a check found, as a reply. */
#ifndef DAEMON_SERVICE_REPORT_BACK_H
#define DAEMON_SERVICE_REPORT_BACK_H

#include "daemon/service/service.h"
#include "proto/base/diag.h"

#define REPORT_ENTRIES_MOST 200 /* of diagnostics in one reply; the rest is counted */

/* The diagnostics, sorted by place, as a message in the arena; the caller fills in the rest. */
Examd__V1__Diagnostics *report_back(struct diag *diag, struct arena *arena);

#endif
