/* The verbs check and restore, which are for while no daemon runs, and key. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/ask.h"
#include "daemon/chain_check.h"
#include "daemon/config_file.h"
#include "daemon/data_lock.h"
#include "daemon/database_check.h"
#include "daemon/pin.h"
#include "daemon/restore.h"
#include "daemon/service/secrets.h"
#include "daemon/store/store.h"
#include "daemon/verbs.h"
#include "daemon/whole_file.h"
#include "proto/base/mem.h"
#include "proto/stream/tls.h"

#define PEM_MOST (64 * 1024)

static const struct option options[] = {
    {"dir", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* Reads -d DIR and, when FILE is not NULL, one more argument.  -1: go on. */
static int read_arguments(int argc, char **argv, const char **dir, const char **file)
{
	int c;

	*dir = NULL;
	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		if (c != 'd')
			return verb_usage(argv[0], c == 'h');
		*dir = optarg;
	}
	if (*dir == NULL || optind + (file != NULL) != argc)
		return verb_usage(argv[0], 0);
	if (file != NULL)
		*file = argv[optind];
	return -1;
}

/* ---- check ---------------------------------------------------------------------------------- */

struct check {
	const char *dir;
	struct data_lock *lock;
	int faults;
};

static void say(struct check *c, enum err err, const char *what, const char *detail)
{
	if (err != ERR_OK)
		c->faults++;
	printf("%-12s %s%s%s\n", what, err == ERR_OK ? "ok" : err_sentence(err),
	       detail[0] == '\0' ? "" : " ", detail);
}

static void check_folders(struct check *c)
{
	struct stat st;
	enum err err = ERR_OK;

	if (stat(c->dir, &st) != 0)
		err = whole_file_error(errno);
	else if ((st.st_mode & 077) != 0)
		err = ERR_FORBIDDEN;
	say(c, err, "folder", err == ERR_FORBIDDEN ? "Others than its owner may enter it." : "");
}

static void check_settings(struct check *c)
{
	char *path = mem_printf("%s/examd.yaml", c->dir);
	const struct config_sources from = {.file = path, .file_may_miss = true};
	struct config config;
	struct diag diag = {0};
	struct buf said = {0};

	say(c, config_load(&config, &from, &diag), "settings", "");
	if (diag_has_errors(&diag))
		diag_print(&diag, &said);
	fputs(buf_text(&said), stdout);
	buf_fini(&said);
	diag_fini(&diag);
	config_fini(&config);
	free(path);
}

static void check_secrets(struct check *c)
{
	struct secrets secrets;
	enum err err = secrets_read(&secrets, c->dir);

	if (err == ERR_OK)
		secrets_wipe(&secrets);
	say(c, err, "secrets", "");
}

static enum err read_in(const char *dir, const char *name, struct buf *out)
{
	char *path = mem_printf("%s/%s", dir, name);
	enum err err = whole_file_read(path, PEM_MOST, out);

	free(path);
	return err;
}

static void check_certificate(struct check *c)
{
	struct buf cert = {0}, key = {0};
	struct tls *tls = NULL;
	struct digest pin;
	char detail[256] = "", pin_text[PIN_TEXT_SIZE];
	enum err err;

	if ((err = read_in(c->dir, "secrets/tls.crt", &cert)) == ERR_OK &&
	    (err = read_in(c->dir, "secrets/tls.key", &key)) == ERR_OK &&
	    (err = tls_server_new(&tls, buf_bytes(&cert), buf_bytes(&key), detail)) == ERR_OK &&
	    (err = tls_pin_of_pem(buf_bytes(&cert), &pin)) == ERR_OK) {
		pin_format(&pin, pin_text);
		snprintf(detail, sizeof detail, "pin %s", pin_text);
	}
	say(c, err, "certificate", detail);
	tls_free(tls);
	buf_fini(&cert);
	buf_fini(&key);
}

static void check_database(struct check *c)
{
	struct buf faults = {0};
	char *path = mem_printf("%s/examd.db", c->dir);
	char detail[80] = "";
	int64_t schema;
	uint64_t records;
	enum err err = database_check(path, false, &schema, &faults);

	snprintf(detail, sizeof detail, "schema %lld", (long long)schema);
	say(c, err, "database", detail);
	fputs(buf_text(&faults), stdout);
	if (err == ERR_OK && schema == STORE_SCHEMA) {
		data_lock_let_store(c->lock);
		err = chain_check(c->dir, &records);
		snprintf(detail, sizeof detail, "%llu records", (unsigned long long)records);
		say(c, err, "chains", detail);
	}
	buf_fini(&faults);
	free(path);
}

/* The daemon has the database; it opened it, so it has checked the chains itself. */
static int ask_instead(const char *dir)
{
	struct buf answer = {0};
	char detail[256];
	enum err err = ask_core(dir, "status", SECONDS(10), &answer, detail);

	printf("A daemon runs on %s, so the database is not opened here.\n", dir);
	if (err == ERR_OK)
		printf("It answers: %s", buf_text(&answer));
	else
		printf("It does not answer: %s %s\n", err_sentence(err), detail);
	buf_fini(&answer);
	return err == ERR_OK ? 0 : VERB_FAILED;
}

int verb_check(int argc, char **argv)
{
	struct data_lock lock;
	struct check c = {.lock = &lock};
	int status = read_arguments(argc, argv, &c.dir, NULL);
	enum err err;

	if (status >= 0)
		return status;
	if ((err = data_lock_take(&lock, c.dir)) == ERR_IN_USE)
		return ask_instead(c.dir);
	if (err != ERR_OK) {
		fprintf(stderr, "examd: %s: %s\n", c.dir, err_sentence(err));
		return VERB_FAILED;
	}
	check_folders(&c);
	check_settings(&c);
	check_secrets(&c);
	check_certificate(&c);
	check_database(&c);
	data_lock_drop(&lock);
	return c.faults == 0 ? 0 : VERB_FAILED;
}

/* ---- restore -------------------------------------------------------------------------------- */

int verb_restore(int argc, char **argv)
{
	struct data_lock lock;
	struct buf said = {0};
	const char *dir, *file;
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int status = read_arguments(argc, argv, &dir, &file);
	enum err err;

	if (status >= 0)
		return status;
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	err = data_lock_take(&lock, dir);
	if (err == ERR_OK) {
		err = restore_make(file, dir, stamp, &said);
		data_lock_drop(&lock);
	}
	fputs(buf_text(&said), err == ERR_OK ? stdout : stderr);
	buf_fini(&said);
	if (err != ERR_OK)
		fprintf(stderr, "examd: %s could not be restored: %s%s\n", file, err_sentence(err),
			err == ERR_IN_USE ? " Stop the daemon first." : "");
	return err == ERR_OK ? 0 : VERB_FAILED;
}

/* ---- key ------------------------------------------------------------------------------------ */

int verb_key(int argc, char **argv)
{
	struct secrets secrets;
	char hex[2 * sizeof secrets.sign_public + 1];
	const char *dir;
	int status = read_arguments(argc, argv, &dir, NULL);
	enum err err;

	if (status >= 0)
		return status;
	if ((err = secrets_read(&secrets, dir)) != ERR_OK) {
		fprintf(stderr, "examd: %s: %s\n", dir, err_sentence(err));
		return VERB_FAILED;
	}
	hex_format(secrets.sign_public, sizeof secrets.sign_public, hex);
	secrets_wipe(&secrets);
	puts(hex);
	return 0;
}
