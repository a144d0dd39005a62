/* The verbs of examd(8): each reads its own arguments, ARGV[0] being the verb, and returns the
 * program's exit status: 0, VERB_FAILED, VERB_USAGE, or what is said beside it. */
#ifndef DAEMON_VERBS_H
#define DAEMON_VERBS_H

#define VERB_FAILED 1
#define VERB_USAGE  2

int verb_init(int argc, char **argv);
int verb_run(int argc, char **argv); /* also SUPERVISOR_CONFIGURATION */
int verb_check(int argc, char **argv);
int verb_key(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_backup(int argc, char **argv);
int verb_restore(int argc, char **argv);
int verb_settings(int argc, char **argv);

/* How the verb is called, on standard output for --help (returns 0), on standard error otherwise
 * (returns VERB_USAGE). */
int verb_usage(const char *verb, int help);

#endif
