/* The descriptors of this process. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stddef.h>

/* Closes every other one. */
void descriptors_keep_only(const int *keep, size_t n);

#endif
