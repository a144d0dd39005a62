/* The files of the web client, as they stand in the program. */
#ifndef DAEMON_FRONT_WEB_FILES_H
#define DAEMON_FRONT_WEB_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web_file {
	const char *path;     /* "/assets/index-3fd0.js"; "/" for the page itself */
	const char *type;     /* content type */
	const char *encoding; /* "br", "gzip"; NULL: as it is */
	bool immutable;	      /* its name has its hash: may be kept for ever */
	const uint8_t *bytes;
	const uint8_t *end;
};

/* Encodings of one path stand side by side, the best first. */
extern const struct web_file web_files[];
extern const size_t nweb_files;

#endif
