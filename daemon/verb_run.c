#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/config_file.h"
#include "daemon/listen_at.h"
#include "daemon/pin.h"
#include "daemon/service/core.h"
#include "daemon/supervisor.h"
#include "daemon/verbs.h"
#include "daemon/whole_file.h"
#include "proto/base/mem.h"
#include "proto/stream/tls.h"

#define PORT_TRIES	 40
#define PORT_WAIT_MS	 50
#define ASSIGNMENTS_MOST 64

struct run {
	const char *dir, *pid_file, *config_file; /* borrowed from the arguments */
	int port;				  /* -1: as in the setting */
	char *assignments[ASSIGNMENTS_MOST];	  /* owned: settings of the command line */
	size_t nassignments;
	struct config config;
	struct listen_at at;
	struct core_settings core;
	struct front_settings front;
	struct supervisor_start start;
	struct supervisor_children children;
	char *cert_file, *key_file; /* owned */
};

static const struct option options[] = {
    {"dir", required_argument, NULL, 'd'},    {"port", required_argument, NULL, 'p'},
    {"listen", required_argument, NULL, 'l'}, {"option", required_argument, NULL, 'o'},
    {"config", required_argument, NULL, 2},   {"pid-file", required_argument, NULL, 1},
    {"help", no_argument, NULL, 'h'},	      {0},
};

/* ---- Arguments ------------------------------------------------------------------------------ */

static int help(void)
{
	struct buf text = {0};

	verb_usage("run", 1);
	config_help(&text);
	printf("\nSettings and their defaults (examd.yaml(5) explains them):\n%s", buf_text(&text));
	buf_fini(&text);
	return 0;
}

/* Kept, because it wins over the file, now and when that is read again. */
static int set(struct run *r, const char *name, const char *value)
{
	char detail[256], *assignment = mem_printf("%s%s", name, value);
	enum err err = ERR_TOO_MANY;

	snprintf(detail, sizeof detail, "There are more than %d settings.", ASSIGNMENTS_MOST);
	if (r->nassignments < ASSIGNMENTS_MOST)
		err = config_set(&r->config, assignment, detail);
	if (err == ERR_OK) {
		r->assignments[r->nassignments++] = assignment;
		return -1;
	}
	free(assignment);
	fprintf(stderr, "examd: %s\n", detail);
	return VERB_USAGE;
}

static int set_port(struct run *r, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n > 65535) {
		fprintf(stderr, "examd: \"%s\" is not a port.\n", text);
		return VERB_USAGE;
	}
	r->port = (int)n;
	return -1;
}

static int take_option(struct run *r, int option, const char *value)
{
	switch (option) {
	case 'd':
		r->dir = value;
		return -1;
	case 'p':
		return set_port(r, value);
	case 'l':
		return set(r, "listen=", value);
	case 'o':
		return set(r, "", value);
	case 1:
		r->pid_file = value;
		return -1;
	case 2:
		r->config_file = value;
		return -1;
	case 'h':
		return help();
	default:
		return verb_usage("run", 0);
	}
}

/* Returns -1 to go on, or the exit status. */
static int read_arguments(struct run *r, int argc, char **argv)
{
	int c, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "d:p:l:o:h", options, NULL)) != -1)
		status = take_option(r, c, optarg);
	if (status < 0 && (r->dir == NULL || optind != argc))
		status = verb_usage("run", 0);
	return status;
}

/* ---- What the children run ------------------------------------------------------------------ */

static int run_core(const struct supervisor_children *children, int leash_fd)
{
	const struct run *r = container_of(children, const struct run, children);
	const struct core_start start = {r->dir, leash_fd, &r->core};

	return core_main(&start);
}

static int run_front(const struct supervisor_children *children, const struct front_start *start)
{
	(void)children;
	return front_main(start);
}

/* The line that scripts wait for. */
static void on_serving(const struct supervisor_start *start, struct bytes cert_pem)
{
	const struct run *r = container_of(start, const struct run, start);
	struct digest pin = {{0}};
	char text[PIN_TEXT_SIZE];
	struct buf where = {0};

	if (tls_pin_of_pem(cert_pem, &pin) != ERR_OK)
		pin = (struct digest){{0}}; /* no: it was good enough for TLS a moment ago */
	pin_format(&pin, text);
	listen_at_print(&r->at, &where);
	printf("examd: serving on %s, pin %s\n", buf_text(&where), text);
	fflush(stdout);
	buf_fini(&where);
}

/* ---- The file ------------------------------------------------------------------------------- */

static enum err load(const struct run *r, struct config *c, struct diag *diag)
{
	char *fallback = mem_printf("%s/examd.yaml", r->dir);
	const struct config_sources from = {
	    .file = r->config_file != NULL ? r->config_file : fallback,
	    .file_may_miss = r->config_file == NULL,
	    .assignments = (const char *const *)r->assignments,
	    .nassignments = r->nassignments,
	};
	enum err err = config_load(c, &from, diag);

	free(fallback);
	return err;
}

/* Returns -1 to go on, or the exit status. */
static int read_config(struct run *r)
{
	struct diag diag = {0};
	struct buf said = {0};
	enum err err;

	config_fini(&r->config); /* the arguments were tried on it */
	if ((err = load(r, &r->config, &diag)) != ERR_OK) {
		diag_print(&diag, &said);
		fputs(buf_text(&said), stderr);
	}
	buf_fini(&said);
	diag_fini(&diag);
	return err == ERR_OK ? -1 : SUPERVISOR_CONFIGURATION;
}

/* ---- The settings --------------------------------------------------------------------------- */

static uint32_t fronts_of(const struct config *c)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->fronts > 0)
		return c->fronts;
	if (processors <= 2)
		return 1;
	return processors > SUPERVISOR_FRONTS_MOST ? SUPERVISOR_FRONTS_MOST
						   : (uint32_t)processors - 1;
}

static struct front_settings front_settings_of(const struct config *c, uint32_t fronts)
{
	return (struct front_settings){
	    .connections_most = (c->connections_most + fronts - 1) / fronts,
	    .connections_per_address = c->connections_per_address,
	    .handshake = c->handshake_ms,
	    .first_frame = c->first_frame_ms,
	    .frame = c->frame_ms,
	    .login = c->login_ms,
	    .frames_per_second = c->frames_per_second,
	    .frames_burst = c->frames_burst,
	    .client_queue_most = c->client_queue_most,
	    .core_queue_most = c->core_queue_most,
	};
}

/* The file is bad: each error is a line of the log. */
static void log_diag(const struct diag *diag)
{
	size_t i;

	for (i = 0; i < diag->length; i++)
		log_event(LOG_CONFIG_BAD, F_TEXT("file", diag->entries[i].file),
			  F_INT("line", diag->entries[i].line),
			  F_INT("column", diag->entries[i].column),
			  F_TEXT("detail", diag->entries[i].text));
}

static void log_waiting(const struct config *running, const struct config *wanted)
{
	const char *name;
	size_t i = 0;

	while ((name = config_next_waiting(running, wanted, &i)) != NULL)
		log_event(LOG_CONFIG_WAITS, F_TEXT("setting", name));
}

static enum err on_reload(const struct supervisor_start *start, struct leash_settings *settings)
{
	const struct run *r = container_of(start, const struct run, start);
	struct config wanted;
	struct diag diag = {0};
	enum err err;

	if ((err = load(r, &wanted, &diag)) != ERR_OK) {
		log_diag(&diag);
	} else {
		log_waiting(&r->config, &wanted);
		settings->front = front_settings_of(&wanted, start->nfronts);
		settings->log_level = wanted.log_level;
		settings->metrics_every = SECONDS(wanted.metrics_every);
	}
	diag_fini(&diag);
	config_fini(&wanted);
	return err;
}

static char *file_of(const struct run *r, const char *configured, const char *name)
{
	return configured[0] == '\0' ? mem_printf("%s/secrets/%s", r->dir, name)
				     : mem_copy_text(configured);
}

static void prepare(struct run *r)
{
	const struct config *c = &r->config;
	uint32_t fronts = fronts_of(c);

	r->cert_file = file_of(r, c->certificate, "tls.crt");
	r->key_file = file_of(r, c->key, "tls.key");
	r->front = front_settings_of(c, fronts);
	r->core.certificate = r->cert_file;
	r->core.descriptors = r->front.connections_most + FRONT_DESCRIPTORS;
	r->children = (struct supervisor_children){run_core, run_front};
	r->start = (struct supervisor_start){
	    .children = &r->children,
	    .listen_fds = r->at.fds,
	    .nlisten = r->at.n,
	    .cert_file = r->cert_file,
	    .key_file = r->key_file,
	    .nfronts = fronts,
	    .front = &r->front,
	    .log_level = c->log_level,
	    .metrics_every = SECONDS(c->metrics_every),
	    .on_reload = on_reload,
	    .user = c->user[0] == '\0' ? NULL : c->user,
	    .on_serving = on_serving,
	};
}

/* ---- The run -------------------------------------------------------------------------------- */

static enum err make_pid_file(const char *path)
{
	struct buf text = {0};
	char *new_path = mem_printf("%s.new", path);
	enum err err;

	buf_printf(&text, "%d\n", (int)getpid());
	(void)unlink(new_path);
	err = whole_file_make(new_path, 0644, buf_bytes(&text));
	if (err == ERR_OK && rename(new_path, path) != 0)
		err = whole_file_error(errno);
	buf_fini(&text);
	free(new_path);
	return err;
}

/* The processes of a supervisor that was killed a moment ago may still be going, and hold its port:
 * that is waited for. */
static enum err open_listeners(struct run *r, char detail[256])
{
	enum err err;
	int tries;

	for (tries = 0; tries < PORT_TRIES; tries++) {
		err = listen_at_open(&r->at, r->config.listen, r->port, detail);
		if (err != ERR_IN_USE)
			break;
		(void)poll(NULL, 0, PORT_WAIT_MS);
	}
	return err;
}

/* Without its capabilities a root's core is a user like others, who cannot use such a folder. */
static bool is_somebody_else_s(const struct run *r)
{
	struct stat st;

	return geteuid() == 0 && r->config.user[0] == '\0' && stat(r->dir, &st) == 0 &&
	       st.st_uid != 0;
}

static int run(struct run *r)
{
	char detail[256] = "";
	int status = VERB_FAILED;
	enum err err;

	if (access(r->dir, X_OK) != 0) {
		fprintf(stderr, "examd: %s: %s Make it with: examd init %s\n", r->dir,
			strerror(errno), r->dir);
		return VERB_FAILED;
	}
	if (is_somebody_else_s(r)) {
		fprintf(stderr,
			"examd: %s belongs to another user than root: name that user with -o "
			"user=NAME, "
			"or start examd as that user.\n",
			r->dir);
		return SUPERVISOR_CONFIGURATION;
	}
	if ((err = open_listeners(r, detail)) != ERR_OK) {
		fprintf(stderr, "examd: cannot listen on %s: %s\n", detail,
			err == ERR_IN_USE ? "Another program does." : err_sentence(err));
		return VERB_FAILED;
	}
	if (r->pid_file != NULL && (err = make_pid_file(r->pid_file)) != ERR_OK) {
		fprintf(stderr, "examd: %s: %s\n", r->pid_file, err_sentence(err));
		goto out;
	}
	prepare(r);
	status = supervisor_run(&r->start);
	if (r->pid_file != NULL)
		(void)unlink(r->pid_file);
out:
	listen_at_close(&r->at);
	return status;
}

int verb_run(int argc, char **argv)
{
	struct run r = {.port = -1};
	int status;

	config_init(&r.config);
	status = read_arguments(&r, argc, argv);
	if (status < 0)
		status = read_config(&r);
	if (status < 0) {
		log_setup("examd", r.config.log_level);
		status = run(&r);
	}
	while (r.nassignments > 0)
		free(r.assignments[--r.nassignments]);
	free(r.cert_file);
	free(r.key_file);
	config_fini(&r.config);
	return status;
}

int verb_settings(int argc, char **argv)
{
	static const struct {
		const char *option;
		void (*put)(struct buf *out);
	} forms[] = {{"--mdoc", config_manual}, {"--yaml", config_example}};
	void (*put)(struct buf * out) = argc == 1 ? config_help : NULL;
	struct buf text = {0};
	size_t i;

	for (i = 0; i < COUNT(forms) && argc == 2; i++)
		if (strcmp(argv[1], forms[i].option) == 0)
			put = forms[i].put;
	if (put == NULL)
		return verb_usage("settings", argc == 2 && strcmp(argv[1], "--help") == 0);
	put(&text);
	fputs(buf_text(&text), stdout);
	buf_fini(&text);
	return 0;
}
