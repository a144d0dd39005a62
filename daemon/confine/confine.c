#include "daemon/confine/confine.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/confine/capabilities.h"
#include "daemon/confine/landlock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

/* Is this a build that watches itself? */
#if defined(EXAMD_WATCHED)
static const bool watched = true;
#else
static const bool watched = false;
#endif

/* ---- The table ------------------------------------------------------------------------------ */

/* RULE_DEFAULT must be 0; what follows RULE_ABSENT are the rows of conditions[]. */
enum rule {
	RULE_DEFAULT,
	RULE_YES,
	RULE_NO,
	RULE_ABSENT,
	RULE_itself,
	RULE_itself_0,
	RULE_local,
	RULE_no_code,
	RULE_no_connect_to,
	RULE_no_connect_msg,
	RULE_no_namespace,
	RULE_a_thread,
	RULE_flags_only,
	RULE_own_name,
	RULE_to_idle,
	RULE_NRULES
};

static const struct call {
	const char *name;
	int number;
	uint8_t rule[CONFINE_NWHO];
} calls[] = {
#define absent	       RULE_ABSENT
#define itself	       RULE_itself
#define itself_0       RULE_itself_0
#define local	       RULE_local
#define no_code	       RULE_no_code
#define no_connect_to  RULE_no_connect_to
#define no_connect_msg RULE_no_connect_msg
#define no_namespace   RULE_no_namespace
#define a_thread       RULE_a_thread
#define flags_only     RULE_flags_only
#define own_name       RULE_own_name
#define to_idle	       RULE_to_idle
#define CALL(name, supervisor, front, core)                                                        \
	{#name,                                                                                    \
	 SCMP_SYS(name),                                                                           \
	 {[CONFINE_SUPERVISOR] = (supervisor),                                                     \
	  [CONFINE_FRONT] = (front),                                                               \
	  [CONFINE_CORE] = (core),                                                                 \
	  [CONFINE_HASHER] = (front)}},
#include "daemon/confine/calls.def"
#undef CALL
};

#define COMPARED_MOST 7
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
/* libseccomp compares all 64 bits, also where the kernel looks at 32: more than it takes is
 * refused. */
#define COMPARE(arg, op, a, b) ((struct scmp_arg_cmp){(arg), SCMP_CMP_##op, (a), (b)})
#define BIT(arg, bit)	       COMPARE(arg, MASKED_EQ, (bit), (bit))
#define NO_BITS(arg, bits)     COMPARE(arg, MASKED_EQ, (bits), 0)
#define IS(arg, value)	       COMPARE(arg, EQ, (value), 0)
#define IS_NOT(arg, value)     COMPARE(arg, NE, (value), 0)

/* A call may be made when all of MAY holds, and kills when one of MUST_NOT does; between them they
 * say all there is. */
struct condition {
	struct scmp_arg_cmp may[2], must_not[COMPARED_MOST];
	unsigned nmay, nmust_not;
};

static struct condition condition_of(enum rule rule)
{
	const uint64_t pid = (uint64_t)getpid();

	switch (rule) {
	case RULE_itself:
		return (struct condition){{IS(0, pid)}, {IS_NOT(0, pid)}, 1, 1};
	case RULE_itself_0:
		return (struct condition){{IS(0, 0)}, {IS_NOT(0, 0)}, 1, 1};
	case RULE_local:
		return (struct condition){{IS(0, AF_UNIX)}, {IS_NOT(0, AF_UNIX)}, 1, 1};
	case RULE_no_code:
		return (struct condition){{NO_BITS(2, PROT_EXEC)}, {BIT(2, PROT_EXEC)}, 1, 1};
	case RULE_no_connect_to:
		return (struct condition){{NO_BITS(3, MSG_FASTOPEN), COMPARE(4, EQ, 0, 0)},
					  {BIT(3, MSG_FASTOPEN), COMPARE(4, NE, 0, 0)},
					  2,
					  2};
	case RULE_no_connect_msg:
		return (struct condition){{NO_BITS(2, MSG_FASTOPEN)}, {BIT(2, MSG_FASTOPEN)}, 1, 1};
	case RULE_no_namespace:
		return (struct condition){{NO_BITS(0, NAMESPACES)},
					  {BIT(0, CLONE_NEWNS), BIT(0, CLONE_NEWCGROUP),
					   BIT(0, CLONE_NEWUTS), BIT(0, CLONE_NEWIPC),
					   BIT(0, CLONE_NEWUSER), BIT(0, CLONE_NEWPID),
					   BIT(0, CLONE_NEWNET)},
					  1,
					  7};
	case RULE_a_thread:
		return (struct condition){{BIT(0, CLONE_THREAD)}, {NO_BITS(0, CLONE_THREAD)}, 1, 1};
	case RULE_flags_only: /* F_GETFD, F_SETFD, F_GETFL, F_SETFL */
		return (struct condition){{COMPARE(1, LE, 4, 0)}, {COMPARE(1, GT, 4, 0)}, 1, 1};
	case RULE_own_name:
		return (struct condition){{IS(0, PR_SET_NAME)}, {IS_NOT(0, PR_SET_NAME)}, 1, 1};
	case RULE_to_idle:
		return (struct condition){{IS(1, SCHED_IDLE)}, {IS_NOT(1, SCHED_IDLE)}, 1, 1};
	case RULE_DEFAULT:
	case RULE_YES:
	case RULE_NO:
	case RULE_ABSENT:
	case RULE_NRULES:
		break;
	}
	return (struct condition){0};
}

/* ---- The filter ----------------------------------------------------------------------------- */

static const uint32_t default_action[CONFINE_NWHO] = {
    [CONFINE_SUPERVISOR] = SCMP_ACT_ALLOW,
    [CONFINE_FRONT] = SCMP_ACT_KILL_PROCESS,
    [CONFINE_CORE] = SCMP_ACT_ERRNO(ENOSYS),
    [CONFINE_HASHER] = SCMP_ACT_KILL_PROCESS,
};

/* A rule that says what happens anyway is an error for libseccomp. */
static int add(scmp_filter_ctx ctx, uint32_t otherwise, uint32_t action, int number, unsigned n,
	       const struct scmp_arg_cmp *args)
{
	return action == otherwise ? 0 : seccomp_rule_add_array(ctx, action, number, n, args);
}

static int add_condition(scmp_filter_ctx ctx, uint32_t otherwise, const struct call *call,
			 enum rule rule)
{
	struct condition c = condition_of(rule);
	int failed = add(ctx, otherwise, SCMP_ACT_ALLOW, call->number, c.nmay, c.may);
	unsigned i;

	for (i = 0; i < c.nmust_not && failed == 0; i++)
		failed =
		    add(ctx, otherwise, SCMP_ACT_KILL_PROCESS, call->number, 1, &c.must_not[i]);
	return failed;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t otherwise, const struct call *call,
		    enum rule rule)
{
	switch (rule) {
	case RULE_DEFAULT:
		return 0;
	case RULE_YES:
		return add(ctx, otherwise, SCMP_ACT_ALLOW, call->number, 0, NULL);
	case RULE_NO:
		return add(ctx, otherwise, SCMP_ACT_KILL_PROCESS, call->number, 0, NULL);
	case RULE_ABSENT:
		return add(ctx, otherwise, SCMP_ACT_ERRNO(ENOSYS), call->number, 0, NULL);
	default:
		return add_condition(ctx, otherwise, call, rule);
	}
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* The rule in a build that watches itself. */
static enum rule watched_rule(enum confine_who who, const struct call *call)
{
	static const char *const tools[] = {"execve",		"execveat",    "ptrace",
					    "process_vm_readv", "personality", NULL};
	static const char *const network[] = {"socket", "connect", "bind", "listen", NULL};

	if (is_one_of(call->name, tools))
		return RULE_DEFAULT;
	if ((who == CONFINE_FRONT || who == CONFINE_HASHER) && is_one_of(call->name, network))
		return RULE_NO;
	return call->rule[CONFINE_SUPERVISOR];
}

/* Returns what libseccomp does: 0, or an error below 0. */
static int filter(enum confine_who who)
{
	uint32_t otherwise = default_action[watched ? CONFINE_SUPERVISOR : who];
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	int failed = ctx == NULL ? -ENOMEM : 0;
	size_t i;

	if (failed == 0)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (i = 0; i < COUNT(calls) && failed == 0; i++)
		failed = add_rule(ctx, otherwise, &calls[i],
				  watched ? watched_rule(who, &calls[i]) : calls[i].rule[who]);
	if (failed == 0)
		failed = seccomp_load(ctx);
	seccomp_release(ctx);
	return failed;
}

/* ---- All of it ------------------------------------------------------------------------------ */

static const char *const processes[CONFINE_NWHO] = {
    [CONFINE_SUPERVISOR] = "supervisor",
    [CONFINE_FRONT] = "front",
    [CONFINE_CORE] = "core",
    [CONFINE_HASHER] = "hasher",
};

static enum err refused(enum confine_who kind, const char *doing, int number)
{
	log_event(LOG_CONFIG_BAD, F_TEXT("what", processes[kind]), F_TEXT("doing", doing),
		  F_INT("errno", number));
	return ERR_IO;
}

enum err confine(enum confine_who kind, const struct confine_place *places, size_t nplaces)
{
	static const struct confine_place everything = {"/", CONFINE_READ};
	int landlock = 0, failed;
	uint64_t kept = 0;
	char hex[17];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused(kind, "no_new_privs", errno);
	if (capabilities_keep(kind == CONFINE_SUPERVISOR ? CAPABILITIES_OF_A_SUPERVISOR : 0,
			      &kept) != 0)
		return refused(kind, "capabilities", errno);
	if (kind != CONFINE_SUPERVISOR &&
	    (landlock = landlock_confine(places, nplaces, watched ? &everything : NULL)) < 0)
		return refused(kind, "Landlock", errno);
	if ((failed = filter(kind)) != 0)
		return refused(kind, "the filter of system calls", -failed);
	snprintf(hex, sizeof hex, "%llx", (unsigned long long)kept);
	log_event(LOG_CONFINED, F_TEXT("what", processes[kind]), F_INT("seccomp", 1),
		  F_TEXT("list", watched ? "watched" : "strict"), F_TEXT("capabilities", hex),
		  kind == CONFINE_SUPERVISOR ? F_END : F_INT("landlock", landlock));
	return ERR_OK;
}
