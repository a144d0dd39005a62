/* Passwords by argon2id (libsodium's crypto_pwhash_str, m = 19 MiB, t = 2: about 25 ms each), by
 * the core's hasher (hasher.h), for which its hashing worker waits, never the loop. */
#ifndef DAEMON_SERVICE_PASSWORDS_H
#define DAEMON_SERVICE_PASSWORDS_H

#include "daemon/service/service.h"

#define PASSWORD_LEAST	       10 /* bytes */
#define PASSWORD_MOST	       256
#define PASSWORD_HASH_SIZE     128
#define ONE_TIME_PASSWORD_SIZE 32 /* with its NUL */

enum password_what { PASSWORD_CHECK, PASSWORD_MAKE };

struct password_task {
	enum password_what what;
	char *password;		       /* owned; wiped and freed once used */
	char hash[PASSWORD_HASH_SIZE]; /* to check against ("": a dummy, always wrong), or made */
	bool good;		       /* done: it fits, or a hash was made */
};

/* Several passwords as one job.  Embedded in its owner, who allocates the tasks. */
struct password_job {
	struct job job;		     /* the worker's */
	struct hasher *hasher;	     /* borrowed; of passwords_submit() */
	struct password_task *tasks; /* owned by the owner */
	size_t ntasks;
	bool was_run;			      /* false in done(): the core is going down */
	void (*done)(struct password_job *j); /* on the loop */
};

/* ERR_BUSY  too many are queued; done() will not be called */
MUST_USE enum err passwords_submit(struct core *core, struct password_job *j);

/* Does the task at once, blocking, but for taking its password. */
void password_do(struct password_task *t);

/* Makes a hash at once, blocking: for making a data directory. */
void password_hash_now(const char *password, char hash[PASSWORD_HASH_SIZE]);

/* Wipes and frees; NULL is welcome. */
void password_wipe(char *password);

/* A random one-time password, 16 symbols of Crockford's base32 in groups of four. */
void password_one_time(char out[ONE_TIME_PASSWORD_SIZE]);

/* ERR_PASSWORD_WEAK  shorter than PASSWORD_LEAST;  ERR_INVALID  longer than PASSWORD_MOST */
MUST_USE enum err password_acceptable(const char *password);

#endif
