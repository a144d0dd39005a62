/* The roster in memory, by number and by name; every change goes to the store as well. */
#ifndef DAEMON_SERVICE_PEOPLE_H
#define DAEMON_SERVICE_PEOPLE_H

#include <uthash.h>

#include "daemon/service/service.h"

#define USER_MOST 64 /* bytes */

struct person {
	struct person_id id;
	char *user, *name, *email, *group; /* owned; never NULL */
	Examd__V1__Role role;
	uint32_t extra_percent;
	bool disabled;
	char *hash; /* owned: argon2id; "": no password */
	bool must_change;
	UT_hash_handle by_id, by_user;
};

struct people *people_new(void);
void people_free(struct people *p);

/* NULL: not there. */
const struct person *people_find(const struct people *p, struct person_id id);
const struct person *people_find_user(const struct people *p, const char *user);

/* The first person whose user comes after AFTER ("" : the first of all) in byte order; NULL: none.
 * Linear: for lists of people. */
const struct person *people_after(const struct people *p, const char *after);
/* Persons of a group (NULL: of any) whose user comes after AFTER, in byte order of user; the array
 * is the caller's to free, the persons are borrowed.  Takes milliseconds for 20,000 people. */
size_t people_sorted(const struct people *p, const char *group, const char *after,
		     const struct person ***out);
size_t people_count(const struct people *p);

/* Puts a person (everything is copied) into memory alone: recovery. */
void people_load(struct people *p, const struct store_person *person,
		 const struct store_password *password);

/* Puts a person, new (with people's id from person_id_random()) or known, keeping the password. */
void people_put(struct core *core, const struct store_person *person);
/* HASH as crypto_pwhash_str() makes it. */
void people_put_password(struct core *core, struct person_id id, const char *hash,
			 bool must_change);

/* How a person goes into a CHANGE_PERSON. */
struct store_person person_row(const struct person *p);

#endif
