#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "client/lib/password.h"
#include "client/term/calculator.h"
#include "client/term/plain.h"
#include "client/term/wrap.h"

#define LINE_MOST	2048
#define COLUMNS_DEFAULT 78

struct plain {
	struct desk_owner owner;
	struct desk desk;
	struct loop *loop;
	struct watch input;
	struct loop_pass pass;
	struct buf typed;
	const char *host;
	int status;
	int columns;

	/* what was said last */
	bool said_scene, said_practice, said_review, said_why, said_lobby, said_item, said_result,
	    confirming, was_saved;
	enum scene scene;
	enum link_state link;
	uint32_t item;
	Examd__V1__AttemptState state;

	/* a password is typed */
	struct termios before;
	bool silent, said_trying;
	char *old, *fresh; /* owned; NULL: not typed yet */
};

/* ---- Saying ------------------------------------------------------------------------------ */

/* PREFIX and TEXT, wrapped; what a terminal could take for a command is shown as '?'. */
static void say(const struct plain *p, const char *prefix, const char *text)
{
	size_t at = 0;
	struct line line;
	bool first = true;
	int indent = text_columns(prefix), width;
	bool showable;

	while (wrap_next(text, p->columns - indent, &at, &line)) {
		const char *from = text + line.start, *end = from + line.len;

		printf("%*s", first ? 0 : indent, "");
		if (first)
			fputs(prefix, stdout);
		first = false;
		while (from < end) {
			size_t len = unit_next(from, &width, &showable);

			printf("%.*s", showable ? (int)len : 1,
			       showable	       ? from
			       : *from == '\t' ? " "
					       : "?");
			from += len;
		}
		putchar('\n');
	}
	if (first)
		puts(prefix);
	fflush(stdout);
}

static const Examd__V1__Status *status_of(const struct plain *p)
{
	return exam_client_status(p->desk.client);
}

static void say_time(struct plain *p)
{
	char time[24], text[64];

	time_format(exam_client_remaining(p->desk.client).v, time, sizeof time);
	snprintf(text, sizeof text, "%s left%s.", time,
		 exam_client_stopped(p->desk.client) != 0 ? ", the clock stands" : "");
	say(p, "", text);
}

static void say_saved(struct plain *p)
{
	struct truth_facts f = desk_truth(&p->desk);
	char text[96];

	(void)truth_format(&f, text, sizeof text);
	say(p, "", text);
}

static void say_option(struct plain *p, const Examd__V1__FormItem *item, uint32_t i)
{
	const struct draft *draft = &p->desk.draft;
	struct buf text = {0};
	char prefix[8];

	snprintf(prefix, sizeof prefix, "%c: ", (char)('A' + i));
	buf_printf(&text, "%s%s%s", item->options[i], draft->chosen[i] ? " (chosen)" : "",
		   draft->struck[i] ? " (struck out)" : "");
	say(p, prefix, buf_text(&text));
	buf_fini(&text);
}

static void say_field(struct plain *p, const Examd__V1__FormItem *item, size_t i)
{
	const char *code = p->desk.draft.codes[i];
	struct buf text = {0};

	buf_printf(&text, "Field %zu, %s: %s", i + 1, item->fields[i],
		   code[0] != '\0' ? code : "empty");
	say(p, "", buf_text(&text));
	buf_fini(&text);
}

static void say_choices(struct plain *p)
{
	const Examd__V1__FormItem *item = desk_item(&p->desk);

	for (uint32_t i = 0; i < item->n_options && i < DESK_OPTIONS_MOST; i++)
		say_option(p, item, i);
	for (size_t i = 0; i < item->n_fields && i < DESK_FIELDS_MOST; i++)
		say_field(p, item, i);
}

static void say_item(struct plain *p)
{
	struct desk *d = &p->desk;
	const Examd__V1__FormItem *item = desk_item(d);
	const Examd__V1__PartInfo *part = desk_part(d);
	const char *record = exam_client_stimulus(d->client, (struct item_no){d->item});
	char text[128];

	if (item == NULL || part == NULL)
		return;
	snprintf(text, sizeof text, "Question %u of %u%s.", desk_number(d, d->item), part->items,
		 d->draft.flagged ? ", flagged" : "");
	puts("");
	say(p, "", text);
	if (record != NULL && record[0] != '\0')
		say(p, "", "It belongs to a record: type record to read it.");
	say(p, "", item->stem);
	if (item->kind == EXAMD__V1__ITEM_KIND__MULTIPLE) {
		snprintf(text, sizeof text, "Choose %u.", item->choose);
		say(p, "", text);
	}
	say_choices(p);
	if (d->draft.note[0] != '\0')
		say(p, "Your note: ", d->draft.note);
	if (desk_is_elsewhere(d, d->item))
		say(p, "", "Answered on another machine; answering here replaces that answer.");
}

static void points_format(char *out, size_t size, int32_t hundredths)
{
	snprintf(out, size, "%d.%02d", hundredths / 100, abs(hundredths % 100));
}

static void say_result(struct plain *p)
{
	const Examd__V1__Result *r = p->desk.result;
	char text[400], points[24], most[24];

	if (r == NULL || r->score == NULL) {
		say(p, "",
		    p->desk.result_error == ERR_NOT_RELEASED ? "The result is not released yet."
							     : err_sentence(p->desk.result_error));
		return;
	}
	points_format(points, sizeof points, r->score->points);
	points_format(most, sizeof most, r->score->points_most);
	snprintf(text, sizeof text, "%s, %s of %s points.",
		 r->score->passed ? "Passed" : "Not passed", points, most);
	say(p, "", text);
	if (r->score->scaled > 0) {
		snprintf(text, sizeof text, "%u on a practice scale of 100 to 400.",
			 r->score->scaled);
		say(p, "", text);
	}
	for (size_t i = 0; i < r->n_sections; i++) {
		points_format(points, sizeof points, r->sections[i]->points);
		points_format(most, sizeof most, r->sections[i]->points_most);
		snprintf(text, sizeof text, "%s: %s of %s.", r->sections[i]->title, points, most);
		say(p, "", text);
	}
	if (status_of(p) != NULL && status_of(p)->review_released)
		say(p, "", "Type answers to hear the right answers and why.");
	say(p, "",
	    p->desk.may_practise ? "Type back for practice, or quit to leave."
				 : "Type quit to leave.");
}

static void say_lobby(struct plain *p)
{
	const Examd__V1__Session *session = exam_client_session(p->desk.client);
	const Examd__V1__Status *status = status_of(p);
	char text[96];

	if (status == NULL || p->said_lobby)
		return;
	p->said_lobby = true;
	if (session != NULL)
		say(p, "Name: ", session->name);
	say(p, "Exam: ", status->exam_title);
	for (size_t i = 0; i < status->n_parts; i++) {
		snprintf(text, sizeof text, "%u questions, %" PRId64 " minutes.",
			 status->parts[i]->items, (status->parts[i]->budget_ms + 59999) / 60000);
		say(p, "", text);
	}
}

static void say_practice(struct plain *p)
{
	const struct practice *practice = &p->desk.practice;
	char text[512];

	for (size_t i = 0; i < practice->exams->n_exams; i++) {
		const Examd__V1__Exam *e = practice->exams->exams[i];

		snprintf(text, sizeof text, "Exam %zu: %s, %u questions, %u minutes.", i + 1,
			 e->title, e->items, e->minutes);
		say(p, "", text);
	}
	for (size_t i = 0; i < practice->attempts->n_attempts; i++) {
		const Examd__V1__AttemptInfo *a = practice->attempts->attempts[i];

		if (!a->practice)
			continue;
		if (a->state < EXAMD__V1__ATTEMPT_STATE__SUBMITTED)
			snprintf(text, sizeof text, "Attempt %" PRId64 ": %s, %u of %u answered.",
				 a->attempt, a->exam, a->answered, a->items);
		else if (a->score != NULL)
			snprintf(text, sizeof text, "Attempt %" PRId64 ": %s, done, %d percent.",
				 a->attempt, a->exam,
				 practice_percent(a->score->points, a->score->points_most));
		else
			snprintf(text, sizeof text, "Attempt %" PRId64 ": %s, done.", a->attempt,
				 a->exam);
		say(p, "", text);
	}
	say(p, "",
	    "Type begin and the number of an exam, tutor and the number of an exam to hear the "
	    "answer after each question, or open and the number of an attempt.");
}

static void say_reviewed(struct plain *p, const Examd__V1__ItemReview *r)
{
	char prefix[24], text[64];

	snprintf(text, sizeof text, "Question %u.", r->item + 1);
	say(p, "", text);
	if (r->content != NULL)
		say(p, "", r->content->stem);
	for (size_t i = 0; r->content != NULL && i < r->n_right; i++) {
		if (r->right[i] >= r->content->n_options)
			continue;
		snprintf(prefix, sizeof prefix, "Right is %c: ", (char)('A' + r->right[i]));
		say(p, prefix, r->content->options[r->right[i]]);
	}
	for (size_t i = 0; r->content != NULL && i < r->n_accepted && i < r->content->n_fields; i++)
		if (r->accepted[i]->n_codes > 0) {
			say(p, "", r->content->fields[i]);
			say(p, "Right is ", r->accepted[i]->codes[0]);
		}
	say(p, "Why: ", r->rationale);
}

static void say_review(struct plain *p)
{
	for (size_t i = 0; i < p->desk.nreviews; i++)
		say_reviewed(p, p->desk.reviews[i]);
}

/* ---- Passwords --------------------------------------------------------------------------- */

/* What is typed is not shown, where the terminal shows it. */
static void set_silent(struct plain *p, bool silent)
{
	struct termios quiet;

	if (p->silent == silent || !isatty(STDIN_FILENO))
		return;
	if (silent && tcgetattr(STDIN_FILENO, &p->before) != 0)
		return;
	quiet = p->before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSANOW, silent ? &quiet : &p->before) == 0)
		p->silent = silent;
}

static void forget(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static bool asks_old(const struct plain *p)
{
	return p->old == NULL && !desk_knows_password(&p->desk);
}

/* The next one that is wanted. */
static void ask_secret(struct plain *p)
{
	struct desk *d = &p->desk;

	set_silent(p, true);
	if (d->password_error != ERR_OK && p->fresh == NULL)
		say(p, "", err_sentence(d->password_error));
	if (p->scene == SCENE_LOG_IN)
		say(p, "Type your password; it is not shown. User: ", d->user);
	else if (asks_old(p))
		say(p, "",
		    "Your password is good for one time only. Type it once more; it is not "
		    "shown.");
	else if (p->fresh == NULL)
		say(p, "",
		    "Your password is good for one time only. Type a new one, at least ten "
		    "characters; it is not shown.");
	else
		say(p, "", "Type the new one once more.");
}

static void change_password(struct plain *p, const char *line)
{
	if (asks_old(p)) {
		p->old = mem_copy_text(line);
	} else if (p->fresh == NULL) {
		p->fresh = mem_copy_text(line);
	} else if (strcmp(p->fresh, line) != 0) {
		forget(&p->fresh);
		say(p, "", "The two are not the same.");
	} else {
		desk_change_password(&p->desk, p->old, p->fresh);
		forget(&p->old);
		forget(&p->fresh);
		return;
	}
	ask_secret(p);
}

static void secret_line(struct plain *p, const char *line)
{
	if (line[0] == '\0' || p->desk.logging_in)
		return;
	if (strlen(line) > PASSWORD_MOST)
		say(p, "", err_sentence(ERR_INVALID));
	else if (p->scene == SCENE_LOG_IN)
		desk_log_in(&p->desk, line);
	else
		change_password(p, line);
	p->said_trying = p->desk.logging_in;
}

static void say_scene(struct plain *p)
{
	struct desk *d = &p->desk;
	const Examd__V1__Status *status = status_of(p);

	switch (p->scene) {
	case SCENE_REFUSED:
		say(p, "You were not let in: ", err_sentence(d->refused));
		say(p, "", d->refusal != NULL ? d->refusal : "");
		break;
	case SCENE_TAKEN_OVER:
		say(p, "",
		    "Your exam goes on at another machine. Nothing can be answered here any more. "
		    "If you did not move, call the proctor now.");
		break;
	case SCENE_LOG_IN:
	case SCENE_NEW_PASSWORD:
		ask_secret(p);
		break;
	case SCENE_PRACTICE:
		p->said_practice = false;
		break;
	case SCENE_LOBBY:
		say_lobby(p);
		break;
	case SCENE_RULES:
		say_lobby(p);
		say(p, "Rules: ", status->rules);
		say(p, "", "Type agree when you have read them and agree.");
		break;
	case SCENE_PAUSED:
		say(p, "",
		    d->on_break ? "You are on a break; type back to go on."
				: stop_words(exam_client_stopped(d->client)));
		if (d->pause_text != NULL && d->pause_text[0] != '\0')
			say(p, "Reason: ", d->pause_text);
		break;
	case SCENE_ITEMS:
		say(p, "", "The exam runs. Type help for the commands.");
		say_time(p);
		p->said_item = false;
		break;
	case SCENE_TIME_UP:
		say(p, "", "The time is over.");
		break;
	default:
		say(p, "", "The exam is closed.");
		break;
	}
}

static void say_waiting(struct plain *p)
{
	static const char *const words[] = {"", "Checked in. The proctor has not admitted you yet.",
					    "Admitted. Your questions are being fetched, sealed.",
					    "Ready. The proctor starts the exam."};

	p->state = exam_client_state(p->desk.client);
	if ((unsigned)p->state < COUNT(words) && words[p->state][0] != '\0')
		say(p, "", words[p->state]);
}

static void say_link(struct plain *p)
{
	p->link = p->desk.link;
	if (p->link == LINK_UP)
		say(p, "", "Connected.");
	else if (p->link == LINK_WAITING)
		say(p, "The connection is lost and tried again: ", err_sentence(p->desk.link_why));
}

/* What was asked for and has come. */
static void say_practice_news(struct plain *p)
{
	struct desk *d = &p->desk;
	struct practice *practice = &d->practice;

	if (p->scene == SCENE_PRACTICE && !p->said_practice && practice->exams != NULL &&
	    practice->attempts != NULL) {
		p->said_practice = true;
		say_practice(p);
	}
	if (p->scene == SCENE_PRACTICE && practice->err != ERR_OK) {
		say(p, err_sentence(practice->err), practice->detail);
		practice->err = ERR_OK;
	}
	if (d->revealed != NULL && !p->said_why) {
		p->said_why = true;
		say_reviewed(p, d->revealed);
	}
	if (d->review_whole && !p->said_review) {
		p->said_review = true;
		say_review(p);
	}
}

static bool is_secret(enum scene scene)
{
	return scene == SCENE_LOG_IN || scene == SCENE_NEW_PASSWORD;
}

/* Whatever is different from what was said last. */
static void on_pass(struct loop_pass *pass)
{
	struct plain *p = container_of(pass, struct plain, pass);
	struct desk *d = &p->desk;
	struct truth_facts truth = desk_truth(d);
	bool saved = truth.unsaved == 0 && truth.put > 0;

	if (d->link != p->link)
		say_link(p);
	if (!p->said_scene || desk_scene(d) != p->scene) {
		p->scene = desk_scene(d);
		p->said_scene = true;
		p->said_trying = p->confirming = false;
		set_silent(p, false);
		say_scene(p);
	}
	if (is_secret(p->scene) && p->said_trying && !d->logging_in) {
		p->said_trying = false;
		ask_secret(p);
	}
	if (p->scene == SCENE_LOBBY && exam_client_state(d->client) != p->state) {
		say_lobby(p);
		say_waiting(p);
	}
	if (p->scene == SCENE_ITEMS && d->has_item && (!p->said_item || p->item != d->item)) {
		p->said_item = true;
		p->item = d->item;
		say_item(p);
	}
	say_practice_news(p);
	if (saved && !p->was_saved)
		say_saved(p);
	p->was_saved = saved;
	if (p->scene == SCENE_CLOSED && !p->said_result &&
	    (d->result != NULL || d->result_error != ERR_OK)) {
		p->said_result = d->result != NULL || d->result_error != ERR_OK;
		say_result(p);
	}
}

static void on_change(struct desk_owner *o)
{
	struct plain *p = container_of(o, struct plain, owner);

	if (p->desk.result == NULL && p->desk.result_error == ERR_OK)
		p->said_result = false;
}

static void on_told(struct desk_owner *o, enum told what, const char *text)
{
	static const char *const names[] = {"Message of the proctor: ", "Time: ", "Note: ", ""};

	say(container_of(o, struct plain, owner), names[what], text);
}

/* ---- Commands ---------------------------------------------------------------------------- */

static void do_next(struct plain *p, const char *rest)
{
	(void)rest;
	if (p->desk.item + 1 >= desk_part(&p->desk)->first_item + desk_part(&p->desk)->items)
		say(p, "", "This is the last question. Type end to hand in.");
	else
		desk_next(&p->desk);
}

static void do_previous(struct plain *p, const char *rest)
{
	(void)rest;
	desk_previous(&p->desk);
}

static void do_go(struct plain *p, const char *rest)
{
	unsigned long n = strtoul(rest, NULL, 10);
	const Examd__V1__PartInfo *part = desk_part(&p->desk);

	if (n < 1 || n > part->items)
		say(p, "", "Type go and the number of a question.");
	else if (part->linear)
		say(p, "", "In this part there is no going back.");
	else
		desk_go(&p->desk, part->first_item + (uint32_t)n - 1);
	p->said_item = false;
}

static void do_repeat(struct plain *p, const char *rest)
{
	(void)rest;
	say_item(p);
}

static void do_record(struct plain *p, const char *rest)
{
	const char *text = exam_client_stimulus(p->desk.client, (struct item_no){p->desk.item});

	(void)rest;
	say(p, "", text != NULL && text[0] != '\0' ? text : "There is no record.");
}

static void do_flag(struct plain *p, const char *rest)
{
	(void)rest;
	desk_flag(&p->desk);
	say(p, "", p->desk.draft.flagged ? "Flagged." : "Not flagged.");
}

static void do_strike(struct plain *p, const char *rest)
{
	int option = tolower((unsigned char)rest[0]) - 'a';

	if (option >= 0 && option < DESK_OPTIONS_MOST)
		desk_strike(&p->desk, (uint32_t)option);
	say_choices(p);
}

static void do_note(struct plain *p, const char *rest)
{
	desk_set_note(&p->desk, rest);
	say(p, "Your note: ", p->desk.draft.note);
}

/* "code 2 E11.9"; "code 2" empties the field. */
static void do_code(struct plain *p, const char *rest)
{
	const Examd__V1__FormItem *item = desk_item(&p->desk);
	char *end, typed[CODE_TYPED_MOST + 1] = "";
	unsigned long n = strtoul(rest, &end, 10);
	size_t len = 0;
	char c;

	for (; *end == ' '; end++)
		;
	for (; len < CODE_TYPED_MOST && (c = code_character((unsigned char)*end)) != 0; end++)
		typed[len++] = c;
	if (n < 1 || n > item->n_fields || n > DESK_FIELDS_MOST || *end != '\0') {
		say(p, "", "Type code, the number of a field, and the code.");
		return;
	}
	snprintf(p->desk.draft.codes[n - 1], CODE_TYPED_MOST + 1, "%s", typed);
	desk_code_changed(&p->desk);
	say_field(p, item, n - 1);
}

static void do_list(struct plain *p, const char *rest)
{
	const Examd__V1__PartInfo *part = desk_part(&p->desk);
	enum filter filter = strncmp(rest, "f", 1) == 0	  ? FILTER_FLAGGED
			     : strncmp(rest, "u", 1) == 0 ? FILTER_UNSEEN
			     : strncmp(rest, "o", 1) == 0 ? FILTER_NOT_COMPLETE
							  : FILTER_ALL;
	char text[64];
	bool any = false;

	for (uint32_t i = part->first_item; i < part->first_item + part->items; i++) {
		enum progress progress = desk_progress(&p->desk, i);
		bool flagged = desk_is_flagged(&p->desk, i);

		if (!filter_shows(filter, progress, flagged))
			continue;
		any = true;
		snprintf(text, sizeof text, "%u: %s%s", desk_number(&p->desk, i),
			 progress_word(progress), flagged ? ", flagged" : "");
		say(p, "", text);
	}
	if (!any)
		say(p, "", "None.");
}

static void do_time(struct plain *p, const char *rest)
{
	struct pace pace;
	char text[96];

	(void)rest;
	say_time(p);
	if (desk_pace(&p->desk, &pace)) {
		pace_format(&pace, text, sizeof text);
		say(p, "", text);
	}
}

static void do_saved(struct plain *p, const char *rest)
{
	(void)rest;
	say_saved(p);
}

static void do_end(struct plain *p, const char *rest)
{
	uint32_t of[PROGRESS_COMPLETE + 1], flagged;
	char text[200];

	(void)rest;
	desk_count(&p->desk, of, &flagged);
	snprintf(text, sizeof text,
		 "%u complete, %u incomplete, %u unseen, %u flagged. %s Type yes, or no.",
		 of[PROGRESS_COMPLETE], of[PROGRESS_INCOMPLETE], of[PROGRESS_UNSEEN], flagged,
		 desk_is_last_part(&p->desk) ? "Hand in now? Nothing can be changed after this."
					     : "Leave this part? You cannot come back to it.");
	say(p, "", text);
	p->confirming = true;
}

static void do_why(struct plain *p, const char *rest)
{
	(void)rest;
	if (!status_of(p)->tutor) {
		say(p, "", "The answers come at the end.");
		return;
	}
	p->said_why = false;
	desk_reveal(&p->desk);
}

static void do_calc(struct plain *p, const char *rest)
{
	char value[CALCULATED_SIZE];

	if (!desk_has_tool(&p->desk, "calculator"))
		say(p, "", "This exam has no calculator.");
	else if (calculate(rest, value))
		say(p, "= ", value);
	else
		say(p, "",
		    value[0] != '\0' ? value : "Type calc and a calculation, like calc 12.5*3.");
}

static enum mark_where where_is(const struct plain *p, const char *words, struct mark *out)
{
	const Examd__V1__FormItem *item = desk_item(&p->desk);
	const char *record = exam_client_stimulus(p->desk.client, (struct item_no){p->desk.item});
	const char *texts[] = {
	    [MARK_STEM] = item->stem, [MARK_STIMULUS] = record != NULL ? record : ""};

	for (enum mark_where where = MARK_STEM; where < MARK_NWHERE; where++) {
		const char *at = strcasestr(texts[where], words);

		if (at == NULL)
			continue;
		*out = (struct mark){where, (uint32_t)(at - texts[where]),
				     (uint32_t)((size_t)(at - texts[where]) + strlen(words))};
		return where;
	}
	return MARK_NWHERE;
}

static void say_highlights(struct plain *p)
{
	const Examd__V1__FormItem *item = desk_item(&p->desk);
	const struct item_no no = {p->desk.item};
	const char *record = exam_client_stimulus(p->desk.client, no);
	const struct mark *marks;
	size_t n = exam_client_marks(p->desk.client, no, &marks);

	for (size_t i = 0; i < n; i++) {
		const char *text = marks[i].where == MARK_STIMULUS ? record : item->stem;
		struct buf words = {0};

		if (text == NULL || marks[i].to > strlen(text))
			continue;
		buf_put(&words, text + marks[i].from, marks[i].to - marks[i].from);
		say(p, "Highlighted: ", buf_text(&words));
		buf_fini(&words);
	}
	if (n == 0)
		say(p, "", "Nothing is highlighted.");
}

static void do_highlight(struct plain *p, const char *rest)
{
	struct mark mark;

	if (!desk_has_tool(&p->desk, "highlight")) {
		say(p, "", "This exam has no highlighting.");
		return;
	}
	if (rest[0] != '\0' && where_is(p, rest, &mark) == MARK_NWHERE) {
		say(p, "", "These words stand neither in the question nor in its record.");
		return;
	}
	if (rest[0] != '\0')
		desk_mark(&p->desk, mark);
	say_highlights(p);
}

static void do_break(struct plain *p, const char *rest)
{
	(void)rest;
	if (status_of(p)->can_break)
		desk_break(&p->desk, true);
	else
		say(p, "", err_sentence(ERR_NO_BREAKS));
}

static void do_help(struct plain *p, const char *rest);

static const struct command {
	const char *name, *help;
	void (*run)(struct plain *p, const char *rest);
} commands[] = {
    {"next", "the next question; also n", do_next},
    {"previous", "the one before; also p", do_previous},
    {"go", "go 7: to a question by its number", do_go},
    {"repeat", "reads the question again", do_repeat},
    {"record", "reads the record that the question belongs to", do_record},
    {"flag", "flags the question, or takes the flag off", do_flag},
    {"strike", "strike c: strikes an option out, or takes it back", do_strike},
    {"note", "note TEXT: a note to yourself", do_note},
    {"code", "code 1 E11.9: a code into field 1", do_code},
    {"list", "list, list open, list unseen, list flagged: the questions and their state", do_list},
    {"time", "how much is left", do_time},
    {"saved", "what the server has", do_saved},
    {"why", "in tutor mode: the right answer, and why", do_why},
    {"highlight",
     "highlight WORDS: marks these words of the question or its record, or takes the mark off; "
     "highlight alone reads what is marked",
     do_highlight},
    {"calc", "calc 12.5*3: a calculation, where the exam has a calculator", do_calc},
    {"break", "begins a break, where the exam has them", do_break},
    {"end", "hands in, or leaves the part, after one yes", do_end},
    {"help", "this", do_help},
};

static void do_help(struct plain *p, const char *rest)
{
	char prefix[24];

	(void)rest;
	say(p, "",
	    "A letter chooses an option; in a question with several right answers it adds "
	    "it or takes it away.");
	for (size_t i = 0; i < COUNT(commands); i++) {
		snprintf(prefix, sizeof prefix, "%s: ", commands[i].name);
		say(p, prefix, commands[i].help);
	}
	say(p, "", "quit: leaves the program; what is saved stays, the clock goes on.");
}

static bool is_word(const char *typed, const char *name)
{
	size_t len = strcspn(typed, " ");

	return strncasecmp(typed, name, len) == 0 &&
	       (strlen(name) == len ||
		(len == 1 && (name[0] == 'n' || name[0] == 'p') && strcmp(name, "note") != 0));
}

/* "b", "b d": options. */
static bool choose(struct plain *p, const char *line)
{
	const Examd__V1__FormItem *item = desk_item(&p->desk);

	if (item == NULL || item->n_options == 0)
		return false;
	for (const char *c = line; *c != '\0'; c++) {
		int option = tolower((unsigned char)*c) - 'a';

		if (*c != ' ' && *c != ',' &&
		    (option < 0 || option >= (int)item->n_options || isalpha((unsigned char)c[1])))
			return false;
	}
	for (const char *c = line; *c != '\0'; c++)
		if (*c != ' ' && *c != ',')
			desk_choose(&p->desk, (uint32_t)(tolower((unsigned char)*c) - 'a'));
	say_choices(p);
	return true;
}

static void run_command(struct plain *p, const char *line)
{
	const char *rest = line + strcspn(line, " ");

	rest += strspn(rest, " ");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (is_word(line, commands[i].name)) {
			commands[i].run(p, rest);
			return;
		}
	if (!choose(p, line))
		say(p, "", "This is no command. Type help for the commands.");
}

static void end(struct plain *p, int status)
{
	p->status = status;
	loop_stop(p->loop);
}

/* "begin 2", "tutor 2", "open 17". */
static bool practice_line(struct plain *p, const char *line)
{
	const struct practice *practice = &p->desk.practice;
	struct drill drill = {.tutor = strncasecmp(line, "tutor ", 6) == 0};
	const char *number = line + strcspn(line, " ");
	unsigned long long n = strtoull(number, NULL, 10);

	if (n > INT64_MAX || practice->exams == NULL)
		return false;
	if (strncasecmp(line, "open ", 5) == 0) {
		desk_resume(&p->desk, (int64_t)n);
		return true;
	}
	if ((!drill.tutor && strncasecmp(line, "begin ", 6) != 0) || n < 1 ||
	    n > practice->exams->n_exams)
		return false;
	desk_practice(&p->desk, practice->exams->exams[n - 1], &drill);
	return true;
}

/* After the end. */
static bool closed_line(struct plain *p, const char *line)
{
	if (strcasecmp(line, "answers") == 0) {
		p->said_review = false;
		desk_ask_review(&p->desk);
	} else if (strcasecmp(line, "back") == 0 && p->desk.may_practise) {
		p->said_lobby = p->said_result = false;
		desk_to_practice(&p->desk);
	} else {
		return false;
	}
	return true;
}

static void on_line(struct plain *p, const char *line)
{
	enum scene scene = desk_scene(&p->desk);

	if (is_secret(p->scene)) { /* any word may be one */
		secret_line(p, line);
	} else if (strcasecmp(line, "quit") == 0 || strcmp(line, "q") == 0) {
		end(p, scene == SCENE_REFUSED || scene == SCENE_TAKEN_OVER ? 1 : 0);
	} else if (line[0] == '\0') {
		return;
	} else if (p->confirming) {
		p->confirming = false;
		if (strcasecmp(line, "yes") == 0)
			desk_hand_in(&p->desk);
		else
			say(p, "", "You go on.");
	} else if (scene == SCENE_RULES && strcasecmp(line, "agree") == 0) {
		desk_agree(&p->desk);
	} else if (scene == SCENE_PAUSED && strcasecmp(line, "back") == 0) {
		desk_break(&p->desk, false);
	} else if ((scene == SCENE_PRACTICE && practice_line(p, line)) ||
		   (scene == SCENE_CLOSED && closed_line(p, line))) {
		return;
	} else if (scene == SCENE_PAUSED && strcasecmp(line, "open") == 0 &&
		   status_of(p)->practice) {
		desk_resume(&p->desk, status_of(p)->attempt);
	} else if (scene == SCENE_ITEMS && desk_item(&p->desk) != NULL) {
		run_command(p, line);
	} else {
		say(p, "", "This is not possible now. Type quit to leave.");
	}
}

static void on_input(struct watch *w, bool readable, bool writable)
{
	struct plain *p = container_of(w, struct plain, input);
	ssize_t n = read(STDIN_FILENO, buf_reserve(&p->typed, LINE_MOST), LINE_MOST);
	const char *text, *newline;
	char line[LINE_MOST];

	(void)readable;
	(void)writable;
	if (n <= 0) {
		end(p, 0);
		return;
	}
	buf_added(&p->typed, (size_t)n);
	while ((text = buf_text(&p->typed), newline = strchr(text, '\n')) != NULL) {
		snprintf(line, sizeof line, "%.*s", (int)(newline - text), text);
		buf_take(&p->typed, (size_t)(newline - text) + 1);
		on_line(p, line);
		explicit_bzero(line, sizeof line);
	}
	if (buf_length(&p->typed) > LINE_MOST)
		buf_clear(&p->typed);
}

int plain_run(const struct desk_config *config, const char *host)
{
	struct plain p = {.owner = {on_change, on_told}, .host = host};
	struct desk_config mine = *config;
	struct winsize size;
	char detail[256];
	enum err err;

	p.columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20
			? size.ws_col - 1
			: COLUMNS_DEFAULT;
	p.loop = loop_new();
	mine.loop = p.loop;
	mine.owner = &p.owner;
	say(&p, "Connecting to ", host);
	err = desk_open(&p.desk, &mine, detail);
	if (err != ERR_OK) {
		fprintf(stderr, "exam: %s %s\n", err_sentence(err), detail);
		p.status = 1;
		goto out;
	}
	p.pass.on_pass = on_pass;
	loop_add_pass(p.loop, &p.pass);
	watch_init(&p.input, p.loop, STDIN_FILENO, on_input);
	watch_set(&p.input, true, false);
	loop_run(p.loop);
	watch_fini(&p.input);
	loop_remove_pass(p.loop, &p.pass);
	set_silent(&p, false);
out:
	desk_close(&p.desk);
	forget(&p.old);
	forget(&p.fresh);
	buf_fini(&p.typed);
	loop_free(p.loop);
	return p.status;
}
