#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/exam_client.h"

#define DEFAULT_PORT 7443
#define SLIP_SYMBOLS 10

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

/* 32 bytes are 43 symbols; the two bits left over must be 0. */
static enum err base64url_digest(const char *text, size_t len, struct digest *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len != 43)
		return ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		int v = base64url_value(text[i]);

		if (v < 0)
			return ERR_INVALID;
		bits = (bits << 6) | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (n < sizeof out->b)
				out->b[n++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	return n == sizeof out->b && bits == 0 ? ERR_OK : ERR_INVALID;
}

enum err pin_parse(const char *text, struct digest *out)
{
	static const char before[] = "sha256:";

	if (strncmp(text, before, sizeof before - 1) == 0)
		text += sizeof before - 1;
	if (hex_parse(text, out->b, sizeof out->b) == ERR_OK)
		return ERR_OK;
	return base64url_digest(text, strlen(text), out);
}

static enum err port_parse(const char *text, unsigned *out)
{
	char *end;
	unsigned long v;

	if (text[0] < '0' || text[0] > '9')
		return ERR_INVALID;
	v = strtoul(text, &end, 10);
	if (*end != '\0' || v < 1 || v > 65535)
		return ERR_INVALID;
	*out = (unsigned)v;
	return ERR_OK;
}

static bool is_host(const char *host)
{
	if (host[0] == '\0' || host[0] == '-')
		return false;
	for (const char *p = host; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || strchr("/#@?\"'\\[]", *p) != NULL)
			return false;
	return true;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT, changed on the way. */
static enum err authority_parse(char *text, struct join *out)
{
	char *host = text, *port = NULL;
	char *colon = strrchr(text, ':');

	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return ERR_INVALID;
		host = text + 1;
		port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
	} else if (colon != NULL) {
		if (strchr(text, ':') != colon)
			return ERR_INVALID; /* an address without brackets */
		*colon = '\0';
		port = colon + 1;
	}
	if (!is_host(host) || strlen(host) >= sizeof out->host)
		return ERR_INVALID;
	strcpy(out->host, host);
	return port == NULL ? ERR_OK : port_parse(port, &out->port);
}

enum err join_parse(const char *text, struct join *out)
{
	static const char scheme[] = "exam://";
	char copy[JOIN_TEXT_SIZE], *rest = copy, *pin, *slip;
	struct join join = {.port = DEFAULT_PORT};

	if (strlen(text) >= sizeof copy)
		return ERR_INVALID;
	strcpy(copy, text);
	if (strncmp(copy, scheme, sizeof scheme - 1) == 0)
		rest += sizeof scheme - 1;
	if ((pin = strchr(rest, '#')) != NULL) {
		*pin++ = '\0';
		if (pin_parse(pin, &join.pin) != ERR_OK)
			return ERR_INVALID;
		join.has_pin = true;
	}
	if ((slip = strchr(rest, '/')) != NULL) {
		*slip++ = '\0';
		if (*slip != '\0' && base32_canonical(slip, SLIP_SYMBOLS, join.slip) != ERR_OK)
			return ERR_INVALID;
	}
	if (authority_parse(rest, &join) != ERR_OK)
		return ERR_INVALID;
	*out = join;
	return ERR_OK;
}

void join_format(const struct join *join, char *out, size_t size)
{
	bool address = strchr(join->host, ':') != NULL;
	char pin[2 * sizeof join->pin.b + 2] = "";

	if (join->has_pin) {
		pin[0] = '#';
		hex_format(join->pin.b, sizeof join->pin.b, pin + 1);
	}
	snprintf(out, size, "exam://%s%s%s:%u/%s%s", address ? "[" : "", join->host,
		 address ? "]" : "", join->port, join->slip, pin);
}
