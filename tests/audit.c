/* audit DIR ACKS...: is every answer that a client was told is saved in the database?
 *
 * Each line of an ACKS file is "attempt item seat revision content", written by a client when it
 * got the acknowledgement; content is the place of the one option chosen, or SHA-256 of the packed
 * wire Answer in hex.  Opens DIR/examd.db (no daemon may run), reads all records of every attempt
 * named, follows each chain, and prints one line of JSON:
 *
 *   attempts      named in the files
 *   acknowledged  different answers that were acknowledged
 *   found         of these, on file with the same content
 *   lost          acknowledged - found
 *   twice         on file more than once
 *   broken        attempts whose chain does not verify
 *   time_off_ms   the largest difference of an attempt between the time used by its records and the
 *                 sum of the stretches between its records by wall time while its clock ran
 *
 * Exit 0 only if nothing is lost, twice or broken. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store.h"
#include "proto/base/log.h"
#include "proto/wire/frame.h"

struct ack {
	long long attempt;
	unsigned item, seat, revision, found;
	bool by_digest;
	unsigned choice;
	struct digest digest;
};

struct audit {
	struct ack *acks;
	size_t nacks;
	struct ack *first, *last; /* of the attempt being read */
	struct digest chain;
	bool whole, has_records;
	struct arena arena;
	/* The clock of the attempt being read, by a model as plain as can be. */
	bool running;
	uint64_t stopped;
	int64_t used_service, used_wall, since_service, since_wall, last_wall;
	/* Sums. */
	size_t attempts, acknowledged, found, twice, broken;
	int64_t time_off;
};

static int compare_acks(const void *x, const void *y)
{
	const struct ack *a = x, *b = y;

	if (a->attempt != b->attempt)
		return a->attempt < b->attempt ? -1 : 1;
	if (a->item != b->item)
		return a->item < b->item ? -1 : 1;
	if (a->seat != b->seat)
		return a->seat < b->seat ? -1 : 1;
	return (a->revision > b->revision) - (a->revision < b->revision);
}

/* "attempt item seat revision content" */
static bool read_ack(const char *line, struct ack *k)
{
	char content[80];

	if (sscanf(line, "%lld %u %u %u %79s", &k->attempt, &k->item, &k->seat, &k->revision,
		   content) != 5)
		return false;
	k->by_digest = strlen(content) == 64;
	if (k->by_digest)
		return hex_parse(content, k->digest.b, sizeof k->digest.b) == ERR_OK;
	return sscanf(content, "%u", &k->choice) == 1;
}

static bool read_acks(struct audit *a, const char *file)
{
	FILE *f = fopen(file, "r");
	struct ack k = {0};
	size_t cap = a->nacks;
	char line[160];

	if (f == NULL) {
		perror(file);
		return false;
	}
	while (fgets(line, sizeof line, f) != NULL) {
		/* A client that was killed may have left half a line: it says nothing. */
		if (strchr(line, '\n') == NULL || !read_ack(line, &k))
			continue;
		if (a->nacks == cap) {
			cap = cap * 2 + 1024;
			a->acks = mem_resize(a->acks, cap * sizeof *a->acks);
		}
		a->acks[a->nacks++] = k;
	}
	fclose(f);
	a->acks = mem_resize(a->acks, (a->nacks + 1) * sizeof *a->acks);
	return true;
}

static void drop_doubles(struct audit *a)
{
	size_t i, n = 0;

	if (a->nacks > 0)
		qsort(a->acks, a->nacks, sizeof *a->acks, compare_acks);
	for (i = 0; i < a->nacks; i++)
		if (n == 0 || compare_acks(&a->acks[n - 1], &a->acks[i]) != 0)
			a->acks[n++] = a->acks[i];
	a->nacks = n;
}

static void clock_runs(struct audit *a, const struct record *r, bool runs)
{
	if (a->running && !runs) {
		a->used_service += r->at.v - a->since_service;
		a->used_wall += a->last_wall - a->since_wall;
	}
	if (!a->running && runs) {
		a->since_service = r->at.v;
		a->since_wall = r->noted.v;
	}
	a->running = runs;
}

static void follow_clock(struct audit *a, const struct record *r)
{
	switch (r->kind) {
	case RECORD_ATTEMPT_STARTED:
	case RECORD_ATTEMPT_REOPENED:
		clock_runs(a, r, a->stopped == 0);
		break;
	case RECORD_CLOCK_STOPPED:
		a->stopped |= ((const Examd__Record__ClockStopped *)(const void *)r->msg)->why;
		clock_runs(a, r, false);
		break;
	case RECORD_CLOCK_FREED:
		a->stopped &=
		    ~(uint64_t)((const Examd__Record__ClockFreed *)(const void *)r->msg)->why;
		clock_runs(a, r, a->stopped == 0);
		break;
	case RECORD_ATTEMPT_CLOSED:
	case RECORD_ATTEMPT_VOIDED:
		a->last_wall = r->noted.v;
		clock_runs(a, r, false);
		break;
	default:
		break;
	}
	a->last_wall = r->noted.v;
}

static bool is_content(const struct ack *k, const Examd__Record__AnswerPut *put)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	struct buf packed = {0};
	struct digest d;

	if (!k->by_digest)
		return put->n_chosen == 1 && put->chosen[0] == k->choice;
	a.item = put->item;
	a.revision = put->revision;
	a.n_chosen = put->n_chosen;
	a.chosen = put->chosen;
	a.n_codes = put->n_codes;
	a.codes = put->codes;
	a.flagged = put->flagged;
	a.n_struck = put->n_struck;
	a.struck = put->struck;
	a.seen_ms = put->seen;
	a.seat = put->seat;
	message_put(&packed, &a.base);
	d = digest_of(buf_bytes(&packed).data, buf_length(&packed));
	buf_fini(&packed);
	return memcmp(&d, &k->digest, sizeof d) == 0;
}

static void find_answer(struct audit *a, const struct record *r)
{
	const Examd__Record__AnswerPut *put = (const void *)r->msg;
	struct ack key = {.attempt = subject_number(r->subject),
			  .item = put->item,
			  .seat = put->seat,
			  .revision = put->revision};
	struct ack *k =
	    bsearch(&key, a->first, (size_t)(a->last - a->first), sizeof *k, compare_acks);

	if (k != NULL && is_content(k, put))
		k->found++;
}

static void on_record(void *arg, const struct record *rec)
{
	struct audit *a = arg;
	struct record r = *rec;

	a->has_records = true;
	if (!record_follows(&r, &a->chain))
		a->whole = false;
	a->chain = r.chain;
	arena_reset(&a->arena);
	if (record_decode(&r, &a->arena) != ERR_OK) {
		a->whole = false;
		return;
	}
	follow_clock(a, &r);
	if (r.kind == RECORD_ANSWER_PUT)
		find_answer(a, &r);
}

struct audit_query {
	struct query query;
	struct audit *audit;
	bool done;
};

static void attempt_begin(struct audit *a)
{
	memset(&a->chain, 0, sizeof a->chain);
	a->whole = true;
	a->has_records = a->running = false;
	a->stopped = 0;
	a->used_service = a->used_wall = a->last_wall = 0;
}

static void attempt_end(struct audit *a)
{
	int64_t off = a->used_service - a->used_wall;
	struct ack *k;

	a->attempts++;
	a->broken += !a->whole || !a->has_records;
	for (k = a->first; k < a->last; k++) {
		a->acknowledged++;
		a->found += k->found > 0;
		a->twice += k->found > 1;
	}
	off = off < 0 ? -off : off;
	a->time_off = off > a->time_off ? off : a->time_off;
}

static void run(struct query *q, struct reader *reader)
{
	struct audit *a = container_of(q, struct audit_query, query)->audit;
	struct ack *end = a->acks + a->nacks;

	for (a->first = a->acks; a->first < end; a->first = a->last) {
		for (a->last = a->first; a->last < end && a->last->attempt == a->first->attempt;)
			a->last++;
		attempt_begin(a);
		if (reader_records(reader, subject_attempt((struct attempt_id){a->first->attempt}),
				   on_record, a) != ERR_OK)
			a->whole = false;
		attempt_end(a);
	}
}

static void done(struct query *q)
{
	container_of(q, struct audit_query, query)->done = true;
}

static enum err audit(struct audit *a, const char *dir)
{
	struct audit_query q = {.query = {.run = run, .done = done}, .audit = a};
	struct store_visitor nobody = {0};
	struct store *store;
	enum err err;

	if ((err = store_open(&store, dir)) != ERR_OK)
		return err;
	if ((err = store_recover(store, &nobody)) == ERR_OK &&
	    (err = store_query(store, &q.query)) == ERR_OK) {
		while (!q.done) {
			struct pollfd p = {store_readers_fd(store), POLLIN, 0};

			if (poll(&p, 1, -1) > 0)
				store_readers_settle(store);
		}
		err = q.query.err;
	}
	store_close(store);
	return err;
}

int main(int argc, char **argv)
{
	static struct audit a;
	enum err err;
	int i;

	log_setup("audit", LOG_LEVEL_WARN);
	if (argc < 3) {
		fputs("usage: audit DIR ACKS...\n", stderr);
		return 2;
	}
	for (i = 2; i < argc; i++)
		if (!read_acks(&a, argv[i]))
			return 2;
	drop_doubles(&a);
	if ((err = audit(&a, argv[1])) != ERR_OK) {
		fprintf(stderr, "audit: %s: %s\n", argv[1], err_sentence(err));
		return 1;
	}
	printf("{\"attempts\":%zu,\"acknowledged\":%zu,\"found\":%zu,\"lost\":%zu,\"twice\":%zu,"
	       "\"broken\":%zu,\"time_off_ms\":%lld}\n",
	       a.attempts, a.acknowledged, a.found, a.acknowledged - a.found, a.twice, a.broken,
	       (long long)a.time_off);
	arena_fini(&a.arena);
	free(a.acks);
	return a.found == a.acknowledged && a.twice == 0 && a.broken == 0 ? 0 : 1;
}
