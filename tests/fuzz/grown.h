/* Messages that grow from their descriptor: well-formed, with values that a service may know. */
#ifndef TESTS_FUZZ_GROWN_H
#define TESTS_FUZZ_GROWN_H

#include <protobuf-c/protobuf-c.h>

#include "proto/base/bytes.h"

/* splitmix64: a number below MOST. */
uint64_t grown_draw(uint64_t *random, uint64_t most);

/* Appends a Request with one body. */
void grown_request(uint64_t *random, struct buf *out);

#endif
