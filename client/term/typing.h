/* A line of text that a person types: one key more, or one less. */
#ifndef CLIENT_TERM_TYPING_H
#define CLIENT_TERM_TYPING_H

#include <stdbool.h>
#include <stddef.h>

/* Puts a character at the end as UTF-8, or takes the last one off (KEY_ERASE).  TEXT holds at most
 * MOST bytes and its end; what has no room is left out.  False: not a key of a text. */
bool text_type(char *text, size_t most, int key);

#endif
