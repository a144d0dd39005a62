/* Records behind each other in one piece of bytes come back as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "daemon/record/packed.h"

static struct record given_record(uint64_t n, const char *body)
{
	return (struct record){
	    .subject = {5},
	    .n = n,
	    .at = {-1},
	    .noted = {INT64_MAX},
	    .kind = RECORD_ATTEMPT_READY,
	    .body = bytes_of_text(body),
	    .chain = digest_of(body, strlen(body)),
	};
}

static void packed_records_come_back_as_they_were(void **state)
{
	struct record in[] = {given_record(1, "first"), given_record(2, ""),
			      given_record(3, "third")};
	struct buf b = {0};
	struct bytes rest;
	struct record out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(in); i++)
		packed_put(&b, &in[i]);
	rest = buf_bytes(&b);
	for (i = 0; i < COUNT(in); i++) {
		assert_int_equal(ERR_OK, packed_next(&rest, &out));
		assert_int_equal(in[i].subject.v, out.subject.v);
		assert_int_equal(in[i].n, out.n);
		assert_int_equal(in[i].at.v, out.at.v);
		assert_int_equal(in[i].noted.v, out.noted.v);
		assert_int_equal(in[i].kind, out.kind);
		assert_true(bytes_equal(in[i].body, out.body));
		assert_true(digest_equal(&in[i].chain, &out.chain));
	}
	assert_int_equal(0, rest.len);
	buf_fini(&b);
}

static void a_record_cut_off_anywhere_is_called_corrupt(void **state)
{
	struct record r = given_record(1, "body"), out;
	struct buf b = {0};
	struct bytes rest;
	size_t len;

	(void)state;
	packed_put(&b, &r);
	for (len = 0; len < buf_length(&b); len++) {
		rest = bytes_of(buf_bytes(&b).data, len);
		assert_int_equal(ERR_CORRUPT, packed_next(&rest, &out));
		assert_int_equal(len, rest.len);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(packed_records_come_back_as_they_were),
	    cmocka_unit_test(a_record_cut_off_anywhere_is_called_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
