/* The inside of the console, shared by its files:
 *
 *   console.c          the loop, the watching, the beginning and the end
 *   console_view.c     what is shown of all this
 *   console_keys.c     what a key does in which mode
 *   console_errand.c   commands on their way to the server and back
 *
 *   GRID -> ASKING -> GRID       a key whose command asks for something; Esc drops it
 *   GRID -> FINDING -> GRID      /
 *   GRID -> HELP -> GRID         ?
 *   GRID -> CHANGED -> GRID      the server says that somebody was faster: look again, or force */
#ifndef CLIENT_CTL_CONSOLE_H
#define CLIENT_CTL_CONSOLE_H

#include "client/ctl/console_command.h"
#include "client/ctl/console_screen.h"
#include "proto/stream/loop.h"

enum mode { MODE_GRID, MODE_ASKING, MODE_FINDING, MODE_HELP, MODE_CHANGED, MODE_NMODES };

struct console;

/* A command at the server, or one whose answer waits for the proctor. */
struct errand {
	struct call call;
	struct console *console; /* borrowed */
	struct draft draft;
	struct mono_ms sent;
	bool changed;	     /* changed_meanwhile: force it? */
	char detail[200];    /* the server's word on it: who did what */
	struct errand *next; /* in order of sending */
};

struct console {
	struct remote_watcher watcher;
	struct ctl *ctl;	    /* borrowed */
	struct loop *loop;	    /* borrowed: the remote's, like the next */
	struct exam_client *client; /* borrowed */
	int64_t sitting;
	struct console_room room;
	size_t under; /* the row under the cursor, which stays with the candidate */
	bool has_under;
	size_t top;

	struct watch input;
	struct timer redraw, tick;
	struct signal_watch resized, ended[3];
	struct mono_ms drawn;

	enum mode mode;
	struct draft draft; /* ASKING */
	char typed[DRAFT_TEXT];
	char hint[200];		/* why the last answer was not good */
	struct errand *errands; /* owned */
	char message[600];
	enum tone tone;

	bool up, watching; /* the link; the reply to WatchSitting is awaited */
	enum err why_down;
	struct mono_ms down_since, asked;
	struct millis round_trip;
	struct call watch_call;
	bool quit, wants_quit;
	bool over; /* the screen is given back; only open calls are still told */
	enum err fatal;
};

/* ---- console.c ---- */
/* The line of messages. */
__attribute__((format(printf, 3, 4))) void console_say(struct console *c, enum tone tone,
						       const char *fmt, ...);
Examd__V1__Role console_role(const struct console *c);
/* Soon, and together with whatever else comes until then. */
void console_draw_soon(struct console *c);
/* The loop ends. */
void console_end(struct console *c);

/* ---- console_view.c ---- */
/* Arranges the room, places the cursor and draws. */
void console_draw(struct console *c);

/* ---- console_keys.c ---- */
void console_event(struct console *c, const struct screen_event *e);

/* ---- console_errand.c ---- */
/* A key of the table of commands. */
void console_begin(struct console *c, const struct console_command *command, bool room);
/* The answer that was typed. */
void console_answer(struct console *c);
/* Esc. */
void console_drop_draft(struct console *c, const char *why);
/* How many commands have no answer yet. */
size_t errands_open(const struct console *c);
/* The first that was refused because somebody was faster, and is not decided yet; NULL: none. */
struct errand *errands_changed(const struct console *c);
/* Tells of it, once nothing else is asked. */
void errands_tell(struct console *c);
/* What is to become of it. */
void errand_force(struct errand *e);
void errand_drop(struct errand *e);
/* Frees them; none may have an open call any more. */
void errands_end(struct console *c);

#endif
