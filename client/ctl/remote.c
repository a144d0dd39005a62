#include "client/ctl/handlers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/kept_login.h"
#include "client/lib/known_servers.h"
#include "client/lib/password.h"

#define TIMEOUT_DEFAULT 60
#define REACH_LIMIT	SECONDS(10)

struct remote {
	struct exam_client_user user;
	struct exam_client *client; /* owned */
	struct loop *loop;	    /* owned */
	struct join server;
	struct millis timeout;
	struct timer limit;
	struct kept_login kept;		/* what the file had */
	struct remote_watcher *watcher; /* borrowed; NULL: none */
	/* the call under way */
	struct call call;
	bool calling, waiting;
	enum err err;
	struct arena arena;
	const Examd__V1__Reply *reply; /* in the arena */
	enum err link_error;
};

static const char *from(const struct ctl *ctl, enum opt opt, const char *variable)
{
	const char *value = ctl_value(ctl, opt);

	if (value == NULL)
		value = getenv(variable);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- The loop, step by step -------------------------------------------------------------- */

static void on_link(struct exam_client_user *u, enum link_state state, enum err why)
{
	struct remote *r = container_of(u, struct remote, user);

	if (why != ERR_OK)
		r->link_error = why;
	if (state == LINK_UP && r->watcher != NULL)
		r->watcher->link_came_up = true;
	if (r->watcher != NULL && r->watcher->on_link != NULL)
		r->watcher->on_link(r->watcher, state, why);
	if ((state == LINK_UP && r->waiting) || state == LINK_REFUSED)
		loop_stop(r->loop);
}

static void on_notice(struct exam_client_user *u, const Examd__V1__Notice *notice)
{
	struct remote *r = container_of(u, struct remote, user);

	if (r->watcher == NULL)
		return;
	r->watcher->on_notice(r->watcher, notice);
	if (r->waiting)
		loop_stop(r->loop);
}

static void on_limit(struct timer *t)
{
	loop_stop(container_of(t, struct remote, limit)->loop);
}

/* Beyond its frame. */
static void keep_reply(struct remote *r, const Examd__V1__Reply *reply)
{
	struct buf packed = {0};
	Examd__V1__Reply *copy = NULL;

	message_put(&packed, &reply->base);
	arena_reset(&r->arena);
	if (reply_decode(buf_bytes(&packed), &r->arena, &copy) == ERR_OK)
		r->reply = copy;
	buf_fini(&packed);
}

static void on_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct remote *r = container_of(call, struct remote, call);

	r->calling = false;
	r->err = err;
	if (reply != NULL)
		keep_reply(r, reply);
	loop_stop(r->loop);
}

static enum err call_within(struct remote *r, Examd__V1__Request *request, bool resend,
			    const Examd__V1__Reply **out)
{
	r->call = (struct call){.on_reply = on_reply};
	r->calling = true;
	r->reply = NULL;
	r->err = ERR_TIMEOUT;
	exam_client_call(r->client, &r->call, request, resend);
	timer_set(&r->limit, r->timeout);
	while (r->calling && timer_is_set(&r->limit))
		loop_run(r->loop);
	timer_stop(&r->limit);
	*out = r->reply;
	if (r->err == ERR_CLOSED || r->err == ERR_TIMEOUT)
		return r->link_error == ERR_UNTRUSTED || r->link_error == ERR_VERSION
			   ? r->link_error
			   : ERR_TIMEOUT;
	return r->err;
}

enum err remote_call(struct ctl *ctl, Examd__V1__Request *request, const Examd__V1__Reply **out)
{
	return call_within(ctl->remote, request, true, out);
}

int remote_refused(enum err err, const Examd__V1__Reply *reply)
{
	const char *detail = reply != NULL ? reply->detail : "";

	switch (err) {
	case ERR_TIMEOUT:
		return ctl_failed("The server did not answer in time.  It is not known whether the "
				  "command was carried out: look before you repeat it.");
	case ERR_CHANGED_MEANWHILE:
		return ctl_failed("%s%s%s  Look again, or give --force.", err_sentence(err),
				  detail[0] != '\0' ? " " : "", detail);
	case ERR_LOGIN_NEEDED:
		return ctl_failed("Log in first: examctl login.");
	case ERR_PASSWORD_CHANGE:
		return ctl_failed("%s  examctl passwd does it.", err_sentence(err));
	default:
		return ctl_failed("%s%s%s", err_sentence(err), detail[0] != '\0' ? " " : "",
				  detail);
	}
}

const Examd__V1__Reply *remote_ask(struct ctl *ctl, Examd__V1__Request *request,
				   Examd__V1__Reply__BodyCase expected)
{
	const Examd__V1__Reply *reply;
	enum err err = remote_call(ctl, request, &reply);

	if (err == ERR_OK && expected != EXAMD__V1__REPLY__BODY__NOT_SET &&
	    reply->body_case != expected)
		err = ERR_PROTOCOL;
	if (err == ERR_OK)
		return reply;
	remote_refused(err, reply);
	return NULL;
}

void remote_watch(struct ctl *ctl, struct remote_watcher *w)
{
	ctl->remote->watcher = w;
}

void remote_wait(struct ctl *ctl, struct millis limit)
{
	struct remote *r = ctl->remote;

	r->waiting = true;
	timer_set(&r->limit, limit);
	loop_run(r->loop);
	timer_stop(&r->limit);
	r->waiting = false;
}

struct loop *remote_loop(const struct ctl *ctl)
{
	return ctl->remote->loop;
}

struct exam_client *remote_client(const struct ctl *ctl)
{
	return ctl->remote->client;
}

const struct join *remote_server(const struct ctl *ctl)
{
	return &ctl->remote->server;
}

/* ---- Connecting -------------------------------------------------------------------------- */

/* Options, environment, then the kept log-in.  A kept pin is used for its own server only. */
static bool find_server(const struct ctl *ctl, struct remote *r)
{
	const char *server = from(ctl, OPT_SERVER, "EXAMCTL_SERVER");
	const char *pin = from(ctl, OPT_PIN, "EXAMCTL_PIN");
	bool kept = r->kept.server[0] != '\0';

	if (server == NULL && !kept) {
		ctl_wrong("which server? --server HOST:PORT or EXAMCTL_SERVER");
		return false;
	}
	if (join_parse(server != NULL ? server : r->kept.server, &r->server) != ERR_OK) {
		ctl_wrong("\"%s\" is no HOST:PORT", server != NULL ? server : r->kept.server);
		return false;
	}
	if (pin != NULL) {
		if (pin_parse(pin, &r->server.pin) != ERR_OK) {
			ctl_wrong("a pin is 64 hex digits or 43 symbols of base64url");
			return false;
		}
		r->server.has_pin = true;
	}
	if (!kept_login_is_of(&r->kept, &r->server))
		kept_login_clear(&r->kept);
	else if (!r->server.has_pin && ctl_value(ctl, OPT_CA_FILE) == NULL) {
		r->server.pin = r->kept.pin;
		r->server.has_pin = true;
	}
	return known_servers_trust(&r->server, ctl_value(ctl, OPT_CA_FILE)) == ERR_OK;
}

static bool find_timeout(const struct ctl *ctl, struct remote *r)
{
	const char *text = ctl_value(ctl, OPT_TIMEOUT);
	int64_t seconds = TIMEOUT_DEFAULT;

	if (text != NULL && !ctl_number(text, 1, &seconds))
		return false;
	r->timeout = (struct millis){seconds * 1000};
	return true;
}

static bool connect(struct ctl *ctl, struct remote *r, bool with_token)
{
	struct exam_client_config config = {
	    .loop = r->loop,
	    .server = r->server,
	    .ca_file = ctl_value(ctl, OPT_CA_FILE),
	    .program = PROGRAM,
	    .token = with_token && r->kept.has_token ? r->kept.token : NULL,
	    .client_id = r->kept.client_id,
	    .user = &r->user,
	};
	char detail[256];
	enum err err;

	config.server.slip[0] = '\0';
	if (!r->kept.has_token)
		random_bytes(r->kept.client_id, sizeof r->kept.client_id);
	err = exam_client_new(&r->client, &config, detail);
	if (err != ERR_OK)
		ctl_failed("%s %s", err_sentence(err), detail);
	return err == ERR_OK;
}

/* Waits for the first answer to Hello: not long, for a server that is not there at all is another
 * thing than one that was lost in the middle of a command. */
static bool wait_for_link(struct remote *r)
{
	r->waiting = true;
	timer_set(&r->limit, r->timeout.v < REACH_LIMIT.v ? r->timeout : REACH_LIMIT);
	loop_run(r->loop);
	r->waiting = false;
	if (timer_is_set(&r->limit) && r->link_error != ERR_UNTRUSTED &&
	    r->link_error != ERR_VERSION) {
		timer_stop(&r->limit);
		return true;
	}
	timer_stop(&r->limit);
	ctl_failed("%s:%u: %s", r->server.host, r->server.port,
		   err_sentence(r->link_error != ERR_OK ? r->link_error : ERR_TIMEOUT));
	return false;
}

static struct remote *remote_new(struct ctl *ctl)
{
	struct remote *r = mem_new(sizeof *r);

	ctl->remote = r;
	r->user.on_link = on_link;
	r->user.on_notice = on_notice;
	r->loop = loop_new();
	r->arena.cap = 4 * (size_t)FRAME_ARENA_MOST;
	timer_init(&r->limit, r->loop, on_limit);
	return r;
}

void remote_close(struct ctl *ctl)
{
	struct remote *r = ctl->remote;

	if (r == NULL)
		return;
	exam_client_free(r->client);
	timer_fini(&r->limit);
	loop_free(r->loop);
	arena_fini(&r->arena);
	kept_login_clear(&r->kept);
	free(r);
	ctl->remote = NULL;
}

static char *session_path(const struct ctl *ctl)
{
	const char *given = from(ctl, OPT_SESSION, "EXAMCTL_SESSION");

	return given != NULL ? mem_copy_text(given) : kept_login_path();
}

static bool begin(struct ctl *ctl, bool with_token)
{
	struct remote *r = remote_new(ctl);
	char *path = session_path(ctl);
	enum err err = kept_login_read(&r->kept, path);
	bool good = err == ERR_OK || err == ERR_NOT_FOUND;

	if (!good)
		ctl_failed("%s: %s", path, err_sentence(err));
	free(path);
	return good && find_timeout(ctl, r) && find_server(ctl, r) && connect(ctl, r, with_token) &&
	       wait_for_link(r);
}

static bool password_source(const struct ctl *ctl, enum opt file, enum opt fd,
			    struct password_source *out)
{
	int64_t n = -1;

	if (ctl_has(ctl, fd) && !ctl_number(ctl_value(ctl, fd), 0, &n))
		return false;
	*out = (struct password_source){ctl_value(ctl, file), (int)n};
	return true;
}

static char *get_password(const struct ctl *ctl, enum opt file, enum opt fd, const char *prompt)
{
	struct password_source source;
	char *password = NULL;
	enum err err;

	if (!password_source(ctl, file, fd, &source))
		return NULL;
	err = password_get(&source, prompt, &password);
	if (err == ERR_NOT_FOUND && source.file == NULL)
		ctl_failed("no terminal to ask for the password on: give --%s FILE",
			   file == OPT_PASSWORD_FILE ? "password-file" : "new-password-file");
	else if (err != ERR_OK)
		ctl_failed("no password: %s", err_sentence(err));
	return password;
}

/* Logs in on the open connection; the session is the reply's. */
static const Examd__V1__Session *log_in(struct ctl *ctl, const char *user)
{
	char *password = get_password(ctl, OPT_PASSWORD_FILE, OPT_PASSWORD_FD, "Password: ");
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__LogIn body = EXAMD__V1__LOG_IN__INIT;
	const Examd__V1__Reply *reply;

	if (password == NULL)
		return NULL;
	body.user = (char *)(uintptr_t)user; /* only read */
	body.password = password;
	request.body_case = EXAMD__V1__REQUEST__BODY_LOG_IN;
	request.log_in = &body;
	reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_SESSION);
	password_free(password);
	return reply != NULL ? reply->session : NULL;
}

bool remote_open(struct ctl *ctl)
{
	const char *user = from(ctl, OPT_USER, "EXAMCTL_USER");
	const Examd__V1__Session *session;

	if (!begin(ctl, true))
		return false;
	session = exam_client_session(ctl->remote->client);
	if (session != NULL && (user == NULL || strcmp(user, session->user) == 0))
		return true;
	if (user != NULL)
		return log_in(ctl, user) != NULL;
	ctl_failed("Log in first: examctl login.");
	return false;
}

/* ---- Files ------------------------------------------------------------------------------- */

enum err remote_upload(struct ctl *ctl, uint32_t number, struct bytes content)
{
	size_t at = 0;

	do {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
		Examd__V1__Upload body = EXAMD__V1__UPLOAD__INIT;
		const Examd__V1__Reply *reply;
		size_t n = content.len - at < PIECE_MOST ? content.len - at : PIECE_MOST;
		enum err err;

		body.number = number;
		body.offset = at;
		body.data = (ProtobufCBinaryData){n, (uint8_t *)(uintptr_t)(content.data + at)};
		request.body_case = EXAMD__V1__REQUEST__BODY_UPLOAD;
		request.upload = &body;
		err = call_within(ctl->remote, &request, false, &reply);
		if (err != ERR_OK)
			return err;
		at += n;
	} while (at < content.len);
	return ERR_OK;
}

static enum err download_piece(struct ctl *ctl, const Examd__V1__File *file, struct buf *out)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Download body = EXAMD__V1__DOWNLOAD__INIT;
	const Examd__V1__Reply *reply;
	uint64_t left = file->size - buf_length(out);
	enum err err;

	body.number = file->number;
	body.offset = buf_length(out);
	request.body_case = EXAMD__V1__REQUEST__BODY_DOWNLOAD;
	request.download = &body;
	err = call_within(ctl->remote, &request, false, &reply);
	if (err != ERR_OK)
		return err;
	if (reply->body_case != EXAMD__V1__REPLY__BODY_FILE_PIECE ||
	    reply->file_piece->offset != body.offset || reply->file_piece->data.len == 0 ||
	    reply->file_piece->data.len > left)
		return ERR_PROTOCOL;
	buf_put(out, reply->file_piece->data.data, reply->file_piece->data.len);
	return ERR_OK;
}

enum err remote_download(struct ctl *ctl, const Examd__V1__File *file_in, struct buf *out)
{
	Examd__V1__File file = *file_in;
	struct digest want, got;
	enum err err = ERR_OK;

	if (file.sha256.len != sizeof want.b || file.size > (uint64_t)1 << 32)
		return ERR_PROTOCOL;
	memcpy(want.b, file.sha256.data, sizeof want.b);
	while (err == ERR_OK && buf_length(out) < file.size)
		err = download_piece(ctl, &file, out);
	if (err != ERR_OK)
		return err;
	got = digest_of(buf_bytes(out).data, buf_length(out));
	return digest_equal(&want, &got) ? ERR_OK : ERR_CORRUPT;
}

/* ---- The commands about the log-in ------------------------------------------------------- */

static bool keep_login(struct ctl *ctl, const char *user)
{
	struct remote *r = ctl->remote;
	const uint8_t *token = exam_client_token(r->client);
	char *path = session_path(ctl);
	enum err err = ERR_PROTOCOL;

	if (token != NULL) {
		kept_login_set(&r->kept, &r->server, user, token);
		r->kept.pin = exam_client_pin(r->client);
		err = kept_login_write(&r->kept, path);
	}
	if (err != ERR_OK)
		ctl_failed("%s: %s", path, err_sentence(err));
	free(path);
	return err == ERR_OK;
}

int ctl_login(struct ctl *ctl)
{
	const char *user = from(ctl, OPT_USER, "EXAMCTL_USER");
	const Examd__V1__Session *session;

	if (ctl->nargs > 0)
		user = ctl->args[0];
	if (user == NULL)
		return ctl_wrong("who? examctl login USER, --user or EXAMCTL_USER");
	if (!begin(ctl, false))
		return EXIT_REFUSED;
	session = log_in(ctl, user);
	if (session == NULL || !keep_login(ctl, user))
		return EXIT_REFUSED;
	printf("Logged in to %s:%u as %s (%s).\n", ctl->remote->server.host,
	       ctl->remote->server.port, session->user, role_word(session->role));
	if (session->password_must_change)
		printf("The one-time password must be changed now: examctl passwd\n");
	return EXIT_DONE;
}

int ctl_logout(struct ctl *ctl)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__LogOut body = EXAMD__V1__LOG_OUT__INIT;
	char *path = session_path(ctl);
	int status = EXIT_DONE;

	/* Here it is forgotten in any case; the server is told when it can be. */
	if (begin(ctl, true) && exam_client_session(ctl->remote->client) != NULL) {
		request.body_case = EXAMD__V1__REQUEST__BODY_LOG_OUT;
		request.log_out = &body;
		if (remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET) == NULL)
			status = EXIT_REFUSED;
	}
	if (kept_login_remove(path) != ERR_OK)
		status = ctl_failed("%s could not be removed", path);
	free(path);
	return status;
}

/* Twice on a terminal, once from a file. */
static char *new_password(const struct ctl *ctl)
{
	char *first =
	    get_password(ctl, OPT_NEW_PASSWORD_FILE, OPT_NEW_PASSWORD_FD, "New password: ");
	char *second;
	bool same;

	if (first == NULL || ctl_has(ctl, OPT_NEW_PASSWORD_FILE) ||
	    ctl_has(ctl, OPT_NEW_PASSWORD_FD))
		return first;
	second = get_password(ctl, OPT_NEW_PASSWORD_FILE, OPT_NEW_PASSWORD_FD, "Once more: ");
	same = second != NULL && strcmp(first, second) == 0;
	password_free(second);
	if (same)
		return first;
	ctl_failed("the two are not the same");
	password_free(first);
	return NULL;
}

int ctl_passwd(struct ctl *ctl)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__ChangePassword body = EXAMD__V1__CHANGE_PASSWORD__INIT;
	const Examd__V1__Session *session;
	int status = EXIT_REFUSED;
	char *user = NULL;

	if (!remote_open(ctl))
		return EXIT_REFUSED;
	session = exam_client_session(ctl->remote->client);
	user = mem_copy_text(session != NULL ? session->user : "");
	body.old_password =
	    get_password(ctl, OPT_PASSWORD_FILE, OPT_PASSWORD_FD, "Present password: ");
	body.new_password = body.old_password != NULL ? new_password(ctl) : NULL;
	if (body.new_password == NULL)
		goto out;
	request.body_case = EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD;
	request.change_password = &body;
	if (remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET) == NULL)
		goto out;
	status = EXIT_DONE;
	/* The server may have given a new token with it. */
	if (ctl->remote->kept.has_token && !keep_login(ctl, user))
		status = EXIT_REFUSED;
out:
	password_free(body.old_password);
	password_free(body.new_password);
	free(user);
	return status;
}
