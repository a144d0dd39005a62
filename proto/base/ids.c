/* OpenSSL's plain SHA-256, not EVP: that one takes locks, looks the algorithm up and allocates,
 * which is three times the work on a record. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "proto/base/ids.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool command_id_equal(const struct command_id *a, const struct command_id *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool command_id_is_zero(const struct command_id *a)
{
	static const struct command_id zero;

	return command_id_equal(a, &zero);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return CRYPTO_memcmp(a->b, b->b, sizeof a->b) == 0;
}

struct digest digest_of(const void *data, size_t len)
{
	struct digest d;

	SHA256_CTX sum;

	SHA256_Init(&sum);
	SHA256_Update(&sum, data, len);
	SHA256_Final(d.b, &sum);
	return d;
}

void random_bytes(void *out, size_t len)
{
	uint8_t *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			perror("getrandom");
			abort();
		}
		p += n;
		len -= (size_t)n;
	}
}

struct person_id person_id_random(void)
{
	struct person_id p;

	do {
		random_bytes(&p.v, sizeof p.v);
		p.v &= ((int64_t)1 << 62) - 1;
	} while (p.v == 0);
	return p;
}

void hex_format(const void *data, size_t len, char *out)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = "0123456789abcdef"[p[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err hex_parse(const char *text, void *out, size_t len)
{
	uint8_t *p = out;
	size_t i;

	if (strlen(text) != 2 * len)
		return ERR_INVALID;
	for (i = 0; i < len; i++) {
		int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return ERR_INVALID;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return ERR_OK;
}

void base32_format(const uint8_t *data, size_t symbols, char *out)
{
	size_t i, bit;

	for (i = 0; i < symbols; i++) {
		unsigned v = 0;

		for (bit = i * 5; bit < i * 5 + 5; bit++)
			v = v << 1 | ((unsigned)data[bit / 8] >> (7 - bit % 8) & 1u);
		out[i] = alphabet[v];
	}
	out[symbols] = '\0';
}

enum err base32_canonical(const char *text, size_t symbols, char *out)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char c = (char)toupper((unsigned char)*text);

		if (c == '-' || c == ' ')
			continue;
		c = c == 'I' || c == 'L' ? '1' : c == 'O' ? '0' : c;
		if (n == symbols || strchr(alphabet, c) == NULL)
			return ERR_INVALID;
		out[n++] = c;
	}
	out[n] = '\0';
	return n == symbols ? ERR_OK : ERR_INVALID;
}
