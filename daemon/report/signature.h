/* Signatures of an installation: Ed25519 (RFC 8032, without pre-hash). */
#ifndef DAEMON_REPORT_SIGNATURE_H
#define DAEMON_REPORT_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"

#define SIGNATURE_KEY_SIZE 32
#define SIGNATURE_SIZE	   64

/* Is SIGNATURE, of whatever length, that of KEY over CONTENT? */
bool signature_holds(const uint8_t key[SIGNATURE_KEY_SIZE], struct bytes content,
		     struct bytes signature);

#endif
