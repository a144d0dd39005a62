#include "daemon/status_table.h"

#include "daemon/engine/sitting.h"
#include "proto/base/mem.h"

static long long number(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

static const char *plural(long long n)
{
	return n == 1 ? "" : "s";
}

static void put_core(const json_t *status, struct buf *out)
{
	const json_t *starts = json_object_get(status, "starts");
	long long s = number(status, "service_ms") / 1000;

	buf_printf(out, "core       process %lld, service time %lld:%02lld:%02lld\n",
		   number(status, "core_pid"), s / 3600, s / 60 % 60, s % 60);
	if (starts != NULL)
		buf_printf(out, "started    the core %lld time%s, fronts %lld time%s\n",
			   number(starts, "core"), plural(number(starts, "core")),
			   number(starts, "fronts"), plural(number(starts, "fronts")));
}

static void put_fronts(const json_t *status, struct buf *out)
{
	const json_t *front;
	size_t i;

	json_array_foreach(json_object_get(status, "fronts"), i, front)
	{
		buf_printf(out, "front      process %lld, %lld bytes queued for it\n",
			   number(front, "pid"), number(front, "queued"));
	}
}

static void put_store(const json_t *status, struct buf *out)
{
	const json_t *store = json_object_get(status, "store");

	if (store == NULL)
		return;
	buf_printf(out, "disk       last commit %.1f ms, %lld waiting, write-ahead log %.1f MiB\n",
		   (double)number(store, "last_commit_us") / 1e3, number(store, "queued"),
		   (double)number(store, "wal_bytes") / (1024 * 1024));
	buf_printf(out, "records    %lld in %lld commits\n", number(store, "records"),
		   number(store, "commits"));
}

static const char *state_name(long long state)
{
	switch ((enum sitting_state)state) {
	case SITTING_CREATED:
		return "created";
	case SITTING_OPEN:
		return "open";
	case SITTING_STARTED:
		return "started";
	case SITTING_CLOSED:
		return "closed";
	}
	return "?";
}

static void put_sittings(const json_t *status, struct buf *out)
{
	const json_t *sittings = json_object_get(status, "sittings"), *s;
	size_t i;

	if (json_array_size(sittings) == 0)
		return;
	buf_put_text(out, "\nSITTING  STATE    PAUSED  CANDIDATES  ATTEMPTS\n");
	json_array_foreach(sittings, i, s)
	{
		buf_printf(out, "%7lld  %-7s  %-6s  %10lld  %8lld\n", number(s, "sitting"),
			   state_name(number(s, "state")),
			   json_is_true(json_object_get(s, "paused")) ? "yes" : "no",
			   number(s, "candidates"), number(s, "attempts"));
	}
}

static void put_warnings(const json_t *status, struct buf *out)
{
	const json_t *warnings = json_object_get(status, "warnings"), *w;
	size_t i;

	json_array_foreach(warnings, i, w)
	{
		buf_printf(out, "%sWARNING    %s\n", i == 0 ? "\n" : "",
			   json_string_value(json_object_get(w, "text")));
	}
}

void status_table_put(const json_t *status, struct buf *out)
{
	put_core(status, out);
	put_fronts(status, out);
	buf_printf(out, "clients    %lld connected\n", number(status, "connections"));
	buf_printf(out, "attempts   %lld in memory, %lld running, %lld answers acknowledged\n",
		   number(status, "attempts"), number(status, "running"),
		   number(status, "answers"));
	put_store(status, out);
	put_sittings(status, out);
	put_warnings(status, out);
}
