/* The answer of a core to "status", for people. */
#ifndef DAEMON_STATUS_TABLE_H
#define DAEMON_STATUS_TABLE_H

#include <jansson.h>

#include "proto/base/bytes.h"

/* Appends it as lines; what the core did not say is left out. */
void status_table_put(const json_t *status, struct buf *out);

#endif
