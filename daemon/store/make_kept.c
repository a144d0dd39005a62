/* make_kept FILE: a database of today's schema with an exam under way, to be kept as
 * kept/schema-N.db.  A later release must open it and go on (test_store_kept.c).
 *
 * Sitting 1 is started.  Attempt 1 is open, attempt 2 closed and packed, attempt 3 closed, packed
 * and reopened; a practice attempt, 4, is open. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/store/store.h"

#define WALL	   1795417200000 /* 2026-11-23T07:00:00Z */
#define CHAINS	   8
#define ANN	   ((struct person_id){1001})
#define BOB	   ((struct person_id){1002})
#define must(call) must_be((call), #call)

static struct maker {
	struct store *store;
	struct arena arena;
	struct {
		struct subject subject;
		uint64_t n;
		struct digest last;
	} chains[CHAINS];
	size_t nchains;
	int64_t now;
} m;

static void must_be(enum err err, const char *doing)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "make_kept: %s: %s\n", doing, err_sentence(err));
	exit(1);
}

static void append(struct subject subject, enum record_kind kind, const ProtobufCMessage *msg)
{
	struct record r = {.subject = subject, .kind = kind, .msg = msg};
	size_t i;

	for (i = 0; i < m.nchains && m.chains[i].subject.v != subject.v; i++) {
	}
	if (i == m.nchains)
		m.chains[m.nchains++].subject = subject;
	m.now += 1000;
	r.n = ++m.chains[i].n;
	r.at.v = m.now;
	r.noted.v = WALL + m.now;
	record_seal(&r, &m.chains[i].last, &m.arena);
	m.chains[i].last = r.chain;
	store_append(m.store, &r);
}

static void until_done(void)
{
	struct store_seq upto = {0};
	struct store_stats stats = {0};

	store_kick(m.store);
	do {
		struct pollfd p = {store_fd(m.store), POLLIN, 0};

		poll(&p, 1, -1);
		must(store_settle(m.store, &upto));
		store_stats(m.store, &stats);
	} while (upto.v < store_last(m.store).v || stats.background > 0);
}

static struct subject attempt(int64_t number)
{
	return subject_attempt((struct attempt_id){number});
}

static void open_attempt(int64_t number, struct person_id person, int64_t sitting)
{
	Examd__Record__AttemptOpened opened = EXAMD__RECORD__ATTEMPT_OPENED__INIT;
	Examd__Record__AttemptStarted started = EXAMD__RECORD__ATTEMPT_STARTED__INIT;
	Examd__Record__Form form = EXAMD__RECORD__FORM__INIT;
	uint8_t seed[16] = {1};
	int64_t budget = 14400000;

	form.generator = 1;
	form.seed = (ProtobufCBinaryData){sizeof seed, seed};
	opened.person = person.v;
	opened.sitting = sitting;
	opened.exam = (char *)(uintptr_t) "cpc-style";
	opened.form = &form;
	opened.budgets = &budget;
	opened.n_budgets = 1;
	opened.seat = 1;
	opened.rules_version = 1;
	started.budget = budget;
	append(attempt(number), RECORD_ATTEMPT_OPENED, &opened.base);
	append(attempt(number), RECORD_ATTEMPT_STARTED, &started.base);
}

static void answer(int64_t number, uint32_t item)
{
	Examd__Record__AnswerPut put = EXAMD__RECORD__ANSWER_PUT__INIT;
	uint32_t chosen = item % 4;

	put.seat = 1;
	put.item = item;
	put.revision = 1;
	put.chosen = &chosen;
	put.n_chosen = 1;
	append(attempt(number), RECORD_ANSWER_PUT, &put.base);
}

static void close_and_pack(int64_t number, struct person_id person)
{
	Examd__Record__AttemptClosed closed = EXAMD__RECORD__ATTEMPT_CLOSED__INIT;

	closed.state = 5;
	append(attempt(number), RECORD_ATTEMPT_CLOSED, &closed.base);
	store_put(m.store, &(struct store_change){.kind = CHANGE_RESULT,
						  .u.result = {.attempt = {number},
							       .sitting = {1},
							       .person = person,
							       .exam = "cpc-style",
							       .state = 5,
							       .started = {WALL},
							       .closed = {WALL + m.now},
							       .used_ms = m.now,
							       .items = 40,
							       .answered = 10}});
	store_put(m.store, &(struct store_change){.kind = CHANGE_TRANSCRIPT,
						  .u.transcript = attempt(number)});
}

static void put_people(void)
{
	static const struct store_person people[] = {
	    {.id = {1001}, .user = "ann", .name = "Ann Example", .group = "A", .role = 1},
	    {.id = {1002}, .user = "bob", .name = "Bob Example", .extra_percent = 50, .role = 1},
	};
	size_t i;

	for (i = 0; i < COUNT(people); i++) {
		struct store_change c = {.kind = CHANGE_SLIP,
					 .u.slip = {.sitting = {1}, .person = people[i].id}};

		c.u.slip.hmac.b[0] = (uint8_t)(i + 1);
		store_put(m.store,
			  &(struct store_change){.kind = CHANGE_PERSON, .u.person = people[i]});
		store_put(m.store, &(struct store_change){.kind = CHANGE_PASSWORD,
							  .u.password = {people[i].id, "", true}});
		store_put(m.store, &c);
	}
	store_put(m.store, &(struct store_change){.kind = CHANGE_SESSION,
						  .u.session = {.person = ANN, .sitting = {1}}});
}

static void put_content(void)
{
	struct store_source s = {
	    .name = "cpc-style", .version = "1", .text = bytes_of_text("bank: {}\n")};

	s.hash = digest_of(s.text.data, s.text.len);
	store_put(m.store, &(struct store_change){.kind = CHANGE_BANK, .u.source = s});
	store_put(m.store, &(struct store_change){.kind = CHANGE_EXAM, .u.source = s});
	store_put(m.store,
		  &(struct store_change){.kind = CHANGE_TEXT,
					 .u.text = {.row = 1, .text = bytes_of_text("Room 12")}});
	store_put(m.store, &(struct store_change){.kind = CHANGE_COMMAND,
						  .u.command = {.reply = bytes_of_text("reply")}});
	store_put(m.store, &(struct store_change){.kind = CHANGE_CLOCK,
						  .u.clock = {{600000}, {WALL + 600000}}});
}

static void hold_exam(void)
{
	struct subject sitting = subject_sitting((struct sitting_id){1});
	Examd__Record__SittingCreated created = EXAMD__RECORD__SITTING_CREATED__INIT;
	Examd__Record__SittingOpened opened = EXAMD__RECORD__SITTING_OPENED__INIT;
	Examd__Record__SittingStarted started = EXAMD__RECORD__SITTING_STARTED__INIT;
	Examd__Record__AttemptReopened reopened = EXAMD__RECORD__ATTEMPT_REOPENED__INIT;
	uint32_t i;

	created.exam = (char *)(uintptr_t) "cpc-style";
	append(sitting, RECORD_SITTING_CREATED, &created.base);
	append(sitting, RECORD_SITTING_OPENED, &opened.base);
	append(sitting, RECORD_SITTING_STARTED, &started.base);
	open_attempt(1, ANN, 1);
	open_attempt(2, BOB, 1);
	open_attempt(3, BOB, 1);
	open_attempt(4, ANN, 0);
	for (i = 0; i < 40; i++)
		answer(i % 4 + 1, i / 4);
	close_and_pack(2, BOB);
	close_and_pack(3, BOB);
	until_done();
	reopened.seat = 2;
	append(attempt(3), RECORD_ATTEMPT_REOPENED, &reopened.base);
	answer(3, 11);
	until_done();
}

/* After the close everything is in the one file: the log was checkpointed into it. */
static bool move(const char *from, const char *to)
{
	uint8_t piece[4096];
	size_t n;
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	bool good = in != NULL && out != NULL;

	while (good && (n = fread(piece, 1, sizeof piece, in)) > 0)
		good = fwrite(piece, 1, n, out) == n;
	good = (out == NULL || fclose(out) == 0) && good;
	if (in != NULL)
		fclose(in);
	return good;
}

static void remove_files(const char *dir)
{
	static const char *const files[] = {"examd.db", "examd.db-wal", "examd.db-shm"};
	size_t i;

	for (i = 0; i < COUNT(files); i++) {
		char *path = mem_printf("%s/%s", dir, files[i]);

		unlink(path);
		free(path);
	}
	rmdir(dir);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/make_kept-XXXXXX", *path;
	bool good;

	if (argc != 2 || mkdtemp(dir) == NULL) {
		fprintf(stderr, "usage: make_kept FILE\n");
		return 2;
	}
	path = mem_printf("%s/examd.db", dir);
	must(store_create(dir));
	must(store_open(&m.store, dir));
	put_people();
	put_content();
	hold_exam();
	store_close(m.store);
	good = move(path, argv[1]);
	if (!good)
		perror(argv[1]);
	remove_files(dir);
	free(path);
	arena_fini(&m.arena);
	return good ? 0 : 1;
}
