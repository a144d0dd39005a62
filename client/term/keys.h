/* Keys as the screens see them: a character as its code point, everything else from here, above
 * Unicode.  A click on a place is the key that the place stands for. */
#ifndef CLIENT_TERM_KEYS_H
#define CLIENT_TERM_KEYS_H

#define KEY_CTRL(letter) ((letter)&31)

enum key {
	KEY_NOTHING = 0,
	KEY_TABULATOR = 9,
	KEY_RETURN = 10,
	KEY_ESCAPE = 27,
	KEY_SPACE = 32,
	KEY_ERASE = 127,
	KEY_ARROW_UP = 0x110000,
	KEY_ARROW_DOWN,
	KEY_ARROW_LEFT,
	KEY_ARROW_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_FIRST,
	KEY_LAST,
	KEY_DISMISS,	/* the topmost message */
	KEY_OTHER_PANE, /* a click into the pane that the keys do not move */
	/* a click on the I'th row of a list, option or field: KEY_PLACE + I */
	KEY_PLACE = 0x120000,
	KEY_PLACE_END = 0x130000
};

#endif
