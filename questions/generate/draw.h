/* Numbers that only a seed decides: SplitMix64, the same on any machine. */
#ifndef QUESTIONS_GENERATE_DRAW_H
#define QUESTIONS_GENERATE_DRAW_H

#include <stddef.h>
#include <stdint.h>

struct draw {
	uint64_t state; /* the seed, to begin with */
};

uint64_t draw_u64(struct draw *d);

/* 0 to N - 1, each as likely; N > 0. */
size_t draw_below(struct draw *d, size_t n);

/* 0 to N - 1 in an order drawn. */
void draw_order(struct draw *d, uint32_t *out, size_t n);

#endif
