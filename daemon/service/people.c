#include "daemon/service/people.h"

#include <stdlib.h>
#include <string.h>

struct people {
	struct person *by_id, *by_user;
};

struct people *people_new(void)
{
	return mem_new(sizeof(struct people));
}

static void person_free(struct person *p)
{
	free(p->user);
	free(p->name);
	free(p->email);
	free(p->group);
	free(p->hash);
	free(p);
}

void people_free(struct people *p)
{
	struct person *person, *next;

	if (p == NULL)
		return;
	HASH_CLEAR(by_user, p->by_user);
	HASH_ITER (by_id, p->by_id, person, next) {
		HASH_DELETE(by_id, p->by_id, person);
		person_free(person);
	}
	free(p);
}

static struct person *find(const struct people *p, struct person_id id)
{
	struct person *person;

	HASH_FIND(by_id, p->by_id, &id, sizeof(id), person);
	return person;
}

const struct person *people_find(const struct people *p, struct person_id id)
{
	return find(p, id);
}

const struct person *people_find_user(const struct people *p, const char *user)
{
	struct person *person;

	HASH_FIND(by_user, p->by_user, user, (unsigned)strlen(user), person);
	return person;
}

const struct person *people_after(const struct people *p, const char *after)
{
	const struct person *best = NULL;

	for (const struct person *i = p->by_id; i != NULL; i = i->by_id.next)
		if (strcmp(i->user, after) > 0 && (best == NULL || strcmp(i->user, best->user) < 0))
			best = i;
	return best;
}

static int by_name(const void *a, const void *b)
{
	const struct person *const *x = a, *const *y = b;

	return strcmp((*x)->user, (*y)->user);
}

size_t people_sorted(const struct people *p, const char *group, const char *after,
		     const struct person ***out)
{
	const struct person **list = mem_new_array(people_count(p) + 1, sizeof(*list));
	size_t n = 0;

	for (const struct person *i = p->by_id; i != NULL; i = i->by_id.next)
		if (strcmp(i->user, after) > 0 && (group == NULL || strcmp(i->group, group) == 0))
			list[n++] = i;
	if (n > 1)
		qsort(list, n, sizeof(*list), by_name);
	*out = list;
	return n;
}

size_t people_count(const struct people *p)
{
	return HASH_CNT(by_id, p->by_id);
}

static void set_text(char **member, const char *text)
{
	char *copy = mem_copy_text(text != NULL ? text : "");

	free(*member);
	*member = copy;
}

static struct person *load(struct people *p, const struct store_person *row)
{
	struct person *person = find(p, row->id);

	if (person == NULL) {
		person = mem_new(sizeof(*person));
		person->id = row->id;
		person->hash = mem_copy_text("");
		HASH_ADD(by_id, p->by_id, id, sizeof(person->id), person);
	} else {
		HASH_DELETE(by_user, p->by_user, person);
	}
	set_text(&person->user, row->user);
	set_text(&person->name, row->name);
	set_text(&person->email, row->email);
	set_text(&person->group, row->group);
	person->role = (Examd__V1__Role)row->role;
	person->extra_percent = row->extra_percent;
	person->disabled = row->disabled;
	HASH_ADD_KEYPTR(by_user, p->by_user, person->user, (unsigned)strlen(person->user), person);
	return person;
}

void people_load(struct people *p, const struct store_person *row,
		 const struct store_password *password)
{
	struct person *person = load(p, row);

	if (password == NULL)
		return;
	set_text(&person->hash, password->hash);
	person->must_change = password->must_change;
}

void people_put(struct core *core, const struct store_person *row)
{
	struct store_change change = {.kind = CHANGE_PERSON};

	change.u.person = *row;
	service_put(core, &change);
	load(core->people, row);
}

void people_put_password(struct core *core, struct person_id id, const char *hash, bool must_change)
{
	struct store_change change = {.kind = CHANGE_PASSWORD};
	struct person *person = find(core->people, id);

	if (person == NULL)
		return;
	change.u.password = (struct store_password){id, hash, must_change};
	service_put(core, &change);
	set_text(&person->hash, hash);
	person->must_change = must_change;
}

struct store_person person_row(const struct person *p)
{
	return (struct store_person){
	    .id = p->id,
	    .user = p->user,
	    .name = p->name,
	    .email = p->email,
	    .group = p->group,
	    .role = (uint32_t)p->role,
	    .extra_percent = p->extra_percent,
	    .disabled = p->disabled,
	};
}
