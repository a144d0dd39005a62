#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/init.h"
#include "daemon/pin.h"
#include "daemon/service/install.h"
#include "daemon/verbs.h"

#define NAMES_MOST 16

struct arguments {
	struct init_order order;
	const char *names[NAMES_MOST];
	char machine[256];
};

static const struct option options[] = {
    {"name", required_argument, NULL, 'n'},
    {"admin", required_argument, NULL, 'a'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* What a certificate is good for when nobody says: this machine, by all its own names. */
static void add_own_names(struct arguments *a)
{
	static const char *const own[] = {"localhost", "127.0.0.1", "::1"};
	size_t i;

	if (a->order.nnames == 0 && gethostname(a->machine, sizeof a->machine - 1) == 0 &&
	    a->machine[0] != '\0' && strcmp(a->machine, "localhost") != 0)
		a->names[a->order.nnames++] = a->machine;
	for (i = 0; i < sizeof own / sizeof own[0] && a->order.nnames < NAMES_MOST; i++)
		a->names[a->order.nnames++] = own[i];
}

/* Returns -1 to go on, or the exit status. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
	int c;

	*a = (struct arguments){.order = {.admin = "admin", .install = install_make}};
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'n' && a->order.nnames < NAMES_MOST)
			a->names[a->order.nnames++] = optarg;
		else if (c == 'a')
			a->order.admin = optarg;
		else
			return verb_usage("init", c == 'h');
	}
	if (optind + 1 != argc)
		return verb_usage("init", 0);
	a->order.dir = argv[optind];
	a->order.names = a->names;
	add_own_names(a);
	return -1;
}

int verb_init(int argc, char **argv)
{
	struct arguments a;
	struct init_result made;
	const char *what;
	char pin[PIN_TEXT_SIZE];
	enum err err;
	int status = read_arguments(&a, argc, argv);

	if (status >= 0)
		return status;
	umask(077);
	if ((err = init_make(&a.order, &made, &what)) != ERR_OK) {
		fprintf(stderr, "examd: %s: %s failed: %s Nothing was made.\n", a.order.dir, what,
			err == ERR_EXISTS ? "The folder is not empty." : err_sentence(err));
		return VERB_FAILED;
	}
	pin_format(&made.pin, pin);
	printf("data directory: %s\nadmin: %s\none-time password: %s\npin: %s\n", a.order.dir,
	       a.order.admin, made.one_time_password, pin);
	printf("\nThe password is kept nowhere else; it must be changed at the first log-in.\n"
	       "Start the daemon with: examd run -d %s\n"
	       "For browsers: install %s/classroom-ca.crt on their machines; see examd(8), "
	       "BROWSERS.\n",
	       a.order.dir, a.order.dir);
	return fflush(stdout) == 0 ? 0 : VERB_FAILED;
}
