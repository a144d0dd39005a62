#include "daemon/service/throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "proto/base/mem.h"

#define DELAY_MOST   SECONDS(60)
#define FORGET_AFTER MINUTES(10)
#define KEY_MOST     160

/* What failures are counted by, and how many times the free failures each has. */
enum by { BY_BOTH, BY_ACCOUNT, BY_ADDRESS, BY_END };
static const uint32_t free_times[BY_END] = {[BY_BOTH] = 1, [BY_ACCOUNT] = 8, [BY_ADDRESS] = 16};

struct throttle_key {
	char name[KEY_MOST];
	uint32_t failures;
	struct mono_ms last;
	UT_hash_handle hh;
};

void throttle_init(struct throttle *t, uint32_t free_failures)
{
	*t = (struct throttle){.free_failures = free_failures};
}

static void drop(struct throttle *t, struct throttle_key *key)
{
	HASH_DEL(t->keys, key);
	free(key);
}

void throttle_fini(struct throttle *t)
{
	struct throttle_key *key, *next;

	HASH_ITER (hh, t->keys, key, next)
		drop(t, key);
}

/* The name of a key; false when this kind does not count this try.  A log-in counts against the
 * account, a slip, which names none, against the address. */
static bool name_key(enum by by, const char *address, const char *account, char out[KEY_MOST])
{
	bool slip = account[0] == '\0';

	switch (by) {
	case BY_BOTH:
		snprintf(out, KEY_MOST, "b%.70s %.70s", address, account);
		return !slip;
	case BY_ACCOUNT:
		snprintf(out, KEY_MOST, "u%.70s", account);
		return !slip;
	case BY_ADDRESS:
		snprintf(out, KEY_MOST, "a%.70s", address);
		return slip;
	case BY_END:
		break;
	}
	return false;
}

static struct throttle_key *find(const struct throttle *t, const char *name)
{
	struct throttle_key *key;

	HASH_FIND_STR(t->keys, name, key);
	return key;
}

static struct millis delay_of(const struct throttle *t, enum by by, uint32_t failures)
{
	uint32_t free_ones = t->free_failures * free_times[by];
	uint32_t over = failures >= free_ones ? failures - free_ones : 0;

	if (failures < free_ones)
		return (struct millis){0};
	return over >= 6 ? DELAY_MOST : SECONDS(1 << over);
}

bool throttle_allows(const struct throttle *t, const char *address, const char *account,
		     struct mono_ms now)
{
	char name[KEY_MOST];
	const struct throttle_key *key;

	for (enum by by = BY_BOTH; by < BY_END; by++) {
		if (!name_key(by, address, account, name) || (key = find(t, name)) == NULL)
			continue;
		if (now.v - key->last.v >= FORGET_AFTER.v)
			continue;
		if (now.v - key->last.v < delay_of(t, by, key->failures).v)
			return false;
	}
	return true;
}

static void count(struct throttle *t, const char *name, struct mono_ms now)
{
	struct throttle_key *key = find(t, name);

	if (key != NULL)
		HASH_DEL(t->keys, key);
	else
		key = mem_new(sizeof(*key));
	if (now.v - key->last.v >= FORGET_AFTER.v)
		key->failures = 0;
	snprintf(key->name, sizeof(key->name), "%s", name);
	key->failures++;
	key->last = now;
	HASH_ADD_STR(t->keys, name, key); /* at the end: the first one is the quietest */
	if (HASH_COUNT(t->keys) > THROTTLE_KEYS)
		drop(t, t->keys);
}

void throttle_failed(struct throttle *t, const char *address, const char *account,
		     struct mono_ms now)
{
	char name[KEY_MOST];

	for (enum by by = BY_BOTH; by < BY_END; by++)
		if (name_key(by, address, account, name))
			count(t, name, now);
}

void throttle_succeeded(struct throttle *t, const char *address, const char *account)
{
	char name[KEY_MOST];
	struct throttle_key *key;

	for (enum by by = BY_BOTH; by < BY_END; by++)
		if (name_key(by, address, account, name) && (key = find(t, name)) != NULL)
			drop(t, key);
}

/* Does the key count this account? */
static bool is_about(const struct throttle_key *key, const char *account)
{
	const char *at = key->name[0] == 'b' ? strchr(key->name, ' ') : key->name;

	return key->name[0] != 'a' && at != NULL && strcmp(at + 1, account) == 0;
}

void throttle_forget(struct throttle *t, const char *account)
{
	struct throttle_key *key, *next;

	HASH_ITER (hh, t->keys, key, next)
		if (is_about(key, account))
			drop(t, key);
}
