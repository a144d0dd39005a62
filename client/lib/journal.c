#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "client/lib/journal.h"
#include "proto/base/mem.h"

#define HEAD	     (8 + 32 + 8)
#define ENTRY_HEAD   (4 + 8)
#define ENTRY_MOST   65536
#define JOURNAL_MOST ((size_t)256 * 1024 * 1024)

static const char magic[8] = "EXAMJNL1";

struct journal {
	int fd;	    /* owned, locked */
	char *path; /* owned */
	off_t length;
	size_t cut;
};

static void head_make(uint8_t head[HEAD], const struct digest *pin, struct attempt_id attempt)
{
	memcpy(head, magic, sizeof magic);
	memcpy(head + 8, pin->b, 32);
	u64_write(head + 40, (uint64_t)attempt.v);
}

/* Over the length too, so that a run of zeros is no entry. */
static void checksum(const uint8_t length[4], struct bytes body, uint8_t sum[8])
{
	struct buf all = {0};
	struct digest d;

	buf_put(&all, length, 4);
	buf_put_bytes(&all, body);
	d = digest_of(buf_bytes(&all).data, buf_length(&all));
	memcpy(sum, d.b, 8);
	buf_fini(&all);
}

/* The entry at the front of TEXT; false when it is not whole or not right. */
static bool entry_at(struct bytes text, struct bytes *body)
{
	uint8_t sum[8];
	size_t len;

	if (text.len < ENTRY_HEAD)
		return false;
	len = u32_read(text.data);
	if (len == 0 || len > ENTRY_MOST || len > text.len - ENTRY_HEAD)
		return false;
	*body = bytes_of(text.data + ENTRY_HEAD, len);
	checksum(text.data, *body, sum);
	return memcmp(sum, text.data + 4, sizeof sum) == 0;
}

static void tell(struct bytes body, struct journal_reader *reader)
{
	struct bytes content = bytes_of(body.data + 1, body.len - 1);

	if (body.data[0] == 'A')
		reader->on_answer(reader, content);
	else if (body.data[0] == 'S' && content.len == 16)
		reader->on_settled(reader, (struct item_no){u32_read(content.data)},
				   (struct seat_no){u32_read(content.data + 4)},
				   u32_read(content.data + 8),
				   err_from_number(u32_read(content.data + 12)));
	else if (reader->on_trace != NULL &&
		 (body.data[0] == JOURNAL_LOOKED || body.data[0] == JOURNAL_MARKED))
		reader->on_trace(reader, body.data[0], content);
}

/* Tells all whole entries and returns where they end. */
static size_t read_entries(struct bytes text, struct journal_reader *reader)
{
	size_t at = HEAD;
	struct bytes body;

	while (entry_at(bytes_of(text.data + at, text.len - at), &body)) {
		tell(body, reader);
		at += ENTRY_HEAD + body.len;
	}
	return at;
}

/* Appends, and takes back what was written when it fails. */
static enum err append(struct journal *j, struct bytes data)
{
	size_t done = 0;
	enum err err;

	while (done < data.len) {
		ssize_t n =
		    pwrite(j->fd, data.data + done, data.len - done, j->length + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			goto failed;
		done += (size_t)n;
	}
	j->length += (off_t)data.len;
	return ERR_OK;
failed:
	err = file_error(errno);
	if (ftruncate(j->fd, j->length) != 0)
		err = ERR_IO; /* the next append writes over it */
	return err;
}

static enum err append_entry(struct journal *j, struct bytes body)
{
	struct buf entry = {0};
	uint8_t sum[8], length[4];
	enum err err;

	u32_write(length, (uint32_t)body.len);
	checksum(length, body, sum);
	buf_put(&entry, length, sizeof length);
	buf_put(&entry, sum, sizeof sum);
	buf_put_bytes(&entry, body);
	err = append(j, buf_bytes(&entry));
	buf_fini(&entry);
	return err;
}

/* The name itself must be on disk too. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd); /* some file systems cannot; the file is there all the same */
		close(fd);
	}
}

static enum err begin_file(struct journal *j, const uint8_t head[HEAD])
{
	enum err err;

	if (ftruncate(j->fd, 0) != 0)
		return file_error(errno);
	j->length = 0;
	if ((err = append(j, bytes_of(head, HEAD))) != ERR_OK)
		return err;
	return fdatasync(j->fd) == 0 ? ERR_OK : file_error(errno);
}

/* Of an existing file: check the head, tell the entries, cut the tail. */
static enum err go_on_with(struct journal *j, struct bytes text, const uint8_t head[HEAD],
			   struct journal_reader *reader)
{
	size_t good;

	if (memcmp(text.data, head, HEAD) != 0)
		return ERR_CORRUPT;
	good = read_entries(text, reader);
	j->cut = text.len - good;
	j->length = (off_t)good;
	if (j->cut > 0 && ftruncate(j->fd, j->length) != 0)
		return file_error(errno);
	return ERR_OK;
}

enum err journal_open(struct journal **out, const char *dir, const struct digest *pin,
		      struct attempt_id attempt, struct journal_reader *reader)
{
	struct journal *j = mem_new(sizeof *j);
	struct buf text = {0};
	uint8_t head[HEAD];
	char name[17];
	enum err err;

	hex_format(pin->b, 8, name);
	j->path = mem_printf("%s/journal-%s-%lld", dir, name, (long long)attempt.v);
	j->fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd < 0) {
		err = file_error(errno);
		goto out;
	}
	if (flock(j->fd, LOCK_EX | LOCK_NB) != 0) {
		err = ERR_IN_USE;
		goto out;
	}
	if ((err = file_read(j->path, JOURNAL_MOST, &text)) != ERR_OK)
		goto out;
	head_make(head, pin, attempt);
	/* A head that is not whole was torn at the making: nothing came after it. */
	if (buf_length(&text) < HEAD)
		err = begin_file(j, head);
	else
		err = go_on_with(j, buf_bytes(&text), head, reader);
	if (err != ERR_OK)
		goto out;
	sync_dir(dir);
	*out = j;
	j = NULL;
out:
	buf_fini(&text);
	journal_close(j);
	return err;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

enum err journal_put(struct journal *j, struct bytes answer)
{
	struct buf body = {0};
	off_t before = j->length;
	enum err err;

	buf_put_u8(&body, 'A');
	buf_put_bytes(&body, answer);
	err = append_entry(j, buf_bytes(&body));
	if (err == ERR_OK && fdatasync(j->fd) != 0) {
		err = file_error(errno);
		j->length = before;
		if (ftruncate(j->fd, before) != 0)
			err = ERR_IO;
	}
	buf_fini(&body);
	return err;
}

void journal_settled(struct journal *j, struct item_no item, struct seat_no seat, uint32_t revision,
		     enum err err)
{
	uint8_t body[17];

	body[0] = 'S';
	u32_write(body + 1, item.v);
	u32_write(body + 5, seat.v);
	u32_write(body + 9, revision);
	u32_write(body + 13, (uint32_t)err);
	/* Without it the answer is only sent once more. */
	(void)!append_entry(j, bytes_of(body, sizeof body));
}

void journal_trace(struct journal *j, uint8_t kind, struct bytes content)
{
	struct buf body = {0};

	buf_put_u8(&body, kind);
	buf_put_bytes(&body, content);
	(void)!append_entry(j, buf_bytes(&body));
	buf_fini(&body);
}

void journal_remove(struct journal *j)
{
	if (j != NULL)
		unlink(j->path);
	journal_close(j);
}

size_t journal_cut(const struct journal *j)
{
	return j->cut;
}
