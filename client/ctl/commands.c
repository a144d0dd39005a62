#include "client/ctl/handlers.h"

#include "proto/base/mem.h"

#define ROOM "only attempts force version"

const struct command commands[] = {
    {"login", "[USER]", 0, 1, "", ctl_login, "Log in and keep the session in a file."},
    {"logout", "", 0, 0, "", ctl_logout, "End the session that is kept."},
    {"passwd", "", 0, 0, "new-password-file new-password-fd", ctl_passwd,
     "Change the password of whoever is logged in."},

    {"people import", "FILE.csv", 1, 1, "check", people_import,
     "Add and change persons: id,name,email,group,role,extra."},
    {"people list", "", 0, 0, "group", people_list, "Who is on the roster."},
    {"people disable", "USER", 1, 1, "", people_disable, "Let a person log in no more."},
    {"people enable", "USER", 1, 1, "", people_enable, "Let a disabled person log in again."},
    {"people reset-password", "USER", 1, 1, "", people_reset_password,
     "Give a one-time password, printed once."},
    {"people unlock", "USER", 1, 1, "", people_unlock, "Forget failed log-ins."},
    {"people revoke", "USER", 1, 1, "", people_revoke, "End all sessions of a person."},

    {"bank check", "[PATH...]", 0, 1000, "tables lock explain blueprint fills", bank_check_files,
     "Check bank files here, without a server."},
    {"bank lock", "PATH...", 1, 1000, "tables output", bank_lock,
     "Keep what the official tables say of the codes in bank files."},
    {"bank generate", "", 0, 0, "tables seed count kind output", bank_generate,
     "Make drill items from the official tables."},
    {"bank load", "FILE", 1, 1, "check", bank_load, "Load a bank into the server."},

    {"exam check", "FILE", 1, 1, "bank", exam_check, "Check a blueprint here, with its bank."},
    {"exam load", "FILE", 1, 1, "check", exam_load, "Load a blueprint into the server."},
    {"exam list", "", 0, 0, "", exam_list, "The exams that the server has."},
    {"exam preview", "NAME|FILE", 1, 1, "bank seed keys", exam_preview,
     "Make a form here and print it."},

    {"sitting create", "", 0, 0, "exam title group users opens closes room-ends", sitting_create,
     "Schedule a sitting."},
    {"sitting list", "", 0, 0, "", sitting_list, "The sittings."},
    {"sitting slips", "ID", 1, 1, "users print-join join-host html paper", sitting_slips,
     "Make slips; earlier ones of these persons end."},
    {"sitting open", "ID", 1, 1, "force version", sitting_open, "Let candidates check in."},
    {"sitting admit", "ID", 1, 1, ROOM, sitting_admit, "Admit the room, or some."},
    {"sitting start", "ID", 1, 1, ROOM, sitting_start, "Start the clocks."},
    {"sitting pause", "ID", 1, 1, ROOM " reason", sitting_pause, "Stop the clocks."},
    {"sitting resume", "ID", 1, 1, ROOM " reason", sitting_resume, "Let the clocks run again."},
    {"sitting close", "ID", 1, 1, ROOM " reason", sitting_close,
     "Close the room, or some attempts."},
    {"sitting add-minutes", "ID N", 2, 2, ROOM " reason", sitting_add_minutes,
     "Add minutes (or take, with -- -N)."},
    {"sitting message", "ID TEXT", 2, 2, ROOM, sitting_message, "Show a text to candidates."},
    {"sitting release-seat", "ID USER", 2, 2, "force version reason", sitting_release_seat,
     "Let the client that waits take over."},
    {"sitting refuse-seat", "ID USER", 2, 2, "force version reason", sitting_refuse_seat,
     "Send the client that waits away."},
    {"sitting watch", "ID", 1, 1, "until", sitting_watch, "See the room as it changes."},

    {"console", "ID", 1, 1, "", console, "See a sitting live, full-screen, and act in it."},

    {"attempt list", "USER", 1, 1, "", attempt_list, "The attempts of a candidate."},
    {"attempt reopen", "N", 1, 1, "minutes reason force version", attempt_reopen,
     "Reopen a closed attempt."},
    {"attempt void", "N", 1, 1, "reason force version", attempt_void, "Void an attempt."},
    {"attempt transcript", "N", 1, 1, "output", attempt_transcript, "Fetch the signed transcript."},

    {"results release", "ID", 1, 1, "result review", results_release,
     "Release results or reviews of a sitting."},
    {"results", "ID", 1, 1, "", results_show, "Scores by candidate and section."},
    {"export", "ID", 1, 1, "format output", export_results, "Results as a file."},
    {"verify", "FILE", 1, 1, "key", verify_file,
     "Check a transcript or a receipt here, without a server."},
    {"backup", "[NAME]", 0, 1, "", backup_make,
     "Have the server make a backup, under load or not."},
    {"restore", "FILE", 1, 1, "dir", backup_restore,
     "Put a backup in the database's place, here, while no daemon runs."},
    {"completion bash", "", 0, 0, "", completion_bash,
     "Print what makes bash complete these commands."},
    {"version", "", 0, 0, "", show_version, "Which release this is."},
};
const size_t ncommands = COUNT(commands);

int show_version(struct ctl *ctl)
{
	(void)ctl;
	puts(PROGRAM);
	return EXIT_DONE;
}
