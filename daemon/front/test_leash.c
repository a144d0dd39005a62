#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/front/leash.h"
#include "proto/base/mem.h"

static struct leash_message got; /* 64 KiB: too much for a stack frame */

static void send_ok(int fd, enum leash_letter letter, struct bytes payload, int pass)
{
	assert_int_equal(leash_send(fd, letter, payload, pass), ERR_OK);
}

static void a_message_comes_as_it_was_sent_with_its_descriptor(void **state)
{
	struct buf payload = {0};
	uint32_t number = 0, pid = 0;
	int leash[2], pipe_fd[2];
	char c = 0;

	(void)state;
	assert_int_equal(leash_pair(leash), ERR_OK);
	assert_int_equal(pipe(pipe_fd), 0);
	leash_front_put(&payload, 0xabcdef, 4711);
	send_ok(leash[0], LEASH_FRONT_CHANNEL, buf_bytes(&payload), pipe_fd[1]);
	close(pipe_fd[1]);

	assert_int_equal(leash_receive(leash[1], &got), ERR_OK);
	assert_int_equal(got.letter, LEASH_FRONT_CHANNEL);
	assert_int_equal(leash_front_read(&got, &number, &pid), ERR_OK);
	assert_int_equal(number, 0xabcdef);
	assert_int_equal(pid, 4711);
	assert_true(fcntl(got.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(got.fd, "x", 1), 1);
	assert_int_equal(read(pipe_fd[0], &c, 1), 1);
	assert_int_equal(c, 'x');

	close(got.fd);
	close(pipe_fd[0]);
	close(leash[0]);
	close(leash[1]);
	buf_fini(&payload);
}

static void certificate_and_key_of_the_largest_size_come_whole(void **state)
{
	uint8_t *pem = mem_new(LEASH_MOST);
	struct buf payload = {0};
	struct bytes cert, key;
	int leash[2];

	(void)state;
	memset(pem, 'p', LEASH_MOST);
	assert_int_equal(leash_pair(leash), ERR_OK);
	leash_keys_put(&payload, bytes_of(pem, 60000), bytes_of(pem, LEASH_MOST - 60004));
	send_ok(leash[0], LEASH_KEYS, buf_bytes(&payload), -1);
	assert_int_equal(leash_receive(leash[1], &got), ERR_OK);
	assert_int_equal(got.fd, -1);
	assert_int_equal(leash_keys_read(&got, &cert, &key), ERR_OK);
	assert_int_equal(cert.len, 60000);
	assert_int_equal(key.len, LEASH_MOST - 60004);
	assert_memory_equal(key.data, pem, key.len);

	buf_put_u8(&payload, 0);
	assert_int_equal(leash_send(leash[0], LEASH_KEYS, buf_bytes(&payload), -1), ERR_TOO_LARGE);
	close(leash[0]);
	close(leash[1]);
	buf_fini(&payload);
	free(pem);
}

static void nothing_there_an_end_and_a_strange_letter_are_told_apart(void **state)
{
	int leash[2], pipe_fd[2];

	(void)state;
	assert_int_equal(leash_pair(leash), ERR_OK);
	assert_int_equal(leash_receive(leash[1], &got), ERR_NOT_FOUND);
	assert_int_equal(pipe(pipe_fd), 0);
	send_ok(leash[0], (enum leash_letter)'?', bytes_of_text("x"), pipe_fd[1]);
	close(pipe_fd[1]);
	assert_int_equal(leash_receive(leash[1], &got), ERR_PROTOCOL);
	/* The strange message's descriptor was closed: the pipe is at its end. */
	assert_int_equal(read(pipe_fd[0], &(char){0}, 1), 0);
	send_ok(leash[0], LEASH_STOP, bytes_of("", 0), -1);
	close(leash[0]);
	assert_int_equal(leash_receive(leash[1], &got), ERR_OK);
	assert_int_equal(got.letter, LEASH_STOP);
	assert_int_equal(leash_receive(leash[1], &got), ERR_CLOSED);
	assert_int_equal(leash_send(leash[1], LEASH_READY, bytes_of("", 0), -1), ERR_CLOSED);
	close(leash[1]);
	close(pipe_fd[0]);
}

static void payloads_of_another_length_are_refused(void **state)
{
	uint32_t number, pid;
	struct bytes cert, key;

	(void)state;
	got = (struct leash_message){.letter = LEASH_FRONT_CHANNEL, .fd = 0, .len = 7};
	assert_int_equal(leash_front_read(&got, &number, &pid), ERR_PROTOCOL);
	got.len = 8;
	got.fd = -1;
	assert_int_equal(leash_front_read(&got, &number, &pid), ERR_PROTOCOL);
	got.len = 3;
	assert_int_equal(leash_keys_read(&got, &cert, &key), ERR_PROTOCOL);
	got.len = 10;
	u32_write(got.payload, 7);
	assert_int_equal(leash_keys_read(&got, &cert, &key), ERR_PROTOCOL);
	u32_write(got.payload, 6);
	assert_int_equal(leash_keys_read(&got, &cert, &key), ERR_OK);
	assert_int_equal(key.len, 0);
}

static void settings_come_as_they_were_sent_and_whole_or_not_at_all(void **state)
{
	const struct leash_settings sent = {
	    .front = {1, 2, {3}, {4}, {5}, {6}, 7, 8, 9, 10},
	    .log_level = LOG_LEVEL_OFF,
	    .metrics_every = {11000},
	    .core_starts = 12,
	    .front_starts = 13,
	};
	struct leash_settings read = {0};
	struct buf payload = {0};
	int leash[2];

	(void)state;
	assert_int_equal(leash_pair(leash), ERR_OK);
	leash_settings_put(&payload, &sent);
	send_ok(leash[0], LEASH_SETTINGS, buf_bytes(&payload), -1);
	assert_int_equal(leash_receive(leash[1], &got), ERR_OK);
	assert_int_equal(got.letter, LEASH_SETTINGS);
	assert_int_equal(leash_settings_read(&got, &read), ERR_OK);
	assert_memory_equal(&read.front, &sent.front, sizeof sent.front);
	assert_int_equal(read.log_level, LOG_LEVEL_OFF);
	assert_int_equal(read.metrics_every.v, 11000);
	assert_int_equal(read.core_starts, 12);
	assert_int_equal(read.front_starts, 13);
	got.payload[43] = LOG_LEVEL_INFO + 2;
	assert_int_equal(leash_settings_read(&got, &read), ERR_PROTOCOL);
	got.payload[43] = LOG_LEVEL_INFO + 1;
	got.len--;
	assert_int_equal(leash_settings_read(&got, &read), ERR_PROTOCOL);
	close(leash[0]);
	close(leash[1]);
	buf_fini(&payload);
}

static void a_receiver_that_reads_nothing_is_told_and_not_waited_for(void **state)
{
	uint8_t *pem = mem_new(LEASH_MOST);
	int leash[2], sent = 0;
	enum err err;

	(void)state;
	assert_int_equal(leash_pair(leash), ERR_OK);
	while ((err = leash_send(leash[0], LEASH_KEYS, bytes_of(pem, LEASH_MOST), -1)) == ERR_OK)
		assert_true(++sent < 1000);
	assert_int_equal(err, ERR_BUSY);
	assert_true(sent > 0);
	close(leash[0]);
	close(leash[1]);
	free(pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_comes_as_it_was_sent_with_its_descriptor),
	    cmocka_unit_test(certificate_and_key_of_the_largest_size_come_whole),
	    cmocka_unit_test(nothing_there_an_end_and_a_strange_letter_are_told_apart),
	    cmocka_unit_test(payloads_of_another_length_are_refused),
	    cmocka_unit_test(settings_come_as_they_were_sent_and_whole_or_not_at_all),
	    cmocka_unit_test(a_receiver_that_reads_nothing_is_told_and_not_waited_for),
	};

	return cmocka_run_group_tests_name("leash", tests, NULL, NULL);
}
