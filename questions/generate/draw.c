#include "questions/generate/draw.h"

uint64_t draw_u64(struct draw *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

size_t draw_below(struct draw *d, size_t n)
{
	uint64_t past = UINT64_MAX - UINT64_MAX % n, v;

	do
		v = draw_u64(d);
	while (v >= past);
	return (size_t)(v % n);
}

void draw_order(struct draw *d, uint32_t *out, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t k = draw_below(d, i + 1);

		out[i] = out[k];
		out[k] = (uint32_t)i;
	}
}
