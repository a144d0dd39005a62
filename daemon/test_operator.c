/* What the operator's verbs stand on: settings, addresses, init, restore, and the way to a core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/ask.h"
#include "daemon/config.h"
#include "daemon/config_file.h"
#include "daemon/data_lock.h"
#include "daemon/database_check.h"
#include "daemon/init.h"
#include "daemon/listen_at.h"
#include "daemon/pin.h"
#include "daemon/restore.h"
#include "daemon/store/store.h"
#include "daemon/whole_file.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"

static char root[64]; /* a folder for the test */

static char *in_root(const char *name)
{
	static char paths[4][200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", root, name);
	return path;
}

static bool exists(const char *name)
{
	return access(in_root(name), F_OK) == 0;
}

static void put_file(const char *name, const char *content)
{
	assert_int_equal(whole_file_make(in_root(name), 0600, bytes_of_text(content)), ERR_OK);
}

static void file_is(const char *name, const char *content)
{
	struct buf got = {0};

	assert_int_equal(whole_file_read(in_root(name), 1000000, &got), ERR_OK);
	assert_string_equal(buf_text(&got), content);
	buf_fini(&got);
}

static int root_begins(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/test-operator-XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int root_ends(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static void settings_begin_with_their_defaults_and_take_values_within_bounds(void **state)
{
	struct config c;
	char detail[256];

	(void)state;
	config_init(&c);
	assert_string_equal(c.listen, "127.0.0.1:7443");
	assert_int_equal(c.handshake_ms.v, 5000);
	assert_int_equal(c.first_frame_ms.v, 5000);
	assert_int_equal(c.frame_ms.v, 10000);
	assert_int_equal(c.login_ms.v, 60000);
	assert_int_equal(c.frames_per_second, 200);
	assert_int_equal(c.frames_burst, 400);
	assert_int_equal(c.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config_set(&c, "listen=*:1", detail), ERR_OK);
	assert_string_equal(c.listen, "*:1");
	assert_int_equal(config_set(&c, "frames_burst=1", detail), ERR_OK);
	assert_int_equal(c.frames_burst, 1);
	assert_int_equal(config_set(&c, "log_level=warn", detail), ERR_OK);
	assert_int_equal(c.log_level, LOG_LEVEL_WARN);
	config_fini(&c);
}

static void a_setting_that_cannot_be_is_refused_in_a_sentence_and_changes_nothing(void **state)
{
	static const struct {
		const char *assignment;
		enum err err;
		const char *detail;
	} bad[] = {
	    {"frames_burst=0", ERR_INVALID, "a number from 1 to 1000000"},
	    {"frames_burst=1000001", ERR_INVALID, "a number from 1 to 1000000"},
	    {"frames_burst=-1", ERR_INVALID, "a number"},
	    {"frames_burst=7x", ERR_INVALID, "a number"},
	    {"frames_burst= 7", ERR_INVALID, "a number"},
	    {"frames_burst=", ERR_INVALID, "a number"},
	    {"frames_burst", ERR_INVALID, "a number"},
	    {"frames_burst=99999999999999999999999", ERR_INVALID, "a number"},
	    {"frame_ms=99", ERR_INVALID, "milliseconds from 100 to 60000"},
	    {"log_level=loud", ERR_INVALID, "error, warn or info"},
	    {"listen=", ERR_INVALID, "a text of 1 to 1000 bytes"},
	    {"frames=1", ERR_NOT_FOUND, "no setting \"frames\""},
	    {"", ERR_NOT_FOUND, "no setting"},
	};
	struct config c;
	char detail[256];
	size_t i;

	(void)state;
	config_init(&c);
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(config_set(&c, bad[i].assignment, detail), bad[i].err);
		assert_non_null(strstr(detail, bad[i].detail));
	}
	assert_int_equal(c.frames_burst, 400);
	assert_string_equal(c.listen, "127.0.0.1:7443");
	config_fini(&c);
}

static void the_manual_says_what_the_table_says(void **state)
{
	struct buf page = {0}, table = {0};

	(void)state;
	assert_int_equal(whole_file_read(MANUAL, 1000000, &page), ERR_OK);
	config_manual(&table);
	/* To mend it: examd settings --mdoc prints the list of the section SETTINGS. */
	assert_non_null(strstr(buf_text(&page), buf_text(&table)));
	buf_fini(&page);
	buf_fini(&table);
}

/* What config_load() says of a file with this text. */
static void loaded(struct config *c, const char *text, const char *assignment, const char *said)
{
	const char *assignments[] = {assignment};
	const struct config_sources from = {.file = in_root("examd.yaml"),
					    .assignments = assignments,
					    .nassignments = assignment == NULL ? 0 : 1};
	struct diag diag = {0};
	struct buf out = {0};

	unlink(in_root("examd.yaml"));
	put_file("examd.yaml", text);
	assert_int_equal(config_load(c, &from, &diag), said[0] == '\0' ? ERR_OK : ERR_INVALID);
	diag_print(&diag, &out);
	assert_string_equal(buf_text(&out), said);
	buf_fini(&out);
	diag_fini(&diag);
}

static void a_file_of_settings_changes_what_it_names_and_the_command_line_wins(void **state)
{
	struct config c;

	(void)state;
	loaded(&c, "# ours\nlisten: \"*:1\"\nframes_burst: 7\nlog_level: warn\ncertificate: \"\"\n",
	       "frames_burst=8", "");
	assert_string_equal(c.listen, "*:1");
	assert_int_equal(c.log_level, LOG_LEVEL_WARN);
	assert_int_equal(c.frames_burst, 8);
	assert_int_equal(c.frames_per_second, 200);
	config_fini(&c);
	loaded(&c, "# nothing at all\n", NULL, "");
	assert_int_equal(c.frames_burst, 400);
	config_fini(&c);
}

static void every_error_of_a_file_of_settings_is_told_with_its_place(void **state)
{
	struct config c;
	char *name = in_root("examd.yaml"), *said;

	(void)state;
	said = mem_printf(
	    "%s:1:1: error: there is no key \"frames_brust\" here; did you mean "
	    "\"frames_burst\"? [unknown-key]\n"
	    "%s:2:9: error: The setting \"listen\" takes a text of 1 to 1000 bytes. [bad-value]\n"
	    "%s:3:14: error: The setting \"log_level\" takes error, warn or info. [bad-value]\n"
	    "%s:4:1: error: the key \"listen\" is here twice, first on line 2 [duplicate-key]\n"
	    "%s:5:1: error: there is no key \"colour\" here [unknown-key]\n"
	    "%s:6:9: error: fronts is one value, not a list [wrong-kind]\n"
	    "%s:7:6: error: key has no value [no-value]\n",
	    name, name, name, name, name, name, name);
	loaded(&c,
	       "frames_brust: 7\nlisten: \"\"\n\"log_level\": loud\nlisten: x\ncolour: red\n"
	       "fronts: [1]\nkey: ~\n",
	       NULL, said);
	config_fini(&c);
	free(said);
}

static void a_file_of_settings_may_miss_only_when_nobody_named_it(void **state)
{
	struct config_sources from = {.file = in_root("none.yaml"), .file_may_miss = true};
	struct config c;
	struct diag diag = {0};

	(void)state;
	assert_int_equal(config_load(&c, &from, &diag), ERR_OK);
	assert_int_equal(c.frames_burst, 400);
	config_fini(&c);
	from.file_may_miss = false;
	assert_int_equal(config_load(&c, &from, &diag), ERR_NOT_FOUND);
	assert_int_equal(diag.errors, 1);
	config_fini(&c);
	diag_fini(&diag);
}

static void the_example_says_nothing_until_its_settings_are_taken_out_of_comments(void **state)
{
	struct buf text = {0};
	struct config c;
	char *p;
	size_t i, lines = 0;

	(void)state;
	config_example(&text);
	loaded(&c, buf_text(&text), NULL, "");
	config_fini(&c);
	for (p = (char *)(uintptr_t)buf_text(&text); (p = strstr(p, "\n#")) != NULL; p++)
		if (p[2] != ' ') {
			p[1] = ' '; /* " name: value" would be deeper than the first */
			lines++;
		}
	for (i = 0; config_name(i) != NULL; i++)
		;
	assert_int_equal(lines, i);
	loaded(&c, buf_text(&text), NULL, "");
	config_fini(&c);
	buf_fini(&text);
}

static void a_setting_that_waits_for_the_next_start_is_named(void **state)
{
	struct config running, wanted;
	size_t i = 0;

	(void)state;
	loaded(&running, "{}\n", NULL, "");
	loaded(&wanted, "fronts: 3\nlisten: x:1\nframes_burst: 9\n", NULL, "");
	assert_string_equal(config_next_waiting(&running, &wanted, &i), "listen");
	assert_string_equal(config_next_waiting(&running, &wanted, &i), "fronts");
	assert_null(config_next_waiting(&running, &wanted, &i));
	config_fini(&running);
	config_fini(&wanted);
}

/* ---- Addresses ------------------------------------------------------------------------------- */

static void addresses_are_opened_as_written_and_printed_with_their_real_ports(void **state)
{
	struct listen_at at;
	struct buf text = {0};
	char detail[256], expected[100];

	(void)state;
	assert_int_equal(listen_at_open(&at, "127.0.0.1:0, localhost:0", -1, detail), ERR_OK);
	assert_int_equal(at.n, 2);
	listen_at_print(&at, &text);
	snprintf(expected, sizeof expected, "127.0.0.1:%u, localhost:%u", listen_port(at.fds[0]),
		 listen_port(at.fds[1]));
	assert_string_equal(buf_text(&text), expected);
	assert_true(listen_port(at.fds[0]) > 0);
	listen_at_close(&at);
	buf_fini(&text);
}

static void a_port_beside_the_list_takes_the_place_of_those_in_it(void **state)
{
	struct listen_at at, second;
	char detail[256], expected[100];
	int port;

	(void)state;
	assert_int_equal(listen_at_open(&at, "127.0.0.1:1", 0, detail), ERR_OK);
	port = (int)listen_port(at.fds[0]);
	assert_true(port > 1);
	assert_int_equal(listen_at_open(&second, "127.0.0.1:1", port, detail), ERR_IN_USE);
	snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
	assert_string_equal(detail, expected);
	listen_at_close(&at);
}

static void what_is_no_address_is_refused_and_nothing_stays_open(void **state)
{
	static const char *const bad[] = {
	    "",
	    " , ",
	    "127.0.0.1",
	    "127.0.0.1:",
	    ":1",
	    "::1:1",
	    "[::1]",
	    "[]:1",
	    "127.0.0.1:x",
	    "127.0.0.1:65536",
	    "[::1:1",
	    "127.0.0.1:-1",
	    "127.0.0.1:0, 127.0.0.1",
	};
	struct listen_at at;
	char detail[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(listen_at_open(&at, bad[i], -1, detail), ERR_INVALID);
		assert_int_equal(at.n, 0);
	}
}

static void a_pin_is_base64url_without_padding(void **state)
{
	struct digest d;
	char text[PIN_TEXT_SIZE];
	size_t i;

	(void)state;
	/* RFC 4648: 0xfb 0xff 0xbf ... gives - and _ in this alphabet. */
	memset(&d, 0xff, sizeof d);
	pin_format(&d, text);
	assert_string_equal(text, "__________________________________________8");
	for (i = 0; i < sizeof d.b; i++)
		d.b[i] = (uint8_t)i;
	pin_format(&d, text);
	assert_string_equal(text, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
}

/* ---- init ------------------------------------------------------------------------------------ */

static enum err install_result;

/* Makes some files, then does as it is told. */
static enum err fake_install(const char *dir, const char *admin, char one_time_password[32])
{
	char *path = mem_printf("%s/secrets/sign.key", dir);

	assert_string_equal(admin, "root");
	assert_int_equal(whole_file_make(path, 0600, bytes_of_text("key")), ERR_OK);
	free(path);
	path = mem_printf("%s/examd.db", dir);
	assert_int_equal(whole_file_make(path, 0600, bytes_of_text("db")), ERR_OK);
	free(path);
	snprintf(one_time_password, 32, "opensesame");
	return install_result;
}

static enum err make(const char *name, struct init_result *made)
{
	static const char *const names[] = {"localhost"};
	const struct init_order order = {in_root(name), "root", names, 1, fake_install};
	const char *what;

	return init_make(&order, made, &what);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_root(name), &st), 0);
	return st.st_mode & 07777;
}

static void init_makes_a_folder_closed_to_others_with_a_key_that_fits_its_pin(void **state)
{
	struct init_result made;
	struct buf cert = {0}, key = {0};
	struct tls *tls = NULL;
	struct digest pin;
	char detail[256];

	(void)state;
	install_result = ERR_OK;
	assert_int_equal(make("d", &made), ERR_OK);
	assert_string_equal(made.one_time_password, "opensesame");
	assert_int_equal(mode_of("d"), 0700);
	assert_int_equal(mode_of("d/secrets"), 0700);
	assert_int_equal(mode_of("d/backups"), 0700);
	assert_int_equal(mode_of("d/secrets/tls.key"), 0600);
	assert_int_equal(whole_file_read(in_root("d/secrets/tls.crt"), 10000, &cert), ERR_OK);
	assert_int_equal(whole_file_read(in_root("d/secrets/tls.key"), 10000, &key), ERR_OK);
	assert_int_equal(tls_server_new(&tls, buf_bytes(&cert), buf_bytes(&key), detail), ERR_OK);
	assert_int_equal(tls_pin_of_pem(buf_bytes(&cert), &pin), ERR_OK);
	assert_true(digest_equal(&pin, &made.pin));
	assert_int_equal(mode_of("d/classroom-ca.crt"), 0644);
	tls_free(tls);
	buf_fini(&cert);
	buf_fini(&key);
}

static void init_that_fails_leaves_nothing_behind(void **state)
{
	struct init_result made;

	(void)state;
	install_result = ERR_DISK_FULL;
	assert_int_equal(make("d", &made), ERR_DISK_FULL);
	assert_false(exists("d"));
	/* A folder that was there stays, empty, and can be used at the next try. */
	assert_int_equal(mkdir(in_root("e"), 0755), 0);
	assert_int_equal(make("e", &made), ERR_DISK_FULL);
	assert_true(exists("e"));
	assert_int_equal(rmdir(in_root("e")), 0);
	assert_int_equal(mkdir(in_root("e"), 0755), 0);
	install_result = ERR_OK;
	assert_int_equal(make("e", &made), ERR_OK);
	assert_int_equal(mode_of("e"), 0700);
}

static void init_touches_no_folder_with_anything_in_it(void **state)
{
	struct init_result made;

	(void)state;
	install_result = ERR_OK;
	assert_int_equal(mkdir(in_root("d"), 0755), 0);
	put_file("d/thesis.txt", "ten years of work");
	assert_int_equal(make("d", &made), ERR_EXISTS);
	file_is("d/thesis.txt", "ten years of work");
	assert_false(exists("d/secrets"));
	assert_int_equal(mode_of("d"), 0755);
	assert_int_equal(make("d/thesis.txt", &made), ERR_NOT_FOUND);
	assert_int_equal(make("none/d", &made), ERR_NOT_FOUND);
}

/* ---- The lock -------------------------------------------------------------------------------- */

static void the_lock_is_not_had_while_a_core_or_a_store_holds_its_own(void **state)
{
	struct data_lock a, b;
	int fd;

	(void)state;
	assert_int_equal(data_lock_take(&a, root), ERR_OK);
	assert_int_equal(data_lock_take(&b, root), ERR_IN_USE);
	data_lock_let_store(&a);
	fd = open(root, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	data_lock_drop(&a);
	assert_int_equal(data_lock_take(&b, root), ERR_IN_USE);
	close(fd);
	assert_int_equal(data_lock_take(&b, root), ERR_OK);
	data_lock_drop(&b);
	assert_int_equal(data_lock_take(&b, in_root("none")), ERR_NOT_FOUND);
}

/* ---- Databases ------------------------------------------------------------------------------- */

static void make_database(const char *name, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(in_root(name), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

#define HEADER "PRAGMA application_id = 0x65786d64; PRAGMA user_version = 1;"
#define SOME_ROWS                                                                                  \
	"CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT) STRICT; CREATE INDEX i ON t (y);"          \
	"WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 2000)"          \
	" INSERT INTO t SELECT v, 'row number ' || v FROM n;"

static enum err check(const char *name, struct buf *faults)
{
	int64_t schema;

	buf_clear(faults);
	return database_check(in_root(name), true, &schema, faults);
}

static void only_a_sound_database_of_ours_passes(void **state)
{
	struct buf faults = {0};
	char *path;
	int fd;

	(void)state;
	make_database("good", HEADER SOME_ROWS);
	assert_int_equal(check("good", &faults), ERR_OK);
	assert_int_equal(buf_length(&faults), 0);
	make_database("foreign", SOME_ROWS);
	assert_int_equal(check("foreign", &faults), ERR_CORRUPT);
	assert_non_null(strstr(buf_text(&faults), "not a database of examd"));
	make_database("newer", "PRAGMA application_id = 0x65786d64; PRAGMA user_version = 999;");
	assert_int_equal(check("newer", &faults), ERR_NEWER_SCHEMA);
	put_file("text", "This is no database at all, though it is longer than a hundred bytes, "
			 "which is what SQLite reads of a file first.\n");
	assert_int_equal(check("text", &faults), ERR_CORRUPT);
	assert_int_equal(check("none", &faults), ERR_NOT_FOUND);
	make_database("orphan",
		      HEADER "CREATE TABLE a (x INTEGER PRIMARY KEY);"
			     "CREATE TABLE b (x REFERENCES a (x)); INSERT INTO b VALUES (7);");
	assert_int_equal(check("orphan", &faults), ERR_CORRUPT);
	assert_non_null(strstr(buf_text(&faults), "foreign_key_check"));
	/* A page of the index is overwritten. */
	path = in_root("good");
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, path, 64, 3 * 4096), 64);
	close(fd);
	assert_int_equal(check("good", &faults), ERR_CORRUPT);
	assert_true(buf_length(&faults) > 0);
	buf_fini(&faults);
}

static int64_t count_rows(const char *name)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t n = -1;

	assert_int_equal(sqlite3_open_v2(in_root(name), &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

static enum err restore(const char *file, const char *stamp)
{
	struct buf said = {0};
	enum err err = restore_make(in_root(file), root, stamp, &said);

	assert_true(buf_length(&said) > 0 || err != ERR_OK);
	buf_fini(&said);
	return err;
}

static void a_restored_backup_is_in_place_and_what_was_there_is_kept_with_its_log(void **state)
{
	(void)state;
	make_database("backup", HEADER SOME_ROWS);
	put_file("examd.db", "the present database");
	put_file("examd.db-wal", "and its log");
	put_file("examd.db-shm", "shared memory");
	assert_int_equal(restore("backup", "T1"), ERR_OK);
	assert_int_equal(count_rows("examd.db"), 2000);
	assert_int_equal(mode_of("examd.db"), 0600);
	file_is("examd.db.before-restore-T1", "the present database");
	file_is("examd.db.before-restore-T1-wal", "and its log");
	assert_false(exists("examd.db-wal"));
	assert_false(exists("examd.db-shm"));
	assert_false(exists("examd.db.restoring"));
	assert_true(exists("backup"));
}

static void a_backup_that_is_not_sound_changes_nothing(void **state)
{
	(void)state;
	make_database("foreign", SOME_ROWS);
	put_file("examd.db", "the present database");
	put_file("examd.db-wal", "and its log");
	assert_int_equal(restore("foreign", "T1"), ERR_CORRUPT);
	assert_int_equal(restore("none", "T1"), ERR_NOT_FOUND);
	file_is("examd.db", "the present database");
	file_is("examd.db-wal", "and its log");
	assert_false(exists("examd.db.restoring"));
	assert_false(exists("examd.db.before-restore-T1"));
}

/* The power failed between the two renames: the log alone is still there. */
static void a_restore_that_was_cut_short_is_finished_by_the_next(void **state)
{
	(void)state;
	make_database("backup", HEADER SOME_ROWS);
	put_file("examd.db.before-restore-T1", "the database");
	put_file("examd.db-wal", "its log");
	put_file("examd.db.restoring", "half of a copy");
	assert_int_equal(restore("backup", "T2"), ERR_OK);
	assert_int_equal(count_rows("examd.db"), 2000);
	file_is("examd.db.before-restore-T2-wal", "its log");
	file_is("examd.db.before-restore-T1", "the database");
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* A core that reads one line and answers with ANSWER, cut into single bytes. */
static pid_t given_core(const char *expected, const char *answer)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	char line[300] = "";
	pid_t pid;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/control", root);
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	fflush(NULL);
	if ((pid = fork()) > 0) {
		close(fd);
		return pid;
	}
	c = accept(fd, NULL, NULL);
	if (read(c, line, sizeof line - 1) <= 0 || strcmp(line, expected) != 0)
		_exit(1);
	for (; *answer != '\0'; answer++)
		if (write(c, answer, 1) != 1)
			_exit(2);
	if (shutdown(c, SHUT_WR) != 0)
		_exit(3);
	_exit(0);
}

static void core_is_content(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(unlink(in_root("control")), 0);
}

static void a_core_s_answer_comes_without_its_last_line(void **state)
{
	struct buf answer = {0};
	char detail[256];
	pid_t core = given_core("status\n", "{\"a\": 1}\nmore\nok\n");

	(void)state;
	assert_int_equal(ask_core(root, "status", SECONDS(10), &answer, detail), ERR_OK);
	assert_string_equal(buf_text(&answer), "{\"a\": 1}\nmore\n");
	core_is_content(core);
	buf_fini(&answer);
}

static void a_core_s_refusal_comes_with_its_sentence(void **state)
{
	struct buf answer = {0};
	char detail[256];
	pid_t core = given_core("backup x\n", "10 percent\nerror busy Another one is under way.\n");

	(void)state;
	assert_int_equal(ask_core(root, "backup x", SECONDS(10), &answer, detail), ERR_BUSY);
	assert_string_equal(detail, "Another one is under way.");
	core_is_content(core);
	buf_fini(&answer);
}

static void a_core_that_is_not_there_or_dies_meanwhile_is_told_from_an_answer(void **state)
{
	struct buf answer = {0};
	char detail[256];
	pid_t core;

	(void)state;
	assert_int_equal(ask_core(root, "status", SECONDS(10), &answer, detail), ERR_CLOSED);
	core = given_core("status\n", "{\"a\": 1}\nok"); /* the end of the line is missing */
	assert_int_equal(ask_core(root, "status", SECONDS(10), &answer, detail), ERR_CLOSED);
	core_is_content(core);
	buf_fini(&answer);
}

#define a_test(f) cmocka_unit_test_setup_teardown(f, root_begins, root_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    a_test(settings_begin_with_their_defaults_and_take_values_within_bounds),
	    a_test(a_setting_that_cannot_be_is_refused_in_a_sentence_and_changes_nothing),
	    a_test(the_manual_says_what_the_table_says),
	    a_test(a_file_of_settings_changes_what_it_names_and_the_command_line_wins),
	    a_test(every_error_of_a_file_of_settings_is_told_with_its_place),
	    a_test(a_file_of_settings_may_miss_only_when_nobody_named_it),
	    a_test(the_example_says_nothing_until_its_settings_are_taken_out_of_comments),
	    a_test(a_setting_that_waits_for_the_next_start_is_named),
	    a_test(addresses_are_opened_as_written_and_printed_with_their_real_ports),
	    a_test(a_port_beside_the_list_takes_the_place_of_those_in_it),
	    a_test(what_is_no_address_is_refused_and_nothing_stays_open),
	    a_test(a_pin_is_base64url_without_padding),
	    a_test(init_makes_a_folder_closed_to_others_with_a_key_that_fits_its_pin),
	    a_test(init_that_fails_leaves_nothing_behind),
	    a_test(init_touches_no_folder_with_anything_in_it),
	    a_test(the_lock_is_not_had_while_a_core_or_a_store_holds_its_own),
	    a_test(only_a_sound_database_of_ours_passes),
	    a_test(a_restored_backup_is_in_place_and_what_was_there_is_kept_with_its_log),
	    a_test(a_backup_that_is_not_sound_changes_nothing),
	    a_test(a_restore_that_was_cut_short_is_finished_by_the_next),
	    a_test(a_core_s_answer_comes_without_its_last_line),
	    a_test(a_core_s_refusal_comes_with_its_sentence),
	    a_test(a_core_that_is_not_there_or_dies_meanwhile_is_told_from_an_answer),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("operator", tests, NULL, NULL);
}
