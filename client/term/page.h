/* A page: styled lines of a given width, longer than the window that shows a part of them. */
#ifndef CLIENT_TERM_PAGE_H
#define CLIENT_TERM_PAGE_H

#include "client/term/canvas.h"
#include "proto/base/mem.h"

struct page_line {
	char *text; /* the page's */
	enum look look;
	int key;    /* of a click on it; KEY_NOTHING: none */
	int cursor; /* the column of the text cursor; -1: none */
	/* Where it stands in the text that it was wrapped from: the bytes, and the columns before
	 * them. */
	size_t from, len;
	int indent;
	int source; /* which text that was, as page_put_source() was told; 0: none */
};

struct page {
	struct arena arena;
	struct page_line *lines; /* owned */
	size_t nlines, cap;
	int columns;
	size_t focus, focus_end; /* the lines that must be seen; equal: none */
};

/* {0} before the first one. */
void page_begin(struct page *p, int columns);
void page_fini(struct page *p);

/* PREFIX, then TEXT wrapped beside it: the following lines are indented by the prefix's width. */
void page_put(struct page *p, enum look look, int key, const char *prefix, const char *text);
/* The same, and its lines know the text by a number from 1. */
void page_put_source(struct page *p, enum look look, int source, const char *text);
void page_blank(struct page *p);
/* What is put between these two must be in the window. */
void page_focus_begin(struct page *p);
void page_focus_end(struct page *p);

struct window {
	int row, column, rows, columns;
};
/* The rows of a window of ROWS that show lines: one fewer, when not all of them fit, for the line
 * that says so. */
int page_rows(const struct page *p, int rows);
/* How far the page can be scrolled down where ROWS lines are shown. */
int page_scroll_most(const struct page *p, int rows);
/* SCROLL brought into its bounds, and then so that the focus is seen when FOLLOW. */
int page_scroll(const struct page *p, int rows, int scroll, bool follow);
/* Draws the lines from SCROLL on, and in the window's last row how to see the rest. */
void page_draw(const struct page *p, struct canvas *cv, struct window w, int scroll);

#endif
