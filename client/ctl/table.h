/* A list as a table for people, or as a JSON array of objects. */
#ifndef CLIENT_CTL_TABLE_H
#define CLIENT_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/times.h"

enum cell_kind { CELL_TEXT, CELL_NUMBER, CELL_YES_NO };

struct column {
	const char *key;   /* in JSON */
	const char *title; /* in the table */
	enum cell_kind kind;
};

struct table {
	const struct column *columns; /* borrowed */
	size_t ncolumns;
	char **cells; /* owned, row by row; NULL: nothing (null in JSON) */
	size_t ncells, cap;
};

void table_init(struct table *t, const struct column *columns, size_t ncolumns);
void table_fini(struct table *t);

/* The next cell; after the last column a new row begins. */
void table_text(struct table *t, const char *text); /* NULL: nothing */
void table_number(struct table *t, int64_t number);
void table_yes_no(struct table *t, bool yes);
void table_wall(struct table *t, struct wall_ms wall);	    /* 0: nothing */
void table_duration(struct table *t, struct millis length); /* "1:02:03" as a text */
void table_points(struct table *t, int32_t hundredths);	    /* "12.50" as a number */

size_t table_rows(const struct table *t);
void table_print(const struct table *t, FILE *out, bool json);

#endif
