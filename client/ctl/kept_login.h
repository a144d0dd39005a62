/* The log-in that `examctl login` keeps: a file of mode 0600, refused when others may read it.
 *
 *   server HOST:PORT
 *   pin HEX
 *   user USER
 *   client HEX         the client id that the token was given to
 *   token HEX */
#ifndef CLIENT_CTL_KEPT_LOGIN_H
#define CLIENT_CTL_KEPT_LOGIN_H

#include "client/lib/exam_client.h"

struct kept_login {
	char server[320]; /* "" : nothing is kept */
	char user[72];
	struct digest pin;
	uint8_t client_id[16];
	uint8_t token[32];
	bool has_token;
};

/* ~/.config/examctl/session; freed with free(). */
char *kept_login_path(void);

/* ERR_NOT_FOUND  nothing is kept;  ERR_FORBIDDEN  others may read it;  ERR_CORRUPT, ERR_IO */
MUST_USE enum err kept_login_read(struct kept_login *k, const char *path);
MUST_USE enum err kept_login_write(const struct kept_login *k, const char *path);
MUST_USE enum err kept_login_remove(const char *path);

/* The client id stays. */
void kept_login_set(struct kept_login *k, const struct join *server, const char *user,
		    const uint8_t token[32]);
/* Is it of this server (and this key, when one is demanded)? */
bool kept_login_is_of(const struct kept_login *k, const struct join *server);
/* The token is overwritten. */
void kept_login_clear(struct kept_login *k);

#endif
