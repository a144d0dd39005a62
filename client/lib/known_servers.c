#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "client/lib/known_servers.h"

#define KNOWN_MOST    (1024 * 1024)
#define CONNECT_LIMIT SECONDS(10)

char *own_dir(const char *variable, const char *otherwise)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		return mem_printf("%s/examd", base);
	return mem_printf("%s/%s/examd", home != NULL ? home : "/tmp", otherwise);
}

static char *known_path(void)
{
	const char *given = getenv("EXAMD_KNOWN_SERVERS");
	char *dir, *path;

	if (given != NULL && given[0] != '\0')
		return mem_copy_text(given);
	dir = own_dir("XDG_CONFIG_HOME", ".config");
	path = mem_printf("%s/known_servers", dir);
	free(dir);
	return path;
}

/* The pin in a line "NAME PIN", when it is NAME's. */
static enum err line_pin(char *line, const char *name, struct digest *pin)
{
	char *save, *who = strtok_r(line, " \t\r", &save), *what;

	if (who == NULL || strcmp(who, name) != 0)
		return ERR_NOT_FOUND;
	what = strtok_r(NULL, " \t\r", &save);
	return what != NULL && pin_parse(what, pin) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err known_servers_find(const char *host, unsigned port, struct digest *pin)
{
	char *path = known_path(), *name = mem_printf("%s:%u", host, port), *text, *save, *line;
	struct buf content = {0};
	enum err err = file_read(path, KNOWN_MOST, &content);

	text = buf_detach_text(&content);
	if (err == ERR_OK) {
		err = ERR_NOT_FOUND;
		for (line = strtok_r(text, "\n", &save); line != NULL && err == ERR_NOT_FOUND;
		     line = strtok_r(NULL, "\n", &save))
			err = line_pin(line, name, pin);
	}
	free(text);
	free(name);
	free(path);
	return err;
}

enum err known_servers_add(const char *host, unsigned port, const struct digest *pin)
{
	char *path = known_path(), *slash = strrchr(path, '/');
	struct buf content = {0};
	char hex[65];
	enum err err = ERR_OK;

	if (slash != NULL && slash != path) {
		*slash = '\0';
		err = file_make_dir(path);
		*slash = '/';
	}
	if (err == ERR_OK)
		err = file_read(path, KNOWN_MOST, &content);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		goto out;
	if (buf_length(&content) > 0 && buf_bytes(&content).data[buf_length(&content) - 1] != '\n')
		buf_put_u8(&content, '\n');
	hex_format(pin->b, sizeof pin->b, hex);
	buf_printf(&content, "%s:%u %s\n", host, port, hex);
	err = file_replace(path, buf_bytes(&content));
out:
	buf_fini(&content);
	free(path);
	return err;
}

/* ---- What key does it show? -------------------------------------------------------------- */

struct look {
	struct conn_user user;
	struct conn *conn;
	struct loop *loop;
	struct digest pin;
	enum err err;
};

static void on_ready(struct conn_user *user)
{
	struct look *look = container_of(user, struct look, user);

	look->pin = conn_peer_pin(look->conn);
	look->err = ERR_OK;
	loop_stop(look->loop);
}

static void on_data(struct conn_user *user, struct buf *in)
{
	(void)user;
	(void)in;
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	struct look *look = container_of(user, struct look, user);

	look->conn = NULL;
	look->err = why == CONN_END_TIME ? ERR_TIMEOUT : ERR_IO;
	loop_stop(look->loop);
}

static enum err look_at_key(const struct join *server, struct digest *pin)
{
	struct look look = {.user = {on_ready, on_data, on_closed}};
	struct tls_trust trust = {.any = true};
	struct tls *tls = NULL;
	char detail[256];
	enum err err;

	look.loop = loop_new();
	if ((err = tls_client_new(&tls, &trust, detail)) != ERR_OK)
		goto out;
	err = conn_connect(&look.conn, look.loop, server->host, server->port, tls, CONNECT_LIMIT,
			   &look.user);
	if (err != ERR_OK)
		goto out;
	loop_run(look.loop);
	err = look.err;
	*pin = look.pin;
out:
	conn_free(look.conn);
	tls_free(tls);
	loop_free(look.loop);
	return err;
}

static bool ask(const struct join *server, const char *hex)
{
	char line[16];

	fprintf(stderr,
		"The server %s:%u is not known here.  The pin of its key is\n  %s\n"
		"Compare it with what the proctor shows.  Trust it from now on? (yes/no) ",
		server->host, server->port, hex);
	fflush(stderr);
	return fgets(line, sizeof line, stdin) != NULL && strcmp(line, "yes\n") == 0;
}

static enum err trust_new(struct join *server)
{
	struct digest pin;
	char hex[65];
	enum err err = look_at_key(server, &pin);

	if (err != ERR_OK) {
		fprintf(stderr, "%s:%u cannot be reached: %s\n", server->host, server->port,
			err_sentence(err));
		return err;
	}
	hex_format(pin.b, sizeof pin.b, hex);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		fprintf(stderr,
			"The server %s:%u is not known here, and there is no terminal to ask on.\n"
			"The pin of its key is %s; if that is right, give it with --pin.\n",
			server->host, server->port, hex);
		return ERR_UNTRUSTED;
	}
	if (!ask(server, hex))
		return ERR_UNTRUSTED;
	server->pin = pin;
	server->has_pin = true;
	err = known_servers_add(server->host, server->port, &pin);
	if (err != ERR_OK)
		fprintf(stderr, "It could not be remembered: %s\n", err_sentence(err));
	return ERR_OK;
}

enum err known_servers_trust(struct join *server, const char *ca_file)
{
	enum err err;

	if (server->has_pin || ca_file != NULL)
		return ERR_OK;
	err = known_servers_find(server->host, server->port, &server->pin);
	server->has_pin = err == ERR_OK;
	if (err == ERR_NOT_FOUND)
		return trust_new(server);
	if (err != ERR_OK)
		fprintf(stderr, "The file of known servers cannot be used: %s\n",
			err_sentence(err));
	return err;
}
