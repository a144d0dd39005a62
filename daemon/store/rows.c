#include "daemon/store/rows.h"

#include "daemon/record/packed.h"

void record_column(struct stmt *q, struct record *out)
{
	*out = (struct record){
	    .subject = {column_int(q, 0)},
	    .n = column_u64(q, 1),
	    .at = {column_int(q, 2)},
	    .noted = {column_int(q, 3)},
	    .kind = (enum record_kind)column_int(q, 4),
	    .body = column_bytes(q, 5),
	};
	column_exact(q, 6, out->chain.b, sizeof out->chain.b);
}

void result_column(struct stmt *q, struct store_result *out)
{
	*out = (struct store_result){
	    .attempt = {column_int(q, 0)},
	    .sitting = {column_int(q, 1)},
	    .person = {column_int(q, 2)},
	    .exam = column_text(q, 3),
	    .state = column_u32(q, 4),
	    .practice = column_int(q, 5) != 0,
	    .started = {column_int(q, 6)},
	    .closed = {column_int(q, 7)},
	    .used_ms = column_int(q, 8),
	    .closing = column_bytes(q, 9),
	    .released_result = column_int(q, 10) != 0,
	    .released_review = column_int(q, 11) != 0,
	    .items = column_u32(q, 12),
	    .answered = column_u32(q, 13),
	};
}

enum err chain_add(struct chain *c, const struct record *r)
{
	if (r->n != c->n + 1 || !record_follows(r, &c->last))
		return ERR_CORRUPT;
	c->n = r->n;
	c->last = r->chain;
	if (c->row != NULL)
		c->row(c->arg, r);
	return ERR_OK;
}

enum err chain_add_transcript(struct chain *c, struct db *db, struct subject subject)
{
	struct stmt *q = db_stmt(db, SQL_TRANSCRIPT);
	enum err err = ERR_OK, end;
	struct digest last;
	struct record r;

	bind_subject(q, 1, subject);
	if (stmt_row(q)) {
		uint64_t n = column_u64(q, 0);
		struct bytes rest;

		column_exact(q, 1, last.b, sizeof last.b);
		rest = column_bytes(q, 2);
		while (err == ERR_OK && rest.len > 0)
			if ((err = packed_next(&rest, &r)) == ERR_OK)
				err = r.subject.v == subject.v ? chain_add(c, &r) : ERR_CORRUPT;
		if (err == ERR_OK && (c->n != n || !digest_equal(&c->last, &last)))
			err = ERR_CORRUPT;
	}
	end = stmt_end(q);
	return err == ERR_OK ? end : err;
}
