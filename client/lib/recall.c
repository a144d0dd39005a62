/* Answers that only the server has: given at another device, or here before the state directory was
 * lost.  Once for each list of the server they are asked for, page by page, from the first that is
 * unknown here. */
#include "client/lib/client.h"

static bool may_ask(const struct exam_client *c)
{
	return c->recall_wanted && !c->recalling && link_is_up(&c->link) &&
	       client_session(c) != NULL && !c->taken_over && !client_is_closed(c);
}

static void ask(struct exam_client *c, struct item_no first)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetAnswers body = EXAMD__V1__GET_ANSWERS__INIT;

	body.first_item = first.v;
	request.body_case = EXAMD__V1__REQUEST__BODY_GET_ANSWERS;
	request.get_answers = &body;
	c->recalling = true;
	c->recall_of = c->attempt;
	link_call(&c->link, &c->recall_call, &request, false, (struct millis){0});
}

void recall_flush(struct exam_client *c)
{
	struct item_no first;

	if (!may_ask(c))
		return;
	c->recall_wanted = answers_lack(&c->answers, c->recall_next, &first);
	if (c->recall_wanted)
		ask(c, first);
}

void recall_listed(struct exam_client *c)
{
	c->recall_wanted = true;
	c->recall_next.v = 0;
}

static void take_page(struct exam_client *c, const Examd__V1__Answers *page)
{
	for (size_t i = 0; i < page->n_answers; i++) {
		const Examd__V1__Answer *answer = page->answers[i];

		answers_learn(&c->answers, answer);
		if (answer->item >= c->recall_next.v && answer->item < ANSWERS_ITEMS_MOST)
			c->recall_next.v = answer->item + 1;
	}
	c->recall_wanted = page->more && page->n_answers > 0;
	c->changed = true;
}

/* A refusal of the moment: the next status begins anew.  Any other: what it has cannot be had. */
static void refused(struct exam_client *c, enum err err)
{
	c->recall_wanted = false;
	if (err == ERR_LOGIN_NEEDED)
		client_drop_session(c);
	if (client_error_passes(err)) {
		c->want_status = true;
		entry_wait(c);
	}
}

static void on_page(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(call, struct exam_client, recall_call);
	bool ours = c->recall_of.v == c->attempt.v;

	c->recalling = false;
	if (err == ERR_OK && reply->body_case != EXAMD__V1__REPLY__BODY_ANSWERS)
		err = ERR_PROTOCOL;
	if (err == ERR_OK && ours)
		take_page(c, reply->answers);
	else if (err != ERR_OK && reply != NULL && ours)
		refused(c, err);
	entry_advance(c);
	hold_flush(c);
	client_tell_change(c);
}

void recall_init(struct exam_client *c)
{
	c->recall_call.on_reply = on_page;
}
