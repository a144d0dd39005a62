#include <stdio.h>
#include <string.h>

#include "client/term/practice.h"

const char *const drill_levels[DRILL_LEVELS] = {"", "recall", "application", "analysis"};

static void failed(struct practice *p, enum err err, const Examd__V1__Reply *reply)
{
	p->err = err;
	snprintf(p->detail, sizeof p->detail, "%s", reply != NULL ? reply->detail : "");
}

static const ProtobufCMessage *keep(struct arena *arena, const ProtobufCMessage *message)
{
	struct buf packed = {0};
	ProtobufCMessage *copy;

	arena_reset(arena);
	message_put(&packed, message);
	if (message_decode(message->descriptor, buf_bytes(&packed), arena, &copy) != ERR_OK)
		copy = NULL;
	buf_fini(&packed);
	return copy;
}

static void on_exams(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct practice *p = container_of(call, struct practice, exams_call);

	if (p->closing)
		return;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_EXAMS)
		p->exams = (const Examd__V1__Exams *)keep(&p->exams_arena, &reply->exams->base);
	else
		failed(p, err, reply);
	p->on_change(p);
}

static void on_attempts(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct practice *p = container_of(call, struct practice, attempts_call);

	if (p->closing)
		return;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_ATTEMPTS)
		p->attempts =
		    (const Examd__V1__Attempts *)keep(&p->attempts_arena, &reply->attempts->base);
	else
		failed(p, err, reply);
	p->on_change(p);
}

void practice_ask(struct practice *p)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__ListExams exams = EXAMD__V1__LIST_EXAMS__INIT;
	Examd__V1__ListAttempts attempts = EXAMD__V1__LIST_ATTEMPTS__INIT;

	if (p->asked)
		return;
	p->asked = true;
	request.body_case = EXAMD__V1__REQUEST__BODY_LIST_EXAMS;
	request.list_exams = &exams;
	p->exams_call = (struct call){.on_reply = on_exams};
	exam_client_call(p->client, &p->exams_call, &request, true);
	request.body_case = EXAMD__V1__REQUEST__BODY_LIST_ATTEMPTS;
	request.list_attempts = &attempts;
	p->attempts_call = (struct call){.on_reply = on_attempts};
	exam_client_call(p->client, &p->attempts_call, &request, true);
}

/* Not while they are under way: a call has one reply. */
void practice_forget(struct practice *p)
{
	if (p->exams == NULL || p->attempts == NULL)
		return;
	p->asked = false;
	p->attempts = NULL;
}

static void on_started(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct practice *p = container_of(call, struct practice, start_call);

	if (p->closing)
		return;
	p->starting = false;
	p->started = err == ERR_OK;
	failed(p, err, reply); /* or not */
	p->on_change(p);
}

static void ask_start(struct practice *p, Examd__V1__Request *request)
{
	p->starting = true;
	p->err = ERR_OK;
	p->start_call = (struct call){.on_reply = on_started};
	exam_client_call(p->client, &p->start_call, request, true);
}

void practice_start(struct practice *p, const Examd__V1__Exam *exam, const struct drill *drill)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PracticeStart body = EXAMD__V1__PRACTICE_START__INIT;
	char *sections[PRACTICE_SECTIONS_MOST], level[16];
	uint8_t id[16];

	if (p->starting)
		return;
	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	body.exam = exam->name;
	body.tutor = drill->tutor;
	body.missed_only = drill->missed_only;
	snprintf(level, sizeof level, "%s", drill_levels[drill->level % DRILL_LEVELS]);
	body.level = level;
	body.items = drill->items;
	body.minutes = drill->minutes;
	body.sections = sections;
	for (size_t i = 0; i < exam->n_sections && i < PRACTICE_SECTIONS_MOST; i++)
		if (drill->section[i])
			sections[body.n_sections++] = exam->sections[i]->name;
	request.body_case = EXAMD__V1__REQUEST__BODY_PRACTICE_START;
	request.practice_start = &body;
	ask_start(p, &request);
}

void practice_resume(struct practice *p, int64_t attempt)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PracticeResume body = EXAMD__V1__PRACTICE_RESUME__INIT;
	uint8_t id[16];

	if (p->starting)
		return;
	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	body.attempt = attempt;
	request.body_case = EXAMD__V1__REQUEST__BODY_PRACTICE_RESUME;
	request.practice_resume = &body;
	ask_start(p, &request);
}

int practice_percent(int32_t points, int32_t points_most)
{
	int64_t percent;

	if (points_most <= 0)
		return -1;
	percent = (int64_t)points * 100 / points_most;
	return percent < 0 ? 0 : percent > 100 ? 100 : (int)percent;
}

const Examd__V1__SectionScore *practice_section(const Examd__V1__AttemptInfo *attempt,
						const char *section)
{
	for (size_t i = 0; i < attempt->n_sections; i++)
		if (strcmp(attempt->sections[i]->section, section) == 0)
			return attempt->sections[i];
	return NULL;
}

void practice_init(struct practice *p, struct exam_client *client,
		   void (*on_change)(struct practice *p))
{
	*p = (struct practice){.client = client, .on_change = on_change};
}

void practice_close(struct practice *p)
{
	p->closing = true;
}

void practice_fini(struct practice *p)
{
	arena_fini(&p->exams_arena);
	arena_fini(&p->attempts_arena);
}
