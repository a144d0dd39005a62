/* exam: the candidate's client. */
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/known_servers.h"
#include "client/lib/password.h"
#include "client/term/full_screen.h"
#include "client/term/plain.h"
#include "client/term/taker.h"

#define PROGRAM "exam 0.1.0"
#define USAGE	2

static const char help[] =
    "usage: exam [options] JOIN-LINE | HOST[:PORT]\n"
    "\n"
    "Takes an exam, on the whole screen of the terminal.  A join line,\n"
    "exam://HOST:PORT/SLIP#PIN, comes from the proctor.\n"
    "\n"
    "  --script FILE        by a script, without a person, see exam(1)\n"
    "  --plain              line by line, for a screen reader\n"
    "  --user USER          log in by password, not by the slip of a join line\n"
    "  --password-file F    the password is the first line of F\n"
    "  --password-fd N      ... or of descriptor N\n"
    "  --sitting N          with --user: the sitting to check in to\n"
    "  --pin PIN            SHA-256 of the server's public key, hex or base64url\n"
    "  --ca-file FILE       verify the server by these certificate authorities\n"
    "  --state-dir DIR      journal of answers, client id (default ~/.local/state/examd)\n"
    "  --log-acks FILE      append each acknowledged answer: attempt item seat revision digest\n"
    "  --json               one JSON object a line\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 handed in or closed, 1 refused or failed, 2 wrong usage, 3 stopped by the "
    "script.\n";

struct options {
	const char *script, *user, *pin, *ca_file, *state_dir, *log_acks;
	struct password_source password;
	int64_t sitting;
	bool json, plain;
	struct join server;
};

enum {
	OPT_SCRIPT = 256,
	OPT_USER,
	OPT_PASSWORD_FILE,
	OPT_PASSWORD_FD,
	OPT_SITTING,
	OPT_PIN,
	OPT_CA_FILE,
	OPT_STATE_DIR,
	OPT_LOG_ACKS,
	OPT_JSON,
	OPT_PLAIN,
	OPT_HELP,
	OPT_VERSION
};

static const struct option longs[] = {
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"user", required_argument, NULL, OPT_USER},
    {"password-file", required_argument, NULL, OPT_PASSWORD_FILE},
    {"password-fd", required_argument, NULL, OPT_PASSWORD_FD},
    {"sitting", required_argument, NULL, OPT_SITTING},
    {"pin", required_argument, NULL, OPT_PIN},
    {"ca-file", required_argument, NULL, OPT_CA_FILE},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"log-acks", required_argument, NULL, OPT_LOG_ACKS},
    {"json", no_argument, NULL, OPT_JSON},
    {"plain", no_argument, NULL, OPT_PLAIN},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int wrong(const char *what)
{
	fprintf(stderr, "exam: %s; see exam --help\n", what);
	return USAGE;
}

static bool positive(const char *text, int64_t *out)
{
	char *last;
	long long v = strtoll(text, &last, 10);

	*out = v;
	return text[0] != '\0' && *last == '\0' && v >= 0;
}

/* -1: go on; otherwise the exit status. */
static int take_option(struct options *o, int which, const char *value)
{
	int64_t n;

	switch (which) {
	case OPT_SCRIPT:
		o->script = value;
		return -1;
	case OPT_USER:
		o->user = value;
		return -1;
	case OPT_PASSWORD_FILE:
		o->password.file = value;
		return -1;
	case OPT_PASSWORD_FD:
		if (!positive(value, &n) || n > 1024)
			return wrong("--password-fd needs the number of a descriptor");
		o->password.fd = (int)n;
		return -1;
	case OPT_SITTING:
		return positive(value, &o->sitting) ? -1 : wrong("--sitting needs a number");
	case OPT_PIN:
		o->pin = value;
		return -1;
	case OPT_CA_FILE:
		o->ca_file = value;
		return -1;
	case OPT_STATE_DIR:
		o->state_dir = value;
		return -1;
	case OPT_LOG_ACKS:
		o->log_acks = value;
		return -1;
	case OPT_JSON:
		o->json = true;
		return -1;
	case OPT_PLAIN:
		o->plain = true;
		return -1;
	case OPT_HELP:
		fputs(help, stdout);
		return 0;
	case OPT_VERSION:
		puts(PROGRAM);
		return 0;
	default:
		fputs("see exam --help\n", stderr);
		return USAGE;
	}
}

/* What fits together?  -1: all does. */
static int check_options(struct options *o, int argc, char **argv)
{
	if (optind + 1 != argc)
		return wrong(optind == argc ? "a join line or HOST:PORT is missing"
					    : "one join line or HOST:PORT is enough");
	if (join_parse(argv[optind], &o->server) != ERR_OK)
		return wrong("this is no join line and no HOST:PORT");
	if (o->pin != NULL) {
		if (pin_parse(o->pin, &o->server.pin) != ERR_OK)
			return wrong("--pin needs 64 hex digits or 43 symbols of base64url");
		o->server.has_pin = true;
	}
	if (o->script == NULL && !o->plain && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return wrong("there is no terminal to show the exam on: give --plain, or "
			     "--script FILE to take it by a script");
	if (o->user == NULL && o->server.slip[0] == '\0')
		return wrong("the join line has no slip: give one that has, or --user");
	if (o->user != NULL)
		o->server.slip[0] = '\0';
	return -1;
}

static int read_options(struct options *o, int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		int status = take_option(o, which, optarg);

		if (status >= 0)
			return status;
	}
	return check_options(o, argc, argv);
}

/* -1: read, or there is none; otherwise the exit status. */
static int read_script(const struct options *o, struct script *script)
{
	struct diag diag = {0};
	struct buf text = {0};
	enum err err;

	if (o->script == NULL)
		return -1;
	err = script_read(script, o->script, &diag);
	diag_sort(&diag);
	diag_print(&diag, &text);
	fputs(buf_text(&text), stderr);
	if (err != ERR_OK && err != ERR_BAD_INPUT)
		fprintf(stderr, "exam: %s: %s\n", o->script, err_sentence(err));
	buf_fini(&text);
	diag_fini(&diag);
	return err == ERR_OK ? -1 : USAGE;
}

/* A person takes it. */
static int run_shown(const struct options *o, const struct taker_config *taker)
{
	struct desk_config config = {
	    .client = taker->client,
	    .user = taker->user,
	    .password = taker->password,
	    .sitting = taker->sitting,
	    .acks_fd = taker->acks_fd,
	};
	char host[300];

	snprintf(host, sizeof host, "%s:%u", config.client.server.host, config.client.server.port);
	return o->plain ? plain_run(&config, host) : full_screen_run(&config, host);
}

static int run(const struct options *o, const struct script *script, const char *state_dir)
{
	struct taker_config config = {
	    .client = {.server = o->server,
		       .ca_file = o->ca_file,
		       .state_dir = state_dir,
		       .program = PROGRAM,
		       .login_user = o->user},
	    .script = script,
	    .user = o->user,
	    .sitting = o->sitting,
	    .json = o->json,
	    .acks_fd = -1,
	};
	char *password = NULL;
	int status = TAKER_FAILED;
	enum err err;

	if (known_servers_trust(&config.client.server, o->ca_file) != ERR_OK)
		goto out;
	/* Otherwise it is asked for where the exam is shown, and only when the server demands it.
	 */
	if (o->user != NULL && (o->password.file != NULL || o->password.fd >= 0)) {
		err = password_get(&o->password, "Password: ", &password);
		if (err != ERR_OK) {
			fprintf(stderr, "exam: no password: %s\n", err_sentence(err));
			goto out;
		}
		config.password = password;
	}
	if (o->log_acks != NULL) {
		config.acks_fd = open(o->log_acks, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (config.acks_fd < 0) {
			perror(o->log_acks);
			goto out;
		}
	}
	status = script != NULL ? taker_run(&config) : run_shown(o, &config);
out:
	if (config.acks_fd >= 0)
		close(config.acks_fd);
	password_free(password);
	return status;
}

/* Texts are UTF-8, whatever the terminal's locale says. */
static void set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv)
{
	struct options o = {.password = {.fd = -1}};
	struct script script = {0};
	char *state_dir;
	int status = read_options(&o, argc, argv);

	if (status >= 0)
		return status;
	set_locale();
	status = read_script(&o, &script);
	if (status < 0) {
		state_dir = o.state_dir != NULL ? mem_copy_text(o.state_dir)
						: own_dir("XDG_STATE_HOME", ".local/state");
		status = run(&o, o.script != NULL ? &script : NULL, state_dir);
		free(state_dir);
	}
	script_fini(&script);
	return status;
}
