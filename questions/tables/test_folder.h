/* A folder of small invented tables, for the tests of whatever reads tables. */
#ifndef QUESTIONS_TABLES_TEST_FOLDER_H
#define QUESTIONS_TABLES_TEST_FOLDER_H

#include <stddef.h>

struct test_file {
	const char *name, *text;
};

struct test_folder {
	char path[64];
};

/* A new folder with these N files.  What cannot be written fails the test. */
void test_folder_make(struct test_folder *f, const struct test_file *files, size_t n);

/* Removes these files and the folder.  Not 0 when it holds anything else. */
int test_folder_remove(const struct test_folder *f, const struct test_file *files, size_t n);

/* The path of a file there, for the caller to free(). */
char *test_folder_file(const struct test_folder *f, const char *name);

void test_folder_put(const struct test_folder *f, const char *name, const char *text);
void test_folder_drop(const struct test_folder *f, const char *name);

#endif
