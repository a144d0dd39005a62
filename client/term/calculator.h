/* The four operations on decimal numbers, with parentheses: what a coder needs for units, doses and
 * days, and no more. */
#ifndef CLIENT_TERM_CALCULATOR_H
#define CLIENT_TERM_CALCULATOR_H

#include <stdbool.h>
#include <stddef.h>

#define CALCULATION_MOST 64 /* bytes of what is typed */
#define CALCULATED_SIZE	 32

/* The value of "12.5*(3+1)", with twelve significant digits at most.  False: it has none, and OUT
 * says in a few words why ("" when nothing but blanks was typed). */
bool calculate(const char *text, char out[CALCULATED_SIZE]);

/* Does this character belong into a calculation?  A comma counts as a point. */
bool is_calculation_character(int key);

#endif
