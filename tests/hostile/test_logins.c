/* Whether a user is known does not show: the same work is done for each log-in.  What argon2id is
 * asked for is counted where it is called; how long it takes is measured by ../bench/siege.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "daemon/service/people.h"
#include "proto/base/log.h"
#include "tests/hostile/world.h"

/* ---- What was asked of libsodium; only the hashing worker calls it while a log-in waits ---------
 */

static unsigned hashes;
static unsigned long long passes;
static size_t memory;

int __real_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len,
				 unsigned long long opslimit, size_t memlimit, int alg);
int __wrap_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len,
				 unsigned long long opslimit, size_t memlimit, int alg);
int __real_crypto_pwhash_str_verify(const char *str, const char *password, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *str, const char *password, unsigned long long len);

int __wrap_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len,
				 unsigned long long opslimit, size_t memlimit, int alg)
{
	hashes++;
	passes = opslimit;
	memory = memlimit;
	return __real_crypto_pwhash_str_alg(out, password, len, opslimit, memlimit, alg);
}

/* The costs stand in the hash: $argon2id$v=19$m=KIBIBYTES,t=PASSES,p=1$... */
int __wrap_crypto_pwhash_str_verify(const char *str, const char *password, unsigned long long len)
{
	unsigned kib = 0, t = 0;

	hashes++;
	assert_int_equal(sscanf(str, "$argon2id$v=19$m=%u,t=%u,p=1$", &kib, &t), 2);
	passes = t;
	memory = (size_t)kib * 1024;
	return __real_crypto_pwhash_str_verify(str, password, len);
}

struct work {
	unsigned hashes;
	unsigned long long passes;
	size_t memory;
	uint32_t error;
};

static struct work log_in(struct harness *h, const char *user, const char *password)
{
	struct fake_client *c = client_connect(h, "a device", "10.5.0.1");
	struct work w;

	client_hello(c);
	hashes = 0;
	passes = memory = 0;
	w.error = client_log_in_as(c, user, password)->error;
	w.hashes = hashes;
	w.passes = passes;
	w.memory = memory;
	return w;
}

static void test_an_unknown_user_costs_what_a_known_one_costs(void **state)
{
	struct harness *h = harness_new();
	struct work right, others[4];

	(void)state;
	harness_person(h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE, "ann's own password");
	harness_person(h, "ben", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	right = log_in(h, "ann", "ann's own password");
	assert_int_equal(right.error, ERR_OK);
	assert_int_equal(right.hashes, 1);
	assert_true(right.memory >= 19u * 1024 * 1024 && right.passes >= 2);
	others[0] = log_in(h, "ann", "another password");
	others[1] = log_in(h, "ben", "another password"); /* has none */
	others[2] = log_in(h, "nobody", "another password");
	others[3] = log_in(h, "nobody", "");
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(others[i].error, ERR_LOGIN_FAILED);
		assert_int_equal(others[i].hashes, right.hashes);
		assert_int_equal(others[i].passes, right.passes);
		assert_int_equal(others[i].memory, right.memory);
	}
	harness_free(h);
}

/* After as many failures both wait, and neither is hashed for. */
static void test_an_unknown_user_is_throttled_like_a_known_one(void **state)
{
	struct harness *h = harness_new();
	struct work known, unknown;

	(void)state;
	harness_person(h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE, "ann's own password");
	for (int i = 0; i < 8; i++) {
		known = log_in(h, "ann", "another password");
		unknown = log_in(h, "nobody", "another password");
		assert_int_equal(known.error, unknown.error);
		assert_int_equal(known.hashes, unknown.hashes);
	}
	assert_int_equal(known.error, ERR_THROTTLED);
	assert_int_equal(known.hashes, 0);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_unknown_user_costs_what_a_known_one_costs),
	    cmocka_unit_test(test_an_unknown_user_is_throttled_like_a_known_one),
	};

	alarm(120);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
