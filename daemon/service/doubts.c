#include "daemon/service/doubts.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "daemon/service/service.h"
#include "proto/base/log.h"
#include "proto/stream/tls.h"

#define GIB	       (1ull << 30)
#define CERT_MOST      (64 * 1024)
#define CERT_DAYS      14
#define DAY_MS	       (24ll * 60 * 60 * 1000)
#define YEAR_2026_MS   1767225600000ll
#define WATCH_EVERY    SECONDS(10)
#define STEP_LEAST     SECONDS(2)
#define STEP_REMEMBERS MINUTES(60)

struct doubts {
	struct core *core; /* borrowed */
	struct timer timer;
	struct wall_ms wall; /* both as last seen */
	struct mono_ms mono;
	bool stepped;
	struct mono_ms stepped_at;
};

/* ---- Judging --------------------------------------------------------------------------------- */

static bool disk(const struct doubt_facts *f)
{
	return f->disk_size > 0 && (f->disk_free < GIB || f->disk_free < f->disk_size / 20);
}

static bool memory(const struct doubt_facts *f)
{
	return f->in_memory;
}

static bool descriptors(const struct doubt_facts *f)
{
	return f->descriptors < f->descriptors_needed;
}

static bool is_early(const struct doubt_facts *f)
{
	return f->wall.v < YEAR_2026_MS;
}

static bool stepped(const struct doubt_facts *f)
{
	return f->stepped;
}

static bool certificate(const struct doubt_facts *f)
{
	return f->certificate_until.v != 0 &&
	       f->certificate_until.v - f->wall.v < CERT_DAYS * DAY_MS;
}

static const struct {
	const char *name;
	bool (*holds)(const struct doubt_facts *f);
	const char *sentence;
} doubts[DOUBTS] = {
    [DOUBT_DISK] = {"disk", disk,
		    "Less than 1 GiB or 5 percent of the disk of the data directory is free."},
    [DOUBT_MEMORY] = {"memory", memory,
		      "The data directory is on a file system in memory: a power cut empties it."},
    [DOUBT_DESCRIPTORS] = {"descriptors", descriptors,
			   "The limit of open files (RLIMIT_NOFILE) is too low for "
			   "connections_most."},
    [DOUBT_CLOCK] = {"clock", is_early, "The wall clock is wrong: it is before 2026."},
    [DOUBT_STEP] = {"step", stepped, "The wall clock has stepped in the last hour."},
    [DOUBT_CERTIFICATE] = {"certificate", certificate,
			   "The certificate ends within 14 days, or has ended."},
};

unsigned doubts_judge(const struct doubt_facts *facts)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < DOUBTS; i++)
		if (doubts[i].holds(facts))
			bits |= 1u << i;
	return bits;
}

const char *doubt_name(enum doubt d)
{
	return doubts[d].name;
}

const char *doubt_sentence(enum doubt d)
{
	return doubts[d].sentence;
}

/* ---- Looking --------------------------------------------------------------------------------- */

/* The part of a file that can be a certificate; 0: there is none that we may read. */
static struct wall_ms certificate_until(const char *path)
{
	struct wall_ms until = {0};
	struct buf pem = {0};
	FILE *f = path == NULL ? NULL : fopen(path, "re");

	if (f == NULL)
		return until;
	buf_added(&pem, fread(buf_reserve(&pem, CERT_MOST), 1, CERT_MOST, f));
	fclose(f);
	if (tls_end_of_pem(buf_bytes(&pem), &until) != ERR_OK)
		until.v = 0;
	buf_fini(&pem);
	return until;
}

static void look_at_disk(const char *dir, struct doubt_facts *f)
{
	struct statvfs vfs;
	struct statfs fs;

	if (statvfs(dir, &vfs) == 0) {
		f->disk_free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
		f->disk_size = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	}
	if (statfs(dir, &fs) == 0)
		f->in_memory = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

unsigned doubts_look(const struct doubts *d)
{
	const struct core *core = d->core;
	struct rlimit files = {0};
	struct doubt_facts f = {
	    .descriptors_needed = core->settings.descriptors,
	    .wall = service_wall(core),
	    .stepped = d->stepped,
	    .certificate_until = certificate_until(core->settings.certificate),
	};

	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		f.descriptors = files.rlim_max; /* fronts raise theirs to it */
	look_at_disk(core->dir, &f);
	return doubts_judge(&f);
}

void doubts_tell(const struct doubts *d, struct sitting_id sitting)
{
	unsigned bits = doubts_look(d);
	struct buf list = {0};

	if (bits == 0)
		return;
	for (unsigned i = 0; i < DOUBTS; i++)
		if (bits & 1u << i)
			buf_printf(&list, "%s%s", buf_length(&list) > 0 ? "," : "", doubts[i].name);
	log_event(LOG_SITTING_DOUBTFUL, F_INT("sitting", sitting.v),
		  F_TEXT("doubts", buf_text(&list)));
	buf_fini(&list);
}

/* ---- Steps of the clock ---------------------------------------------------------------------- */

void doubts_watch(struct doubts *d)
{
	struct wall_ms wall = clock_wall(&d->core->clock);
	struct mono_ms mono = clock_mono(&d->core->clock);
	int64_t step = (wall.v - d->wall.v) - (mono.v - d->mono.v);

	if (step > STEP_LEAST.v || step < -STEP_LEAST.v) {
		d->stepped = true;
		d->stepped_at = mono;
	} else if (mono.v - d->stepped_at.v > STEP_REMEMBERS.v) {
		d->stepped = false;
	}
	d->wall = wall;
	d->mono = mono;
}

static void on_time(struct timer *timer)
{
	doubts_watch(container_of(timer, struct doubts, timer));
	timer_set(timer, WATCH_EVERY);
}

struct doubts *doubts_new(struct core *core)
{
	struct doubts *d = mem_new(sizeof(*d));

	d->core = core;
	d->wall = clock_wall(&core->clock);
	d->mono = clock_mono(&core->clock);
	timer_init(&d->timer, core->loop, on_time);
	timer_set(&d->timer, WATCH_EVERY);
	return d;
}

void doubts_free(struct doubts *d)
{
	if (d == NULL)
		return;
	timer_fini(&d->timer);
	free(d);
}
