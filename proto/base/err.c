#include "proto/base/err.h"

#include <stddef.h>

static const struct {
	enum err err;
	const char *name, *sentence;
} list[] = {
#define ERR(name, number, sentence) {ERR_##name, #name, sentence},
#include "proto/base/err.def"
#undef ERR
};

#define LEN (sizeof list / sizeof *list)

static size_t find(enum err err)
{
	size_t i;

	for (i = 0; i < LEN && list[i].err != err; i++)
		;
	return i;
}

const char *err_name(enum err err)
{
	static _Thread_local char lower[40];
	size_t i = find(err), k;

	if (i == LEN)
		return "unknown";
	for (k = 0; list[i].name[k] != '\0' && k + 1 < sizeof lower; k++)
		lower[k] = (char)(list[i].name[k] == '_' ? '_' : list[i].name[k] | 0x20);
	lower[k] = '\0';
	return lower;
}

const char *err_sentence(enum err err)
{
	size_t i = find(err);

	return i == LEN ? "An error that this release does not know." : list[i].sentence;
}

enum err err_from_number(unsigned number)
{
	size_t i = find((enum err)number);

	return i == LEN ? ERR_PROTOCOL : list[i].err;
}

_Bool err_nth(unsigned i, enum err *err_out)
{
	if (i >= LEN)
		return 0;
	*err_out = list[i].err;
	return 1;
}
