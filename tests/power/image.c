#include "tests/power/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/mem.h"

#define SECTOR	   512
#define PAGE	   4096
#define LINKS_MOST 64
#define NO_FILE	   UINT32_MAX

uint64_t image_draw(uint64_t *random, uint64_t most)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return most == 0 ? 0 : z % most;
}

/* ---- Content
 * ------------------------------------------------------------------------------------- */

static void grow_to(struct buf *b, size_t size)
{
	size_t more = size > buf_length(b) ? size - buf_length(b) : 0;

	if (more == 0)
		return;
	memset(buf_reserve(b, more), 0, more);
	buf_added(b, more);
}

static uint8_t *content_of(struct buf *b)
{
	return b->data + b->start;
}

/* The bytes FROM to TO of what a write wrote. */
static void write_part(struct buf *b, const struct recording *r, const struct happened *h,
		       size_t from, size_t to)
{
	if (to <= from)
		return;
	grow_to(b, (size_t)h->at + to);
	memcpy(content_of(b) + h->at + from, buf_bytes(&r->data).data + h->data + from, to - from);
}

static void carry_out(struct buf *b, const struct recording *r, const struct happened *h)
{
	if (h->kind == HAPPENED_WRITE) {
		write_part(b, r, h, 0, h->len);
	} else if (h->at >= buf_length(b)) {
		grow_to(b, (size_t)h->at);
	} else {
		b->end = b->start + (size_t)h->at;
	}
}

static bool changes(const struct happened *h, unsigned file)
{
	return h->file == file && (h->kind == HAPPENED_WRITE || h->kind == HAPPENED_TRUNCATE);
}

/* Takes what was synced before CUT into .content. */
static void catch_up(const struct recording *r, size_t cut, unsigned file, struct durable_file *f)
{
	size_t last = f->synced, i;

	for (i = f->synced; i < cut; i++)
		if (r->all[i].kind == HAPPENED_SYNC && r->all[i].file == file)
			last = i + 1;
	for (i = f->synced; i < last; i++)
		if (changes(&r->all[i], file))
			carry_out(&f->content, r, &r->all[i]);
	f->synced = last;
}

/* ---- What was not synced
 * ------------------------------------------------------------------------- */

struct loose {
	const struct recording *r;
	const struct happened **all; /* owned */
	size_t length;
};

static struct loose loose_of(const struct recording *r, size_t from, size_t cut, unsigned file)
{
	struct loose l = {.r = r, .all = mem_new_array(cut - from + 1, sizeof *l.all)};

	for (size_t i = from; i < cut; i++)
		if (changes(&r->all[i], file))
			l.all[l.length++] = &r->all[i];
	return l;
}

/* Each part of a write in one piece of the file of SIZE bytes, or not. */
static void torn(struct buf *b, const struct recording *r, const struct happened *h, size_t size,
		 uint64_t keep, uint64_t *random)
{
	size_t from = 0;

	if (h->kind != HAPPENED_WRITE) {
		if (image_draw(random, 4) < keep)
			carry_out(b, r, h);
		return;
	}
	while (from < h->len) {
		size_t to = from + size - (size_t)(h->at + from) % size;

		if (to > h->len)
			to = h->len;
		if (image_draw(random, 4) < keep)
			write_part(b, r, h, from, to);
		from = to;
	}
}

static void tail_lost(struct buf *b, const struct loose *l, uint64_t *random)
{
	size_t whole = (size_t)image_draw(random, l->length + 1), i;

	for (i = 0; i < whole; i++)
		carry_out(b, l->r, l->all[i]);
	if (i < l->length && l->all[i]->kind == HAPPENED_WRITE)
		write_part(b, l->r, l->all[i], 0,
			   (size_t)image_draw(random, l->all[i]->len / SECTOR + 1) * SECTOR);
}

static void exchanged(struct buf *b, struct loose *l, uint64_t keep, uint64_t *random)
{
	for (size_t i = l->length; i > 1; i--) {
		size_t j = (size_t)image_draw(random, i);
		const struct happened *h = l->all[i - 1];

		l->all[i - 1] = l->all[j];
		l->all[j] = h;
	}
	for (size_t i = 0; i < l->length; i++)
		if (image_draw(random, 4) < keep)
			carry_out(b, l->r, l->all[i]);
}

static void put_loose(struct buf *b, struct loose *l, enum tearing tearing, uint64_t *random)
{
	uint64_t keep = 1 + image_draw(random, 3); /* of 4 */

	switch (tearing) {
	case ALL_LOST:
	case TEARINGS:
		return;
	case TAIL_LOST:
		tail_lost(b, l, random);
		return;
	case WRITES_EXCHANGED:
		exchanged(b, l, keep, random);
		return;
	case ALL_THERE:
	case WRITES_LOST:
	case SECTORS_LOST:
	case PAGES_LOST:
		break;
	}
	for (size_t i = 0; i < l->length; i++)
		if (tearing == SECTORS_LOST)
			torn(b, l->r, l->all[i], SECTOR, keep, random);
		else if (tearing == PAGES_LOST)
			torn(b, l->r, l->all[i], PAGE, keep, random);
		else if (tearing == ALL_THERE || image_draw(random, 4) < keep)
			carry_out(b, l->r, l->all[i]);
}

/* ---- Names
 * --------------------------------------------------------------------------------------- */

struct links {
	struct {
		char name[48];
		unsigned file;
	} all[LINKS_MOST];
	size_t length;
};

static size_t find(const struct links *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->length && strcmp(l->all[i].name, name) != 0; i++)
		;
	return i;
}

static void put_link(struct links *l, const char *name, unsigned file)
{
	size_t i = find(l, name);

	if (i == LINKS_MOST)
		abort();
	snprintf(l->all[i].name, sizeof l->all[i].name, "%s", name);
	l->all[i].file = file;
	l->length += i == l->length;
}

static void drop_link(struct links *l, const char *name)
{
	size_t i = find(l, name);

	if (i < l->length)
		l->all[i] = l->all[--l->length];
}

static void change_links(struct links *l, const struct happened *h)
{
	if (h->kind == HAPPENED_RENAME || h->kind == HAPPENED_UNLINK)
		drop_link(l, h->name);
	if (h->kind == HAPPENED_LINK)
		put_link(l, h->name, h->file);
	else if (h->kind == HAPPENED_RENAME)
		put_link(l, h->other, h->file);
}

/* Is it a change of this folder?  Nothing is ever moved from one to another. */
static bool changes_folder(const struct happened *h, const char *folder)
{
	const char *slash = strrchr(h->name, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - h->name);

	return (h->kind == HAPPENED_LINK || h->kind == HAPPENED_UNLINK ||
		h->kind == HAPPENED_RENAME) &&
	       strlen(folder) == len && strncmp(folder, h->name, len) == 0;
}

static void put_folder(const struct recording *r, size_t cut, const char *folder,
		       enum tearing tearing, uint64_t *random, struct links *l)
{
	size_t synced = 0, loose = 0, there, i;

	for (i = 0; i < cut; i++)
		if (r->all[i].kind == HAPPENED_DIR_SYNC && strcmp(r->all[i].name, folder) == 0)
			synced = i;
	for (i = synced; i < cut; i++)
		loose += changes_folder(&r->all[i], folder);
	there = tearing == ALL_LOST    ? 0
		: tearing == ALL_THERE ? loose
				       : (size_t)image_draw(random, loose + 1);
	for (i = 0; i < cut; i++) {
		if (!changes_folder(&r->all[i], folder))
			continue;
		if (i >= synced && there-- == 0)
			break;
		change_links(l, &r->all[i]);
	}
}

/* ---- The image
 * ----------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, struct bytes content)
{
	char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	while (fd >= 0 && content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n <= 0)
			abort();
		content = bytes_of(content.data + n, content.len - (size_t)n);
	}
	if (fd < 0 || close(fd) != 0)
		abort();
	free(path);
}

void image_write(const struct recording *r, size_t cut, enum tearing tearing, uint64_t random,
		 struct durable *durable, const char *dir)
{
	static const char *const folders[] = {"", "backups"};
	struct links links = {.length = 0};
	char *backups = mem_printf("%s/backups", dir);

	if (durable->files == NULL) {
		durable->files = mem_new_array(r->files, sizeof *durable->files);
		durable->nfiles = r->files;
	}
	for (size_t i = 0; i < COUNT(folders); i++)
		put_folder(r, cut, folders[i], tearing, &random, &links);
	mkdir(backups, 0700);
	for (size_t i = 0; i < links.length; i++) {
		unsigned file = links.all[i].file;
		struct durable_file *f = &durable->files[file];
		struct buf content = {0};
		struct loose loose;

		catch_up(r, cut, file, f);
		buf_put_bytes(&content, buf_bytes(&f->content));
		loose = loose_of(r, f->synced, cut, file);
		put_loose(&content, &loose, tearing, &random);
		write_file(dir, links.all[i].name, buf_bytes(&content));
		free(loose.all);
		buf_fini(&content);
	}
	free(backups);
}

void durable_free(struct durable *d)
{
	for (size_t i = 0; i < d->nfiles; i++)
		buf_fini(&d->files[i].content);
	free(d->files);
	*d = (struct durable){0};
}
