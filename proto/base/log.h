/* The log: events with names from one list (log.def) and fields, a line each on standard error:
 *
 *   2026-11-23T07:02:11.482Z core 4711 info recovered attempts=8 records=412 ms=12
 *
 * Never an answer, a key, a password, a token or a name.  errno is kept. */
#ifndef PROTO_BASE_LOG_H
#define PROTO_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/err.h"
#include "proto/base/times.h"

enum log_event {
#define LOG(name, level, manual) LOG_##name,
#include "proto/base/log.def"
#undef LOG
	LOG_NEVENTS
};

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_OFF = -1 };

struct log_field {
	const char *name;
	enum { LOG_TEXT, LOG_INT, LOG_END } kind;
	const char *text; /* printed in quotes when it has spaces; control bytes as \xNN */
	int64_t number;
};

#define F_TEXT(n, t)	      ((struct log_field){(n), LOG_TEXT, (t), 0})
#define F_INT(n, i)	      ((struct log_field){(n), LOG_INT, NULL, (int64_t)(i)})
#define F_ERR(e)	      ((struct log_field){"error", LOG_TEXT, err_name(e), 0})
#define F_END		      ((struct log_field){NULL, LOG_END, NULL, 0})

/* log_event(LOG_STARTED, F_INT("pid", 1)): at least one field. */
#define log_event(event, ...) log_fields((event), (const struct log_field[]){__VA_ARGS__, F_END})
void log_fields(enum log_event event, const struct log_field *fields);

/* What this process calls itself, "core", and the least important level that is printed. */
void log_setup(const char *process, enum log_level level);
/* Changes the level alone; from any thread. */
void log_set_level(enum log_level level);

/* Lines about what strangers do must not fill the disk: at most LOG_RATE_MOST a second.  {0} is a
 * new one.  May this line be written?  When lines were left out, the first that is written after
 * them is preceded by LINES_LEFT_OUT, which counts them. */
#define LOG_RATE_MOST 20
struct log_rate {
	struct mono_ms second;
	unsigned lines;
	uint64_t left_out;
};
bool log_may(struct log_rate *rate, enum log_event event, struct mono_ms now);

const char *log_event_name(enum log_event event);
const char *log_event_manual(enum log_event event);

#endif
