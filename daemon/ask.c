#include "daemon/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MOST (4 * 1024 * 1024)

/* A path of any length fits: the socket is named through an open descriptor of its folder. */
static enum err dial(const char *dir, int *out)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
	} to = {.un = {.sun_family = AF_UNIX}};
	int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum err err = ERR_OK;

	if (folder < 0 || fd < 0) {
		err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		goto out;
	}
	snprintf(to.un.sun_path, sizeof to.un.sun_path, "/proc/self/fd/%d/control", folder);
	if (connect(fd, &to.any, sizeof to.un) != 0)
		err = errno == ENOENT || errno == ECONNREFUSED ? ERR_CLOSED
		      : errno == EACCES || errno == EPERM      ? ERR_FORBIDDEN
							       : ERR_IO;
out:
	if (folder >= 0)
		close(folder);
	if (err == ERR_OK)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

static enum err read_some(int fd, struct millis limit, struct buf *in)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;
	int ready;

	do
		ready = poll(&p, 1, (int)limit.v);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return ERR_TIMEOUT;
	n = read(fd, buf_reserve(in, 4096), 4096);
	if (n <= 0)
		return ERR_CLOSED;
	buf_added(in, (size_t)n);
	return buf_length(in) > ANSWER_MOST ? ERR_TOO_LARGE : ERR_OK;
}

static enum err err_of_name(const char *name)
{
	enum err err;
	unsigned i;

	for (i = 0; err_nth(i, &err); i++)
		if (strcmp(err_name(err), name) == 0)
			return err;
	return ERR_IO;
}

/* The last line: true when it is one, *ERR_OUT is what it says. */
static bool is_last(const char *line, enum err *err_out, char detail[256])
{
	char name[64] = "";
	int sentence = 0;

	if (strcmp(line, "ok") == 0) {
		*err_out = ERR_OK;
		return true;
	}
	if (sscanf(line, "error %63s %n", name, &sentence) != 1)
		return false;
	*err_out = err_of_name(name);
	snprintf(detail, 256, "%s", sentence > 0 ? line + sentence : err_sentence(*err_out));
	return true;
}

/* Moves whole lines from IN to ANSWER; true at the last one. */
static bool take_lines(struct buf *in, struct buf *answer, enum err *err_out, char detail[256])
{
	struct bytes b;
	const uint8_t *end;
	char line[512];

	while (b = buf_bytes(in), (end = memchr(b.data, '\n', b.len)) != NULL) {
		size_t len = (size_t)(end - b.data);

		snprintf(line, sizeof line, "%.*s", (int)(len < 500 ? len : 500),
			 (const char *)b.data);
		if (is_last(line, err_out, detail))
			return true;
		buf_put(answer, b.data, len + 1);
		buf_take(in, len + 1);
	}
	return false;
}

enum err ask_core(const char *dir, const char *line, struct millis limit, struct buf *answer,
		  char detail[256])
{
	struct buf in = {0};
	enum err err, said = ERR_OK;
	int fd;

	detail[0] = '\0';
	if ((err = dial(dir, &fd)) != ERR_OK)
		return err;
	if (dprintf(fd, "%s\n", line) < 0)
		err = ERR_CLOSED;
	while (err == ERR_OK && !take_lines(&in, answer, &said, detail))
		err = read_some(fd, limit, &in);
	close(fd);
	buf_fini(&in);
	return err == ERR_OK ? said : err;
}
