#include "daemon/engine/seen.h"

#include <stdlib.h>
#include <string.h>

void seen_fini(struct seen *s)
{
	free(s->list);
	*s = (struct seen){0};
}

/* Latest first: what is sent again was sent a moment ago. */
static const struct seen_command *find(const struct seen *s, const struct command_id *id)
{
	size_t i;

	for (i = s->length; i > 0; i--)
		if (command_id_equal(&s->list[i - 1].id, id))
			return &s->list[i - 1];
	return NULL;
}

void seen_add(struct seen *s, const Examd__Record__By *by)
{
	struct seen_command c = {0};

	if (by == NULL || by->command_id.len != sizeof c.id.b)
		return;
	memcpy(c.id.b, by->command_id.data, sizeof c.id.b);
	if (by->command_hash.len == sizeof c.content.b)
		memcpy(c.content.b, by->command_hash.data, sizeof c.content.b);
	if (find(s, &c.id) != NULL)
		return;
	if (s->length == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->list = mem_resize(s->list, s->cap * sizeof *s->list);
	}
	s->list[s->length++] = c;
}

enum err seen_find(const struct seen *s, const struct command_id *id, const struct digest *content)
{
	const struct seen_command *c = command_id_is_zero(id) ? NULL : find(s, id);

	if (c == NULL)
		return ERR_NOT_FOUND;
	return digest_equal(&c->content, content) ? ERR_OK : ERR_COMMAND_REUSED;
}
