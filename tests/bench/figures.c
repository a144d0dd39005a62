#include "tests/bench/figures.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/mem.h"
#include "proto/stream/loop.h"

void figures_add(struct figures *f, int64_t ns)
{
	if (f->n == f->cap) {
		f->cap = f->cap * 2 + 1024;
		f->us = mem_resize(f->us, f->cap * sizeof *f->us);
	}
	f->us[f->n++] = (uint32_t)(ns / 1000);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void figures_sort(struct figures *f)
{
	if (f->n > 0)
		qsort(f->us, f->n, sizeof *f->us, compare);
}

double figures_ms(const struct figures *f, unsigned per_thousand)
{
	size_t at = f->n * per_thousand / 1000;

	if (f->n == 0)
		return 0;
	return f->us[at < f->n ? at : f->n - 1] / 1e3;
}

void figures_phase(const char *name, size_t n, double seconds)
{
	printf("{\"phase\":\"%s\",\"n\":%zu,\"seconds\":%.4f,\"at_ns\":%lld}\n", name, n, seconds,
	       (long long)mono_now_ns());
	fflush(stdout);
}

double figures_since(int64_t then_ns)
{
	return (double)(mono_now_ns() - then_ns) / 1e9;
}
