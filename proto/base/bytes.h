/* Bytes that somebody else owns, and a buffer that grows. */
#ifndef PROTO_BASE_BYTES_H
#define PROTO_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view: borrowed from whoever made it. */
struct bytes {
	const uint8_t *data;
	size_t len;
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
	return (struct bytes){data, len};
}
struct bytes bytes_of_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);

/* Is this UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF) without NUL? */
bool bytes_is_text(struct bytes b);

/* A queue of bytes: written at the end, taken from the front.  {0} is an empty one; it owns its
 * memory.  Running out of memory ends the process (mem.h). */
struct buf {
	uint8_t *data; /* owned; the first byte not yet taken is data[start] */
	size_t start, end, cap;
};

void buf_fini(struct buf *b);
size_t buf_length(const struct buf *b);
struct bytes buf_bytes(const struct buf *b); /* until the buffer is changed */
void buf_put(struct buf *b, const void *data, size_t len);
void buf_put_bytes(struct buf *b, struct bytes bytes);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v); /* big-endian */
void buf_put_u64(struct buf *b, uint64_t v); /* big-endian */
void buf_put_text(struct buf *b, const char *text);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *fmt, ...);

/* Room for LEN bytes at the end; fill it, then buf_added() what was filled. */
uint8_t *buf_reserve(struct buf *b, size_t len);
void buf_added(struct buf *b, size_t len);

/* Take LEN bytes, at most buf_length(), from the front. */
void buf_take(struct buf *b, size_t len);
/* Keeps the first LEN bytes, at most buf_length(): takes back what was appended after them. */
void buf_cut(struct buf *b, size_t len);
void buf_clear(struct buf *b);

/* The content as a NUL-terminated text; until the buffer is changed. */
const char *buf_text(struct buf *b);

/* The content with a NUL behind it, to be freed with free(); the buffer is empty then. */
char *buf_detach_text(struct buf *b);

uint32_t u32_read(const uint8_t *p); /* big-endian */
uint64_t u64_read(const uint8_t *p);
void u32_write(uint8_t *p, uint32_t v);
void u64_write(uint8_t *p, uint64_t v);

#endif
