/* Highlighting the text of a question or of its record, word by word.  While it is on (ui.marking)
 * the keys are its own: arrows move a cursor from word to word, the space bar highlights a word or
 * takes it off and goes on to the next, Tab changes between question and record, a click on a word
 * does the same as the space bar; Esc ends it. */
#ifndef CLIENT_TERM_HIGHLIGHT_H
#define CLIENT_TERM_HIGHLIGHT_H

#include "client/term/ui.h"

/* What the lines of a page know a text by (page_put_source()). */
int highlight_source(enum mark_where where);

/* The word at a byte or after it; the last one that ends at a byte or before it.  Only .from and
 * .to are filled in.  False: there is none, and OUT is as it was. */
bool word_from(const char *text, size_t at, struct mark *out);
bool word_before(const char *text, size_t at, struct mark *out);

void highlight_begin(struct ui *ui);
/* Before the page is shown: the word under the cursor must be seen. */
void highlight_focus(struct ui *ui, struct page *page);
/* After it was drawn in this window: shows what is highlighted, and the cursor. */
void highlight_draw(struct ui *ui, const struct page *page, struct window w, enum pane pane);
/* False: not one of its keys. */
bool highlight_key(struct ui *ui, int key);

#endif
