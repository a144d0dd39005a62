#include "tests/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>

void target_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
	abort();
}
