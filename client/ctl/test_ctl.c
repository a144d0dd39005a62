/* The rules of the command table, of lists and of the log-in that is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ctl/ctl.h"
#include "client/ctl/kept_login.h"
#include "client/ctl/table.h"
#include "proto/base/mem.h"

static const char *const option_words[] = {
#define OPT(name, word, value, help) word,
#include "client/ctl/options.def"
#undef OPT
};

static const char *const option_helps[] = {
#define OPT(name, word, value, help) help,
#include "client/ctl/options.def"
#undef OPT
};

/* Runs examctl with words after its name; what it says goes nowhere. */
static int run(const char *const *words)
{
	char *argv[16] = {(char *)(uintptr_t) "examctl"};
	int argc = 1, status, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);

	for (; *words != NULL; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	fflush(NULL);
	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_non_null(freopen("/dev/null", "w", stderr));
	optind = 0; /* begin anew */
	status = ctl_main(argc, argv);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	return status;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void every_command_has_help_and_no_two_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < ncommands; i++) {
		const struct command *c = &commands[i];
		size_t n = strlen(c->help);

		assert_true(n > 10 && c->help[n - 1] == '.');
		assert_non_null(c->run);
		assert_true(c->least <= c->most);
		assert_int_equal(c->most == 0, c->arguments[0] == '\0');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(c->words, commands[j].words);
	}
}

static void every_option_of_a_command_is_in_the_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < ncommands; i++) {
		char *list = mem_copy_text(commands[i].options), *save;

		for (char *word = strtok_r(list, " ", &save); word != NULL;
		     word = strtok_r(NULL, " ", &save)) {
			size_t o = 0;

			while (o < COUNT(option_words) && strcmp(option_words[o], word) != 0)
				o++;
			assert_true(o < COUNT(option_words));
		}
		free(list);
	}
	for (size_t o = 0; o < COUNT(option_words); o++)
		assert_true(strlen(option_helps[o]) > 5);
}

static void help_is_there_at_every_level(void **state)
{
	(void)state;
	assert_int_equal(0, RUN("--help"));
	for (size_t i = 0; i < ncommands; i++) {
		char *words = mem_copy_text(commands[i].words), *second = strchr(words, ' ');

		if (second != NULL)
			*second++ = '\0';
		assert_int_equal(0, RUN(words, "--help"));
		if (second != NULL)
			assert_int_equal(0, RUN(words, second, "--help"));
		free(words);
	}
}

static void wrong_usage_is_told_apart_from_a_refusal(void **state)
{
	(void)state;
	unsetenv("EXAMCTL_SERVER");
	assert_int_equal(2, run((const char *const[]){NULL}));
	assert_int_equal(2, RUN("nonsense"));
	assert_int_equal(2, RUN("sitting", "nonsense"));
	assert_int_equal(2, RUN("sitting", "open"));
	assert_int_equal(2, RUN("sitting", "open", "1", "2"));
	assert_int_equal(2, RUN("sitting", "open", "one"));
	assert_int_equal(2, RUN("sitting", "list", "--reason", "x"));
	assert_int_equal(2, RUN("sitting", "add-minutes", "1", "5"));
	assert_int_equal(2, RUN("attempt", "reopen", "1", "--reason", "x"));
	assert_int_equal(2, RUN("results", "release", "1"));
	assert_int_equal(1, RUN("bank", "check", "/nonexistent.yaml"));
	assert_int_equal(2, RUN("bank", "check"));
	assert_int_equal(2, RUN("bank", "check", "x.yaml", "--fills", "half"));
	assert_int_equal(2, RUN("bank", "check", "--explain", "no-such-rule"));
	assert_int_equal(0, RUN("bank", "check", "--explain", "longest-key"));
	assert_int_equal(0, RUN("bank", "check", "--explain", "list"));
	assert_int_equal(2, RUN("bank", "lock", "x.yaml"));
	assert_int_equal(1, RUN("bank", "lock", "x.yaml", "--tables", "/nonexistent", "-o", "-"));
	assert_int_equal(0, RUN("bank", "generate", "--kind", "list"));
	assert_int_equal(2, RUN("bank", "generate", "--kind", "no-such-kind"));
	assert_int_equal(2, RUN("bank", "generate", "--kind", "billable"));
	assert_int_equal(0, RUN("version"));
}

static char *table_text_of(const struct table *t, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	table_print(t, f, json);
	fclose(f);
	return text;
}

static void a_list_is_a_table_or_json(void **state)
{
	static const struct column columns[] = {
	    {"name", "NAME", CELL_TEXT},
	    {"points", "POINTS", CELL_NUMBER},
	    {"passed", "PASSED", CELL_YES_NO},
	};
	struct table t;
	char *text;

	(void)state;
	table_init(&t, columns, COUNT(columns));
	table_text(&t, "J\xc3\xbcrgen");
	table_points(&t, 1250);
	table_yes_no(&t, true);
	table_text(&t, "a\033[2J\"");
	table_points(&t, -50);
	table_text(&t, NULL);
	text = table_text_of(&t, false);
	assert_string_equal("NAME    POINTS  PASSED\n"
			    "J\xc3\xbcrgen   12.50  yes\n"
			    "a?[2J\"   -0.50  -\n",
			    text);
	free(text);
	text = table_text_of(&t, true);
	assert_non_null(strstr(text, "\"points\": 12.5"));
	assert_non_null(strstr(text, "\"passed\": true"));
	assert_non_null(strstr(text, "\"passed\": null"));
	assert_non_null(strstr(text, "a\\u001B[2J\\\""));
	free(text);
	table_fini(&t);
}

static void a_kept_login_is_for_its_server_and_nobody_else_to_read(void **state)
{
	char dir[] = "/tmp/examctl-test-XXXXXX", *path;
	struct join server = {.host = "h", .port = 1, .has_pin = true, .pin = {{5}}};
	struct join other = {.host = "h", .port = 2};
	struct kept_login k = {.pin = {{5}}, .client_id = {3}}, again;
	uint8_t token[32] = {8, 9};
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/deep/session", dir);
	kept_login_set(&k, &server, "ann", token);
	assert_int_equal(ERR_OK, kept_login_write(&k, path));
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(ERR_OK, kept_login_read(&again, path));
	assert_memory_equal(token, again.token, sizeof token);
	assert_memory_equal(k.client_id, again.client_id, sizeof k.client_id);
	assert_true(kept_login_is_of(&again, &server));
	assert_false(kept_login_is_of(&again, &other));
	server.pin.b[0] = 6; /* the same name, another key */
	assert_false(kept_login_is_of(&again, &server));
	assert_int_equal(0, chmod(path, 0640));
	assert_int_equal(ERR_FORBIDDEN, kept_login_read(&again, path));
	assert_int_equal(ERR_OK, kept_login_remove(path));
	assert_int_equal(ERR_NOT_FOUND, kept_login_read(&again, path));
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
	free(path);
}

#define RULE(name) cmocka_unit_test(name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    RULE(every_command_has_help_and_no_two_are_alike),
	    RULE(every_option_of_a_command_is_in_the_list),
	    RULE(help_is_there_at_every_level),
	    RULE(wrong_usage_is_told_apart_from_a_refusal),
	    RULE(a_list_is_a_table_or_json),
	    RULE(a_kept_login_is_for_its_server_and_nobody_else_to_read),
	};

	/* Neither a log-in nor a server of whoever runs this. */
	setenv("EXAMCTL_SESSION", "/nonexistent/session", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
