/* examctl: what every command gets, and the table of commands.
 *
 * A command is a row of commands.c; its handler returns the exit status.  Options are rows of
 * options.def: an option that a command does not list is refused. */
#ifndef CLIENT_CTL_CTL_H
#define CLIENT_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/err.h"

#define PROGRAM "examctl 0.1.0"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

enum opt {
#define OPT(name, word, value, help) OPT_##name,
#include "client/ctl/options.def"
#undef OPT
	OPT_NOPTIONS
};

struct ctl {
	const char *values[OPT_NOPTIONS]; /* NULL: not given; "" for one without a value */
	char **args;			  /* what follows the command's words */
	size_t nargs;
	struct remote *remote; /* owned; NULL: not connected yet */
};

struct command {
	const char *words;     /* "people import" */
	const char *arguments; /* "FILE.csv", as in the help */
	size_t least, most;    /* of arguments */
	const char *options;   /* words of its own options, with a space between */
	int (*run)(struct ctl *ctl);
	const char *help; /* one sentence */
};
extern const struct command commands[];
extern const size_t ncommands;

/* The whole program but for exit(): ARGV as of main(). */
int ctl_main(int argc, char **argv);

bool ctl_has(const struct ctl *ctl, enum opt opt);
const char *ctl_value(const struct ctl *ctl, enum opt opt); /* NULL: not given */
bool ctl_json(const struct ctl *ctl);

/* Print "examctl: ..." and return the exit status. */
__attribute__((format(printf, 1, 2))) int ctl_wrong(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) int ctl_failed(const char *fmt, ...);

/* A number of at least LEAST in a text; false (and told) when it is none. */
bool ctl_number(const char *text, int64_t least, int64_t *out);

/* The whole of a file, told when it cannot be read. */
struct buf;
MUST_USE bool ctl_read_file(const char *path, struct buf *out);
/* To a file (whole or not at all), or "-": to standard output. */
MUST_USE bool ctl_write_file(const char *path, const struct buf *content);

#endif
