/* [--mutations N] [--seed S] [--write DIR]: whatever is done to a transcript or a receipt, verify
 * finds it.
 *
 * The transcript is a real one: an attempt with a pause, minutes, a close, a reopening and a second
 * close, fetched from a core.  It is changed from seeds, N times in all; a forger also makes the
 * chain anew.  --write puts the transcript, its key and changed ones into DIR, for test_verify.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/record/packed.h"
#include "daemon/report/receipt.h"
#include "daemon/report/transcript.h"
#include "daemon/service/harness_staff.h"
#include "proto/base/log.h"

#define BANK	     "questions/banks/cpc-style.yaml"
#define EXAM	     "questions/banks/cpc-short.yaml"
#define ROOM(verb)   EXAMD__V1__ROOM_VERB__ROOM_##verb
#define RECORDS_MOST 256
#define HEAD	     (sizeof TRANSCRIPT_MAGIC - 1 + SIGNATURE_KEY_SIZE)
#define END	     SIGNATURE_SIZE

static size_t mutations = 2000;
static uint64_t seed = 1;
static const char *write_to;

static struct buf good, others; /* two attempts of one room */
static struct buf receipt, first_receipt, others_receipt;
static uint8_t key[SIGNATURE_KEY_SIZE];

/* splitmix64, below MOST. */
static uint64_t draw(uint64_t *random, uint64_t most)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return most == 0 ? 0 : z % most;
}

/* ---- What is given
 * ------------------------------------------------------------------------------- */

static void order(struct fake_client *staff, struct room_order what)
{
	static uint8_t command;

	what.reason = "the fire alarm";
	what.force = true;
	assert_int_equal(staff_order(staff, ++command, &what)->error, ERR_OK);
}

static void fetch(struct fake_client *staff, int64_t attempt, struct buf *out)
{
	const wire_reply *reply = staff_transcript(staff, (struct attempt_id){attempt}, 1);

	assert_int_equal(reply->error, ERR_OK);
	staff_fetch(staff, reply->file, out);
}

static void answer_some(struct fake_client *c, uint32_t seat, uint32_t from, uint32_t to)
{
	for (uint32_t item = from; item < to; item++)
		assert_int_equal(client_answer(c, item, seat, 1, item % 4)->error, ERR_OK);
}

/* As a browser keeps it. */
static void keep_receipt(struct fake_client *c, struct buf *out)
{
	const wire_reply *reply = client_hello(c);
	const Examd__V1__Receipt *r = reply->hello->status->receipt;

	assert_non_null(r);
	assert_int_equal(r->signature.len, SIGNATURE_SIZE);
	assert_int_equal(r->public_key.len, SIGNATURE_KEY_SIZE);
	receipt_put(out, reply->hello->status->attempt,
		    bytes_of(r->statement.data, r->statement.len), r->signature.data,
		    r->public_key.data);
}

static int given_transcripts(void **state)
{
	struct harness *h = harness_new();
	struct person_id who[2];
	struct sitting_id sitting;
	struct fake_client *ann, *ben, *staff;
	int64_t anns, bens;

	(void)state;
	harness_load(h, BANK, EXAM);
	who[0] = harness_person(h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	who[1] = harness_person(h, "ben", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	staff = staff_connect(h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR);
	sitting = harness_sitting(h, "cpc-short", who, 2);
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(OPEN)});
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(ADMIT)});
	ann = client_connect(h, "ann", "10.0.0.1");
	ben = client_connect(h, "ben", "10.0.0.2");
	anns = client_ready(ann, sitting, who[0])->status->attempt;
	bens = client_ready(ben, sitting, who[1])->status->attempt;
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(START)});
	answer_some(ann, 1, 0, 12);
	answer_some(ben, 1, 0, 5);
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(PAUSE)});
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(RESUME)});
	order(staff,
	      (struct room_order){.attempt = {anns}, .verb = ROOM(ADD_MINUTES), .minutes = 5});
	answer_some(ann, 1, 12, 20);
	order(staff, (struct room_order){.sitting = sitting, .verb = ROOM(CLOSE)});
	keep_receipt(ann, &first_receipt);
	keep_receipt(ben, &others_receipt);
	order(staff, (struct room_order){.attempt = {anns}, .verb = ROOM(REOPEN), .minutes = 10});
	order(staff, (struct room_order){.attempt = {anns}, .verb = ROOM(CLOSE), .minutes = 0});
	keep_receipt(ann, &receipt);
	fetch(staff, anns, &good);
	fetch(staff, bens, &others);
	memcpy(key, h->core->secrets.sign_public, sizeof key);
	harness_free(h);
	return 0;
}

static int transcripts_gone(void **state)
{
	(void)state;
	buf_fini(&good);
	buf_fini(&others);
	buf_fini(&receipt);
	buf_fini(&first_receipt);
	buf_fini(&others_receipt);
	return 0;
}

/* ---- Verifying
 * ----------------------------------------------------------------------------------- */

struct verified {
	enum err err;
	struct transcript_found found;
	size_t errors, end_errors; /* of those, by the signature at the end */
};

static struct verified verify(struct bytes file)
{
	struct verified v = {0};
	struct diag diag = {0};

	v.err = transcript_verify(file, key, &diag, &v.found);
	v.errors = diag.errors;
	for (size_t i = 0; i < diag.length; i++)
		v.end_errors += strcmp(diag.entries[i].id, "end") == 0;
	diag_fini(&diag);
	return v;
}

static void what_the_installation_gave_out_is_good(void **state)
{
	struct verified v = verify(buf_bytes(&good));

	(void)state;
	assert_int_equal(ERR_OK, v.err);
	assert_int_equal(2, v.found.signatures);
	assert_int_equal(v.found.records - 1, v.found.signed_records);
	assert_in_range(v.found.records, 30, RECORDS_MOST);
	assert_int_equal(ERR_OK, verify(buf_bytes(&others)).err);
}

/* ---- Changing
 * ------------------------------------------------------------------------------------ */

/* A transcript in pieces. */
struct parts {
	uint8_t head[HEAD], end[END];
	struct bytes records[RECORDS_MOST + 1]; /* packed; borrowed */
	size_t n;
};

static void take_apart(const struct buf *file, struct parts *p)
{
	struct bytes all = buf_bytes(file), rest;
	struct record r;

	memcpy(p->head, all.data, HEAD);
	memcpy(p->end, all.data + all.len - END, END);
	rest = bytes_of(all.data + HEAD, all.len - HEAD - END);
	for (p->n = 0; rest.len > 0; p->n++) {
		const uint8_t *from = rest.data;

		assert_true(p->n < RECORDS_MOST);
		assert_int_equal(ERR_OK, packed_next(&rest, &r));
		p->records[p->n] = bytes_of(from, (size_t)(rest.data - from));
	}
}

static void put_together(const struct parts *p, struct buf *out)
{
	buf_put(out, p->head, HEAD);
	for (size_t i = 0; i < p->n; i++)
		buf_put_bytes(out, p->records[i]);
	buf_put(out, p->end, END);
}

static void move_record(struct parts *p, size_t from, size_t to)
{
	struct bytes r = p->records[from];

	p->n--;
	memmove(&p->records[from], &p->records[from + 1], (p->n - from) * sizeof r);
	memmove(&p->records[to + 1], &p->records[to], (p->n - to) * sizeof r);
	p->records[to] = r;
	p->n++;
}

static struct digest chained(const struct record *r, const struct digest *before)
{
	struct buf content = {0};
	struct digest d;

	buf_put(&content, before->b, sizeof before->b);
	packed_put(&content, r);
	d = digest_of(buf_bytes(&content).data, buf_length(&content) - sizeof r->chain.b);
	buf_fini(&content);
	return d;
}

/* Numbers and chains made anew from the first record on, as a forger would. */
static void chain_anew(struct buf *file)
{
	struct bytes all = buf_bytes(file);
	struct bytes rest = bytes_of(all.data + HEAD, all.len - HEAD - END);
	struct digest before = {0};
	struct buf out = {0};
	struct record r;
	uint64_t n = 0;

	buf_put(&out, all.data, HEAD);
	while (rest.len > 0 && packed_next(&rest, &r) == ERR_OK) {
		r.n = ++n;
		r.chain = chained(&r, &before);
		assert_true(record_follows(&r, &before));
		before = r.chain;
		packed_put(&out, &r);
	}
	buf_put(&out, all.data + all.len - END, END);
	buf_fini(file);
	*file = out;
}

enum change {
	BIT_ANYWHERE,
	BIT_OF_A_RECORD,
	BIT_OF_THE_HEAD,
	BIT_OF_THE_END,
	RECORD_REMOVED,
	RECORD_TWICE,
	RECORD_OF_ANOTHER,
	RECORD_MOVED,
	TAIL_CUT_AT_A_RECORD,
	TAIL_CUT_ANYWHERE,
	END_CUT,
	BYTES_PUT_IN,
	BYTES_TAKEN_OUT,
	BYTES_BEHIND,
	REMOVED_AND_CHAINED,
	CHANGED_AND_CHAINED,
	CUT_AND_CHAINED,
	END_OF_ANOTHER,
	CHANGES
};

/* Those that the chain and the inner signatures find without the end. */
static bool is_found_inside(enum change change)
{
	switch (change) {
	case BIT_OF_A_RECORD:
	case RECORD_REMOVED:
	case RECORD_TWICE:
	case RECORD_OF_ANOTHER:
	case RECORD_MOVED:
		return true;
	default:
		return false;
	}
}

static void flip(struct buf *file, size_t from, size_t to, uint64_t *random)
{
	file->data[file->start + from + draw(random, to - from)] ^=
	    (uint8_t)(1u << draw(random, 8));
}

static void splice(struct buf *file, size_t at, size_t out, struct bytes in)
{
	struct bytes all = buf_bytes(file);
	struct buf changed = {0};

	buf_put(&changed, all.data, at);
	buf_put_bytes(&changed, in);
	buf_put(&changed, all.data + at + out, all.len - at - out);
	buf_fini(file);
	*file = changed;
}

static void change_parts(enum change change, struct parts *p, const struct parts *other,
			 uint64_t *random)
{
	size_t i = (size_t)draw(random, p->n), j = (size_t)draw(random, p->n - 1);

	switch (change) {
	case RECORD_REMOVED: /* but the last, which is a tail cut */
	case REMOVED_AND_CHAINED:
		move_record(p, j, p->n - 1);
		p->n--;
		break;
	case RECORD_TWICE:
		p->records[p->n++] = p->records[i];
		move_record(p, p->n - 1, i);
		break;
	case RECORD_OF_ANOTHER:
		p->records[i] = other->records[draw(random, other->n)];
		break;
	case RECORD_MOVED:
		move_record(p, i, j >= i ? j + 1 : j);
		break;
	case TAIL_CUT_AT_A_RECORD:
	case CUT_AND_CHAINED:
		p->n = i;
		break;
	case END_OF_ANOTHER:
		memcpy(p->end, other->end, END);
		break;
	default:
		break;
	}
}

static void change_bytes(enum change change, struct buf *file, uint64_t *random)
{
	size_t len = buf_length(file), at = (size_t)draw(random, len);
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)draw(random, 256);
	switch (change) {
	case BIT_ANYWHERE:
		flip(file, 0, len, random);
		break;
	case BIT_OF_A_RECORD:
	case CHANGED_AND_CHAINED:
		flip(file, HEAD, len - END, random);
		break;
	case BIT_OF_THE_HEAD:
		flip(file, 0, HEAD, random);
		break;
	case BIT_OF_THE_END:
		flip(file, len - END, len, random);
		break;
	case TAIL_CUT_ANYWHERE:
		splice(file, at, len - at, bytes_of(bytes, 0));
		break;
	case END_CUT:
		splice(file, len - END, END, bytes_of(bytes, 0));
		break;
	case BYTES_PUT_IN:
		splice(file, at, 0, bytes_of(bytes, 1 + draw(random, sizeof bytes)));
		break;
	case BYTES_TAKEN_OUT:
		at = (size_t)draw(random, len - sizeof bytes);
		splice(file, at, 1 + (size_t)draw(random, sizeof bytes), bytes_of(bytes, 0));
		break;
	case BYTES_BEHIND:
		splice(file, len, 0, bytes_of(bytes, 1 + draw(random, sizeof bytes)));
		break;
	default:
		break;
	}
}

static void changed(enum change change, uint64_t *random, struct buf *out)
{
	struct parts p, other;

	take_apart(&good, &p);
	take_apart(&others, &other);
	change_parts(change, &p, &other, random);
	put_together(&p, out);
	change_bytes(change, out, random);
	if (change == REMOVED_AND_CHAINED || change == CHANGED_AND_CHAINED ||
	    change == CUT_AND_CHAINED)
		chain_anew(out);
}

static bool is_as_it_was(const struct buf *file)
{
	return bytes_equal(buf_bytes(file), buf_bytes(&good));
}

static void every_change_is_found(void **state)
{
	size_t tried[CHANGES] = {0}, found = 0;
	uint64_t random = seed;

	(void)state;
	for (size_t i = 0; found < mutations; i++) {
		enum change change = (enum change)(i % CHANGES);
		uint64_t begun = random;
		struct buf file = {0};
		struct verified v;

		changed(change, &random, &file);
		v = verify(buf_bytes(&file));
		/* A number that is chained anew may come out as it was. */
		if (is_as_it_was(&file))
			assert_int_equal(ERR_OK, v.err);
		else if (v.err != ERR_BAD_INPUT ||
			 (is_found_inside(change) && v.errors == v.end_errors))
			fail_msg("seed %llu, change %d: not found", (unsigned long long)begun,
				 (int)change);
		else
			found++;
		tried[change]++;
		buf_fini(&file);
	}
	for (size_t i = 0; i < CHANGES; i++)
		assert_true(tried[i] > mutations / CHANGES / 2);
	printf("%zu changes of %zu bytes, all found\n", found, buf_length(&good));
}

/* ---- Receipts
 * ----------------------------------------------------------------------------------- */

static enum err verify_receipt(struct bytes file, const uint8_t *trusted,
			       struct receipt_found *found)
{
	struct diag diag = {0};
	enum err err = receipt_verify(file, trusted, &diag, found);

	assert_true(diag.length > 0 || err == ERR_OK);
	diag_fini(&diag);
	return err;
}

static void what_a_browser_keeps_is_good(void **state)
{
	struct receipt_found found, of_first;
	uint8_t nobodys[SIGNATURE_KEY_SIZE] = {7};

	(void)state;
	assert_int_equal(ERR_OK, verify_receipt(buf_bytes(&receipt), key, &found));
	assert_string_equal(found.exam, "cpc-short");
	assert_memory_equal(found.public_key, key, sizeof key);
	assert_true(found.supersedes);
	assert_int_equal(20, found.answers);
	assert_int_equal(ERR_OK, verify_receipt(buf_bytes(&first_receipt), key, &of_first));
	assert_false(of_first.supersedes);
	assert_int_equal(found.attempt, of_first.attempt);
	assert_true(of_first.records < found.records);
	assert_int_equal(ERR_OK, verify_receipt(buf_bytes(&others_receipt), key, &found));
	assert_int_equal(ERR_OK, verify_receipt(buf_bytes(&receipt), NULL, &found));
	assert_int_equal(ERR_BAD_INPUT, verify_receipt(buf_bytes(&receipt), nobodys, &found));
}

/* Without the key that it is trusted by, too: it is of one piece no more. */
static void found_out(const struct buf *file, const char *what, size_t at)
{
	struct receipt_found found;

	if (verify_receipt(buf_bytes(file), key, &found) != ERR_BAD_INPUT ||
	    verify_receipt(buf_bytes(file), NULL, &found) != ERR_BAD_INPUT)
		fail_msg("%s at %zu: not found", what, at);
}

static void copy_of(const struct buf *file, struct buf *out)
{
	buf_clear(out);
	buf_put_bytes(out, buf_bytes(file));
}

static size_t every_bit_is_turned(void)
{
	size_t len = buf_length(&receipt);
	struct buf file = {0};

	for (size_t bit = 0; bit < 8 * len; bit++) {
		copy_of(&receipt, &file);
		file.data[file.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		found_out(&file, "bit", bit);
	}
	buf_fini(&file);
	return 8 * len;
}

/* Cut off from there, one byte left out, one put in, two exchanged. */
static size_t every_byte_is_moved(void)
{
	size_t len = buf_length(&receipt), made = 0;
	struct bytes all = buf_bytes(&receipt);
	struct buf file = {0};

	for (size_t i = 0; i < len; i++) {
		copy_of(&receipt, &file);
		splice(&file, i, len - i, bytes_of("", 0));
		found_out(&file, "tail", i);
		copy_of(&receipt, &file);
		splice(&file, i, 1, bytes_of("", 0));
		found_out(&file, "byte out", i);
		copy_of(&receipt, &file);
		splice(&file, i, 0, bytes_of(i % 2 == 0 ? " " : "0", 1));
		found_out(&file, "byte in", i);
		made += 3;
		if (i + 1 == len || all.data[i] == all.data[i + 1])
			continue;
		copy_of(&receipt, &file);
		file.data[file.start + i] = all.data[i + 1];
		file.data[file.start + i + 1] = all.data[i];
		found_out(&file, "exchange", i);
		made++;
	}
	copy_of(&receipt, &file);
	splice(&file, len, 0, bytes_of("\n", 1));
	found_out(&file, "byte behind", len);
	buf_fini(&file);
	return made + 1;
}

static size_t two_bits_are_turned(size_t times)
{
	uint64_t random = seed;
	struct buf file = {0};

	for (size_t i = 0; i < times; i++) {
		size_t bits = 8 * buf_length(&receipt), a = (size_t)draw(&random, bits);
		size_t b = (a + 1 + (size_t)draw(&random, bits - 1)) % bits; /* another */

		copy_of(&receipt, &file);
		file.data[file.start + a / 8] ^= (uint8_t)(1u << a % 8);
		file.data[file.start + b / 8] ^= (uint8_t)(1u << b % 8);
		found_out(&file, "two bits", a);
	}
	buf_fini(&file);
	return times;
}

/* The line of a part, of another receipt. */
static size_t parts_are_of_another(struct buf *other)
{
	static const char *const names[] = {"\"attempt\"", "\"statement\"", "\"signature\""};
	char *ours = mem_copy_text(buf_text(&receipt)), *theirs = mem_copy_text(buf_text(other));
	struct buf file = {0};
	size_t made = 0;

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *at = strstr(ours, names[i]), *from = strstr(theirs, names[i]);
		size_t out = strcspn(at, "\n"), in = strcspn(from, "\n");

		if (out == in && memcmp(at, from, in) == 0)
			continue;
		copy_of(&receipt, &file);
		splice(&file, (size_t)(at - ours), out, bytes_of(from, in));
		found_out(&file, names[i], i);
		made++;
	}
	buf_fini(&file);
	free(ours);
	free(theirs);
	return made;
}

static void every_change_of_a_receipt_is_found(void **state)
{
	size_t found = every_bit_is_turned() + every_byte_is_moved() + two_bits_are_turned(2000);
	size_t mixed = parts_are_of_another(&first_receipt) + parts_are_of_another(&others_receipt);

	(void)state;
	assert_int_equal(2 + 3, mixed); /* the first is of the same attempt */
	assert_true(found + mixed >= 10000);
	printf("%zu changes of a receipt of %zu bytes, all found\n", found + mixed,
	       buf_length(&receipt));
}

/* ---- For the program
 * ----------------------------------------------------------------------------- */

static void write_file(const char *name, struct bytes content)
{
	char *path = mem_printf("%s/%s", write_to, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(content.data, 1, content.len, f), content.len);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void write_all(void)
{
	char hex[2 * SIGNATURE_KEY_SIZE + 1], name[32];
	uint64_t random = seed;

	hex_format(key, sizeof key, hex);
	write_file("key", bytes_of_text(hex));
	write_file("attempt.transcript", buf_bytes(&good));
	write_file("receipt.json", buf_bytes(&receipt));
	write_file("other.json", buf_bytes(&others_receipt));
	for (int i = 0; i < CHANGES; i++) {
		struct buf file = {0};

		changed((enum change)i, &random, &file);
		snprintf(name, sizeof name, "changed-%d.transcript", i);
		write_file(name, buf_bytes(&file));
		buf_fini(&file);
	}
}

static void files_for_the_program_are_written(void **state)
{
	(void)state;
	if (write_to != NULL)
		write_all();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_installation_gave_out_is_good),
	    cmocka_unit_test(every_change_is_found),
	    cmocka_unit_test(what_a_browser_keeps_is_good),
	    cmocka_unit_test(every_change_of_a_receipt_is_found),
	    cmocka_unit_test(files_for_the_program_are_written),
	};

	for (int i = 1; i + 1 < argc; i += 2)
		if (strcmp(argv[i], "--mutations") == 0)
			mutations = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--write") == 0)
			write_to = argv[i + 1];
	log_setup("verify", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, given_transcripts, transcripts_gone);
}
