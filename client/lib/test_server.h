/* A server for tests, in the client's own loop: it speaks the protocol over TLS on loopback, keeps
 * a model of one attempt and of the commands it has carried out, and goes wrong on demand. */
#ifndef CLIENT_LIB_TEST_SERVER_H
#define CLIENT_LIB_TEST_SERVER_H

#include "client/lib/exam_client.h"

#define FAKE_ITEMS    3
#define FAKE_COMMANDS 16
#define FAKE_ANSWER   256

struct fake_conn;

struct fake {
	struct loop *loop; /* borrowed */
	struct tls *tls;
	struct listener_user user;
	struct listener *listener;
	unsigned port;
	struct digest pin;
	struct fake_conn *conns;

	/* the attempt */
	Examd__V1__AttemptState state;
	uint32_t stopped;
	int64_t remaining_ms;
	uint32_t seat;
	struct buf plain, sealed;
	uint8_t key[32];
	struct digest hash;
	struct fake_answer {
		uint32_t seat, revision;
		struct digest content;
		uint8_t packed[FAKE_ANSWER];
		size_t packed_len;
	} have[FAKE_ITEMS];
	bool seat_is_anothers;
	bool seat_is_nobodys; /* until somebody checks in */
	bool receipt;
	char password[64]; /* "" : everybody comes by slip */
	bool must_change;  /* it is good for one time */

	/* what it has seen */
	unsigned greetings, connections, slips, pieces, pieces_from_0, effects, kept, puts, recalls;
	uint8_t commands[FAKE_COMMANDS][16];
	size_t ncommands;
	unsigned log_ins, changes;
	uint32_t round_trip_ms; /* told with the last answers */

	/* what it does wrong */
	size_t piece_most;	/* of a piece; 0: 32 KiB */
	unsigned wrong_pieces;	/* so many pieces come with a bit turned */
	unsigned forget_tokens; /* so many Hellos do not know the token */
	/* the so-manieth put, recall or command is not answered: "restarted" */
	unsigned restart_instead;
	unsigned busy;	      /* so many puts, recalls and commands are answered ERR_BUSY */
	uint32_t recall_most; /* answers of a page; 0: all */
	enum err recall_is;   /* what a recall is answered */
	bool recall_more;     /* each page says that another follows */
	bool recall_older;    /* the answers of a page are earlier than the list said */
	bool hold_puts;	      /* puts are carried out and not answered */
	bool hold_change;     /* a change of the password likewise */
};

void fake_start(struct fake *f, struct loop *loop);
void fake_stop(struct fake *f);
/* As if another device had put this option for an item. */
void fake_has(struct fake *f, uint32_t item, uint32_t seat, uint32_t revision, uint32_t option);
/* To every connection. */
void fake_notify(struct fake *f, Examd__V1__NoticeKind kind, bool with_status);
/* Starts the attempt and says so. */
void fake_begin(struct fake *f);
/* It runs again with a new seat, stands until its client is ready, and says so. */
void fake_reopen(struct fake *f);

/* A wire between client and server that breaks after so many bytes of its first connection. */
struct wire {
	struct loop *loop; /* borrowed */
	struct listener_user user;
	struct listener *listener;
	unsigned port, to;
	struct wire_pair *pairs;
	unsigned connections;
	size_t up, down;	 /* bytes carried by the first connection */
	size_t cut_up, cut_down; /* 0: never */
};
void wire_start(struct wire *w, struct loop *loop, unsigned to);
void wire_stop(struct wire *w);

#endif
