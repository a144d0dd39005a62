#include "daemon/engine/dice.h"

#include "proto/base/bytes.h"
#include "proto/base/ids.h"
#include "proto/base/mem.h"

void dice_init(struct dice *d, const char *label, const void *seed, size_t len)
{
	struct buf b = {0};
	struct digest start;
	size_t i;

	buf_put_text(&b, label);
	buf_put(&b, seed, len);
	start = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	for (i = 0; i < COUNT(d->s); i++)
		d->s[i] = u64_read(start.b + 8 * i);
}

static uint64_t rotated(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

uint64_t dice_next(struct dice *d)
{
	uint64_t *s = d->s;
	uint64_t out = rotated(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotated(s[3], 45);
	return out;
}

uint32_t dice_below(struct dice *d, uint32_t bound)
{
	uint64_t m = (dice_next(d) >> 32) * bound;

	if ((uint32_t)m < bound) {
		uint32_t unfair = -bound % bound;

		while ((uint32_t)m < unfair)
			m = (dice_next(d) >> 32) * bound;
	}
	return (uint32_t)(m >> 32);
}
