/* Shows the desk line by line, for screen readers and for terminals that can do nothing: exam
 * --plain.  Nothing is ever drawn over; what has changed is said, once. */
#ifndef CLIENT_TERM_PLAIN_H
#define CLIENT_TERM_PLAIN_H

#include "client/term/desk.h"

/* As full_screen_run(). */
int plain_run(const struct desk_config *config, const char *host);

#endif
