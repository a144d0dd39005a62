/* A fuzz target: a file of this folder with one function, which must come back from any bytes.
 *
 * In the build kind Fuzz each is a libFuzzer program; in all others it is a program that reads the
 * files of its corpus once (replay.c), so that what was found stays found.  A target that finds
 * something wrong that is no fault of memory calls target_failed(). */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is wrong and ends the process the way a crash does. */
#define MUST(condition) ((condition) ? (void)0 : target_failed(#condition, __FILE__, __LINE__))
_Noreturn void target_failed(const char *what, const char *file, int line);

#endif
