/* Staff: banks and exams.  Reading the YAML takes a worker's time, so the replies come later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/service/commands.h"
#include "daemon/service/files.h"
#include "daemon/service/report_back.h"
#include "daemon/service/routes.h"
#include "daemon/service/shelf.h"
#include "questions/check/check.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

struct content {
	struct job job;
	struct core *core;
	struct ticket ticket;
	struct command_ref command;
	bool check_only, was_run;
	char *file;
	struct bytes text; /* owned: a copy of the upload */
	struct diag diag;
	enum err err;
	/* One of the two. */
	struct bank *bank;
	struct blueprint *blueprint;
};

static void content_free(struct content *c)
{
	bank_free(c->bank);
	blueprint_free(c->blueprint);
	diag_fini(&c->diag);
	free((void *)(uintptr_t)c->text.data);
	free(c->file);
	free(c);
}

static void content_reply(struct content *c, bool changed, const char *summary)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	struct arena arena = {0};

	reply.body_case = EXAMD__V1__REPLY__BODY_DIAGNOSTICS;
	reply.diagnostics = report_back(&c->diag, &arena);
	reply.diagnostics->changed = changed;
	reply.diagnostics->summary = arena_copy_text(&arena, summary);
	command_end(c->core, &c->command, changed ? &reply : NULL);
	ticket_reply(c->core, &c->ticket, ERR_OK, NULL, &reply);
	arena_fini(&arena);
}

static enum err content_begin(struct request *rq, const ProtobufCBinaryData *command,
			      uint32_t upload, const char *file, bool check_only,
			      void (*run)(struct job *job), void (*done)(struct job *job))
{
	struct content *c;
	struct bytes text;
	enum err err;

	if ((err = command_seen(rq, command)) != ERR_NOT_FOUND)
		return err;
	if ((err = file_uploaded(rq->client, upload, &text)) != ERR_OK)
		return err;
	c = mem_new(sizeof *c);
	c->core = rq->core;
	c->check_only = check_only;
	c->file = mem_copy_text(file[0] != '\0' ? file : "upload");
	c->text = bytes_of(mem_copy(text.data, text.len), text.len);
	c->job.run = run;
	c->job.done = done;
	if ((err = worker_add(rq->core->hasher, &c->job)) != ERR_OK) {
		content_free(c);
		return err;
	}
	c->ticket = request_defer(rq);
	c->command = command_begin(rq, command);
	return ERR_OK;
}

/* ---- Banks ----------------------------------------------------------------------------------- */

static void bank_run(struct job *job)
{
	struct content *c = container_of(job, struct content, job);

	c->was_run = true;
	c->err = bank_parse(&c->bank, c->text, c->file, &c->diag);
	if (c->err == ERR_OK)
		check_bank(c->bank, c->file, &c->diag);
}

static void bank_done(struct job *job)
{
	struct content *c = container_of(job, struct content, job);
	bool changed = false;
	char summary[160] = "";

	if (c->was_run && c->bank != NULL) {
		snprintf(summary, sizeof summary, "bank %.40s %.20s: %zu items, %zu sets",
			 c->bank->name, c->bank->version, c->bank->nitems, c->bank->nsets);
		if (!diag_has_errors(&c->diag) && !c->check_only) {
			shelf_put_bank(c->core, c->bank, c->text);
			c->bank = NULL;
			changed = true;
		}
	}
	if (c->was_run)
		content_reply(c, changed, summary);
	content_free(c);
}

enum err on_bank_load(struct request *rq)
{
	const Examd__V1__BankLoad *m = rq->msg->bank_load;

	return content_begin(rq, &m->command_id, m->upload, m->file, m->check_only, bank_run,
			     bank_done);
}

/* ---- Exams ----------------------------------------------------------------------------------- */

static void exam_run(struct job *job)
{
	struct content *c = container_of(job, struct content, job);

	c->was_run = true;
	c->err = blueprint_parse(&c->blueprint, c->text, c->file, &c->diag);
}

static void exam_check(struct content *c)
{
	const struct bank *bank = engine_bank(c->core->engine, c->blueprint->bank);

	if (bank == NULL)
		diag_add(&c->diag, DIAG_ERROR, (struct diag_place){c->file, 0, 0}, "no-bank",
			 "the bank \"%s\" is not loaded", c->blueprint->bank);
	else
		blueprint_check_bank(c->blueprint, bank, c->file, &c->diag);
}

static void exam_done(struct job *job)
{
	struct content *c = container_of(job, struct content, job);
	struct blueprint *b = c->blueprint;
	bool changed = false;
	char summary[160] = "";

	if (c->was_run && b != NULL) {
		exam_check(c);
		snprintf(summary, sizeof summary, "exam %.40s %.20s: %u items in %zu parts",
			 b->exam, b->version, b->total, b->nparts);
		if (!diag_has_errors(&c->diag) && !c->check_only) {
			shelf_put_exam(c->core, b, c->text);
			c->blueprint = NULL;
			changed = true;
		}
	}
	if (c->was_run)
		content_reply(c, changed, summary);
	content_free(c);
}

enum err on_exam_load(struct request *rq)
{
	const Examd__V1__ExamLoad *m = rq->msg->exam_load;

	return content_begin(rq, &m->command_id, m->upload, m->file, m->check_only, exam_run,
			     exam_done);
}
