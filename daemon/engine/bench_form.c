/* Forms a second: bench_form [ITEMS [SECONDS]], of 100 items in 18 sections from a bank of ITEMS.
 * One line of JSON on standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/engine/form.h"
#include "proto/base/bytes.h"
#include "proto/base/times.h"

#define SECTIONS 18

static struct option options[] = {
    {.text = "a", .right = true}, {.text = "b"}, {.text = "c"}, {.text = "d"}};
static struct item_section serves[SECTIONS];
static struct section sections[SECTIONS];

static struct bank *make_bank(size_t n)
{
	struct bank *bank = bank_new();
	size_t i;

	bank->name = bank->version = "bench";
	bank->items = arena_new(&bank->arena, n * sizeof(struct item *));
	bank->nitems = n;
	for (i = 0; i < n; i++) {
		char *id = mem_printf("item-%zu", i);
		struct item item = {.id = arena_copy_text(&bank->arena, id),
				    .kind = ITEM_SINGLE,
				    .stem = "S",
				    .options = options,
				    .noptions = COUNT(options),
				    .shuffle = true,
				    .sections = &serves[i % SECTIONS],
				    .nsections = 1};

		free(id);
		bank->items[i] = arena_copy(&bank->arena, &item, sizeof item);
	}
	bank_seal(bank);
	return bank;
}

static void make_outline(void)
{
	size_t i;

	for (i = 0; i < SECTIONS; i++) {
		char *name = mem_printf("section-%zu", i);

		sections[i] = (struct section){.name = name, .title = name, .items = 5 + (i < 10)};
		serves[i] = (struct item_section){"bench", name};
	}
}

int main(int argc, char **argv)
{
	size_t items = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	int64_t length = (argc > 2 ? strtoll(argv[2], NULL, 10) : 2) * 1000000000, start, now;
	struct part part = {
	    .name = "p", .minutes = 240, .sections = sections, .nsections = SECTIONS};
	struct blueprint blueprint = {.exam = "bench", .parts = &part, .nparts = 1, .total = 100};
	struct arena arena = {0};
	struct form form;
	uint64_t forms = 0;
	struct bank *bank;

	make_outline();
	bank = make_bank(items);
	start = now = mono_now_ns();
	while (now - start < length) {
		uint8_t seed[FORM_SEED] = {0};

		u64_write(seed, forms++);
		arena_reset(&arena);
		if (form_make(&form, &blueprint, bank, seed, NULL, &arena) != ERR_OK) {
			fputs("the bank is too small\n", stderr);
			return 1;
		}
		now = mono_now_ns();
	}
	printf("{\"bench\": \"form\", \"bank_items\": %zu, \"form_items\": %zu, \"forms_per_s\": "
	       "%.0f}\n",
	       items, form.nitems, (double)forms * 1e9 / (double)(now - start));
	arena_fini(&arena);
	bank_free(bank);
	return 0;
}
