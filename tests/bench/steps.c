#include "tests/bench/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

struct slip *slips_read(const char *file, size_t *n)
{
	struct slip *all = NULL;
	FILE *f = fopen(file, "r");
	char line[64];

	if (f == NULL) {
		perror(file);
		exit(2);
	}
	*n = 0;
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			continue;
		all = mem_resize(all, (*n + 1) * sizeof *all);
		snprintf(all[(*n)++].code, sizeof all->code, "%.15s", line);
	}
	fclose(f);
	return all;
}

/* ---- The form ---------------------------------------------------------------------------- */

void form_pieces_begin(struct form_pieces *p, const Examd__V1__Status *s)
{
	p->parts = (uint32_t)(s->n_parts > STEPS_PARTS ? STEPS_PARTS : s->n_parts);
	p->part = p->offset = 0;
	for (uint32_t i = 0; i < p->parts; i++)
		if (s->parts[i]->hash.len == 32)
			memcpy(p->hash[i], s->parts[i]->hash.data, 32);
}

bool form_pieces_take(struct form_pieces *p, const Examd__V1__FormPiece *piece)
{
	p->offset += (uint32_t)piece->data.len;
	if (p->offset >= piece->size) {
		p->part++;
		p->offset = 0;
	}
	return p->part < p->parts;
}

/* ---- Requests ---------------------------------------------------------------------------- */

static ProtobufCBinaryData data(uint8_t *p, size_t len)
{
	return (ProtobufCBinaryData){len, p};
}

static Examd__V1__Request *request(struct step *s, Examd__V1__Request__BodyCase body)
{
	s->request = (Examd__V1__Request)EXAMD__V1__REQUEST__INIT;
	s->request.body_case = body;
	return &s->request;
}

Examd__V1__Request *step_hello(struct step *s, const char *client, uint8_t client_id[16],
			       uint8_t *token)
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_HELLO);

	s->hello = (Examd__V1__Hello)EXAMD__V1__HELLO__INIT;
	s->hello.min_version = s->hello.max_version = PROTOCOL_VERSION;
	s->hello.client = (char *)(uintptr_t)client;
	s->hello.client_id = data(client_id, 16);
	if (token != NULL)
		s->hello.token = data(token, 32);
	q->hello = &s->hello;
	return q;
}

Examd__V1__Request *step_use_slip(struct step *s, struct slip *slip)
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_USE_SLIP);

	s->use_slip = (Examd__V1__UseSlip)EXAMD__V1__USE_SLIP__INIT;
	s->use_slip.slip = slip->code;
	q->use_slip = &s->use_slip;
	return q;
}

Examd__V1__Request *step_check_in(struct step *s, uint8_t command_id[16])
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_CHECK_IN);

	s->check_in = (Examd__V1__CheckIn)EXAMD__V1__CHECK_IN__INIT;
	s->check_in.command_id = data(command_id, 16);
	q->check_in = &s->check_in;
	return q;
}

Examd__V1__Request *step_get_piece(struct step *s, const struct form_pieces *p)
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_GET_FORM_PIECE);

	s->piece = (Examd__V1__GetFormPiece)EXAMD__V1__GET_FORM_PIECE__INIT;
	s->piece.part = p->part;
	s->piece.offset = p->offset;
	q->get_form_piece = &s->piece;
	return q;
}

Examd__V1__Request *step_confirm(struct step *s, struct form_pieces *p, uint8_t command_id[16])
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_CONFIRM_FORM);

	s->confirm = (Examd__V1__ConfirmForm)EXAMD__V1__CONFIRM_FORM__INIT;
	for (uint32_t i = 0; i < p->parts; i++)
		s->hashes[i] = data(p->hash[i], 32);
	s->confirm.command_id = data(command_id, 16);
	s->confirm.hash = s->hashes;
	s->confirm.n_hash = p->parts;
	q->confirm_form = &s->confirm;
	return q;
}

Examd__V1__Request *step_put_answer(struct step *s, uint32_t item, uint32_t revision, uint32_t seat,
				    uint32_t choice)
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_PUT_ANSWERS);

	s->chosen = choice;
	s->answer = (Examd__V1__Answer)EXAMD__V1__ANSWER__INIT;
	s->answer.item = item;
	s->answer.revision = revision;
	s->answer.seat = seat;
	s->answer.chosen = &s->chosen;
	s->answer.n_chosen = 1;
	s->one = &s->answer;
	s->put = (Examd__V1__PutAnswers)EXAMD__V1__PUT_ANSWERS__INIT;
	s->put.answers = &s->one;
	s->put.n_answers = 1;
	q->put_answers = &s->put;
	return q;
}

Examd__V1__Request *step_submit(struct step *s, uint8_t command_id[16])
{
	Examd__V1__Request *q = request(s, EXAMD__V1__REQUEST__BODY_SUBMIT);

	s->submit = (Examd__V1__Submit)EXAMD__V1__SUBMIT__INIT;
	s->submit.command_id = data(command_id, 16);
	q->submit = &s->submit;
	return q;
}
