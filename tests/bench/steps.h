/* steps: what a candidate asks of the server on the way from a slip to answers, over whatever
 * connection. */
#ifndef TESTS_BENCH_STEPS_H
#define TESTS_BENCH_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/frame.h"

#define STEPS_PARTS 8 /* of an exam, at most */

struct slip {
	char code[16];
};

/* The slips of a file, one a line; N: how many.  The caller's, to free().  Ends the process
 * with status 2 when the file cannot be read. */
struct slip *slips_read(const char *file, size_t *n);

/* The sealed form, as it comes in pieces. */
struct form_pieces {
	uint32_t parts, part, offset;
	uint8_t hash[STEPS_PARTS][32];
};

/* From the first piece on, of the form that this status tells of. */
void form_pieces_begin(struct form_pieces *p, const Examd__V1__Status *s);

/* The piece that was asked for is here.  Whether there are more. */
bool form_pieces_take(struct form_pieces *p, const Examd__V1__FormPiece *piece);

/* A request and all that it points at: it is good as long as this is, and as what was passed.  Its
 * id is the caller's to set. */
struct step {
	Examd__V1__Request request;
	union {
		Examd__V1__Hello hello;
		Examd__V1__UseSlip use_slip;
		Examd__V1__CheckIn check_in;
		Examd__V1__GetFormPiece piece;
		struct {
			Examd__V1__ConfirmForm confirm;
			ProtobufCBinaryData hashes[STEPS_PARTS];
		};
		struct {
			Examd__V1__PutAnswers put;
			Examd__V1__Answer answer, *one;
			uint32_t chosen;
		};
		Examd__V1__Submit submit;
	};
};

/* TOKEN: 32 bytes of the last session, or NULL. */
Examd__V1__Request *step_hello(struct step *s, const char *client, uint8_t client_id[16],
			       uint8_t *token);
Examd__V1__Request *step_use_slip(struct step *s, struct slip *slip);
Examd__V1__Request *step_check_in(struct step *s, uint8_t command_id[16]);
Examd__V1__Request *step_get_piece(struct step *s, const struct form_pieces *p);
Examd__V1__Request *step_confirm(struct step *s, struct form_pieces *p, uint8_t command_id[16]);
Examd__V1__Request *step_put_answer(struct step *s, uint32_t item, uint32_t revision, uint32_t seat,
				    uint32_t choice);
Examd__V1__Request *step_submit(struct step *s, uint8_t command_id[16]);

#endif
