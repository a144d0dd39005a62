/* examd: the exam daemon and what its operator does with it.  See examd(8). */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/verbs.h"
#include "proto/base/mem.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis, *manual;
} verbs[] = {
    {"init", verb_init, "DIR [--name HOST]... [--admin USER]",
     "Makes the data directory DIR: database, secrets, certificate, and the first\n"
     "admin with a one-time password, which is printed once.\n"
     "  --name HOST      a name or address of this server, for its certificate\n"
     "                   (default: the machine's name); may come several times\n"
     "  --admin USER     the first admin (default: admin)\n"},
    {"run", verb_run,
     "-d DIR [--port N] [--listen LIST] [--config FILE] [-o NAME=VALUE]...\n"
     "                 [--pid-file FILE]",
     "Serves exams until SIGTERM; SIGHUP reads settings, certificate and key again.\n"
     "  -d, --dir DIR        the data directory\n"
     "      --config FILE    settings, as in examd.yaml(5) (default: DIR/examd.yaml)\n"
     "  -p, --port N         instead of the ports in the setting listen; 0: any\n"
     "  -l, --listen LIST    the same as -o listen=LIST\n"
     "  -o, --option N=V     sets the setting N to V\n"
     "      --pid-file FILE  holds the number of the process while it runs\n"},
    {"check", verb_check, "-d DIR",
     "Checks a data directory: folders, secrets, certificate, database and the chains\n"
     "of all records.  The daemon must be stopped; a running one is asked how it is.\n"},
    {"key", verb_key, "-d DIR",
     "Prints the public key with which receipts and transcripts are signed: publish\n"
     "it, so that others can verify them.\n"},
    {"status", verb_status, "-d DIR [--json]", "Tells how the running daemon is.\n"},
    {"backup", verb_backup, "-d DIR [NAME]",
     "Has the running daemon write DIR/backups/NAME (default: examd-TIME.db).\n"
     "DIR/secrets is not part of it: keep a copy of that folder too.\n"},
    {"restore", verb_restore, "FILE -d DIR",
     "Puts a backup in the place of the database; the daemon must be stopped.  The\n"
     "present database is kept beside it.\n"},
    {"settings", verb_settings, "[--yaml | --mdoc]",
     "Lists all settings of run with their defaults; --yaml: as an examd.yaml that\n"
     "explains them; --mdoc: as in the manual.\n"},
};

static void print_usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: examd VERB [ARGUMENTS]\n\n");
	for (i = 0; i < COUNT(verbs); i++)
		fprintf(to, "  examd %s %s\n", verbs[i].name, verbs[i].synopsis);
	fprintf(to, "\nexamd VERB --help tells more; examd(8) tells all.\n");
}

static const struct verb *find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int verb_usage(const char *name, int help)
{
	const struct verb *verb = find(name);

	fprintf(help ? stdout : stderr, "usage: examd %s %s\n", verb->name, verb->synopsis);
	if (help)
		printf("\n%s", verb->manual);
	return help ? 0 : VERB_USAGE;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("examd %s\n", EXAMD_VERSION);
		return 0;
	}
	if (argc < 2 || (verb = find(argv[1])) == NULL) {
		print_usage(stderr);
		return VERB_USAGE;
	}
	return verb->run(argc - 1, argv + 1);
}
