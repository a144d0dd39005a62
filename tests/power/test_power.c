/* [--variants N] [--seed S]: what is on disk after a loss of power, at every sync of the store.
 *
 * A store works: rooms of attempts, packed, cut, copied, closed and opened again, with a checkpoint
 * every few pages.  All that it asks of the disk is recorded (recorder.h).  Then for each sync the
 * power goes, at it, after it or somewhere before it, with what was not synced lost, torn or
 * exchanged (image.h), and the store opens what is left:
 *
 * - nothing that was acknowledged is lost; nothing is there twice or that nobody queued
 * - what was queued together is there together: the records are a beginning of what was queued, up
 * to the end of a kick, and the clock stands where that kick put it
 * - every chain verifies, the file is whole, the store goes on; so is each copy that has its name
 *
 * The same must find losses when the disk lies about the syncs of the log, the database or the
 * folder: otherwise it could not see any. */
#include "daemon/store/test_given.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "tests/power/image.h"

#define SUBJECTS     14 /* the last two are sittings */
#define RECORDS_MOST 4000
#define KICKS	     220
#define COPIES	     4
#define CHECKPOINT   24 /* pages */

static size_t variants = 800;
static uint64_t seed = 1;

/* ---- What the store is told
 * ---------------------------------------------------------------------- */

/* Marks, by their upper bits. */
enum mark { MARK_QUEUED = 1, MARK_ACKNOWLEDGED, MARK_CREATED, MARK_COPIED };
#define MARK_SHIFT 32

struct work {
	struct given given;
	uint64_t random;
	struct {
		unsigned subject;
		uint64_t n; /* of the subject */
	} records[RECORDS_MOST];
	size_t nrecords;
	uint32_t kick_at[RECORDS_MOST + 1]; /* the kick that ends with so many records; 0: none */
	uint32_t kicks;
	uint64_t counts[SUBJECTS];
	unsigned copies;
};

static struct work work;

static void mark(enum mark what, uint64_t number)
{
	recorder_mark((uint64_t)what << MARK_SHIFT | number);
}

static struct subject subject_of(unsigned i)
{
	return i < SUBJECTS - 2 ? attempt(1 + i) : sitting(1 + i);
}

static void append_one(struct work *w)
{
	unsigned s = (unsigned)image_draw(&w->random, SUBJECTS);
	size_t fill = (size_t)image_draw(&w->random, image_draw(&w->random, 10) == 0 ? 9000 : 300);

	assert_true(w->nrecords < RECORDS_MOST);
	w->records[w->nrecords].subject = s;
	w->records[w->nrecords].n = ++w->counts[s];
	w->nrecords++;
	when_appended_large(&w->given, subject_of(s), (uint32_t)w->nrecords, fill);
}

/* The service time says which kick it was. */
static void put_clock(struct work *w, uint32_t kick)
{
	store_put(w->given.store,
		  &(struct store_change){.kind = CHANGE_CLOCK, .u.clock = {{kick}, {kick}}});
}

static void one_kick(struct work *w)
{
	uint64_t n = 1 + image_draw(&w->random, 8);

	while (n-- > 0)
		append_one(w);
	put_clock(w, ++w->kicks);
	w->kick_at[w->nrecords] = w->kicks;
	if (image_draw(&w->random, 6) == 0)
		when_packed(&w->given, subject_of((unsigned)image_draw(&w->random, SUBJECTS - 2)));
	if (image_draw(&w->random, 10) == 0)
		when_cut(&w->given);
	mark(MARK_QUEUED, w->nrecords);
	store_kick(w->given.store);
}

static void acknowledge(struct work *w)
{
	assert_int_equal(ERR_OK, committed(&w->given));
	mark(MARK_ACKNOWLEDGED, w->nrecords);
}

static void copy_all(struct work *w)
{
	enum backup_state state;
	struct store_seq upto;
	uint32_t percent;
	char name[16];

	snprintf(name, sizeof name, "copy-%u", w->copies);
	assert_int_equal(ERR_OK, store_backup(w->given.store, name));
	while ((state = store_backup_state(w->given.store, &percent)) == BACKUP_RUNNING) {
		when_signalled(&w->given);
		assert_int_equal(ERR_OK, store_settle(w->given.store, &upto));
	}
	assert_int_equal(BACKUP_DONE, state);
	mark(MARK_COPIED, ++w->copies);
}

static void given_dir_in_memory(struct given *g)
{
	setenv("TMPDIR", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
	given_dir(g);
}

/* A store's life, recorded. */
static struct recording worked(struct work *w, enum lie lie)
{
	struct recording r;

	*w = (struct work){.random = seed};
	given_dir_in_memory(&w->given);
	w->given.options.vfs = RECORDER_VFS;
	w->given.options.checkpoint = CHECKPOINT;
	recorder_begin(w->given.dir, lie);
	assert_int_equal(ERR_OK, store_create_with(w->given.dir, &w->given.options));
	mark(MARK_CREATED, 1);
	assert_int_equal(ERR_OK, store_open_with(&w->given.store, w->given.dir, &w->given.options));
	while (w->kicks < KICKS) {
		one_kick(w);
		if (image_draw(&w->random, 3) > 0)
			acknowledge(w);
		if (image_draw(&w->random, 30) == 0)
			when_idle(&w->given);
		if (w->kicks % (KICKS / COPIES) == KICKS / COPIES - 1) {
			copy_all(w); /* may be done before the last kick is on disk */
			acknowledge(w);
			when_reopened(&w->given);
		}
	}
	acknowledge(w);
	r = recorder_end();
	given_gone(&w->given);
	return r;
}

/* ---- What is left
 * -------------------------------------------------------------------------------- */

/* What had been said when the power went. */
struct said {
	size_t queued, acknowledged;
	bool created;
	unsigned copied;
};

static struct said said_before(const struct recording *r, size_t cut)
{
	struct said said = {0};

	for (size_t i = 0; i < cut; i++) {
		uint64_t number = r->all[i].at & (((uint64_t)1 << MARK_SHIFT) - 1);

		if (r->all[i].kind != HAPPENED_MARK)
			continue;
		switch ((enum mark)(r->all[i].at >> MARK_SHIFT)) {
		case MARK_QUEUED:
			said.queued = number;
			break;
		case MARK_ACKNOWLEDGED:
			said.acknowledged = number;
			break;
		case MARK_CREATED:
			said.created = true;
			break;
		case MARK_COPIED:
			said.copied = (unsigned)number;
			break;
		}
	}
	return said;
}

/* What is wrong with it; NULL: nothing. */
typedef const char *wrong;

struct left {
	struct store_visitor visitor;
	uint64_t next[SUBJECTS]; /* of the records that a start is told */
	bool gap;
	int64_t clock;
};

static unsigned index_of(struct subject s)
{
	for (unsigned i = 0; i < SUBJECTS; i++)
		if (subject_of(i).v == s.v)
			return i;
	return SUBJECTS;
}

static void on_record(struct store_visitor *v, const struct record *r)
{
	struct left *l = container_of(v, struct left, visitor);
	unsigned s = index_of(r->subject);

	if (s == SUBJECTS || r->n != l->next[s] + 1)
		l->gap = true;
	else
		l->next[s]++;
}

static void on_clock(struct store_visitor *v, struct service_ms service, struct wall_ms wall)
{
	(void)wall;
	container_of(v, struct left, visitor)->clock = service.v;
}

struct asked {
	struct query query;
	struct subject subject;
	uint64_t n;	/* records so far */
	wrong what;	/* the first that is */
	unsigned index; /* of the subject */
	size_t at;	/* among what was queued */
	enum err err;
	bool done;
};

static void on_row(void *arg, const struct record *r)
{
	struct asked *a = arg;
	struct arena arena = {0};
	struct record copy = *r;
	uint32_t payload = 0;

	if (record_decode(&copy, &arena) == ERR_OK)
		payload = ((const Examd__Record__AnswerPut *)(const void *)copy.msg)->item;
	while (a->at < work.nrecords && work.records[a->at].subject != a->index)
		a->at++;
	if (r->n != ++a->n)
		a->what = "a record is there twice, or missing in between";
	else if (payload != ++a->at)
		a->what = "a record has another content";
	arena_fini(&arena);
}

static void ask(struct query *query, struct reader *r)
{
	struct asked *a = container_of(query, struct asked, query);

	a->err = reader_records(r, a->subject, on_row, a);
}

static void asked(struct query *query)
{
	container_of(query, struct asked, query)->done = true;
}

/* All records of each subject: from its transcript and the table, numbered without a gap. */
static wrong count_records(struct given *g, uint64_t counts[SUBJECTS])
{
	for (unsigned s = 0; s < SUBJECTS; s++) {
		struct asked a = {
		    .query = {.run = ask, .done = asked}, .subject = subject_of(s), .index = s};

		assert_int_equal(ERR_OK, store_query(g->store, &a.query));
		while (!a.done) {
			struct pollfd p = {store_readers_fd(g->store), POLLIN, 0};

			assert_int_equal(1, poll(&p, 1, 60000));
			store_readers_settle(g->store);
		}
		if (a.query.err != ERR_OK || a.err != ERR_OK)
			return "a chain cannot be read, or does not verify";
		if (a.what != NULL)
			return a.what;
		counts[s] = a.n;
	}
	return NULL;
}

static wrong compare(const struct left *left, const uint64_t counts[SUBJECTS],
		     const struct said *said)
{
	uint64_t due[SUBJECTS] = {0};
	size_t total = 0;

	for (unsigned s = 0; s < SUBJECTS; s++)
		total += counts[s];
	if (total < said->acknowledged)
		return "an acknowledged record is lost";
	if (total > said->queued)
		return "there is what nobody queued";
	for (size_t i = 0; i < total; i++)
		due[work.records[i].subject]++;
	if (memcmp(due, counts, sizeof due) != 0)
		return "it is no beginning of what was queued";
	if (total > 0 && work.kick_at[total] == 0)
		return "what was queued together was parted";
	if (left->clock != (total == 0 ? 0 : (int64_t)work.kick_at[total]))
		return "the clock is of another moment";
	for (unsigned s = 0; s < SUBJECTS; s++)
		if (left->next[s] != 0 && left->next[s] != counts[s])
			return "a start is told a part";
	return NULL;
}

static wrong look_into(struct given *g, const struct said *said)
{
	struct left left = {.visitor = {.record = on_record, .clock = on_clock}};
	uint64_t counts[SUBJECTS];
	wrong what;

	if (store_recover(g->store, &left.visitor) != ERR_OK)
		return "the store does not recover";
	if (left.gap)
		return "a start is told records with a gap";
	what = count_records(g, counts);
	return what == NULL ? compare(&left, counts, said) : what;
}

/* The store goes on with a subject of its own. */
static wrong go_on(struct given *g)
{
	when_appended(g, attempt(SUBJECTS + 50), 1);
	return committed(g) == ERR_OK ? NULL : "the store does not go on";
}

static wrong look_at_copies(const struct given *g, const struct said *said)
{
	char *dir = mem_printf("%s/backups", g->dir);
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned whole = 0;
	wrong what = NULL;

	while (what == NULL && (e = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", dir, e->d_name);

		if (e->d_name[0] != '.' && strstr(e->d_name, ".tmp") == NULL) {
			what = file_is_whole(path) ? NULL : "a copy is not whole";
			whole++;
		}
		free(path);
	}
	closedir(d);
	free(dir);
	return what == NULL && whole < said->copied ? "a copy is lost" : what;
}

/* A start that finds no database must be one before it was made; it can be made then. */
static wrong open_left(struct given *g, const struct said *said)
{
	enum err err = store_open_with(&g->store, g->dir, &g->options);

	if (err == ERR_NOT_FOUND && !said->created) {
		err = store_create_with(g->dir, &g->options);
		if (err == ERR_OK)
			err = store_open_with(&g->store, g->dir, &g->options);
	}
	return err == ERR_OK ? NULL : "the store does not open";
}

static wrong look(struct given *g, const struct said *said)
{
	char *path = mem_printf("%s/examd.db", g->dir);
	wrong what = open_left(g, said);

	if (what == NULL)
		what = look_into(g, said);
	if (what == NULL)
		what = go_on(g);
	store_close(g->store);
	g->store = NULL;
	if (what == NULL && !file_is_whole(path))
		what = "the file is not whole";
	if (what == NULL)
		what = look_at_copies(g, said);
	free(path);
	return what;
}

/* ---- All syncs
 * ----------------------------------------------------------------------------------- */

struct variant {
	size_t cut;
	enum tearing tearing;
	uint64_t random;
};

static wrong try_variant(const struct recording *r, const struct variant *v, struct durable *d)
{
	struct said said = said_before(r, v->cut);
	struct given g;
	wrong what;

	given_dir_in_memory(&g);
	image_write(r, v->cut, v->tearing, v->random, d, g.dir);
	what = look(&g, &said);
	given_gone(&g);
	return what;
}

static size_t count_syncs(const struct recording *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->length; i++)
		n += happened_is_sync(&r->all[i]);
	return n;
}

struct outcome {
	size_t syncs, variants, wrong;
};

/* Places from one sync to the next, rising: at the one, after the other, and between. */
static size_t place(size_t from, size_t to, size_t k, size_t n)
{
	return n < 2 ? to : from + (to - from) * k / (n - 1);
}

static struct outcome try_all(const struct recording *r, size_t wanted, bool tell)
{
	struct outcome o = {.syncs = count_syncs(r)};
	struct durable durable = {0};
	uint64_t random = seed;
	size_t from = 0, done = 0;

	for (size_t i = 0; i < r->length; i++) {
		size_t n;

		if (!happened_is_sync(&r->all[i]) && i + 1 < r->length)
			continue;
		/* Spread evenly, so that a sample comes by all kinds of syncs. */
		n = wanted * ++done / (o.syncs + 1) - o.variants;
		for (size_t k = 0; k < n; k++) {
			struct variant v = {place(from, i, k, n),
					    (enum tearing)image_draw(&random, TEARINGS),
					    image_draw(&random, UINT64_MAX)};
			wrong what = try_variant(r, &v, &durable);

			o.variants++;
			o.wrong += what != NULL;
			if (what != NULL && tell)
				print_error("seed %llu, cut %zu, tearing %d: %s\n",
					    (unsigned long long)seed, v.cut, (int)v.tearing, what);
		}
		from = i + 1;
	}
	durable_free(&durable);
	return o;
}

static void a_loss_of_power_loses_nothing_acknowledged(void **state)
{
	struct recording r = worked(&work, NO_LIE);
	struct outcome o = try_all(&r, variants, true);

	(void)state;
	printf("%zu records, %zu happenings, %zu syncs, %zu variants, %zu wrong\n", work.nrecords,
	       r.length, o.syncs, o.variants, o.wrong);
	assert_true(o.syncs > KICKS);
	assert_in_range(o.variants, variants * 9 / 10, variants + 1);
	assert_int_equal(0, o.wrong);
	recording_free(&r);
}

static void a_lie_is_seen(enum lie lie, const char *about, size_t least)
{
	struct recording r = worked(&work, lie);
	struct outcome o = try_all(&r, 150, false);

	printf("no sync of %s: %zu of %zu variants are wrong\n", about, o.wrong, o.variants);
	assert_in_range(o.wrong, least, o.variants);
	recording_free(&r);
}

static void a_log_that_is_not_synced_is_seen(void **state)
{
	(void)state;
	a_lie_is_seen(LIE_LOG, "the log", 20);
}

static void a_database_that_is_not_synced_is_seen(void **state)
{
	(void)state;
	a_lie_is_seen(LIE_DATABASE, "the database", 20);
}

static void a_folder_that_is_not_synced_is_seen(void **state)
{
	(void)state;
	a_lie_is_seen(LIE_DIRECTORY, "the folder", 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_loss_of_power_loses_nothing_acknowledged),
	    cmocka_unit_test(a_log_that_is_not_synced_is_seen),
	    cmocka_unit_test(a_database_that_is_not_synced_is_seen),
	    cmocka_unit_test(a_folder_that_is_not_synced_is_seen),
	};

	for (int i = 1; i + 1 < argc; i += 2)
		if (strcmp(argv[i], "--variants") == 0)
			variants = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	log_setup("power", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
