/* The table of requests: who may send each, when, and what handles it.  Permission is a column of
 * it; a handler makes no such check.  Unknown and forbidden look alike. */
#ifndef DAEMON_SERVICE_ROUTES_H
#define DAEMON_SERVICE_ROUTES_H

#include "daemon/service/service.h"

enum may {
	MAY_STRANGER = 1 << EXAMD__V1__ROLE__ROLE_NONE, /* before log-in */
	MAY_CANDIDATE = 1 << EXAMD__V1__ROLE__ROLE_CANDIDATE,
	MAY_PROCTOR = 1 << EXAMD__V1__ROLE__ROLE_PROCTOR,
	MAY_INSTRUCTOR = 1 << EXAMD__V1__ROLE__ROLE_INSTRUCTOR,
	MAY_ADMIN = 1 << EXAMD__V1__ROLE__ROLE_ADMIN,
};
#define MAY_ANYBODY (MAY_STRANGER | MAY_PERSON)
#define MAY_PERSON  (MAY_CANDIDATE | MAY_STAFF)
#define MAY_STAFF   (MAY_PROCTOR | MAY_TEACHER)
#define MAY_TEACHER (MAY_INSTRUCTOR | MAY_ADMIN)

enum phase {
	WHILE_CONNECTED,  /* any time, even before Hello */
	WHILE_GREETED,	  /* after Hello */
	WHILE_IN_SESSION, /* logged in, even with a one-time password */
	WHILE_LOGGED_IN,  /* and that one changed */
	WHILE_BOUND,	  /* to an attempt, whoever holds its seat */
	WHILE_HOLDING,	  /* the seat of an attempt that is in memory */
};

struct route {
	unsigned who; /* bits of enum may; 0: no such request */
	enum phase phase;
	enum err (*handle)(struct request *rq);
};

/* The row of a request; NULL: unknown. */
const struct route *route_find(Examd__V1__Request__BodyCase body);

/* Checks and handles; the reply is in rq->reply. */
enum err route_dispatch(struct request *rq);

/* May this role give this command to a room? */
bool room_verb_allowed(Examd__V1__RoomVerb verb, Examd__V1__Role role);

/* ---- Handlers: one a row ------------------------------------------------------------------------
 */

/* sessions.c */
enum err on_hello(struct request *rq);
enum err on_log_in(struct request *rq);
enum err on_use_slip(struct request *rq);
enum err on_change_password(struct request *rq);
enum err on_log_out(struct request *rq);
/* candidate.c */
enum err on_check_in(struct request *rq);
enum err on_get_form_piece(struct request *rq);
enum err on_confirm_form(struct request *rq);
enum err on_put_answers(struct request *rq);
enum err on_get_status(struct request *rq);
enum err on_leave_part(struct request *rq);
enum err on_submit(struct request *rq);
enum err on_take_break(struct request *rq);
enum err on_end_break(struct request *rq);
enum err on_report_event(struct request *rq);
/* answers_back.c */
enum err on_get_answers(struct request *rq);
/* outcome.c */
enum err on_get_result(struct request *rq);
enum err on_get_review(struct request *rq);
enum err on_list_attempts(struct request *rq);
/* practice.c */
enum err on_list_exams(struct request *rq);
enum err on_practice_start(struct request *rq);
enum err on_practice_resume(struct request *rq);
enum err on_reveal(struct request *rq);
/* files.c */
enum err on_upload(struct request *rq);
enum err on_download(struct request *rq);
/* staff_people.c */
enum err on_people_import(struct request *rq);
enum err on_people_list(struct request *rq);
enum err on_person_change(struct request *rq);
/* staff_content.c */
enum err on_bank_load(struct request *rq);
enum err on_exam_load(struct request *rq);
/* staff_sitting.c */
enum err on_sitting_create(struct request *rq);
enum err on_sitting_list(struct request *rq);
enum err on_sitting_slips(struct request *rq);
/* staff_room.c */
enum err on_room_command(struct request *rq);
enum err on_watch_sitting(struct request *rq);
/* staff_results.c */
enum err on_results_list(struct request *rq);
enum err on_results_release(struct request *rq);
enum err on_export(struct request *rq);
enum err on_transcript(struct request *rq);
/* staff_backup.c */
enum err on_backup(struct request *rq);

#endif
