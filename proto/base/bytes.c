#include "proto/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

struct bytes bytes_of_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The length of the UTF-8 sequence at P, of at most LEFT bytes; 0 when there is none. */
static size_t sequence(const uint8_t *p, size_t left)
{
	uint32_t c;
	size_t n, i;

	if (p[0] < 0x80)
		return p[0] != 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 0;
	c = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

bool bytes_is_text(struct bytes b)
{
	size_t i, n;

	for (i = 0; i < b.len; i += n)
		if ((n = sequence(b.data + i, b.len - i)) == 0)
			return false;
	return true;
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

size_t buf_length(const struct buf *b)
{
	return b->end - b->start;
}

struct bytes buf_bytes(const struct buf *b)
{
	return b->data == NULL ? bytes_of("", 0) : bytes_of(b->data + b->start, b->end - b->start);
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
	if (b->cap - b->end >= len && b->data != NULL)
		return b->data + b->end;
	if (b->start > 0 && b->start >= b->end - b->start) {
		memmove(b->data, b->data + b->start, b->end - b->start);
		b->end -= b->start;
		b->start = 0;
	}
	if (b->data == NULL || b->cap - b->end < len) {
		size_t cap = b->cap < 64 ? 64 : b->cap;

		while (cap - b->end < len)
			cap *= 2;
		b->data = mem_resize(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->end;
}

void buf_added(struct buf *b, size_t len)
{
	b->end += len;
}

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(b, len), data, len);
	b->end += len;
}

void buf_put_bytes(struct buf *b, struct bytes bytes)
{
	buf_put(b, bytes.data, bytes.len);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	u32_write(buf_reserve(b, 4), v);
	b->end += 4;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	u64_write(buf_reserve(b, 8), v);
	b->end += 8;
}

void buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
		b->end += (size_t)n;
	}
	va_end(again);
}

void buf_take(struct buf *b, size_t len)
{
	b->start += len;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_cut(struct buf *b, size_t len)
{
	b->end = b->start + len;
	buf_take(b, 0);
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
}

const char *buf_text(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)b->data + b->start;
}

char *buf_detach_text(struct buf *b)
{
	char *text = mem_copy_text(buf_text(b));

	buf_fini(b);
	return text;
}

uint32_t u32_read(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t u64_read(const uint8_t *p)
{
	return (uint64_t)u32_read(p) << 32 | u32_read(p + 4);
}

void u32_write(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void u64_write(uint8_t *p, uint64_t v)
{
	u32_write(p, (uint32_t)(v >> 32));
	u32_write(p + 4, (uint32_t)v);
}
