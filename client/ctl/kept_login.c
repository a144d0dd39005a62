#include "client/ctl/kept_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/lib/device.h"

#define KEPT_MOST 4096

char *kept_login_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		return mem_printf("%s/examctl/session", base);
	return mem_printf("%s/.config/examctl/session", home != NULL ? home : "/tmp");
}

static bool take_line(struct kept_login *k, const char *line)
{
	if (sscanf(line, "server %319s", k->server) == 1 || sscanf(line, "user %71s", k->user) == 1)
		return true;
	if (strncmp(line, "pin ", 4) == 0)
		return hex_parse(line + 4, k->pin.b, sizeof k->pin.b) == ERR_OK;
	if (strncmp(line, "client ", 7) == 0)
		return hex_parse(line + 7, k->client_id, sizeof k->client_id) == ERR_OK;
	if (strncmp(line, "token ", 6) != 0)
		return false;
	k->has_token = hex_parse(line + 6, k->token, sizeof k->token) == ERR_OK;
	return k->has_token;
}

enum err kept_login_read(struct kept_login *k, const char *path)
{
	struct buf content = {0};
	struct stat st;
	char *text, *save;
	enum err err;

	*k = (struct kept_login){0};
	if (stat(path, &st) != 0)
		return file_error(errno);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return ERR_FORBIDDEN;
	err = file_read(path, KEPT_MOST, &content);
	text = buf_detach_text(&content);
	for (char *line = strtok_r(text, "\n", &save); err == ERR_OK && line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		err = take_line(k, line) ? ERR_OK : ERR_CORRUPT;
	explicit_bzero(text, strlen(text));
	free(text);
	if (err == ERR_OK && (k->server[0] == '\0' || !k->has_token))
		err = ERR_CORRUPT;
	if (err != ERR_OK)
		kept_login_clear(k);
	return err;
}

enum err kept_login_write(const struct kept_login *k, const char *path)
{
	char *dir = mem_copy_text(path), *slash = strrchr(dir, '/');
	char pin[65], client[33], token[65];
	struct buf text = {0};
	enum err err = ERR_OK;

	hex_format(k->pin.b, sizeof k->pin.b, pin);
	hex_format(k->client_id, sizeof k->client_id, client);
	hex_format(k->token, sizeof k->token, token);
	buf_printf(&text, "server %s\npin %s\nuser %s\nclient %s\ntoken %s\n", k->server, pin,
		   k->user, client, token);
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		err = file_make_dir(dir);
	}
	if (err == ERR_OK)
		err = file_replace(path, buf_bytes(&text));
	explicit_bzero(token, sizeof token);
	buf_fini(&text);
	free(dir);
	return err;
}

enum err kept_login_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? ERR_OK : file_error(errno);
}

static void server_text(const struct join *server, char *out, size_t size)
{
	bool address = strchr(server->host, ':') != NULL;

	snprintf(out, size, "%s%s%s:%u", address ? "[" : "", server->host, address ? "]" : "",
		 server->port);
}

void kept_login_set(struct kept_login *k, const struct join *server, const char *user,
		    const uint8_t token[32])
{
	k->has_token = true;
	server_text(server, k->server, sizeof k->server);
	snprintf(k->user, sizeof k->user, "%s", user);
	memcpy(k->token, token, sizeof k->token);
}

bool kept_login_is_of(const struct kept_login *k, const struct join *server)
{
	char text[320];

	server_text(server, text, sizeof text);
	return strcmp(k->server, text) == 0 &&
	       (!server->has_pin || digest_equal(&server->pin, &k->pin));
}

void kept_login_clear(struct kept_login *k)
{
	explicit_bzero(k, sizeof *k);
}
