/* Which client holds an attempt: one seat a candidate, and a dead client never locks its owner
 * out. */
#include <string.h>

#include "daemon/engine/rules.h"

#define CAME (STOP_RESTART | STOP_LOST | STOP_NOT_STARTED) /* what a client's coming ends */

bool is_a_client(const uint8_t *client)
{
	static const uint8_t zeros[16];

	return client != NULL && memcmp(client, zeros, sizeof zeros) != 0;
}

/* CLIENT NULL: the seat is free, under its new number. */
static void take_seat(struct deciding *b, const struct attempt *a, uint32_t seat,
		      const uint8_t *client)
{
	Examd__Record__SeatTaken *m = fact_new(b, RECORD_SEAT_TAKEN);

	m->by = b->by;
	m->seat = seat;
	if (client != NULL)
		m->client_id = fact_bytes(b, client, sizeof a->client_id);
	fact_attempt(b, a->id, RECORD_SEAT_TAKEN, m);
	tell_row(b, a);
}

static void note_takeover(struct deciding *b, const struct attempt *a, const uint8_t *client,
			  bool refused)
{
	Examd__Record__TakeoverAsked *m = fact_new(b, RECORD_TAKEOVER_ASKED);

	m->by = b->by;
	m->client_id = fact_bytes(b, client, sizeof a->client_id);
	m->refused = refused;
	fact_attempt(b, a->id, RECORD_TAKEOVER_ASKED, m);
	tell_row(b, a);
}

static bool is_client(bool any, const uint8_t *known, const uint8_t *client)
{
	return any && memcmp(known, client, 16) == 0;
}

/* Does the client hold the seat, now or by this decision?
 *
 * ERR_SEAT_TAKEN  the proctor has been asked;  ERR_TOO_MANY  too often */
static enum err hold_seat(struct deciding *b, const struct attempt *a, const uint8_t *client)
{
	if (is_client(a->held, a->client_id, client))
		return ERR_OK;
	if (!a->held) {
		take_seat(b, a, a->seat.v, client);
		return ERR_OK;
	}
	if (a->sitting.v == 0) {
		take_seat(b, a, a->seat.v + 1, client);
		tell_old_seat(b, a);
		return ERR_OK;
	}
	if (is_client(a->waited, a->waiting, client))
		return ERR_SEAT_TAKEN;
	if (a->takeovers >= TAKEOVERS_MOST)
		return ERR_TOO_MANY;
	note_takeover(b, a, client, false);
	return ERR_SEAT_TAKEN;
}

static enum err come(struct deciding *b, const struct attempt *a, unsigned frees)
{
	enum err err;

	if (!is_a_client(b->ev->client_id))
		return ERR_INVALID;
	if (!attempt_is_open(a))
		return ERR_OK; /* it may look at its result */
	if ((err = hold_seat(b, a, b->ev->client_id)) != ERR_OK)
		return err;
	clock_free(b, a, frees);
	if (a->state == ATTEMPT_READY)
		starting_late(b, a, a->timing.stopped & ~frees);
	tell_row(b, a);
	return ERR_OK;
}

enum err decide_client_came(struct deciding *b, const struct attempt *a)
{
	return come(b, a, CAME);
}

enum err decide_practice_resume(struct deciding *b, const struct attempt *a)
{
	if (a->sitting.v != 0 || !attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	return come(b, a, CAME | STOP_PARKED);
}

/* Nothing stops the last two seconds: every attempt ends at its own deadline, connected or not. */
enum err decide_client_left(struct deciding *b, const struct attempt *a)
{
	const uint8_t *client = b->ev->client_id;

	tell_row(b, a);
	if (client != NULL && !is_client(a->held, a->client_id, client))
		return ERR_OK;
	if (a->state == ATTEMPT_RUNNING && a->blueprint->lost == LOST_CLOCK_STOPS &&
	    (a->timing.stopped & STOP_LOST) == 0 && timing_remaining(&a->timing, b->ev->now).v > 0)
		clock_stop(b, a, STOP_LOST);
	return ERR_OK;
}

void seats_release(struct deciding *b, const struct attempt *a)
{
	take_seat(b, a, a->seat.v + 1, a->waited ? a->waiting : NULL);
	tell_waiting(b, a, TELL_SEAT_GRANTED);
	tell_old_seat(b, a);
}

void seats_refuse(struct deciding *b, const struct attempt *a)
{
	note_takeover(b, a, a->waiting, true);
	tell_waiting(b, a, TELL_SEAT_REFUSED);
}
