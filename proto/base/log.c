#include "proto/base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/bytes.h"
#include "proto/base/times.h"

static const struct {
	const char *name;
	enum log_level level;
	const char *manual;
} events[] = {
#define LOG(name, level, manual) {#name, LOG_LEVEL_##level, manual},
#include "proto/base/log.def"
#undef LOG
};

static const char *process_name = "examd";
static atomic_int most = LOG_LEVEL_INFO;

void log_setup(const char *process, enum log_level level)
{
	process_name = process;
	log_set_level(level);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&most, (int)level, memory_order_relaxed);
}

bool log_may(struct log_rate *rate, enum log_event event, struct mono_ms now)
{
	uint64_t left_out = rate->left_out;

	if (now.v - rate->second.v >= 1000) {
		rate->second = now;
		rate->lines = 0;
	}
	if (rate->lines >= LOG_RATE_MOST) {
		rate->left_out++;
		return false;
	}
	rate->lines++;
	rate->left_out = 0;
	if (left_out > 0)
		log_event(LOG_LINES_LEFT_OUT, F_TEXT("event", log_event_name(event)),
			  F_INT("lines", left_out));
	return true;
}

const char *log_event_name(enum log_event event)
{
	return events[event].name;
}

const char *log_event_manual(enum log_event event)
{
	return events[event].manual;
}

static void put_lower(struct buf *line, const char *name)
{
	for (; *name != '\0'; name++)
		buf_put_u8(line, (uint8_t)(*name == '_' ? '_' : *name | 0x20));
}

static void put_value(struct buf *line, const char *text)
{
	const char *quote = text[0] == '\0' || strpbrk(text, " \"=") != NULL ? "\"" : "";
	const unsigned char *p;

	buf_put_text(line, quote);
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\')
			buf_printf(line, "\\x%02x", *p);
		else
			buf_put_u8(line, *p);
	}
	buf_put_text(line, quote);
}

void log_fields(enum log_event event, const struct log_field *fields)
{
	static const char *const levels[] = {"error", "warn", "info"};
	int saved = errno;
	char when[WALL_TEXT_SIZE];
	struct buf line = {0};
	struct bytes b;

	if ((int)events[event].level > atomic_load_explicit(&most, memory_order_relaxed))
		return;
	wall_format(wall_now(), when);
	buf_printf(&line, "%s %s %d %s ", when, process_name, (int)getpid(),
		   levels[events[event].level]);
	put_lower(&line, events[event].name);
	for (; fields->kind != LOG_END; fields++) {
		buf_printf(&line, " %s=", fields->name);
		if (fields->kind == LOG_INT)
			buf_printf(&line, "%lld", (long long)fields->number);
		else
			put_value(&line, fields->text == NULL ? "" : fields->text);
	}
	buf_put_text(&line, "\n");
	b = buf_bytes(&line);
	if (write(STDERR_FILENO, b.data, b.len) < 0) {
		/* Nobody is listening: there is nowhere to say so. */
	}
	buf_fini(&line);
	errno = saved;
}
