#include "daemon/service/install.h"

#include <poll.h>
#include <sodium.h>
#include <string.h>

#include "daemon/service/passwords.h"
#include "daemon/service/people.h"

static enum err wait_until(struct store *store, struct store_seq wanted)
{
	struct pollfd ready = {.fd = store_fd(store), .events = POLLIN};
	struct store_seq upto = {0};
	enum err err = ERR_OK;

	store_kick(store);
	while (err == ERR_OK && upto.v < wanted.v) {
		if (poll(&ready, 1, -1) < 0)
			continue; /* EINTR */
		err = store_settle(store, &upto);
	}
	return err;
}

static enum err put_admin(struct store *store, const char *user, const char *password)
{
	struct store_change change = {.kind = CHANGE_PERSON};
	struct person_id id = person_id_random();
	char hash[PASSWORD_HASH_SIZE];

	change.u.person = (struct store_person){
	    .id = id,
	    .user = user,
	    .name = user,
	    .email = "",
	    .group = "",
	    .role = EXAMD__V1__ROLE__ROLE_ADMIN,
	};
	store_put(store, &change);
	password_hash_now(password, hash);
	change = (struct store_change){.kind = CHANGE_PASSWORD};
	change.u.password = (struct store_password){id, hash, true};
	return wait_until(store, store_put(store, &change));
}

enum err install_make(const char *dir, const char *admin_user, char one_time_password[32])
{
	struct store *store = NULL;
	size_t len = strlen(admin_user);
	enum err err;

	if (len == 0 || len > USER_MOST || !bytes_is_text(bytes_of_text(admin_user)))
		return ERR_INVALID;
	if (sodium_init() < 0)
		return ERR_IO;
	if ((err = secrets_make(dir)) != ERR_OK || (err = store_create(dir)) != ERR_OK ||
	    (err = store_open(&store, dir)) != ERR_OK)
		return err;
	password_one_time(one_time_password);
	err = put_admin(store, admin_user, one_time_password);
	store_close(store);
	return err;
}
