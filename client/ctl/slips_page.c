#include "client/ctl/slips_page.h"

#include <qrencode.h>
#include <string.h>

#define QUIET	   4 /* modules of white around a QR code, as its standard asks */
#define GROUP	   5 /* symbols of a slip that stand together */
#define SIGN_LINES 3 /* empty lines of the sign-in sheet, for whoever is not on the list */

static const struct {
	const char *word, *size;
} papers[] = {
    [PAPER_A4] = {"a4", "A4"},
    [PAPER_LETTER] = {"letter", "letter"},
};

enum err paper_parse(const char *text, enum paper *out)
{
	for (unsigned i = PAPER_A4; i <= PAPER_LETTER; i++)
		if (strcmp(papers[i].word, text) == 0) {
			*out = (enum paper)i;
			return ERR_OK;
		}
	return ERR_INVALID;
}

/* ---- Texts ------------------------------------------------------------------------------- */

void html_put(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		switch (c) {
		case '&':
			buf_put_text(out, "&amp;");
			break;
		case '<':
			buf_put_text(out, "&lt;");
			break;
		case '>':
			buf_put_text(out, "&gt;");
			break;
		case '"':
			buf_put_text(out, "&quot;");
			break;
		case '\'':
			buf_put_text(out, "&#39;");
			break;
		default:
			if (c < ' ' || c == 0x7f)
				buf_put_text(out, "\xef\xbf\xbd");
			else
				buf_put_u8(out, c);
		}
	}
}

/* TEXT in an element. */
static void put_element(struct buf *out, const char *tag, const char *class, const char *text)
{
	buf_printf(out, "<%s class=\"%s\">", tag, class);
	html_put(out, text);
	buf_printf(out, "</%s>\n", tag);
}

/* In groups, which people copy with fewer mistakes. */
static void put_slip(struct buf *out, const char *slip)
{
	buf_put_text(out, "<p class=\"slip\">");
	for (size_t i = 0; slip[i] != '\0'; i++) {
		char symbol[2] = {slip[i], '\0'};

		if (i > 0 && i % GROUP == 0)
			buf_put_text(out, "&#8201;");
		html_put(out, symbol);
	}
	buf_put_text(out, "</p>\n");
}

/* ---- The QR code ------------------------------------------------------------------------- */

static bool is_dark(const QRcode *code, int x, int y)
{
	return x < code->width && (code->data[y * code->width + x] & 1) != 0;
}

/* Each run of dark modules of a line is one rectangle of the path. */
static void put_modules(struct buf *out, const QRcode *code)
{
	for (int y = 0; y < code->width; y++)
		for (int x = 0; x < code->width; x++) {
			int from = x;

			while (is_dark(code, x, y))
				x++;
			if (x > from)
				buf_printf(out, "M%d %dh%dv1h-%dz", from, y, x - from, x - from);
		}
}

static enum err put_qr(struct buf *out, const char *text)
{
	QRcode *code =
	    QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_M);

	if (code == NULL)
		return ERR_TOO_LARGE;
	buf_printf(out,
		   "<svg class=\"qr\" viewBox=\"%d %d %d %d\" shape-rendering=\"crispEdges\" "
		   "role=\"img\" aria-label=\"QR code of the join line\"><path d=\"",
		   -QUIET, -QUIET, code->width + 2 * QUIET, code->width + 2 * QUIET);
	put_modules(out, code);
	buf_put_text(out, "\"/></svg>\n");
	QRcode_free(code);
	return ERR_OK;
}

/* ---- The page ---------------------------------------------------------------------------- */

static const char style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;font:10pt/1.3 sans-serif;color:#000;background:#fff}\n"
    ".cards{display:grid;grid-template-columns:1fr 1fr}\n"
    ".card{break-inside:avoid;border:0.3mm dashed #888;padding:4mm;height:64mm;overflow:hidden}\n"
    ".card h2{margin:0;font-size:12pt;line-height:1.15}\n"
    ".card p{margin:0}\n"
    ".of{font-size:8pt;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}\n"
    ".qr{float:right;width:29mm;height:29mm;margin-left:3mm}\n"
    ".slip{font:bold 14pt/1.5 monospace}\n"
    ".join{clear:right;font:7pt/1.25 monospace;overflow-wrap:anywhere}\n"
    "ol{margin:1.5mm 0 0;padding-left:5mm;font-size:8.5pt}\n"
    ".sheet{break-before:page}\n"
    "table{width:100%;border-collapse:collapse}\n"
    "thead{display:table-header-group}\n"
    "tr{break-inside:avoid}\n"
    "th,td{border:0.2mm solid #000;padding:1mm 2mm;height:9mm;text-align:left}\n"
    "th{height:auto}\n"
    ".sign{width:40%}\n"
    "@media screen{body{max-width:190mm;margin:5mm auto}}\n";

static void put_head(struct buf *out, const struct slips_page *page)
{
	buf_put_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			  "<meta http-equiv=\"Content-Security-Policy\" "
			  "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
			  "<meta name=\"referrer\" content=\"no-referrer\">\n");
	put_element(out, "title", "t", page->title);
	buf_printf(out, "<style>\n@page{size:%s;margin:10mm}\n%s</style>\n</head>\n<body>\n",
		   papers[page->paper].size, style);
}

static enum err put_card(struct buf *out, const struct slips_page *page, const struct slip_card *c)
{
	enum err err;

	buf_put_text(out, "<section class=\"card\">\n");
	if ((err = put_qr(out, c->join)) != ERR_OK)
		return err;
	put_element(out, "h2", "name", c->name);
	put_element(out, "p", "user", c->user);
	put_element(out, "p", "of", page->title);
	put_element(out, "p", "of", page->exam);
	put_slip(out, c->slip);
	put_element(out, "p", "join", c->join);
	buf_put_text(out, "<ol>\n<li>Type <b>exam</b>, a space, the line above in quotes.</li>\n"
			  "<li>Check your name, and wait for the proctor.</li>\n"
			  "<li>Computer fails?  Use this slip at another one.</li>\n"
			  "</ol>\n</section>\n");
	return ERR_OK;
}

static void put_signing(struct buf *out, size_t number, const struct slip_card *c)
{
	buf_put_text(out, "<tr><td>");
	if (c != NULL)
		buf_printf(out, "%zu", number);
	buf_put_text(out, "</td><td>");
	html_put(out, c != NULL ? c->user : "");
	buf_put_text(out, "</td><td>");
	html_put(out, c != NULL ? c->name : "");
	buf_put_text(out, "</td><td></td><td class=\"sign\"></td></tr>\n");
}

static void put_sheet(struct buf *out, const struct slips_page *page)
{
	buf_put_text(out, "<section class=\"sheet\">\n");
	put_element(out, "h2", "name", page->title);
	put_element(out, "p", "of", page->exam);
	buf_put_text(out, "<p>Date: ____________ Room: ____________ Proctor: ____________</p>\n"
			  "<table>\n<thead><tr><th>No.</th><th>Id</th><th>Name</th><th>Time</th>"
			  "<th class=\"sign\">Signature</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < page->ncards; i++)
		put_signing(out, i + 1, &page->cards[i]);
	for (size_t i = 0; i < SIGN_LINES; i++)
		put_signing(out, 0, NULL);
	buf_put_text(out, "</tbody>\n</table>\n</section>\n");
}

enum err slips_page_write(struct buf *out, const struct slips_page *page)
{
	enum err err = ERR_OK;

	put_head(out, page);
	buf_put_text(out, "<main class=\"cards\">\n");
	for (size_t i = 0; i < page->ncards && err == ERR_OK; i++)
		err = put_card(out, page, &page->cards[i]);
	buf_put_text(out, "</main>\n");
	put_sheet(out, page);
	buf_put_text(out, "</body>\n</html>\n");
	return err;
}
