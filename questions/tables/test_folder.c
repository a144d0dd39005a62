#include "questions/tables/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/mem.h"

void test_folder_make(struct test_folder *f, const struct test_file *files, size_t n)
{
	strcpy(f->path, "/tmp/test-tables-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	for (size_t i = 0; i < n; i++)
		test_folder_put(f, files[i].name, files[i].text);
}

int test_folder_remove(const struct test_folder *f, const struct test_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		test_folder_drop(f, files[i].name);
	return rmdir(f->path);
}

char *test_folder_file(const struct test_folder *f, const char *name)
{
	return mem_printf("%s/%s", f->path, name);
}

void test_folder_put(const struct test_folder *f, const char *name, const char *text)
{
	char *path = test_folder_file(f, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(0, fclose(file));
	free(path);
}

void test_folder_drop(const struct test_folder *f, const char *name)
{
	char *path = test_folder_file(f, name);

	unlink(path);
	free(path);
}
