/* What the store's tests are given: a data directory, records with proper chains, and waiting
 * without sleeping. */
#ifndef DAEMON_STORE_TEST_GIVEN_H
#define DAEMON_STORE_TEST_GIVEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/store/options.h"

#define SUBJECTS_MOST 64

/* The chain of a subject as its owner knows it. */
struct given_chain {
	struct subject subject;
	uint64_t n;
	struct digest last;
};

struct given {
	char dir[64];
	struct store_options options;
	struct store *store;
	struct given_chain chains[SUBJECTS_MOST];
	size_t nchains;
	struct arena arena;
};

/* A new directory without a database. */
void given_dir(struct given *g);
/* The same with an open store. */
void given_store(struct given *g);
/* Closes and opens again. */
void when_reopened(struct given *g);
/* Closes and removes everything. */
void given_gone(struct given *g);

struct subject attempt(int64_t number);
struct subject sitting(int64_t number);

/* Queues the subject's next record, with PAYLOAD in it and FILL more bytes. */
struct store_seq when_appended(struct given *g, struct subject subject, uint32_t payload);
struct store_seq when_appended_large(struct given *g, struct subject subject, uint32_t payload,
				     size_t fill);
void when_packed(struct given *g, struct subject subject);
void when_cut(struct given *g);

/* Lets the writer work until everything queued is settled; the error when it fails. */
enum err committed(struct given *g);
/* The same and the background work as well. */
void when_idle(struct given *g);
/* Waits for the store to have something to say. */
void when_signalled(struct given *g);

/* What came back from a subject: the payloads in order. */
struct seen {
	struct store_visitor visitor;
	struct subject subjects[65536];
	uint32_t payloads[65536];
	uint64_t numbers[65536];
	size_t length;
	struct digest last; /* chain value of the last one */
	struct attempt_id attempt;
	struct sitting_id sitting;
	int64_t text_row;
};
void seen_add(struct seen *seen, const struct record *r);
enum err recovered(struct given *g, struct seen *seen);
size_t seen_of(const struct seen *seen, struct subject subject);
/* Does the subject's I'th record, from 1, hold this payload? */
bool seen_holds(const struct seen *seen, struct subject subject, uint64_t n, uint32_t payload);
/* By a query on the reader's thread. */
enum err read_records(struct given *g, struct subject subject, struct seen *seen);

/* Opens the file by itself: is it whole (integrity_check), and how many rows has the table? */
bool file_is_whole(const char *path);
int64_t number_in(const char *path, const char *sql);
int64_t rows_in(const char *path, const char *table);

/* A directory that goes with everything in it. */
void remove_tree(const char *dir);

#endif
