#include "client/ctl/handlers.h"

#include <string.h>

#include "proto/base/mem.h"

static const char *word(const char *const *words, size_t n, unsigned i)
{
	return i < n ? words[i] : "unknown";
}

const char *attempt_state_word(Examd__V1__AttemptState state)
{
	static const char *const words[] = {"not here", "checked in", "admitted",
					    "ready",	"running",    "submitted",
					    "expired",	"closed",     "voided"};

	return word(words, COUNT(words), (unsigned)state);
}

const char *sitting_state_word(Examd__V1__SittingState state)
{
	static const char *const words[] = {"none", "created", "open", "started", "closed"};

	return word(words, COUNT(words), (unsigned)state);
}

const char *role_word(Examd__V1__Role role)
{
	static const char *const words[] = {"none", "candidate", "proctor", "instructor", "admin"};

	return word(words, COUNT(words), (unsigned)role);
}

void stops_format(uint32_t stopped, char *out, size_t size)
{
	static const char *const words[] = {"paused",	      "room paused",	 "server restarted",
					    "break",	      "connection lost", "parked",
					    "not started yet"};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT(words); i++) {
		int n;

		if ((stopped & (1u << i)) == 0)
			continue;
		n = snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", words[i]);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

size_t list_cut(char *text, char **out, size_t most)
{
	size_t n = 0;
	char *save;

	for (char *piece = strtok_r(text, ",", &save); piece != NULL && n < most;
	     piece = strtok_r(NULL, ",", &save))
		out[n++] = piece;
	return n;
}
