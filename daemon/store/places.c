#include "daemon/store/places.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "proto/base/mem.h"

struct place {
	int64_t subject;
	uint64_t *seqs; /* owned; the first .packed ones are in the transcript */
	size_t length, cap, packed;
	UT_hash_handle hh;
};

struct places {
	pthread_mutex_t lock;
	struct place *all; /* owned */
	size_t readers;
	bool waiting; /* something packed waits for the last reader to leave */
};

struct places *places_new(void)
{
	struct places *p = mem_new(sizeof *p);

	pthread_mutex_init(&p->lock, NULL);
	return p;
}

static void place_free(struct places *p, struct place *at)
{
	HASH_DEL(p->all, at);
	free(at->seqs);
	free(at);
}

void places_free(struct places *p)
{
	struct place *at, *next;

	if (p == NULL)
		return;
	HASH_ITER (hh, p->all, at, next)
		place_free(p, at);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static struct place *place_of(struct places *p, struct subject subject)
{
	struct place *at;

	HASH_FIND(hh, p->all, &subject.v, sizeof subject.v, at);
	return at;
}

void places_add(struct places *p, struct subject subject, uint64_t seq)
{
	struct place *at;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, subject);
	if (at == NULL) {
		at = mem_new(sizeof *at);
		at->subject = subject.v;
		HASH_ADD(hh, p->all, subject, sizeof at->subject, at);
	}
	if (at->length == at->cap) {
		at->cap = at->cap == 0 ? 16 : at->cap * 2;
		at->seqs = mem_resize(at->seqs, at->cap * sizeof *at->seqs);
	}
	at->seqs[at->length++] = seq;
	pthread_mutex_unlock(&p->lock);
}

bool places_has(struct places *p, struct subject subject)
{
	struct place *at;
	bool has;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, subject);
	has = at != NULL && at->packed < at->length;
	pthread_mutex_unlock(&p->lock);
	return has;
}

void places_find(struct places *p, struct subject subject, bool all, struct buf *out)
{
	struct place *at;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, subject);
	if (at != NULL) {
		size_t from = all ? 0 : at->packed;

		buf_put(out, at->seqs + from, (at->length - from) * sizeof *at->seqs);
	}
	pthread_mutex_unlock(&p->lock);
}

/* Forget what is packed. */
static void place_sweep(struct places *p, struct place *at)
{
	at->length -= at->packed;
	memmove(at->seqs, at->seqs + at->packed, at->length * sizeof *at->seqs);
	at->packed = 0;
	if (at->length == 0)
		place_free(p, at);
}

void places_packed(struct places *p, struct subject subject, uint64_t seq)
{
	struct place *at;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, subject);
	while (at != NULL && at->packed < at->length && at->seqs[at->packed] <= seq)
		at->packed++;
	if (at != NULL && p->readers == 0)
		place_sweep(p, at);
	else
		p->waiting = true;
	pthread_mutex_unlock(&p->lock);
}

uint64_t places_lowest(struct places *p, uint64_t none)
{
	uint64_t lowest = none;
	struct place *at, *next;

	pthread_mutex_lock(&p->lock);
	HASH_ITER (hh, p->all, at, next)
		if (at->packed < at->length && at->seqs[at->packed] < lowest)
			lowest = at->seqs[at->packed];
	pthread_mutex_unlock(&p->lock);
	return lowest;
}

void places_reader_came(struct places *p)
{
	pthread_mutex_lock(&p->lock);
	p->readers++;
	pthread_mutex_unlock(&p->lock);
}

void places_reader_left(struct places *p)
{
	struct place *at, *next;

	pthread_mutex_lock(&p->lock);
	if (--p->readers == 0 && p->waiting) {
		HASH_ITER (hh, p->all, at, next)
			place_sweep(p, at);
		p->waiting = false;
	}
	pthread_mutex_unlock(&p->lock);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void places_subjects(struct places *p, enum subject_kind kind, struct buf *out)
{
	struct place *at, *next;
	size_t n = 0;

	pthread_mutex_lock(&p->lock);
	HASH_ITER (hh, p->all, at, next) {
		if (subject_kind((struct subject){at->subject}) != kind || at->packed == at->length)
			continue;
		buf_put(out, &at->subject, sizeof at->subject);
		n++;
	}
	pthread_mutex_unlock(&p->lock);
	if (n > 0)
		qsort(out->data + out->start, n, sizeof(int64_t), by_number);
}
