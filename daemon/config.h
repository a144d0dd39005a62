/* The settings of `examd run`, from one table (config.def) that also writes the manual. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/base/times.h"

#define CONFIG_TYPE_TEXT   char * /* owned */
#define CONFIG_TYPE_COUNT  uint32_t
#define CONFIG_TYPE_MILLIS struct millis
#define CONFIG_TYPE_LEVEL  enum log_level

struct config {
#define CONFIG(name, kind, fallback, least, most, reload, manual) CONFIG_TYPE_##kind name;
#include "daemon/config.def"
#undef CONFIG
};

/* Every setting at its default. */
void config_init(struct config *c);
void config_fini(struct config *c);

/* Reads "NAME=VALUE".
 *
 * ERR_NOT_FOUND  there is no such setting
 * ERR_INVALID    the value is not of its kind, or out of its bounds; nothing was changed
 *
 * DETAIL then says so in a sentence. */
MUST_USE enum err config_set(struct config *c, const char *assignment, char detail[256]);

/* The name of the I'th setting; NULL after the last. */
const char *config_name(size_t i);

/* The name of the next setting, from the I'th on, that differs between the two and cannot change
 * while examd runs; NULL: there is none.  I becomes the place after it. */
const char *config_next_waiting(const struct config *running, const struct config *wanted,
				size_t *i);

/* Appends a line for each setting: name and default, as --help prints them. */
void config_help(struct buf *out);

/* Appends the part of examd.yaml(5) about settings, in mdoc. */
void config_manual(struct buf *out);

/* Appends an examd.yaml that says nothing yet: each setting with its manual and its default, all in
 * comments. */
void config_example(struct buf *out);

#endif
