#include "proto/base/times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct mono_ms mono_now(void)
{
	return (struct mono_ms){clock_ns(CLOCK_MONOTONIC) / 1000000};
}

int64_t mono_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

struct boot_ms boot_now(void)
{
	return (struct boot_ms){clock_ns(CLOCK_BOOTTIME) / 1000000};
}

struct wall_ms wall_now(void)
{
	return (struct wall_ms){clock_ns(CLOCK_REALTIME) / 1000000};
}

void wall_format(struct wall_ms t, char out[WALL_TEXT_SIZE])
{
	int64_t ms = ((t.v % 1000) + 1000) % 1000;
	time_t s = (time_t)((t.v - ms) / 1000);
	struct tm tm;
	char day[21];

	if (gmtime_r(&s, &tm) == NULL || tm.tm_year > 8099 || tm.tm_year < -1900)
		memset(&tm, 0, sizeof tm);
	if (strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		day[0] = '\0';
	snprintf(out, WALL_TEXT_SIZE, "%.19s.%03dZ", day, (int)ms);
}

enum err wall_parse(const char *text, struct wall_ms *out)
{
	struct tm tm = {0}, back;
	int n = 0, sec = 0, frac = 0, off = 0, oh, om;
	const char *p;
	time_t t;

	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &n) < 5 ||
	    n < 16)
		return ERR_INVALID;
	p = text + n;
	if (*p == ':') {
		if (sscanf(p, ":%2d%n", &sec, &n) < 1 || n != 3)
			return ERR_INVALID;
		p += 3;
		if (*p == '.') {
			int scale = 100;

			for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
				frac += (*p - '0') * scale;
		}
	}
	if (*p == 'Z' && p[1] == '\0')
		off = 0;
	else if ((*p == '+' || *p == '-') && sscanf(p + 1, "%2d:%2d%n", &oh, &om, &n) == 2 &&
		 n == 5 && p[6] == '\0' && oh >= 0 && oh < 24 && om >= 0 && om < 60)
		off = (oh * 60 + om) * (*p == '-' ? -60 : 60);
	else
		return ERR_INVALID;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	tm.tm_sec = sec;
	back = tm;
	t = timegm(&tm);
	if (tm.tm_mday != back.tm_mday || tm.tm_mon != back.tm_mon || tm.tm_hour != back.tm_hour ||
	    tm.tm_min != back.tm_min || tm.tm_sec != back.tm_sec)
		return ERR_INVALID;
	out->v = ((int64_t)t - off) * 1000 + frac;
	return ERR_OK;
}
