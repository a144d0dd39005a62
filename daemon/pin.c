#include "daemon/pin.h"

static char symbol(uint32_t six_bits)
{
	return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[six_bits & 63];
}

void pin_format(const struct digest *pin, char out[PIN_TEXT_SIZE])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i, n = 0;

	for (i = 0; i < sizeof pin->b; i++) {
		bits = bits << 8 | pin->b[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = symbol(bits >> (have - 6));
	}
	out[n++] = symbol(bits << (6 - have));
	out[n] = '\0';
}
