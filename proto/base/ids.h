/* Numbers that name things.  Each kind has a type of its own, so that an attempt cannot be passed
 * where a person is meant.  All are positive; 0 is "none".
 *
 * Sittings and attempts are counted from 1 in one installation: people type them.  Persons have
 * random numbers, because records name people by them and must tell nothing. */
#ifndef PROTO_BASE_IDS_H
#define PROTO_BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/err.h"

struct person_id {
	int64_t v; /* random, 1 .. 2^62-1 */
};
struct sitting_id {
	int64_t v; /* 1, 2, ... */
};
struct attempt_id {
	int64_t v; /* 1, 2, ... */
};
struct seat_no {
	uint32_t v; /* of an attempt: 1, 2, ...; raised by a take-over and by a reopening */
};
struct item_no {
	uint32_t v; /* place in the form, over all parts: 0, 1, ... */
};

/* A random 128-bit number that a client gives a command; kept over resends. */
struct command_id {
	uint8_t b[16];
};

/* A SHA-256 value. */
struct digest {
	uint8_t b[32];
};

/* What a record is about: an attempt, a sitting, or the installation (one of each number). */
struct subject {
	int64_t v; /* id * 4 + kind */
};
enum subject_kind { SUBJECT_INSTALLATION = 0, SUBJECT_ATTEMPT = 1, SUBJECT_SITTING = 2 };

/* A number that a client made up, and that no attempt or sitting can have, gives the subject of no
 * record. */
#define SUBJECT_NUMBER_MOST (INT64_MAX / 4 - 1)
static inline struct subject subject_numbered(int64_t number, enum subject_kind kind)
{
	if (number < 0 || number > SUBJECT_NUMBER_MOST)
		return (struct subject){-1};
	return (struct subject){number * 4 + kind};
}

static inline struct subject subject_installation(void)
{
	return (struct subject){0};
}
static inline struct subject subject_attempt(struct attempt_id a)
{
	return subject_numbered(a.v, SUBJECT_ATTEMPT);
}
static inline struct subject subject_sitting(struct sitting_id s)
{
	return subject_numbered(s.v, SUBJECT_SITTING);
}
static inline enum subject_kind subject_kind(struct subject s)
{
	return (enum subject_kind)(s.v & 3);
}
static inline int64_t subject_number(struct subject s)
{
	return s.v >> 2;
}

bool command_id_equal(const struct command_id *a, const struct command_id *b);
bool command_id_is_zero(const struct command_id *a);
bool digest_equal(const struct digest *a, const struct digest *b);

/* SHA-256 of LEN bytes (FIPS 180-4). */
struct digest digest_of(const void *data, size_t len);

/* Fills OUT with LEN random bytes from the kernel; a failure ends the process. */
void random_bytes(void *out, size_t len);

/* A random person number. */
struct person_id person_id_random(void);

/* LEN bytes as 2*LEN lower-case hex digits and a NUL. */
void hex_format(const void *data, size_t len, char *out);

/* Reads exactly LEN bytes of hex digits, upper or lower case.
 *
 * ERR_INVALID  another length or another character */
MUST_USE enum err hex_parse(const char *text, void *out, size_t len);

/* Crockford's base32 (https://www.crockford.com/base32.html): SYMBOLS symbols from 5 bits each of
 * DATA, most significant bit first, and a NUL.  Upper case, no check symbol. */
void base32_format(const uint8_t *data, size_t symbols, char *out);

/* The canonical form of what a person typed: upper case, without hyphens and spaces, I and L as 1,
 * O as 0.  OUT holds SYMBOLS + 1 bytes.
 *
 * ERR_INVALID  not exactly SYMBOLS symbols of the alphabet */
MUST_USE enum err base32_canonical(const char *text, size_t symbols, char *out);

#endif
