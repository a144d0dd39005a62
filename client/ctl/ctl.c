#include "client/ctl/ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/remote.h"
#include "client/lib/device.h"
#include "proto/base/mem.h"

#define FILE_MOST    ((size_t)64 * 1024 * 1024)
#define FIRST_OPTION 256 /* what getopt_long() returns for the first of them */
#define OF_ALL	     OPT_NEW_PASSWORD_FILE

static const struct {
	const char *word, *value, *help;
} options[] = {
#define OPT(name, word, value, help) {word, value, help},
#include "client/ctl/options.def"
#undef OPT
};

bool ctl_has(const struct ctl *ctl, enum opt opt)
{
	return ctl->values[opt] != NULL;
}

const char *ctl_value(const struct ctl *ctl, enum opt opt)
{
	return ctl->values[opt];
}

bool ctl_json(const struct ctl *ctl)
{
	return ctl_has(ctl, OPT_JSON);
}

int ctl_wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("examctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputs("\n", stderr);
	va_end(args);
	return EXIT_USAGE;
}

int ctl_failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("examctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputs("\n", stderr);
	va_end(args);
	return EXIT_REFUSED;
}

bool ctl_number(const char *text, int64_t least, int64_t *out)
{
	char *last;
	long long v = strtoll(text, &last, 10);

	*out = v;
	if (text[0] != '\0' && *last == '\0' && v >= least)
		return true;
	ctl_wrong("\"%s\" is not a number of at least %lld", text, (long long)least);
	return false;
}

bool ctl_read_file(const char *path, struct buf *out)
{
	enum err err = file_read(path, FILE_MOST, out);

	if (err != ERR_OK)
		ctl_failed("%s: %s", path, err_sentence(err));
	return err == ERR_OK;
}

bool ctl_write_file(const char *path, const struct buf *content)
{
	struct bytes b = buf_bytes(content);
	enum err err = ERR_OK;

	if (strcmp(path, "-") != 0)
		err = file_replace(path, b);
	else if (fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout) != 0)
		err = ERR_IO;
	if (err != ERR_OK)
		ctl_failed("%s: %s", path, err_sentence(err));
	return err == ERR_OK;
}

/* ---- Help -------------------------------------------------------------------------------- */

static void print_option(size_t i)
{
	char left[40];

	snprintf(left, sizeof left, "--%s%s%s", options[i].word,
		 options[i].value != NULL ? " " : "",
		 options[i].value != NULL ? options[i].value : "");
	printf("  %-26s %s\n", left, options[i].help);
}

static void print_line(const struct command *c)
{
	char left[64];

	snprintf(left, sizeof left, "%s%s%s", c->words, c->arguments[0] != '\0' ? " " : "",
		 c->arguments);
	printf("  %-40s %s\n", left, c->help);
}

/* Is WORD one of a list with spaces between? */
static bool list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(list, word); p != NULL; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static void help_command(const struct command *c)
{
	printf("usage: examctl %s %s\n\n%s\n\n", c->words, c->arguments, c->help);
	for (size_t i = OF_ALL; i < OPT_NOPTIONS; i++)
		if (list_has(c->options, options[i].word))
			print_option(i);
	printf("\nOptions of every command:\n");
	for (size_t i = 0; i < OF_ALL; i++)
		print_option(i);
}

/* Does the command begin with these words, each whole? */
static bool begins(const struct command *c, char **words, size_t n)
{
	const char *p = c->words;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (strncmp(p, words[i], len) != 0 || (p[len] != ' ' && p[len] != '\0'))
			return false;
		p += len + (p[len] == ' ');
	}
	return true;
}

static size_t list_commands(char **words, size_t n)
{
	size_t listed = 0;

	for (size_t i = 0; i < ncommands; i++) {
		if (!begins(&commands[i], words, n))
			continue;
		print_line(&commands[i]);
		listed++;
	}
	return listed;
}

static int help(char **words, size_t n)
{
	printf("usage: examctl COMMAND [ARGUMENTS] [OPTIONS]\n\n");
	list_commands(words, n);
	printf("\nexamctl COMMAND --help tells more.  Options of every command:\n");
	for (size_t i = 0; i < OF_ALL; i++)
		print_option(i);
	printf("\nExit status: 0 done, 1 refused or failed, 2 wrong usage.\n");
	return EXIT_DONE;
}

/* ---- Finding the command ----------------------------------------------------------------- */

static size_t count_words(const char *words)
{
	size_t n = 1;

	for (const char *p = words; *p != '\0'; p++)
		n += *p == ' ';
	return n;
}

/* The command whose words all stand at the front, the longest; NULL: none. */
static const struct command *find(char **args, size_t nargs, size_t *nwords)
{
	const struct command *found = NULL;

	*nwords = 0;
	for (size_t i = 0; i < ncommands; i++) {
		size_t n = count_words(commands[i].words);

		if (n > *nwords && n <= nargs && begins(&commands[i], args, n)) {
			found = &commands[i];
			*nwords = n;
		}
	}
	return found;
}

/* Lists what could have been meant: the commands that share the first word, else all first words.
 */
static int mistyped(char **args, size_t nargs)
{
	size_t n = 0;
	const char *last = "";

	fprintf(stderr, "examctl: there is no such command:");
	for (size_t i = 0; i < nargs && i < 2; i++)
		fprintf(stderr, " %s", args[i]);
	fprintf(stderr, "\nThere is:\n");
	for (size_t i = 0; i < ncommands; i++) {
		if (!begins(&commands[i], args, 1))
			continue;
		fprintf(stderr, "  %s %s\n", commands[i].words, commands[i].arguments);
		n++;
	}
	for (size_t i = 0; n == 0 && i < ncommands; i++) {
		size_t len = strcspn(commands[i].words, " ");

		if (strlen(last) >= len && strncmp(commands[i].words, last, len) == 0)
			continue;
		last = commands[i].words;
		fprintf(stderr, "  %.*s\n", (int)len, last);
	}
	return EXIT_USAGE;
}

/* An option that the command does not know is a mistake, not a wish to be ignored. */
static int check_options(const struct ctl *ctl, const struct command *c)
{
	for (size_t i = OF_ALL; i < OPT_NOPTIONS; i++)
		if (ctl->values[i] != NULL && !list_has(c->options, options[i].word))
			return ctl_wrong("%s has no option --%s", c->words, options[i].word);
	if (ctl->nargs < c->least || ctl->nargs > c->most)
		return ctl_wrong("usage: examctl %s %s", c->words, c->arguments);
	return EXIT_DONE;
}

static int run(struct ctl *ctl)
{
	const struct command *c;
	size_t nwords;
	int status;

	if (ctl->nargs == 0)
		return help(ctl->args, 0) == EXIT_DONE && ctl_has(ctl, OPT_HELP) ? EXIT_DONE
										 : EXIT_USAGE;
	c = find(ctl->args, ctl->nargs, &nwords);
	if (c == NULL && ctl_has(ctl, OPT_HELP) && ctl->nargs == 1)
		return help(ctl->args, 1);
	if (c == NULL)
		return mistyped(ctl->args, ctl->nargs);
	if (ctl_has(ctl, OPT_HELP)) {
		help_command(c);
		return EXIT_DONE;
	}
	ctl->args += nwords;
	ctl->nargs -= nwords;
	status = check_options(ctl, c);
	if (status == EXIT_DONE)
		status = c->run(ctl);
	remote_close(ctl);
	return status;
}

/* getopt_long() takes "-5" for options.  A space before it makes it the number that it is. */
static char *shown_as_number(char *arg)
{
	size_t digits = arg[0] == '-' ? strspn(arg + 1, "0123456789") : 0;

	return digits > 0 && arg[1 + digits] == '\0' ? mem_printf(" %s", arg) : arg;
}

int ctl_main(int argc, char **argv)
{
	struct option longs[OPT_NOPTIONS + 1] = {0};
	struct ctl ctl = {0};
	int which;

	for (size_t i = 0; i < OPT_NOPTIONS; i++) {
		longs[i].name = options[i].word;
		longs[i].has_arg = options[i].value != NULL ? required_argument : no_argument;
		longs[i].val = FIRST_OPTION + (int)i;
	}
	for (int i = 1; i < argc; i++)
		argv[i] = shown_as_number(argv[i]);
	while ((which = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
		if (which == 'o')
			which = FIRST_OPTION + OPT_OUTPUT;
		else if (which == 'h')
			which = FIRST_OPTION + OPT_HELP;
		if (which < FIRST_OPTION)
			return EXIT_USAGE; /* getopt_long() has said why */
		ctl.values[which - FIRST_OPTION] = optarg != NULL ? optarg : "";
	}
	ctl.args = argv + optind;
	ctl.nargs = (size_t)(argc - optind);
	return run(&ctl);
}
