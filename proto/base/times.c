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

#define DAY_S	 86400
#define YEARS400 146097 /* days */

/* The date of a day that is counted from 1970-01-01, in years that begin in March, so that the day
 * of a leap year comes last.  gmtime_r(3) and strftime(3) look for the file of a time zone, which a
 * process without files cannot. */
static void date_of(int64_t day, int64_t *year, int *month, int *of_month)
{
	int64_t since = day + 719468; /* 0000-03-01 */
	int64_t era = (since >= 0 ? since : since - YEARS400 + 1) / YEARS400;
	int64_t in_era = since - era * YEARS400;
	int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t of_year = in_era - (365 * y + y / 4 - y / 100);
	int64_t march = (5 * of_year + 2) / 153;

	*of_month = (int)(of_year - (153 * march + 2) / 5 + 1);
	*month = (int)(march < 10 ? march + 3 : march - 9);
	*year = y + era * 400 + (*month <= 2);
}

void wall_format(struct wall_ms t, char out[WALL_TEXT_SIZE])
{
	int64_t ms = ((t.v % 1000) + 1000) % 1000;
	int64_t s = (t.v - ms) / 1000, of_day = ((s % DAY_S) + DAY_S) % DAY_S, year;
	int month, day;

	date_of((s - of_day) / DAY_S, &year, &month, &day);
	if (year < 0 || year > 9999) {
		year = 1900; /* nothing that can be written: no date at all */
		month = 1;
		day = 0;
	}
	snprintf(out, WALL_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000,
		 (unsigned)month % 100, (unsigned)day % 100, (unsigned)(of_day / 3600) % 100,
		 (unsigned)(of_day / 60 % 60), (unsigned)(of_day % 60), (unsigned)ms % 1000);
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
