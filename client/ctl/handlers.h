/* The handlers of the table, by the file they are in. */
#ifndef CLIENT_CTL_HANDLERS_H
#define CLIENT_CTL_HANDLERS_H

#include "client/ctl/remote.h"

/* people.c */
int people_import(struct ctl *ctl);
int people_list(struct ctl *ctl);
int people_disable(struct ctl *ctl);
int people_enable(struct ctl *ctl);
int people_reset_password(struct ctl *ctl);
int people_revoke(struct ctl *ctl);
int people_unlock(struct ctl *ctl);

/* content.c: banks and exams on the server */
int bank_load(struct ctl *ctl);
int exam_load(struct ctl *ctl);
int exam_list(struct ctl *ctl);

/* banks.c: banks in files */
int bank_check_files(struct ctl *ctl);
int bank_lock(struct ctl *ctl);
int bank_generate(struct ctl *ctl);

/* offline.c: exams in files */
int exam_check(struct ctl *ctl);
int exam_preview(struct ctl *ctl);

/* sitting.c */
int sitting_create(struct ctl *ctl);
int sitting_list(struct ctl *ctl);
int sitting_slips(struct ctl *ctl);
int sitting_open(struct ctl *ctl);
int sitting_admit(struct ctl *ctl);
int sitting_start(struct ctl *ctl);
int sitting_pause(struct ctl *ctl);
int sitting_resume(struct ctl *ctl);
int sitting_close(struct ctl *ctl);
int sitting_add_minutes(struct ctl *ctl);
int sitting_message(struct ctl *ctl);
int sitting_release_seat(struct ctl *ctl);
int sitting_refuse_seat(struct ctl *ctl);

/* watch.c */
int sitting_watch(struct ctl *ctl);

/* console.c */
int console(struct ctl *ctl);

/* attempt.c */
int attempt_reopen(struct ctl *ctl);
int attempt_void(struct ctl *ctl);
int attempt_transcript(struct ctl *ctl);
int attempt_list(struct ctl *ctl);

/* results.c */
int results_show(struct ctl *ctl);
int results_release(struct ctl *ctl);
int export_results(struct ctl *ctl);

/* completion.c */
int completion_bash(struct ctl *ctl);

/* verify.c */
int verify_file(struct ctl *ctl);

/* backup.c */
int backup_make(struct ctl *ctl);
int backup_restore(struct ctl *ctl);

int show_version(struct ctl *ctl);

/* ---- Shared by them ---------------------------------------------------------------------- */

/* diagnostics.c: prints what the server found; the exit status. */
int diagnostics_print(const Examd__V1__Diagnostics *d, bool json);

/* upload.c: reads a file, brings it up and has MAKE fill in the request that names it, as often as
 * the connection is lost meanwhile.  NULL: failed, and told. */
const Examd__V1__Reply *upload_and_ask(struct ctl *ctl, const char *path,
				       void (*make)(Examd__V1__Request *request, const char *file,
						    bool check_only, uint8_t command_id[16]));

/* room.c: rows of a sitting */
struct room_rows {
	struct room_row {
		char *user, *name, *address; /* owned */
		Examd__V1__RoomRow row;	     /* numbers only: its pointers are not valid */
		bool changed;
	} * rows;
	size_t nrows;
	Examd__V1__Sitting sitting; /* numbers only */
};
void room_rows_fini(struct room_rows *r);
/* Takes over what a Room says. */
void room_rows_take(struct room_rows *r, const Examd__V1__Room *room);
/* All rows of a sitting, and no watching after it.  False: failed, and told. */
MUST_USE bool room_rows_get(struct ctl *ctl, int64_t sitting, struct room_rows *out);
/* The attempt of a candidate; 0: not checked in, or not on the list. */
int64_t room_rows_attempt(const struct room_rows *r, const char *user);

/* A command to a room or to some of its attempts, as options and arguments say. */
int room_command(struct ctl *ctl, Examd__V1__RoomCommand *command);

/* words.c */
const char *attempt_state_word(Examd__V1__AttemptState state);
const char *sitting_state_word(Examd__V1__SittingState state);
const char *role_word(Examd__V1__Role role);
/* Why a clock stands, "paused, break"; "" when it runs. */
void stops_format(uint32_t stopped, char *out, size_t size);
/* "a,b,c" cut into pieces, in place; at most MOST. */
size_t list_cut(char *text, char **out, size_t most);

#endif
