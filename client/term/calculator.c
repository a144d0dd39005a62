#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/term/calculator.h"

/* expression = term  { ("+" | "-") term }
 * term       = factor { ("*" | "/") factor }
 * factor     = ["-"] ( number | "(" expression ")" )
 *
 * What is typed is bounded, and so is how deep this goes. */
struct reader {
	const char *at;
	const char *wrong; /* NULL: nothing is, so far */
};

static long double expression(struct reader *r);

static char peek(struct reader *r)
{
	r->at += strspn(r->at, " ");
	return *r->at;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

/* Digits with at most one point: nothing else that strtold() would read. */
static long double number(struct reader *r)
{
	char digits[CALCULATION_MOST + 1];
	size_t n = strspn(r->at, "0123456789.,"), points = 0;

	for (size_t i = 0; i < n && i < CALCULATION_MOST; i++) {
		digits[i] = r->at[i] == ',' ? '.' : r->at[i];
		points += digits[i] == '.';
	}
	if (n == points || n > CALCULATION_MOST || points > 1) {
		r->wrong = "a number is missing";
		return 0;
	}
	digits[n] = '\0';
	r->at += n;
	return strtold(digits, NULL);
}

static long double factor(struct reader *r)
{
	long double value;

	if (take(r, '-'))
		return -factor(r);
	if (!take(r, '(')) {
		(void)peek(r);
		return number(r);
	}
	value = expression(r);
	if (r->wrong == NULL && !take(r, ')'))
		r->wrong = "a ) is missing";
	return value;
}

static long double term(struct reader *r)
{
	long double value = factor(r), by;

	while (r->wrong == NULL) {
		if (take(r, '*')) {
			value *= factor(r);
		} else if (take(r, '/')) {
			by = factor(r);
			if (by == 0 && r->wrong == NULL)
				r->wrong = "nothing can be divided by 0";
			else
				value /= by == 0 ? 1 : by;
		} else {
			break;
		}
	}
	return value;
}

static long double expression(struct reader *r)
{
	long double value = term(r);

	while (r->wrong == NULL) {
		if (take(r, '+'))
			value += term(r);
		else if (take(r, '-'))
			value -= term(r);
		else
			break;
	}
	return value;
}

bool calculate(const char *text, char out[CALCULATED_SIZE])
{
	struct reader r = {.at = text};
	long double value;

	out[0] = '\0';
	if (peek(&r) == '\0')
		return false;
	value = expression(&r);
	if (r.wrong == NULL && peek(&r) != '\0')
		r.wrong = *r.at == ')' ? "a ( is missing" : "+ - * or / is missing";
	if (r.wrong == NULL && !isfinite(value))
		r.wrong = "too large";
	if (r.wrong != NULL)
		snprintf(out, CALCULATED_SIZE, "%s", r.wrong);
	else
		snprintf(out, CALCULATED_SIZE, "%.12Lg", value == 0 ? 0 : value);
	return r.wrong == NULL;
}

bool is_calculation_character(int key)
{
	return key > 0 && key < 127 && strchr("0123456789.,+-*/() ", key) != NULL;
}
