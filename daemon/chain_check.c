#include "daemon/chain_check.h"

#include "daemon/store/store.h"
#include "proto/base/mem.h"

struct counter {
	struct store_visitor visitor;
	uint64_t records;
};

static void on_record(struct store_visitor *v, const struct record *r)
{
	(void)r;
	container_of(v, struct counter, visitor)->records++;
}

enum err chain_check(const char *dir, uint64_t *records)
{
	struct counter counter = {.visitor = {.record = on_record}};
	struct store *store = NULL;
	enum err err = store_open(&store, dir);

	if (err == ERR_OK)
		err = store_recover(store, &counter.visitor);
	store_close(store);
	*records = counter.records;
	return err;
}
