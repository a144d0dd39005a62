/* TARGET DIR|FILE ...: gives a target every file once, by name. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "proto/base/bytes.h"
#include "proto/base/mem.h"
#include "tests/fuzz/target.h"

static size_t files;

static void replay_file(const char *path)
{
	struct buf content = {0};
	FILE *f = fopen(path, "re");
	uint8_t *exact;
	size_t n;

	MUST(f != NULL);
	do {
		n = fread(buf_reserve(&content, 65536), 1, 65536, f);
		buf_added(&content, n);
	} while (n > 0);
	fclose(f);
	printf("%s\n", path);
	fflush(stdout);
	/* Of its own size, so that one byte too far is seen. */
	exact = mem_copy(buf_bytes(&content).data, buf_length(&content));
	LLVMFuzzerTestOneInput(exact, buf_length(&content));
	free(exact);
	buf_fini(&content);
	files++;
}

static int is_shown(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void replay(const char *path)
{
	struct dirent **names = NULL;
	struct stat st;
	int n;

	MUST(stat(path, &st) == 0);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, is_shown, alphasort);
	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", path, names[i]->d_name);

		replay(file);
		free(file);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%zu files\n", files);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
