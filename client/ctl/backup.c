/* A backup on the server, and what puts it back there. */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/ctl/handlers.h"
#include "proto/base/mem.h"

#define LOOK_EVERY ((struct millis){200})

static void name_by_time(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, size, "examd-%Y%m%dT%H%M%SZ.db", gmtime_r(&now, &tm));
}

static void show_progress(uint32_t percent, bool last)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3u %%%s", percent, last ? "\n" : "");
}

static void print_made(const struct ctl *ctl, const char *name)
{
	json_t *o = json_pack("{s:s}", "backup", name);
	char *text = json_dumps(o, JSON_COMPACT);

	if (ctl_json(ctl))
		puts(text);
	else
		printf("%s is whole, in the server's folder of backups.\n", name);
	free(text);
	json_decref(o);
}

/* Begins it and asks, by the same command, until it is done. */
int backup_make(struct ctl *ctl)
{
	Examd__V1__Backup body = EXAMD__V1__BACKUP__INIT;
	char by_time[40];
	uint8_t id[16];
	bool done = false;

	name_by_time(by_time, sizeof by_time);
	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	body.name = ctl->nargs > 0 ? ctl->args[0] : by_time;
	if (!remote_open(ctl))
		return EXIT_REFUSED;
	while (!done) {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
		const Examd__V1__Reply *reply;

		request.body_case = EXAMD__V1__REQUEST__BODY_BACKUP;
		request.backup = &body;
		reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_BACKUP_STATE);
		if (reply == NULL)
			return EXIT_REFUSED;
		done = reply->backup_state->done;
		show_progress(reply->backup_state->percent, done);
		if (!done)
			remote_wait(ctl, LOOK_EVERY);
	}
	print_made(ctl, body.name);
	return EXIT_DONE;
}

/* The database is the operator's, so `examd restore` of this machine does it: the one beside this
 * program, else the one of PATH. */
int backup_restore(struct ctl *ctl)
{
	char self[PATH_MAX] = "", *slash, *beside;
	char *argv[] = {"examd", "restore", ctl->args[0], "-d", NULL, NULL};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (!ctl_has(ctl, OPT_DIR))
		return ctl_wrong("--dir DIR is needed: the data directory, on this machine");
	argv[4] = mem_copy_text(ctl_value(ctl, OPT_DIR));
	self[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	beside = mem_printf("%s/examd", self);
	if (access(beside, X_OK) == 0)
		execv(beside, argv);
	else
		execvp(argv[0], argv);
	free(beside);
	free(argv[4]);
	return ctl_failed(
	    "examd is neither beside examctl nor in PATH: restore on the server itself");
}
