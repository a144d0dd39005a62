#include "client/lib/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "proto/base/mem.h"

/* Up to the end of the line or of the file, byte by byte: what follows is another reader's. */
static enum err read_line(int fd, char line[PASSWORD_MOST + 1])
{
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return file_error(errno);
		if (got == 0 || c == '\n')
			break;
		if (n == PASSWORD_MOST)
			return ERR_INVALID;
		line[n++] = c;
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	return n == 0 || strlen(line) != n ? ERR_INVALID : ERR_OK;
}

static enum err read_silently(int fd, const char *prompt, char line[PASSWORD_MOST + 1])
{
	struct termios before, silent;
	enum err err;

	if (tcgetattr(fd, &before) != 0)
		return ERR_NOT_FOUND;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
		return ERR_IO;
	dprintf(fd, "%s", prompt);
	err = read_line(fd, line);
	dprintf(fd, "\n");
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	return err;
}

static enum err read_file(const char *path, char line[PASSWORD_MOST + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return file_error(errno);
	err = read_line(fd, line);
	close(fd);
	return err;
}

static enum err ask_terminal(const char *prompt, char line[PASSWORD_MOST + 1])
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return ERR_NOT_FOUND;
	err = read_silently(fd, prompt, line);
	close(fd);
	return err;
}

enum err password_get(const struct password_source *source, const char *prompt, char **out)
{
	char line[PASSWORD_MOST + 1];
	enum err err;

	if (source->file != NULL)
		err = read_file(source->file, line);
	else if (source->fd >= 0)
		err = read_line(source->fd, line);
	else
		err = ask_terminal(prompt, line);
	if (err == ERR_OK)
		*out = mem_copy_text(line);
	explicit_bzero(line, sizeof line);
	return err;
}

void password_free(char *password)
{
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
}
