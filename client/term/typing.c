#include <string.h>

#include "client/term/keys.h"
#include "client/term/typing.h"

static size_t put_utf8(unsigned c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void take_last(char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return;
	while (--len > 0 && (text[len] & 0xc0) == 0x80)
		;
	text[len] = '\0';
}

bool text_type(char *text, size_t most, int key)
{
	size_t len = strlen(text), more;
	char utf8[4];

	if (key == KEY_ERASE) {
		take_last(text);
		return true;
	}
	if (key < KEY_SPACE || key >= KEY_ARROW_UP)
		return false;
	more = put_utf8((unsigned)key, utf8);
	if (len + more <= most) {
		memcpy(text + len, utf8, more);
		text[len + more] = '\0';
	}
	return true;
}
