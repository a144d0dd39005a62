/* A pin as people and scripts carry it: base64url (RFC 4648, section 5) without padding. */
#ifndef DAEMON_PIN_H
#define DAEMON_PIN_H

#include "proto/base/bytes.h"
#include "proto/base/ids.h"

#define PIN_TEXT_SIZE 44 /* 43 symbols and a NUL */

void pin_format(const struct digest *pin, char out[PIN_TEXT_SIZE]);

#endif
