/* Numbers that look random and follow from a seed: the same on any machine, for ever.
 *
 * The state is SHA-256(LABEL || seed) as four big-endian 64-bit numbers; the numbers are those of
 * xoshiro256** 1.0 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c).  Not for
 * secrets. */
#ifndef DAEMON_ENGINE_DICE_H
#define DAEMON_ENGINE_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t s[4];
};

void dice_init(struct dice *d, const char *label, const void *seed, size_t len);
uint64_t dice_next(struct dice *d);

/* A uniform number below BOUND, which is not 0: the upper 32 bits of the next number times BOUND,
 * over 2^32, with Lemire's rejection (https://arxiv.org/abs/1805.10941). */
uint32_t dice_below(struct dice *d, uint32_t bound);

#endif
