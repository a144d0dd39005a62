/* Shows the desk on a terminal by ncurses: the only file that touches it. */
#ifndef CLIENT_TERM_FULL_SCREEN_H
#define CLIENT_TERM_FULL_SCREEN_H

#include "client/term/desk.h"

/* Runs a loop of its own until the candidate leaves.  CONFIG's loop and owner are set here.  The
 * exit status of exam(1): 0 when the attempt is closed or was left on purpose, 1 when it was
 * refused or taken over. */
int full_screen_run(const struct desk_config *config, const char *host);

#endif
