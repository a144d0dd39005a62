#include "daemon/service/passwords.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/service/hasher.h"

/* OWASP's recommendation for argon2id. */
#define MEMORY ((size_t)19 * 1024 * 1024)
#define PASSES 2

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash fits");

void password_hash_now(const char *password, char hash[PASSWORD_HASH_SIZE])
{
	memset(hash, 0, PASSWORD_HASH_SIZE);
	if (crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		abort(); /* libsodium fails here only without memory */
}

/* An unknown user, or one without a password, costs what a known one costs. */
static bool check(const char *hash, const char *password)
{
	char unused[PASSWORD_HASH_SIZE];

	if (hash[0] != '\0')
		return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
	password_hash_now(password, unused);
	return false;
}

void password_do(struct password_task *t)
{
	switch (t->what) {
	case PASSWORD_CHECK:
		t->good = check(t->hash, t->password);
		break;
	case PASSWORD_MAKE:
		password_hash_now(t->password, t->hash);
		t->good = true;
		break;
	}
}

static void run_task(struct hasher *hasher, struct password_task *t)
{
	if (!hasher_do(hasher, t))
		password_do(t);
	password_wipe(t->password);
	t->password = NULL;
}

static void on_run(struct job *job)
{
	struct password_job *j = container_of(job, struct password_job, job);

	for (size_t i = 0; i < j->ntasks; i++)
		run_task(j->hasher, &j->tasks[i]);
	j->was_run = true;
}

static void on_done(struct job *job)
{
	struct password_job *j = container_of(job, struct password_job, job);

	for (size_t i = 0; i < j->ntasks; i++) { /* those that were never run */
		password_wipe(j->tasks[i].password);
		j->tasks[i].password = NULL;
	}
	j->done(j);
}

enum err passwords_submit(struct core *core, struct password_job *j)
{
	j->job = (struct job){.run = on_run, .done = on_done};
	j->was_run = false;
	j->hasher = core->hashing;
	return worker_add(core->hasher, &j->job);
}

void password_wipe(char *password)
{
	if (password == NULL)
		return;
	sodium_memzero(password, strlen(password));
	free(password);
}

void password_one_time(char out[ONE_TIME_PASSWORD_SIZE])
{
	uint8_t random[10];
	char symbols[17];

	random_bytes(random, sizeof(random));
	base32_format(random, 16, symbols);
	snprintf(out, ONE_TIME_PASSWORD_SIZE, "%.4s-%.4s-%.4s-%.4s", symbols, symbols + 4,
		 symbols + 8, symbols + 12);
	sodium_memzero(random, sizeof(random));
	sodium_memzero(symbols, sizeof(symbols));
}

enum err password_acceptable(const char *password)
{
	size_t len = strlen(password);

	if (len < PASSWORD_LEAST)
		return ERR_PASSWORD_WEAK;
	return len > PASSWORD_MOST ? ERR_INVALID : ERR_OK;
}
