/* figures: what a load generator measures and prints, a line of JSON for each phase. */
#ifndef TESTS_BENCH_FIGURES_H
#define TESTS_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

/* How long each of many things took, in microseconds.  Begins as {0}; never freed: it is needed
 * until the process ends. */
struct figures {
	uint32_t *us;
	size_t n, cap;
};

void figures_add(struct figures *f, int64_t ns);

/* Before figures_ms(), and after the last figures_add(). */
void figures_sort(struct figures *f);

/* What PER_THOUSAND of a thousand do not exceed, in milliseconds: 500 the median, 1000 the most.
 * 0 when there are none. */
double figures_ms(const struct figures *f, unsigned per_thousand);

/* {"phase":NAME, ...} with the moment on CLOCK_MONOTONIC; whoever reads it has it at once. */
void figures_phase(const char *name, size_t n, double seconds);

/* Seconds since a moment of mono_now_ns(). */
double figures_since(int64_t then_ns);

#endif
