#include "daemon/front/leash.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union passing {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

enum err leash_pair(int fd_out[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd_out) == 0 ? ERR_OK : ERR_IO;
}

static enum err error_of(int number)
{
	switch (number) {
	case EAGAIN:
		return ERR_BUSY;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return ERR_CLOSED;
	default:
		return ERR_IO;
	}
}

enum err leash_send(int fd, enum leash_letter letter, struct bytes payload, int fd_to_pass)
{
	uint8_t first = (uint8_t)letter;
	struct iovec parts[2] = {{&first, 1}, {(void *)(uintptr_t)payload.data, payload.len}};
	union passing passing = {0};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = payload.len > 0 ? 2 : 1};
	ssize_t n;

	if (payload.len > LEASH_MOST)
		return ERR_TOO_LARGE;
	if (fd_to_pass >= 0) {
		passing.head.cmsg_level = SOL_SOCKET;
		passing.head.cmsg_type = SCM_RIGHTS;
		passing.head.cmsg_len = CMSG_LEN(sizeof fd_to_pass);
		memcpy(CMSG_DATA(&passing.head), &fd_to_pass, sizeof fd_to_pass);
		msg.msg_control = &passing;
		msg.msg_controllen = sizeof passing.room;
	}
	do
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_of(errno) : ERR_OK;
}

/* The descriptor that came with a message; -1: none. */
static int passed_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

enum err leash_receive(int fd, struct leash_message *out)
{
	uint8_t first = 0;
	struct iovec parts[2] = {{&first, 1}, {out->payload, sizeof out->payload}};
	union passing passing = {0};
	struct msghdr msg = {
	    .msg_iov = parts,
	    .msg_iovlen = 2,
	    .msg_control = &passing,
	    .msg_controllen = sizeof passing.room,
	};
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? ERR_NOT_FOUND : error_of(errno);
	if (n == 0)
		return ERR_CLOSED;
	out->letter = (enum leash_letter)first;
	out->len = (size_t)n - 1;
	out->fd = passed_fd(&msg);
	if (strchr("CKFROS", first) != NULL && first != '\0' && (msg.msg_flags & MSG_TRUNC) == 0)
		return ERR_OK;
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
	return ERR_PROTOCOL;
}

void leash_front_put(struct buf *payload, uint32_t number, uint32_t pid)
{
	buf_put_u32(payload, number);
	buf_put_u32(payload, pid);
}

enum err leash_front_read(const struct leash_message *m, uint32_t *number, uint32_t *pid)
{
	if (m->len != 8 || m->fd < 0)
		return ERR_PROTOCOL;
	*number = u32_read(m->payload);
	*pid = u32_read(m->payload + 4);
	return ERR_OK;
}

void leash_keys_put(struct buf *payload, struct bytes cert_pem, struct bytes key_pem)
{
	buf_put_u32(payload, (uint32_t)cert_pem.len);
	buf_put_bytes(payload, cert_pem);
	buf_put_bytes(payload, key_pem);
}

enum err leash_keys_read(const struct leash_message *m, struct bytes *cert_pem,
			 struct bytes *key_pem)
{
	uint32_t len;

	if (m->len < 4 || (len = u32_read(m->payload)) > m->len - 4)
		return ERR_PROTOCOL;
	*cert_pem = bytes_of(m->payload + 4, len);
	*key_pem = bytes_of(m->payload + 4 + len, m->len - 4 - len);
	return ERR_OK;
}

/* ---- Settings: all are numbers of 32 bits, in this order ------------------------------------- */

#define SETTINGS 14

static void put_millis(struct buf *payload, struct millis m)
{
	buf_put_u32(payload, (uint32_t)m.v); /* no limit of time is as long as 49 days */
}

void leash_settings_put(struct buf *payload, const struct leash_settings *settings)
{
	const struct front_settings *f = &settings->front;

	buf_put_u32(payload, f->connections_most);
	buf_put_u32(payload, f->connections_per_address);
	put_millis(payload, f->handshake);
	put_millis(payload, f->first_frame);
	put_millis(payload, f->frame);
	put_millis(payload, f->login);
	buf_put_u32(payload, f->frames_per_second);
	buf_put_u32(payload, f->frames_burst);
	buf_put_u32(payload, f->client_queue_most);
	buf_put_u32(payload, f->core_queue_most);
	buf_put_u32(payload, (uint32_t)(settings->log_level + 1)); /* LOG_LEVEL_OFF is -1 */
	put_millis(payload, settings->metrics_every);
	buf_put_u32(payload, settings->core_starts);
	buf_put_u32(payload, settings->front_starts);
}

static uint32_t next_u32(const uint8_t **at)
{
	uint32_t n = u32_read(*at);

	*at += 4;
	return n;
}

static struct millis next_millis(const uint8_t **at)
{
	return (struct millis){next_u32(at)};
}

enum err leash_settings_read(const struct leash_message *m, struct leash_settings *out)
{
	struct front_settings *f = &out->front;
	const uint8_t *at = m->payload;
	uint32_t level;

	if (m->len != 4 * SETTINGS)
		return ERR_PROTOCOL;
	f->connections_most = next_u32(&at);
	f->connections_per_address = next_u32(&at);
	f->handshake = next_millis(&at);
	f->first_frame = next_millis(&at);
	f->frame = next_millis(&at);
	f->login = next_millis(&at);
	f->frames_per_second = next_u32(&at);
	f->frames_burst = next_u32(&at);
	f->client_queue_most = next_u32(&at);
	f->core_queue_most = next_u32(&at);
	level = next_u32(&at);
	out->metrics_every = next_millis(&at);
	out->core_starts = next_u32(&at);
	out->front_starts = next_u32(&at);
	if (level > LOG_LEVEL_INFO + 1)
		return ERR_PROTOCOL;
	out->log_level = (enum log_level)((int)level - 1);
	return ERR_OK;
}
