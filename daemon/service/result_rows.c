#include "daemon/service/result_rows.h"

#include <stdlib.h>

struct filter {
	struct result_rows *out;
	struct attempt_id after;
};

void result_rows_fini(struct result_rows *r)
{
	free(r->rows);
	arena_fini(&r->arena);
	*r = (struct result_rows){0};
}

void result_row_copy(struct store_result *out, const struct store_result *in, struct arena *arena)
{
	*out = *in;
	out->exam = arena_copy_text(arena, in->exam);
	out->closing =
	    bytes_of(arena_copy(arena, in->closing.data, in->closing.len), in->closing.len);
}

void result_rows_add(struct result_rows *r, const struct store_result *row)
{
	if (r->length == r->cap) {
		r->cap = r->cap == 0 ? 32 : 2 * r->cap;
		r->rows = mem_resize(r->rows, r->cap * sizeof *r->rows);
	}
	result_row_copy(&r->rows[r->length++], row, &r->arena);
}

static void keep(void *arg, const struct store_result *row)
{
	struct filter *f = arg;

	if (row->attempt.v > f->after.v)
		result_rows_add(f->out, row);
}

enum err result_rows_read(struct result_rows *r, struct reader *reader, struct sitting_id sitting,
			  struct attempt_id after)
{
	struct filter f = {r, after};

	return reader_results(reader, sitting, (struct person_id){0}, keep, &f);
}

const Examd__Record__AttemptClosed *result_row_closing(const struct store_result *row,
						       struct arena *arena)
{
	ProtobufCMessage *closing;

	if (row->closing.len == 0 || message_decode(&examd__record__attempt_closed__descriptor,
						    row->closing, arena, &closing) != ERR_OK)
		return NULL;
	return (const Examd__Record__AttemptClosed *)(const void *)closing;
}
