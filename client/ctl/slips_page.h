/* Slips as a page to print: one HTML file that needs nothing else.
 *
 * A card for each candidate (name, join line, QR code of it, what to do in three lines), eight on a
 * sheet with lines to cut along, and a sign-in sheet as the last page.  Every text from outside is
 * escaped.  The page holds secrets: whoever has a slip can sit down with it. */
#ifndef CLIENT_CTL_SLIPS_PAGE_H
#define CLIENT_CTL_SLIPS_PAGE_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

enum paper { PAPER_A4, PAPER_LETTER };

struct slip_card {
	const char *user, *name, *slip, *join; /* borrowed, UTF-8 */
};

struct slips_page {
	const char *title, *exam; /* borrowed: of the sitting */
	enum paper paper;
	const struct slip_card *cards; /* borrowed */
	size_t ncards;
};

/* "a4" or "letter".
 *
 * ERR_INVALID */
MUST_USE enum err paper_parse(const char *text, enum paper *out);

/* Appends the page.
 *
 * ERR_TOO_LARGE  a join line does not fit a QR code */
MUST_USE enum err slips_page_write(struct buf *out, const struct slips_page *page);

/* Appends TEXT as HTML text that is safe in an element and in a quoted attribute; control
 * characters become U+FFFD. */
void html_put(struct buf *out, const char *text);

#endif
