#include "daemon/listen_at.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/stream/conn.h"

static bool read_port(const char *text, unsigned *port)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)text[0]))
		return false;
	n = strtoul(text, &end, 10);
	*port = (unsigned)n;
	return *end == '\0' && n <= 65535;
}

/* Splits "HOST:PORT" or "[HOST]:PORT" in place. */
static bool split(char *text, char **host, unsigned *port)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || colon == text || !read_port(colon + 1, port))
		return false;
	*colon = '\0';
	*host = text;
	if (text[0] != '[')
		return strchr(text, ':') == NULL;
	if (colon[-1] != ']' || colon - text < 3)
		return false;
	colon[-1] = '\0';
	*host = text + 1;
	return true;
}

static enum err open_one(const char *host, unsigned port, int *fd)
{
	enum err err;

	if (strcmp(host, "*") != 0)
		return listen_open(host, port, fd);
	/* Takes IPv4 as well; a machine without IPv6 has only that. */
	err = listen_open("::", port, fd);
	return err == ERR_IO || err == ERR_NOT_FOUND ? listen_open("0.0.0.0", port, fd) : err;
}

static enum err add(struct listen_at *at, char *text, int port)
{
	unsigned own_port;
	char *host;
	enum err err;

	if (at->n == LISTEN_MOST || !split(text, &host, &own_port) ||
	    strlen(host) >= sizeof at->hosts[0])
		return ERR_INVALID;
	err = open_one(host, port >= 0 ? (unsigned)port : own_port, &at->fds[at->n]);
	if (err == ERR_OK)
		snprintf(at->hosts[at->n++], sizeof at->hosts[0], "%s", host);
	return err;
}

/* As it was meant: with the port that takes the place of its own. */
static void name(char detail[256], const char *text, int port)
{
	const char *colon = strrchr(text, ':');

	if (port >= 0 && colon != NULL)
		snprintf(detail, 256, "%.*s:%d", (int)(colon - text < 240 ? colon - text : 240),
			 text, port);
	else
		snprintf(detail, 256, "%.250s", text);
}

enum err listen_at_open(struct listen_at *at, const char *list, int port, char detail[256])
{
	char text[300];
	enum err err = ERR_OK;
	size_t len;

	at->n = 0;
	for (; err == ERR_OK; list += len) {
		list += strspn(list, ", ");
		if ((len = strcspn(list, ", ")) == 0)
			break;
		snprintf(text, sizeof text, "%.*s", (int)(len < 280 ? len : 280), list);
		name(detail, text, port);
		err = add(at, text, port);
	}
	if (err == ERR_OK && at->n == 0) {
		snprintf(detail, 256, "no address");
		err = ERR_INVALID;
	}
	if (err != ERR_OK)
		listen_at_close(at);
	return err;
}

void listen_at_close(struct listen_at *at)
{
	while (at->n > 0)
		close(at->fds[--at->n]);
}

void listen_at_print(const struct listen_at *at, struct buf *out)
{
	size_t i;

	for (i = 0; i < at->n; i++) {
		bool six = strchr(at->hosts[i], ':') != NULL;

		buf_printf(out, "%s%s%s%s:%u", i > 0 ? ", " : "", six ? "[" : "", at->hosts[i],
			   six ? "]" : "", listen_port(at->fds[i]));
	}
}
