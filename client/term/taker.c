#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/term/taker.h"
#include "client/lib/password.h"
#include "client/term/ack_log.h"

#define PAUSED                                                                                     \
	(EXAMD__V1__STOP__STOP_ATTEMPT | EXAMD__V1__STOP__STOP_SITTING |                           \
	 EXAMD__V1__STOP__STOP_BREAK | EXAMD__V1__STOP__STOP_PARKED |                              \
	 EXAMD__V1__STOP__STOP_NOT_STARTED)
#define ASK_AGAIN  SECONDS(1)
#define LEAVE_MOST SECONDS(10)
#define LEAVE_LOOK ((struct millis){100})

enum phase { ENTERING, ANSWERING, SAVING, LEAVING, SUBMITTING, CLOSED, DONE, NPHASES };

#define TO(phase) (1u << (phase))
static const unsigned moves[NPHASES] = {
    [ENTERING] = TO(ANSWERING) | TO(CLOSED) | TO(DONE),
    [ANSWERING] = TO(SAVING) | TO(CLOSED) | TO(DONE),
    [SAVING] = TO(ANSWERING) | TO(LEAVING) | TO(SUBMITTING) | TO(CLOSED) | TO(DONE),
    [LEAVING] = TO(ANSWERING) | TO(CLOSED) | TO(DONE),
    [SUBMITTING] = TO(SAVING) | TO(CLOSED) | TO(DONE),
    [CLOSED] = TO(DONE),
};

struct taker {
	struct exam_client_user user;
	const struct taker_config *config; /* borrowed */
	struct loop *loop;
	struct exam_client *client;
	enum phase phase;
	int exit;
	struct timer think; /* before the next answer */
	struct timer again; /* a refused leave, submission or result is asked for again */
	struct timer leave; /* taken over: the last answers are offered, then it is over */
	struct mono_ms leave_by;
	uint32_t next; /* the item to look at next */
	uint32_t nsaved, nkept, nrefused;
	uint32_t part_left; /* 1 + the part that LEAVING leaves */
	bool told_start, told_paused;
	struct call call;
	bool calling;
	uint8_t command_id[16];
	struct arena arena;
};

static void go(struct taker *t, enum phase next)
{
	if (t->phase == next)
		return;
	assert(moves[t->phase] & TO(next));
	t->phase = next;
}

/* ---- What is said ------------------------------------------------------------------------ */

/* One line: a word, a number or none (-1), and a text. */
static void say(const struct taker *t, const char *event, int64_t number, const char *text)
{
	if (t->config->json) {
		json_t *line = json_pack("{s:s}", "event", event);
		char *dump;

		if (number >= 0)
			json_object_set_new(line, "number", json_integer(number));
		if (text[0] != '\0')
			json_object_set_new(line, "text", json_string(text));
		dump = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
		printf("%s\n", dump);
		free(dump);
		json_decref(line);
	} else if (number >= 0) {
		printf("%s %" PRId64 "%s%s\n", event, number, text[0] != '\0' ? ": " : "", text);
	} else {
		printf("%s%s%s\n", event, text[0] != '\0' ? ": " : "", text);
	}
	fflush(stdout);
}

static void end(struct taker *t, int status)
{
	go(t, DONE);
	t->exit = status;
	loop_stop(t->loop);
}

static void fail(struct taker *t, const char *what, enum err err, const char *detail)
{
	char text[512];

	snprintf(text, sizeof text, "%s%s%s", err_sentence(err), detail[0] != '\0' ? " " : "",
		 detail);
	say(t, what, -1, text);
	end(t, TAKER_FAILED);
}

static const char *state_word(Examd__V1__AttemptState state)
{
	static const char *const words[] = {"no attempt", "checked in", "admitted",
					    "ready",	  "running",	"submitted",
					    "expired",	  "closed",	"voided"};

	return (unsigned)state < COUNT(words) ? words[state] : "unknown";
}

/* ---- The end ----------------------------------------------------------------------------- */

/* Every expectation that does not hold is told. */
static bool expectations_hold(const struct taker *t)
{
	const struct script *s = t->config->script;
	uint32_t put, saved;
	bool good = true;

	exam_client_saved(t->client, &put, &saved);
	for (size_t i = 0; i < s->nexpects; i++) {
		const struct expect *e = &s->expects[i];
		bool holds = e->what == EXPECT_STATE ? exam_client_state(t->client) == e->state
			     : e->least > 0	     ? saved >= e->least
						     : saved == put && put > 0;

		if (!holds)
			say(t, "expectation failed", -1,
			    e->what == EXPECT_STATE ? state_word(e->state) : "saved");
		good = good && holds;
	}
	return good;
}

static void points_format(char *out, size_t size, int32_t hundredths)
{
	snprintf(out, size, "%d.%02d", hundredths / 100, abs(hundredths % 100));
}

static void summary_json(const struct taker *t, const Examd__V1__Result *result, uint32_t put,
			 uint32_t saved)
{
	json_t *line =
	    json_pack("{s:s,s:i,s:i,s:i,s:i,s:s}", "event", "summary", "put", (int)put, "saved",
		      (int)saved, "kept", (int)t->nkept, "refused", (int)t->nrefused, "state",
		      state_word(exam_client_state(t->client)));
	char *dump;

	if (result != NULL && result->score != NULL) {
		json_object_set_new(line, "points", json_integer(result->score->points));
		json_object_set_new(line, "points_most", json_integer(result->score->points_most));
		json_object_set_new(line, "scaled", json_integer(result->score->scaled));
		json_object_set_new(line, "passed", json_boolean(result->score->passed));
	}
	dump = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	printf("%s\n", dump);
	free(dump);
	json_decref(line);
}

static void summary_text(const struct taker *t, const Examd__V1__Result *result, uint32_t put,
			 uint32_t saved)
{
	char points[24], most[24];

	printf("saved %u/%u, %s", saved, put, state_word(exam_client_state(t->client)));
	if (t->nkept > 0)
		printf(", %u kept for the proctor", t->nkept);
	if (t->nrefused > 0)
		printf(", %u refused", t->nrefused);
	if (result != NULL && result->score != NULL) {
		points_format(points, sizeof points, result->score->points);
		points_format(most, sizeof most, result->score->points_most);
		printf(", score %s of %s, %s", points, most,
		       result->score->passed ? "passed" : "not passed");
		if (result->score->scaled > 0)
			printf(", %u on the practice scale", result->score->scaled);
	}
	printf("\n");
}

static void finish(struct taker *t, const Examd__V1__Result *result)
{
	uint32_t put, saved;

	exam_client_saved(t->client, &put, &saved);
	if (t->config->json)
		summary_json(t, result, put, saved);
	else
		summary_text(t, result, put, saved);
	fflush(stdout);
	end(t, expectations_hold(t) ? TAKER_CLOSED : TAKER_FAILED);
}

/* ---- Calls ------------------------------------------------------------------------------- */

static void pump(struct taker *t);

static void ask(struct taker *t, Examd__V1__Request *request,
		void (*on_reply)(struct call *call, enum err err, const Examd__V1__Reply *reply))
{
	t->call = (struct call){.on_reply = on_reply};
	t->calling = true;
	exam_client_call(t->client, &t->call, request, true);
}

/* BUSY and its like: the same command again after a moment. */
static bool asks_again(struct taker *t, enum err err)
{
	if (err != ERR_BUSY && err != ERR_TOO_MANY && err != ERR_THROTTLED && err != ERR_UNDECIDED)
		return false;
	timer_set(&t->again, ASK_AGAIN);
	return true;
}

static void on_result(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct taker *t = container_of(call, struct taker, call);
	const Examd__V1__Result *result = NULL;

	t->calling = false;
	if (t->phase == DONE || (reply != NULL && asks_again(t, err)))
		return;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_RESULT)
		result = reply->result;
	else
		say(t, "no result", -1, err_sentence(err));
	finish(t, result);
}

static void ask_result(struct taker *t)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetResult body = EXAMD__V1__GET_RESULT__INIT;

	request.body_case = EXAMD__V1__REQUEST__BODY_GET_RESULT;
	request.get_result = &body;
	ask(t, &request, on_result);
}

static void on_submitted(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct taker *t = container_of(call, struct taker, call);

	t->calling = false;
	if (t->phase == DONE || (reply != NULL && asks_again(t, err)))
		return;
	if (err != ERR_OK && err != ERR_TOO_LATE)
		fail(t, "not submitted", err, reply != NULL ? reply->detail : "");
	else
		pump(t);
}

static void ask_submit(struct taker *t)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Submit body = EXAMD__V1__SUBMIT__INIT;

	body.command_id = (ProtobufCBinaryData){sizeof t->command_id, t->command_id};
	request.body_case = EXAMD__V1__REQUEST__BODY_SUBMIT;
	request.submit = &body;
	ask(t, &request, on_submitted);
}

static void on_left(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct taker *t = container_of(call, struct taker, call);

	t->calling = false;
	if (t->phase == DONE || (reply != NULL && asks_again(t, err)))
		return;
	if (err != ERR_OK && err != ERR_LOCKED && err != ERR_TOO_LATE)
		fail(t, "the part was not left", err, reply != NULL ? reply->detail : "");
	else
		pump(t);
}

static void ask_leave(struct taker *t)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__LeavePart body = EXAMD__V1__LEAVE_PART__INIT;

	body.command_id = (ProtobufCBinaryData){sizeof t->command_id, t->command_id};
	body.part = t->part_left - 1;
	request.body_case = EXAMD__V1__REQUEST__BODY_LEAVE_PART;
	request.leave_part = &body;
	ask(t, &request, on_left);
}

/* ---- Answering --------------------------------------------------------------------------- */

/* The next item of the open part that has no answer yet; false: none. */
static bool find_item(struct taker *t, const Examd__V1__Status *status, uint32_t *item)
{
	const Examd__V1__PartInfo *part;

	if (status->part >= status->n_parts)
		return false;
	part = status->parts[status->part];
	if (t->next < part->first_item)
		t->next = part->first_item;
	for (; t->next < part->first_item + part->items; t->next++) {
		*item = t->next;
		if (!exam_client_is_answered(t->client, (struct item_no){*item}))
			return true;
	}
	return false;
}

/* A linear part moves on only when the answer is there. */
static bool must_wait(const struct taker *t, const Examd__V1__Status *status)
{
	return status->part < status->n_parts && status->parts[status->part]->linear &&
	       exam_client_unsettled(t->client) > 0;
}

/* False: the run is over. */
static bool answer_item(struct taker *t, uint32_t item)
{
	const Examd__V1__FormItem *content = exam_client_item(t->client, (struct item_no){item});
	Examd__V1__Answer answer;
	const char *detail;
	bool has;
	enum err err;

	arena_reset(&t->arena);
	t->next = item + 1;
	err = script_answer(t->config->script, item, content, &t->arena, &answer, &has, &detail);
	if (err != ERR_OK) {
		say(t, "cannot answer item", item + 1, detail);
		end(t, TAKER_FAILED);
		return false;
	}
	if (!has)
		return true;
	err = exam_client_put_answer(t->client, &answer);
	if (err != ERR_OK && err != ERR_TOO_LATE && err != ERR_SEAT_TAKEN) {
		say(t, "cannot answer item", item + 1, err_sentence(err));
		end(t, TAKER_FAILED);
		return false;
	}
	return err == ERR_OK;
}

/* True: every item of the part has been looked at. */
static bool answer_items(struct taker *t, const Examd__V1__Status *status)
{
	uint32_t item;

	while (find_item(t, status, &item)) {
		if (exam_client_item(t->client, (struct item_no){item}) == NULL ||
		    timer_is_set(&t->think) || must_wait(t, status))
			return false;
		if (!answer_item(t, item))
			return false;
		/* Putting an answer may have told us something new. */
		status = exam_client_status(t->client);
		if (status == NULL)
			return false;
		if (t->config->script->think_ms > 0)
			timer_set(&t->think, (struct millis){t->config->script->think_ms});
	}
	return true;
}

static void all_is_saved(struct taker *t, const Examd__V1__Status *status)
{
	if (status->part + 1 < status->n_parts) {
		exam_client_command_id(t->command_id);
		t->part_left = status->part + 1;
		go(t, LEAVING);
		ask_leave(t);
	} else if (t->config->script->submit) {
		exam_client_command_id(t->command_id);
		go(t, SUBMITTING);
		ask_submit(t);
	}
}

/* ---- The phases -------------------------------------------------------------------------- */

static void enter(struct taker *t, const Examd__V1__Status *status)
{
	if (exam_client_item(t->client,
			     (struct item_no){status->part < status->n_parts
						  ? status->parts[status->part]->first_item
						  : 0}) == NULL)
		return;
	if (!t->told_start)
		say(t, "started", status->items, status->exam_title);
	t->told_start = true;
	go(t, ANSWERING);
}

static bool is_paused(struct taker *t)
{
	bool paused = (exam_client_stopped(t->client) & PAUSED) != 0;

	if (paused != t->told_paused && t->told_start)
		say(t, paused ? "paused" : "resumed", -1, "");
	t->told_paused = paused;
	return paused;
}

static bool is_closed(const struct taker *t)
{
	return exam_client_state(t->client) >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

/* Go on as far as it is possible now.  Called after anything has changed. */
static void pump(struct taker *t)
{
	const Examd__V1__Status *status = exam_client_status(t->client);

	if (t->phase == DONE || t->calling || timer_is_set(&t->again))
		return;
	if (is_closed(t) && t->phase != CLOSED) {
		say(t, state_word(exam_client_state(t->client)), -1, "");
		go(t, CLOSED);
	}
	if (t->phase == CLOSED) {
		if (exam_client_unsettled(t->client) == 0)
			ask_result(t);
		return;
	}
	if (status == NULL || exam_client_state(t->client) != EXAMD__V1__ATTEMPT_STATE__RUNNING ||
	    is_paused(t))
		return;
	if (t->phase == LEAVING && status->part + 1 > t->part_left)
		go(t, ANSWERING);
	if (t->phase == ENTERING)
		enter(t, status);
	if (t->phase == ANSWERING && answer_items(t, status) && t->phase == ANSWERING)
		go(t, SAVING);
	if (t->phase == SAVING && exam_client_unsettled(t->client) == 0)
		all_is_saved(t, exam_client_status(t->client));
}

static void on_think(struct timer *timer)
{
	pump(container_of(timer, struct taker, think));
}

static void on_again(struct timer *timer)
{
	struct taker *t = container_of(timer, struct taker, again);

	if (t->phase == SUBMITTING)
		ask_submit(t);
	else if (t->phase == LEAVING)
		ask_leave(t);
	else
		pump(t);
}

/* ---- Hooks ------------------------------------------------------------------------------- */

static void on_link(struct exam_client_user *u, enum link_state state, enum err why)
{
	struct taker *t = container_of(u, struct taker, user);

	if (t->phase == DONE)
		return;
	if (state == LINK_UP)
		say(t, "connected", -1, "");
	else if (state == LINK_WAITING)
		say(t, "connection lost", -1, err_sentence(why));
	else if (state == LINK_REFUSED)
		fail(t, "refused", why, "");
}

static void on_change(struct exam_client_user *u)
{
	pump(container_of(u, struct taker, user));
}

static void on_part_open(struct exam_client_user *u, uint32_t part)
{
	struct taker *t = container_of(u, struct taker, user);

	say(t, "part open", (int64_t)part + 1, "");
	pump(t);
}

static void on_notice(struct exam_client_user *u, const Examd__V1__Notice *notice)
{
	struct taker *t = container_of(u, struct taker, user);

	if (notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE)
		say(t, "message", -1, notice->text);
	else if (notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED)
		say(t, "milliseconds added", notice->added_ms, notice->text);
	else if (notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_LOGGED_OUT)
		fail(t, "logged out", ERR_LOGIN_NEEDED, notice->text);
}

static void on_settled(struct exam_client_user *u, const Examd__V1__Answer *answer, enum err err)
{
	struct taker *t = container_of(u, struct taker, user);
	int64_t item = (int64_t)answer->item + 1;

	if (err == ERR_OK && !ack_log(t->config->acks_fd, t->client, answer)) {
		fprintf(stderr, "exam: the file of --log-acks cannot be written\n");
		_exit(TAKER_FAILED);
	}
	if (t->phase == DONE)
		return;
	if (err == ERR_OK) {
		t->nsaved++;
		say(t, "saved", item, "");
		if (t->nsaved == t->config->script->stop_after) {
			say(t, "stopped by the script", -1, "");
			end(t, TAKER_STOPPED);
		}
	} else if (err == ERR_KEPT_FOR_PROCTOR) {
		t->nkept++;
		say(t, "kept for the proctor", item, "");
	} else {
		t->nrefused++;
		say(t, "refused item", item, err_sentence(err));
	}
}

/* The server knows nobody, and no password came with the options: on the terminal, if there is one.
 * Nothing else goes on before the log-in, so it may wait. */
static void ask_password(struct taker *t)
{
	struct password_source terminal = {.fd = -1};
	char *password = NULL;
	enum err err = password_get(&terminal, "Password: ", &password);

	if (err != ERR_OK)
		fail(t, "no password", err, "");
	else
		exam_client_log_in(t->client, t->config->user, password);
	password_free(password);
}

static void on_entry(struct exam_client_user *u, enum entry_step step, enum err err,
		     const char *detail)
{
	static const char *const words[] = {
	    [ENTRY_LOGGED_IN] = "logged in",	   [ENTRY_NOT_OPEN_YET] = "not open yet",
	    [ENTRY_SEAT_ASKED] = "seat asked for", [ENTRY_CHECKED_IN] = "checked in",
	    [ENTRY_FORM_HELD] = "form held",	   [ENTRY_CONFIRMED] = "ready",
	    [ENTRY_WRONG_FORM] = "wrong form",
	};
	struct taker *t = container_of(u, struct taker, user);

	if (t->phase == DONE)
		return;
	if (step == ENTRY_PASSWORD_WANTED && err == ERR_LOGIN_NEEDED)
		ask_password(t);
	else if (step == ENTRY_REFUSED || step == ENTRY_PASSWORD_WANTED ||
		 step == ENTRY_PASSWORD_OLD)
		fail(t, "refused", err, detail);
	else if (step == ENTRY_TAKEN_OVER)
		say(t, "taken over", -1, "another client has this seat now");
	else
		say(t, words[step], -1, detail);
	/* What was put and not sent is offered to the proctor first. */
	if (step == ENTRY_TAKEN_OVER) {
		t->leave_by = mono_add(mono_now(), LEAVE_MOST);
		timer_set(&t->leave, (struct millis){0});
	}
}

static void on_leave(struct timer *timer)
{
	struct taker *t = container_of(timer, struct taker, leave);

	if (t->phase == DONE)
		return;
	if (exam_client_unsettled(t->client) > 0 && mono_left(t->leave_by, mono_now()).v > 0)
		timer_set(timer, LEAVE_LOOK);
	else
		end(t, TAKER_FAILED);
}

static const struct exam_client_user hooks = {
    .on_link = on_link,
    .on_change = on_change,
    .on_notice = on_notice,
    .on_settled = on_settled,
    .on_entry = on_entry,
    .on_part_open = on_part_open,
};

int taker_run(const struct taker_config *config)
{
	struct exam_client_config client = config->client;
	struct taker t = {.user = hooks, .config = config, .exit = TAKER_FAILED};
	char detail[256];
	enum err err;

	t.loop = loop_new();
	timer_init(&t.think, t.loop, on_think);
	timer_init(&t.again, t.loop, on_again);
	timer_init(&t.leave, t.loop, on_leave);
	client.loop = t.loop;
	client.user = &t.user;
	client.asks_password = config->user != NULL;
	err = exam_client_new(&t.client, &client, detail);
	if (err != ERR_OK) {
		fprintf(stderr, "exam: %s %s\n", err_sentence(err), detail);
		goto out;
	}
	if (config->user != NULL && config->password != NULL)
		exam_client_log_in(t.client, config->user, config->password);
	exam_client_take(t.client, config->sitting);
	loop_run(t.loop);
out:
	exam_client_free(t.client);
	timer_fini(&t.think);
	timer_fini(&t.again);
	timer_fini(&t.leave);
	loop_free(t.loop);
	arena_fini(&t.arena);
	return t.exit;
}
