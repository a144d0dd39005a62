/* The verbs status and backup: what a running core is asked. */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/ask.h"
#include "daemon/status_table.h"
#include "daemon/verbs.h"

#define STATUS_LIMIT SECONDS(10)
#define BACKUP_LIMIT MINUTES(5) /* between two lines of progress */

struct arguments {
	const char *dir, *name;
	bool json;
};

static const struct option options[] = {
    {"dir", required_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* Returns -1 to go on, or the exit status. */
static int read_arguments(struct arguments *a, int argc, char **argv, bool is_status)
{
	int c;

	*a = (struct arguments){0};
	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		if (c == 'd')
			a->dir = optarg;
		else if (c == 'j' && is_status)
			a->json = true;
		else
			return verb_usage(argv[0], c == 'h');
	}
	if (!is_status && optind + 1 == argc)
		a->name = argv[optind++];
	return a->dir == NULL || optind != argc ? verb_usage(argv[0], 0) : -1;
}

static int report(const char *dir, enum err err, const char *detail)
{
	if (err == ERR_OK)
		return 0;
	if (err == ERR_CLOSED)
		fprintf(stderr, "examd: no daemon runs on %s.\n", dir);
	else
		fprintf(stderr, "examd: %s: %s\n", dir, detail[0] ? detail : err_sentence(err));
	return VERB_FAILED;
}

static void print_status(struct buf *answer, bool as_json)
{
	json_t *root = as_json ? NULL : json_loads(buf_text(answer), 0, NULL);
	struct buf table = {0};

	if (root != NULL)
		status_table_put(root, &table);
	fputs(buf_text(root != NULL ? &table : answer), stdout);
	buf_fini(&table);
	json_decref(root);
}

int verb_status(int argc, char **argv)
{
	struct arguments a;
	struct buf answer = {0};
	char detail[256];
	enum err err;
	int status = read_arguments(&a, argc, argv, true);

	if (status >= 0)
		return status;
	if ((err = ask_core(a.dir, "status", STATUS_LIMIT, &answer, detail)) == ERR_OK)
		print_status(&answer, a.json);
	buf_fini(&answer);
	return report(a.dir, err, detail);
}

int verb_backup(int argc, char **argv)
{
	struct arguments a;
	struct buf answer = {0};
	char detail[256], line[512], fallback[64];
	time_t now = time(NULL);
	struct tm tm;
	enum err err;
	int status = read_arguments(&a, argc, argv, false);

	if (status >= 0)
		return status;
	strftime(fallback, sizeof fallback, "examd-%Y%m%dT%H%M%SZ.db", gmtime_r(&now, &tm));
	if (a.name == NULL)
		a.name = fallback;
	if (strpbrk(a.name, "/\r\n") != NULL || strlen(a.name) > 200) {
		fprintf(stderr,
			"examd: the name of a backup has no slash and at most 200 bytes.\n");
		return VERB_USAGE;
	}
	snprintf(line, sizeof line, "backup %s", a.name);
	err = ask_core(a.dir, line, BACKUP_LIMIT, &answer, detail);
	buf_fini(&answer);
	if (err == ERR_OK)
		printf("%s/backups/%s\n", a.dir, a.name);
	return report(a.dir, err, detail);
}
