#include "daemon/service/routes.h"

#include "daemon/service/people.h"
#include "daemon/service/sessions.h"

#define BODY(name) EXAMD__V1__REQUEST__BODY_##name

static const struct route routes[] = {
    /*                        who may         while            handler          */
    [BODY(HELLO)] = {MAY_ANYBODY, WHILE_CONNECTED, on_hello},
    [BODY(LOG_IN)] = {MAY_ANYBODY, WHILE_GREETED, on_log_in},
    [BODY(USE_SLIP)] = {MAY_ANYBODY, WHILE_GREETED, on_use_slip},
    [BODY(CHANGE_PASSWORD)] = {MAY_PERSON, WHILE_IN_SESSION, on_change_password},
    [BODY(LOG_OUT)] = {MAY_PERSON, WHILE_IN_SESSION, on_log_out},
    [BODY(LIST_EXAMS)] = {MAY_PERSON, WHILE_LOGGED_IN, on_list_exams},
    [BODY(LIST_ATTEMPTS)] = {MAY_PERSON, WHILE_LOGGED_IN, on_list_attempts},

    [BODY(CHECK_IN)] = {MAY_CANDIDATE, WHILE_LOGGED_IN, on_check_in},
    [BODY(GET_FORM_PIECE)] = {MAY_CANDIDATE, WHILE_HOLDING, on_get_form_piece},
    [BODY(CONFIRM_FORM)] = {MAY_CANDIDATE, WHILE_HOLDING, on_confirm_form},
    [BODY(PUT_ANSWERS)] = {MAY_CANDIDATE, WHILE_BOUND, on_put_answers},
    [BODY(GET_ANSWERS)] = {MAY_CANDIDATE, WHILE_HOLDING, on_get_answers},
    [BODY(GET_STATUS)] = {MAY_CANDIDATE, WHILE_HOLDING, on_get_status},
    [BODY(LEAVE_PART)] = {MAY_CANDIDATE, WHILE_HOLDING, on_leave_part},
    [BODY(SUBMIT)] = {MAY_CANDIDATE, WHILE_HOLDING, on_submit},
    [BODY(TAKE_BREAK)] = {MAY_CANDIDATE, WHILE_HOLDING, on_take_break},
    [BODY(END_BREAK)] = {MAY_CANDIDATE, WHILE_HOLDING, on_end_break},
    [BODY(REPORT_EVENT)] = {MAY_CANDIDATE, WHILE_HOLDING, on_report_event},
    [BODY(GET_RESULT)] = {MAY_CANDIDATE, WHILE_LOGGED_IN, on_get_result},
    [BODY(GET_REVIEW)] = {MAY_CANDIDATE, WHILE_LOGGED_IN, on_get_review},
    [BODY(PRACTICE_START)] = {MAY_CANDIDATE, WHILE_LOGGED_IN, on_practice_start},
    [BODY(PRACTICE_RESUME)] = {MAY_CANDIDATE, WHILE_LOGGED_IN, on_practice_resume},
    [BODY(REVEAL)] = {MAY_CANDIDATE, WHILE_HOLDING, on_reveal},

    [BODY(UPLOAD)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_upload},
    [BODY(DOWNLOAD)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_download},
    [BODY(PEOPLE_IMPORT)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_people_import},
    [BODY(PEOPLE_LIST)] = {MAY_STAFF, WHILE_LOGGED_IN, on_people_list},
    [BODY(PERSON_CHANGE)] = {MAY_STAFF, WHILE_LOGGED_IN, on_person_change},
    [BODY(BANK_LOAD)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_bank_load},
    [BODY(EXAM_LOAD)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_exam_load},
    [BODY(SITTING_CREATE)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_sitting_create},
    [BODY(SITTING_LIST)] = {MAY_STAFF, WHILE_LOGGED_IN, on_sitting_list},
    [BODY(SITTING_SLIPS)] = {MAY_STAFF, WHILE_LOGGED_IN, on_sitting_slips},
    [BODY(ROOM_COMMAND)] = {MAY_STAFF, WHILE_LOGGED_IN, on_room_command},
    [BODY(WATCH_SITTING)] = {MAY_STAFF, WHILE_LOGGED_IN, on_watch_sitting},
    [BODY(RESULTS_LIST)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_results_list},
    [BODY(RESULTS_RELEASE)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_results_release},
    [BODY(EXPORT)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_export},
    [BODY(TRANSCRIPT)] = {MAY_TEACHER, WHILE_LOGGED_IN, on_transcript},
    [BODY(BACKUP)] = {MAY_ADMIN, WHILE_LOGGED_IN, on_backup},
};

/* Who may give which command to a room. */
static const unsigned room_verbs[] = {
    [EXAMD__V1__ROOM_VERB__ROOM_OPEN] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_ADMIT] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_START] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_PAUSE] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_RESUME] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_ADD_MINUTES] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_MESSAGE] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_RELEASE_SEAT] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_REFUSE_SEAT] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_CLOSE] = MAY_STAFF,
    [EXAMD__V1__ROOM_VERB__ROOM_REOPEN] = MAY_TEACHER,
    [EXAMD__V1__ROOM_VERB__ROOM_VOID] = MAY_TEACHER,
};

const struct route *route_find(Examd__V1__Request__BodyCase body)
{
	if ((size_t)body >= COUNT(routes) || routes[body].handle == NULL)
		return NULL;
	return &routes[body];
}

bool room_verb_allowed(Examd__V1__RoomVerb verb, Examd__V1__Role role)
{
	return (size_t)verb < COUNT(room_verbs) && (room_verbs[verb] & (1u << role)) != 0;
}

/* A slip needs no password, so it asks for no new one. */
static bool must_change(const struct request *rq)
{
	return rq->client->session->sitting.v == 0 && request_person(rq)->must_change;
}

static enum err check_attempt(const struct request *rq, bool holding)
{
	const struct attempt *a;

	if (rq->client->attempt.v == 0)
		return ERR_OUT_OF_TURN;
	a = engine_attempt(rq->core->engine, rq->client->attempt);
	if (a == NULL) /* closed long ago */
		return ERR_TOO_LATE;
	return holding && !client_holds(rq->client, a) ? ERR_SEAT_TAKEN : ERR_OK;
}

static enum err check_phase(const struct request *rq, enum phase phase)
{
	switch (phase) {
	case WHILE_CONNECTED:
	case WHILE_GREETED:
	case WHILE_IN_SESSION:
		return ERR_OK;
	case WHILE_LOGGED_IN:
		return must_change(rq) ? ERR_PASSWORD_CHANGE : ERR_OK;
	case WHILE_BOUND:
		return must_change(rq) ? ERR_PASSWORD_CHANGE : check_attempt(rq, false);
	case WHILE_HOLDING:
		return must_change(rq) ? ERR_PASSWORD_CHANGE : check_attempt(rq, true);
	}
	return ERR_FORBIDDEN;
}

enum err route_dispatch(struct request *rq)
{
	const struct route *r = route_find(rq->msg->body_case);
	Examd__V1__Role role = client_role(rq->core, rq->client);
	enum err err;

	if (!rq->client->greeted && (r == NULL || r->phase != WHILE_CONNECTED))
		return ERR_OUT_OF_TURN;
	if (r == NULL || (r->who & (1u << role)) == 0)
		return role == EXAMD__V1__ROLE__ROLE_NONE ? ERR_LOGIN_NEEDED : ERR_FORBIDDEN;
	if ((err = check_phase(rq, r->phase)) != ERR_OK)
		return err;
	return r->handle(rq);
}
