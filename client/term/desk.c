#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/term/desk_inside.h"

#include "client/term/ack_log.h"

#define TICK	   ((struct millis){500})
#define LAST_PUT   ((int64_t)2000) /* a draft is put when so little is left */
#define TOLD_BYTES 640

void desk_changed(struct desk *d)
{
	d->owner->on_change(d->owner);
}

const Examd__V1__Status *desk_status(const struct desk *d)
{
	return exam_client_status(d->client);
}

bool desk_is_closed(const struct desk *d)
{
	return exam_client_state(d->client) >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

bool desk_error_passes(enum err err)
{
	return err == ERR_BUSY || err == ERR_TOO_MANY || err == ERR_THROTTLED ||
	       err == ERR_UNDECIDED;
}

/* ---- What is told ------------------------------------------------------------------------ */

void desk_dismiss(struct desk *d)
{
	if (d->ntold == 0)
		return;
	free(d->told[0].text);
	d->ntold--;
	memmove(d->told, d->told + 1, d->ntold * sizeof d->told[0]);
	desk_changed(d);
}

void desk_hint(struct desk *d, const char *text)
{
	d->owner->on_told(d->owner, TOLD_HINT, text);
	desk_changed(d);
}

/* The same text is not said twice; when there are too many the oldest that is no message goes. */
void desk_tell(struct desk *d, enum told what, const char *text)
{
	size_t drop = 0;

	for (size_t i = 0; i < d->ntold; i++)
		if (strcmp(d->told[i].text, text) == 0)
			return;
	if (d->ntold == DESK_TOLD_MOST) {
		while (drop + 1 < d->ntold && d->told[drop].what == TOLD_MESSAGE)
			drop++;
		free(d->told[drop].text);
		d->ntold--;
		memmove(d->told + drop, d->told + drop + 1, (d->ntold - drop) * sizeof d->told[0]);
	}
	d->told[d->ntold++] = (struct told_text){what, mem_copy_text(text)};
	d->owner->on_told(d->owner, what, text);
	desk_changed(d);
}

void desk_tell_error(struct desk *d, const char *what, enum err err, const char *detail)
{
	char text[TOLD_BYTES];

	snprintf(text, sizeof text, "%s %s%s%s", what, err_sentence(err),
		 detail[0] != '\0' ? " " : "", detail);
	desk_tell(d, TOLD_TROUBLE, text);
}

/* ---- Facts ------------------------------------------------------------------------------- */

const Examd__V1__PartInfo *desk_part(const struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);

	return status != NULL && status->part < status->n_parts ? status->parts[status->part]
								: NULL;
}

bool desk_is_last_part(const struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);

	return status == NULL || status->part + 1 >= status->n_parts;
}

bool desk_has_tool(const struct desk *d, const char *tool)
{
	const Examd__V1__Status *status = desk_status(d);

	for (size_t i = 0; status != NULL && i < status->n_tools; i++)
		if (strcmp(status->tools[i], tool) == 0)
			return true;
	return false;
}

uint32_t desk_number(const struct desk *d, uint32_t item)
{
	const Examd__V1__Status *status = desk_status(d);

	for (size_t i = 0; status != NULL && i < status->n_parts; i++) {
		const Examd__V1__PartInfo *part = status->parts[i];

		if (item >= part->first_item && item < part->first_item + part->items)
			return item - part->first_item + 1;
	}
	return item + 1;
}

const Examd__V1__FormItem *desk_item(const struct desk *d)
{
	return d->has_item ? exam_client_item(d->client, (struct item_no){d->item}) : NULL;
}

bool desk_is_elsewhere(const struct desk *d, uint32_t item)
{
	return exam_client_answer(d->client, (struct item_no){item}) == NULL &&
	       exam_client_is_answered(d->client, (struct item_no){item});
}

enum progress desk_progress(const struct desk *d, uint32_t item)
{
	struct item_facts f = {
	    .seen = exam_client_is_seen(d->client, (struct item_no){item}),
	    .elsewhere = desk_is_elsewhere(d, item),
	    .answer = exam_client_answer(d->client, (struct item_no){item}),
	    .item = exam_client_item(d->client, (struct item_no){item}),
	};

	return item_progress(&f);
}

bool desk_is_flagged(const struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){item});

	if (d->has_item && d->item == item)
		return d->draft.flagged;
	return a != NULL && a->flagged;
}

const char *desk_note(const struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){item});

	if (d->has_item && d->item == item)
		return d->draft.note;
	return a != NULL ? a->note : "";
}

void desk_count(const struct desk *d, uint32_t of[PROGRESS_COMPLETE + 1], uint32_t *flagged)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	memset(of, 0, (PROGRESS_COMPLETE + 1) * sizeof of[0]);
	*flagged = 0;
	for (uint32_t i = 0; part != NULL && i < part->items; i++) {
		of[desk_progress(d, part->first_item + i)]++;
		*flagged += desk_is_flagged(d, part->first_item + i);
	}
}

uint32_t desk_unsaved(const struct desk *d)
{
	return exam_client_unsettled(d->client) + (d->has_item && d->draft.dirty);
}

struct truth_facts desk_truth(const struct desk *d)
{
	struct truth_facts f = {
	    .unsaved = desk_unsaved(d), .link = d->link, .journal = exam_client_journal(d->client)};

	exam_client_saved(d->client, &f.put, &f.saved);
	return f;
}

bool desk_part_is_open(const struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL &&
	       exam_client_item(d->client, (struct item_no){part->first_item}) != NULL;
}

/* At no attempt, or at the list again after one. */
static bool chooses_practice(const struct desk *d)
{
	const Examd__V1__Session *session = exam_client_session(d->client);

	return d->may_practise && session != NULL && !session->password_must_change &&
	       (d->at_practice || (desk_status(d) == NULL && session->attempt == 0));
}

enum scene desk_scene(const struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);
	/* While the link is down the last status still says what the candidate may see. */
	struct scene_facts f = {
	    .wants_password = d->wants_password,
	    .must_change = d->must_change,
	    .chooses = chooses_practice(d),
	    .refused = d->was_refused,
	    .taken_over = d->was_taken_over,
	    .has_status = status != NULL,
	    .has_rules = status != NULL && status->rules[0] != '\0',
	    .rules_agreed = d->rules_agreed,
	    .state = exam_client_state(d->client),
	    .stopped = exam_client_stopped(d->client),
	    .on_break = d->on_break,
	    .part_open = desk_part_is_open(d),
	    .remaining_ms = exam_client_remaining(d->client).v,
	};

	return scene_of(&f);
}

int64_t desk_given_each(const struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);
	int64_t minutes = 0;

	for (size_t i = 0; status != NULL && i < status->n_parts; i++)
		minutes += status->parts[i]->minutes;
	return status != NULL ? pace_each(minutes * 60000, status->items) : 0;
}

bool desk_pace(const struct desk *d, struct pace *out)
{
	const Examd__V1__Status *status = desk_status(d);
	const Examd__V1__PartInfo *part = desk_part(d);
	uint32_t of[PROGRESS_COMPLETE + 1], flagged;

	if (status == NULL || !status->practice || part == NULL || !d->has_item)
		return false;
	desk_count(d, of, &flagged);
	*out = (struct pace){
	    .here_ms = desk_seen_so_far(d),
	    .each_ms = pace_each(part->budget_ms - exam_client_remaining(d->client).v,
				 of[PROGRESS_COMPLETE]),
	    .given_ms = pace_each((int64_t)part->minutes * 60000, part->items),
	};
	return true;
}

bool desk_is_linear(const struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL && part->linear;
}

/* ---- Handing in -------------------------------------------------------------------------- */

static void on_left(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, call);

	d->calling = false;
	if (d->closing)
		return;
	if (desk_error_passes(err)) {
		timer_set(&d->again, ASK_AGAIN);
		return;
	}
	d->leaving = LEAVING_NOT;
	if (err != ERR_OK && err != ERR_TOO_LATE && err != ERR_LOCKED && err != ERR_CLOSED)
		desk_tell_error(d, "It was not handed in.", err,
				reply != NULL ? reply->detail : "");
	desk_pump(d);
	desk_changed(d);
}

static void ask_leave(struct desk *d)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Submit submit = EXAMD__V1__SUBMIT__INIT;
	Examd__V1__LeavePart leave = EXAMD__V1__LEAVE_PART__INIT;
	ProtobufCBinaryData id = {sizeof d->command_id, d->command_id};

	if (desk_is_last_part(d)) {
		submit.command_id = id;
		request.body_case = EXAMD__V1__REQUEST__BODY_SUBMIT;
		request.submit = &submit;
	} else {
		leave.command_id = id;
		leave.part = d->leaving_part;
		request.body_case = EXAMD__V1__REQUEST__BODY_LEAVE_PART;
		request.leave_part = &leave;
	}
	d->leaving = LEAVING_ASKED;
	d->calling = true;
	d->call = (struct call){.on_reply = on_left};
	exam_client_call(d->client, &d->call, &request, true);
}

void desk_hand_in(struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);

	if (d->leaving != LEAVING_NOT || status == NULL || desk_scene(d) != SCENE_ITEMS)
		return;
	desk_put(d);
	exam_client_command_id(d->command_id);
	d->leaving_part = status->part;
	d->leaving = LEAVING_WAITS_SAVED;
	desk_pump(d);
	desk_changed(d);
}

void desk_stay(struct desk *d)
{
	if (d->leaving == LEAVING_WAITS_SAVED)
		d->leaving = LEAVING_NOT;
	desk_changed(d);
}

void desk_agree(struct desk *d)
{
	d->rules_agreed = true;
	exam_client_agree(d->client);
	desk_changed(d);
}

static void on_break_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, break_call);

	d->breaking = false;
	if (d->closing)
		return;
	if (err != ERR_OK) {
		d->on_break = false;
		desk_tell_error(d, "No break.", err, reply != NULL ? reply->detail : "");
	}
	desk_changed(d);
}

void desk_break(struct desk *d, bool begin)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__TakeBreak take = EXAMD__V1__TAKE_BREAK__INIT;
	Examd__V1__EndBreak end = EXAMD__V1__END_BREAK__INIT;
	uint8_t id[16];

	if (d->breaking || desk_status(d) == NULL || !desk_status(d)->can_break)
		return;
	desk_put_early(d);
	exam_client_command_id(id);
	take.command_id = end.command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case =
	    begin ? EXAMD__V1__REQUEST__BODY_TAKE_BREAK : EXAMD__V1__REQUEST__BODY_END_BREAK;
	if (begin)
		request.take_break = &take;
	else
		request.end_break = &end;
	d->on_break = begin;
	d->breaking = true;
	d->break_call = (struct call){.on_reply = on_break_reply};
	exam_client_call(d->client, &d->break_call, &request, true);
	desk_changed(d);
}

/* ---- Going on ---------------------------------------------------------------------------- */

/* It runs again: what was known of its end is no longer true. */
static void forget_result(struct desk *d)
{
	d->result = NULL;
	d->result_asked = d->review_asked = d->review_whole = false;
	d->result_error = d->review_error = ERR_OK;
	d->nreviews = 0;
	arena_reset(&d->review_arena);
}

/* Whatever can be done by itself now. */
/* The part that was to be left has ended by itself, before everything of it was saved: the one that
 * has begun since is not to be left, nor the exam handed in. */
static void follow_part(struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);

	if (d->leaving != LEAVING_NOT && status != NULL && status->part != d->leaving_part)
		d->leaving = LEAVING_NOT;
}

void desk_pump(struct desk *d)
{
	desk_follow_attempt(d);
	if (desk_scene(d) == SCENE_PRACTICE && d->link == LINK_UP)
		practice_ask(&d->practice);
	if (d->calling || timer_is_set(&d->again))
		return;
	if (d->result_asked && !desk_is_closed(d))
		forget_result(d);
	follow_part(d);
	if (desk_is_closed(d)) {
		d->leaving = LEAVING_NOT;
		if (!d->result_asked && exam_client_unsettled(d->client) == 0)
			desk_ask_result(d);
	} else if (d->leaving == LEAVING_ASKED ||
		   (d->leaving == LEAVING_WAITS_SAVED && exam_client_unsettled(d->client) == 0)) {
		ask_leave(d);
	} else if (desk_scene(d) == SCENE_ITEMS) {
		desk_find_item(d);
		desk_go_on(d);
	}
}

static void on_again(struct timer *t)
{
	desk_pump(container_of(t, struct desk, again));
}

static void warn_of_time(struct desk *d, int64_t remaining)
{
	const Examd__V1__Status *status = desk_status(d);
	const Examd__V1__PartInfo *part = desk_part(d);
	char text[80];
	uint32_t due;

	if (status == NULL || part == NULL)
		return;
	due = warning_due(status->warnings, status->n_warnings, d->last_remaining, remaining,
			  part->budget_ms);
	if (due == 0)
		return;
	snprintf(text, sizeof text, "%u minute%s left.", due, due == 1 ? "" : "s");
	desk_tell(d, TOLD_TIME, text);
}

static void on_tick(struct timer *t)
{
	struct desk *d = container_of(t, struct desk, tick);
	int64_t remaining = exam_client_remaining(d->client).v;
	bool items = desk_scene(d) == SCENE_ITEMS;

	timer_set(t, TICK);
	if (items)
		warn_of_time(d, remaining);
	if (items && exam_client_stopped(d->client) == 0 && remaining < LAST_PUT)
		desk_put(d);
	d->last_remaining = remaining;
	desk_changed(d);
}

/* ---- The client's hooks ------------------------------------------------------------------ */

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = mem_copy_text(text);
}

static void refuse(struct desk *d, enum err err, const char *detail)
{
	d->was_refused = true;
	d->refused = err;
	set_text(&d->refusal, detail);
}

static void on_link(struct exam_client_user *u, enum link_state state, enum err why)
{
	struct desk *d = container_of(u, struct desk, hooks);

	d->link = state;
	d->link_why = why;
	if (state == LINK_REFUSED)
		refuse(d, why, "");
	desk_changed(d);
}

static void on_change(struct exam_client_user *u)
{
	struct desk *d = container_of(u, struct desk, hooks);

	if (!d->breaking && desk_status(d) != NULL)
		d->on_break = desk_status(d)->on_break;
	desk_draft_follow(d);
	desk_pump(d);
	desk_changed(d);
}

static void on_notice(struct exam_client_user *u, const Examd__V1__Notice *n)
{
	struct desk *d = container_of(u, struct desk, hooks);
	char text[TOLD_BYTES];

	switch (n->kind) {
	case EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE:
		desk_tell(d, TOLD_MESSAGE, n->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED:
		set_text(&d->pause_text, n->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED:
		snprintf(text, sizeof text, "%s%" PRId64 " minutes. %s", n->added_ms < 0 ? "" : "+",
			 n->added_ms / 60000, n->text);
		desk_tell(d, TOLD_TIME, text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED:
		d->result_asked = false;
		d->result = NULL;
		desk_tell(d, TOLD_MESSAGE,
			  n->text[0] != '\0' ? n->text
					     : "Your exam was reopened: go on where you were.");
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_RELEASED:
		d->result_asked = false;
		break;
	default:
		break;
	}
	desk_pump(d);
	desk_changed(d);
}

static void on_settled(struct exam_client_user *u, const Examd__V1__Answer *a, enum err err)
{
	struct desk *d = container_of(u, struct desk, hooks);
	char what[80];

	if (err == ERR_OK && !ack_log(d->acks_fd, d->client, a))
		desk_tell(d, TOLD_TROUBLE, "The file of --log-acks cannot be written.");
	if (err != ERR_OK) {
		d->going_on = false;
		snprintf(what, sizeof what, "Question %u:", desk_number(d, a->item));
		desk_tell_error(d, what, err, "");
	}
	desk_changed(d);
}

static void forget_password(struct desk *d)
{
	if (d->typed_password != NULL)
		explicit_bzero(d->typed_password, strlen(d->typed_password));
	free(d->typed_password);
	d->typed_password = NULL;
}

/* The server's word on the way in, as far as passwords go. */
static void follow_password(struct desk *d, enum entry_step step, enum err err)
{
	const Examd__V1__Session *session = exam_client_session(d->client);
	bool asked = step == ENTRY_PASSWORD_WANTED || step == ENTRY_PASSWORD_OLD;
	bool known = err == ERR_LOGIN_NEEDED || err == ERR_PASSWORD_CHANGE;

	if (!asked && step != ENTRY_LOGGED_IN && step != ENTRY_REFUSED)
		return;
	d->wants_password = step == ENTRY_PASSWORD_WANTED;
	d->must_change = step == ENTRY_PASSWORD_OLD;
	d->password_error = asked && !known ? err : ERR_OK;
	d->logging_in = false;
	if (err == ERR_LOGIN_FAILED || d->wants_password ||
	    (step == ENTRY_LOGGED_IN && session != NULL && !session->password_must_change))
		forget_password(d);
}

void desk_log_in(struct desk *d, const char *password)
{
	if (d->user == NULL || d->logging_in)
		return;
	forget_password(d);
	d->typed_password = mem_copy_text(password);
	d->logging_in = true;
	d->password_error = ERR_OK;
	exam_client_log_in(d->client, d->user, password);
	desk_changed(d);
}

bool desk_knows_password(const struct desk *d)
{
	return d->typed_password != NULL;
}

void desk_change_password(struct desk *d, const char *old, const char *new_password)
{
	if (d->logging_in || (old == NULL && d->typed_password == NULL))
		return;
	d->logging_in = true;
	d->password_error = ERR_OK;
	exam_client_change_password(d->client, old != NULL ? old : d->typed_password, new_password);
	desk_changed(d);
}

static void on_entry(struct exam_client_user *u, enum entry_step step, enum err err,
		     const char *detail)
{
	struct desk *d = container_of(u, struct desk, hooks);

	d->step = step;
	follow_password(d, step, err);
	if (step == ENTRY_REFUSED)
		refuse(d, err, detail);
	d->was_taken_over = step == ENTRY_TAKEN_OVER;
	desk_pump(d);
	desk_changed(d);
}

static void on_part_open(struct exam_client_user *u, uint32_t part)
{
	struct desk *d = container_of(u, struct desk, hooks);

	(void)part;
	desk_find_item(d);
	desk_changed(d);
}

/* ---- The whole --------------------------------------------------------------------------- */

enum err desk_open(struct desk *d, const struct desk_config *config, char detail[256])
{
	enum err err;

	*d = (struct desk){.owner = config->owner, .config = config->client};
	d->hooks = (struct exam_client_user){
	    .on_link = on_link,
	    .on_change = on_change,
	    .on_notice = on_notice,
	    .on_settled = on_settled,
	    .on_entry = on_entry,
	    .on_part_open = on_part_open,
	};
	d->acks_fd = config->acks_fd;
	d->config.loop = config->loop;
	d->config.user = &d->hooks;
	d->config.rules_first = true;
	d->config.asks_password = config->user != NULL;
	d->user = config->user;
	timer_init(&d->put_later, config->loop, desk_on_put_later);
	timer_init(&d->tick, config->loop, on_tick);
	timer_init(&d->again, config->loop, on_again);
	err = exam_client_new(&d->client, &d->config, detail);
	if (err != ERR_OK)
		return err;
	timer_set(&d->tick, TICK);
	d->may_practise = config->user != NULL && config->sitting == 0;
	practice_init(&d->practice, d->client, desk_on_practice);
	if (config->user != NULL && config->password != NULL) {
		d->typed_password = mem_copy_text(config->password);
		exam_client_log_in(d->client, config->user, config->password);
	}
	exam_client_take(d->client, config->sitting);
	return ERR_OK;
}

void desk_close(struct desk *d)
{
	if (d->client != NULL)
		desk_put(d);
	d->closing = true;
	practice_close(&d->practice);
	exam_client_free(d->client);
	timer_fini(&d->put_later);
	timer_fini(&d->tick);
	timer_fini(&d->again);
	while (d->ntold > 0)
		free(d->told[--d->ntold].text);
	free(d->refusal);
	free(d->pause_text);
	forget_password(d);
	free(d->seen_ms);
	free(d->reviews);
	arena_fini(&d->result_arena);
	arena_fini(&d->review_arena);
	arena_fini(&d->reveal_arena);
	practice_fini(&d->practice);
}
