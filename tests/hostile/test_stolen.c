/* Somebody has carried the data directory away, but not DIR/secrets.  What was planted before is
 * looked for in every byte of every file: the database with its free pages, the write-ahead log, a
 * backup, the metrics, and what was logged; as it is, in hex (both cases) and in base64 at each of
 * the three places that it can have there.
 *
 * Slips have 50 bits.  What the directory keeps of one is HMAC-SHA-256 under slip.key, which is not
 * in it: whoever tries all slips has nothing to compare them with but under each of 2^256 keys.
 * Were it a plain hash, 2^50 would be some days of one graphics card.  So this asks that no row
 * equals any hash of the slip that needs no key. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "daemon/service/backups.h"
#include "daemon/service/metrics.h"
#include "daemon/service/sessions.h"
#include "daemon/store/store.h"
#include "proto/base/log.h"
#include "proto/wire/seal.h"
#include "tests/hostile/world.h"

#define PASSWORD    "cnry-a-password-of-her-own"
#define NOTE	    "cnry-note-to-oneself"
#define PLANTS_MOST 64

struct plant {
	const char *name;
	uint8_t data[64];
	size_t len;
};

struct loot {
	struct harness *h;
	struct plant plants[PLANTS_MOST];
	size_t nplants;
	char log[64];	/* where standard error went */
	struct buf all; /* every byte of every file that was carried away */
	size_t nfiles;
	char slip[SLIP_SYMBOLS + 1];
	char one_time[64];
};

static void plant(struct loot *l, const char *name, const void *data, size_t len)
{
	struct plant *p = &l->plants[l->nplants++];

	assert_true(l->nplants <= PLANTS_MOST && len > 0 && len <= sizeof(p->data));
	p->name = name;
	p->len = len;
	memcpy(p->data, data, len);
}

static void plant_text(struct loot *l, const char *name, const char *text)
{
	plant(l, name, text, strlen(text));
}

/* ---- What happened before ---------------------------------------------------------------------
 */

static void put_note(struct fake_client *c)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	REQUEST_OF(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	answer.revision = answer.seat = 1;
	answer.note = wire_text(NOTE);
	in.answers = answers;
	in.n_answers = 1;
	assert_int_equal(client_ask(c, &request)->error, ERR_OK);
}

static void plant_keys(struct loot *l, const struct candidate *p)
{
	const struct secrets *keys = &l->h->core->secrets;

	plant(l, "slip.key", keys->slip_key, sizeof(keys->slip_key));
	plant(l, "seal.key", keys->seal_key, sizeof(keys->seal_key));
	plant(l, "sign.key", keys->sign_seed, sizeof(keys->sign_seed));
	plant(l, "the secret half of sign.key", keys->sign_secret, sizeof(keys->sign_secret));
	for (uint32_t part = 0; part < p->nparts; part++) {
		uint8_t key[SEAL_KEY];
		struct digest hash;

		memcpy(hash.b, p->hash[part], sizeof(hash.b));
		seal_key(keys->seal_key, p->attempt, part, &hash, key);
		plant(l, "the key of a form", key, sizeof(key));
	}
}

/* A person is imported and gets a one-time password; another logs in with a password and with a
 * wrong one; a third checks in by slip, writes a note, and is closed. */
static void live(struct loot *l)
{
	struct harness *h = l->h;
	struct fake_client *ines = staff_connect(h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR), *c;
	const wire_reply *reply;
	struct candidate p;

	reply = staff_import(ines, 1, "id,name,role\npetra,Petra,proctor\n", false);
	assert_int_equal(reply->diagnostics->n_secrets, 1);
	snprintf(l->one_time, sizeof(l->one_time), "%s", reply->diagnostics->secrets[0]->secret);
	harness_person(h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE, PASSWORD);
	c = client_connect(h, "ann's laptop", "10.4.0.1");
	client_hello(c);
	client_log_in_as(c, "ann", "cnry-a-wrong-password");
	assert_int_equal(client_log_in_as(c, "ann", PASSWORD)->error, ERR_OK);
	p = world_candidate(h, "ben", "exam", STAGE_RUNNING);
	put_note(p.c);
	slip_make(h->core, p.sitting, p.person, l->slip);
	harness_room(h, p.sitting, (struct attempt_id){0}, VERB_CLOSE, (struct millis){0});
	plant_text(l, "the admin's one-time password", h->admin_password);
	plant_text(l, "a one-time password", l->one_time);
	plant_text(l, "a password", PASSWORD);
	plant_text(l, "a wrong password", "cnry-a-wrong-password");
	plant_text(l, "the staff's password", STAFF_PASSWORD);
	plant_text(l, "a slip", l->slip);
	plant(l, "the token of a password", c->token, sizeof(c->token));
	plant(l, "the token of a slip", p.c->token, sizeof(p.c->token));
	plant_keys(l, &p);
}

static void make_backup(struct loot *l)
{
	struct command_id id = {{1}};
	uint32_t percent;
	bool done = false;

	assert_int_equal(backups_begin(l->h->core->backups, &id, "stolen.db"), ERR_OK);
	while (!done) {
		harness_run(l->h, 4);
		assert_int_equal(
		    backups_state(l->h->core->backups, &id, "stolen.db", &percent, &done), ERR_OK);
	}
}

/* ---- The theft --------------------------------------------------------------------------------
 */

static void read_all(struct loot *l, const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return; /* a socket */
	l->nfiles++;
	do {
		n = fread(buf_reserve(&l->all, 65536), 1, 65536, f);
		buf_added(&l->all, n);
	} while (n > 0);
	fclose(f);
}

static void carry_away(struct loot *l, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	char path[512];
	struct stat st;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "secrets") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			carry_away(l, path);
		else
			read_all(l, path);
	}
	closedir(d);
}

static bool holds(const struct loot *l, const void *data, size_t len)
{
	struct bytes all = buf_bytes(&l->all);

	return memmem(all.data, all.len, data, len) != NULL;
}

static bool holds_hex(const struct loot *l, const struct plant *p)
{
	char hex[129];
	size_t n = 2 * p->len;

	sodium_bin2hex(hex, sizeof(hex), p->data, p->len < 64 ? p->len : 63);
	if (n > 126)
		n = 126;
	if (holds(l, hex, n))
		return true;
	for (size_t i = 0; i < n; i++)
		if (hex[i] >= 'a')
			hex[i] = (char)(hex[i] - 32);
	return holds(l, hex, n);
}

/* Where it begins inside a group of three bytes is not known; the symbols at either end hold bits
 * of what is beside it. */
static bool holds_base64(const struct loot *l, const struct plant *p)
{
	static const int variants[] = {sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
				       sodium_base64_VARIANT_URLSAFE_NO_PADDING};
	uint8_t shifted[66] = {0};
	char text[100];

	for (size_t v = 0; v < COUNT(variants); v++)
		for (size_t at = 0; at < 3; at++) {
			size_t len = p->len + at, from = (at * 8 + 5) / 6, to = len * 8 / 6;

			memcpy(shifted + at, p->data, p->len);
			sodium_bin2base64(text, sizeof(text), shifted, len, variants[v]);
			if (holds(l, text + from, to - from))
				return true;
		}
	return false;
}

/* What the core logs goes to a file meanwhile. */
static void live_and_log(struct loot *l)
{
	int fd, was = dup(STDERR_FILENO);

	snprintf(l->log, sizeof(l->log), "/tmp/examd-log-XXXXXX");
	fd = mkstemp(l->log);
	assert_true(fd >= 0 && was >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log_setup("core", LOG_LEVEL_INFO);
	live(l);
	log_setup("test", LOG_LEVEL_OFF);
	assert_int_equal(dup2(was, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	close(was);
}

static struct loot new_loot(void)
{
	struct loot l = {.h = harness_new()};

	world_bank(l.h, "bank", "exam", false);
	world_exam(l.h, "exam", "bank", false);
	live_and_log(&l);
	make_backup(&l);
	metrics_text(l.h->core->metrics, &l.all);
	read_all(&l, l.log);
	carry_away(&l, l.h->dir);
	return l;
}

static void loot_free(struct loot *l)
{
	unlink(l->log);
	buf_fini(&l->all);
	harness_free(l->h);
}

static unsigned count_found(const struct loot *l)
{
	unsigned found = 0;

	for (size_t i = 0; i < l->nplants; i++) {
		const struct plant *p = &l->plants[i];

		if (!holds(l, p->data, p->len) && !holds_hex(l, p) && !holds_base64(l, p))
			continue;
		found++;
		print_error("%s is in the directory\n", p->name);
	}
	return found;
}

/* ---- What the thief finds ---------------------------------------------------------------------
 */

static void test_a_stolen_directory_holds_no_secret(void **state)
{
	struct loot l = new_loot();

	(void)state;
	assert_true(l.nfiles >= 4); /* database, its log, a backup, the log */
	assert_int_equal(count_found(&l), 0);
	loot_free(&l);
}

/* As it is, in hex and in base64: each is found where it is. */
static void test_the_search_finds_what_is_there(void **state)
{
	struct loot l = new_loot();
	char text[200];
	static const uint8_t secret[32] = "cnry: thirty-two bytes of a key";

	(void)state;
	l.nplants = 0;
	plant_text(&l, "a user's name", "ines");
	plant_text(&l, "an event of the log", "login_refused");
	plant_text(&l, "a metric", "examd_");
	assert_int_equal(count_found(&l), 3);
	l.nplants = 0;
	plant(&l, "a key in base64", secret, sizeof(secret));
	assert_int_equal(count_found(&l), 0);
	for (size_t before = 0; before < 3; before++) {
		uint8_t shifted[40] = "ab";

		memcpy(shifted + before, secret, sizeof(secret));
		sodium_bin2base64(text, sizeof(text), shifted, sizeof(secret) + before,
				  sodium_base64_VARIANT_ORIGINAL);
		buf_clear(&l.all);
		buf_put_text(&l.all, text);
		assert_int_equal(count_found(&l), 1);
	}
	buf_clear(&l.all);
	sodium_bin2hex(text, sizeof(text), secret, sizeof(secret));
	buf_put_text(&l.all, text);
	assert_int_equal(count_found(&l), 1);
	loot_free(&l);
}

static void test_a_slip_cannot_be_tried_without_its_key(void **state)
{
	struct loot l = new_loot();
	static const uint8_t no_key[32];
	struct digest d, twice;
	uint8_t out[64];

	(void)state;
	d = secrets_slip_hmac(&l.h->core->secrets, bytes_of_text(l.slip));
	assert_true(holds(&l, d.b, sizeof(d.b))); /* this is what is kept of it */
	d = digest_of(l.slip, strlen(l.slip));
	assert_false(holds(&l, d.b, sizeof(d.b)));
	twice = digest_of(d.b, sizeof(d.b));
	assert_false(holds(&l, twice.b, sizeof(twice.b)));
	crypto_hash_sha512(out, (const uint8_t *)l.slip, strlen(l.slip));
	assert_false(holds(&l, out, 16));
	crypto_generichash(out, 32, (const uint8_t *)l.slip, strlen(l.slip), NULL, 0);
	assert_false(holds(&l, out, 16));
	crypto_auth_hmacsha256(out, (const uint8_t *)l.slip, strlen(l.slip), no_key);
	assert_false(holds(&l, out, 16));
	crypto_auth_hmacsha256(out, (const uint8_t *)l.slip, strlen(l.slip),
			       l.h->core->secrets.sign_public); /* which is in the receipts */
	assert_false(holds(&l, out, 16));
	loot_free(&l);
}

static int64_t number_from(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* Notes, reasons and names are people's data, which erasure empties: they stand in tables of their
 * own, and no record or transcript holds them but as a salted hash. */
static void test_a_record_holds_no_text_of_a_person(void **state)
{
	struct loot l = new_loot();
	struct digest bare = digest_of(NOTE, strlen(NOTE));
	char path[128];
	sqlite3 *db;

	(void)state;
	snprintf(path, sizeof(path), "%s/backups/stolen.db", l.h->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_true(number_from(db, "SELECT count(*) FROM record") > 5);
	assert_int_equal(number_from(db, "SELECT count(*) FROM text WHERE "
					 "instr(text, 'cnry-note-to-oneself') > 0"),
			 1);
	assert_int_equal(number_from(db, "SELECT count(*) FROM record WHERE "
					 "instr(body, CAST('cnry-note-to-oneself' AS BLOB)) > 0"),
			 0);
	assert_int_equal(number_from(db, "SELECT count(*) FROM record WHERE "
					 "instr(body, CAST('ben0' AS BLOB)) > 0"),
			 0);
	sqlite3_close(db);
	assert_false(holds(&l, bare.b, sizeof(bare.b))); /* without salt it could be guessed */
	buf_clear(&l.all);
	read_all(&l, l.log);
	assert_false(holds(&l, NOTE, strlen(NOTE)));
	loot_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stolen_directory_holds_no_secret),
	    cmocka_unit_test(test_the_search_finds_what_is_there),
	    cmocka_unit_test(test_a_slip_cannot_be_tried_without_its_key),
	    cmocka_unit_test(test_a_record_holds_no_text_of_a_person),
	};

	alarm(560);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
