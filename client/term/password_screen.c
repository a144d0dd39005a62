/* Passwords, asked for on the screen and never shown: to log in, when the server knows nobody; and
 * a new one, when the one that was given is good for one time. */
#include <stdio.h>
#include <string.h>

#include "client/term/typing.h"
#include "client/term/ui.h"
#include "client/term/wrap.h"

#define FIELD 24 /* columns; a longer one goes on unseen */

enum { SECRET_OLD, SECRET_NEW, SECRET_AGAIN };
_Static_assert(SECRET_AGAIN + 1 == UI_SECRETS, "a line for each");

void ui_forget_secrets(struct ui *ui)
{
	explicit_bzero(ui->secrets, sizeof ui->secrets);
	ui->secret_at = 0;
}

static void put_secret(struct ui *ui, int which, const char *label)
{
	char prefix[40], text[FIELD + 3];
	int typed = text_columns(ui->secrets[which]);
	bool on = ui->secret_at == which;

	typed = typed < FIELD ? typed : FIELD;
	memset(text, ' ', sizeof text);
	memset(text + 1, '*', (size_t)typed);
	text[0] = '[';
	text[FIELD + 1] = ']';
	text[FIELD + 2] = '\0';
	snprintf(prefix, sizeof prefix, "%c %-18s", on ? '>' : ' ', label);
	page_put(&ui->page, on ? LOOK_STRONG : LOOK_PLAIN, KEY_PLACE + which, prefix, text);
	if (on)
		ui->page.lines[ui->page.nlines - 1].cursor = 20 + 1 + typed;
}

static void begin(struct ui *ui, struct window w, const char *title)
{
	page_begin(&ui->page, w.columns - 8);
	ui->pane = PANE_QUESTION;
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", title);
	page_blank(&ui->page);
}

static void put_state(struct ui *ui)
{
	const struct desk *d = ui->desk;

	page_blank(&ui->page);
	if (d->link != LINK_UP)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "",
			 "The connection is lost; it is tried again by itself.");
	else if (d->logging_in)
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", "Asking the server ...");
	else if (ui->secret_wrong != NULL)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", ui->secret_wrong);
	else if (d->password_error != ERR_OK)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", err_sentence(d->password_error));
}

static void show(struct ui *ui, struct window w)
{
	ui->follow = false;
	ui_show_page(ui, &ui->page, (struct window){w.row + 1, 2, w.rows - 1, w.columns - 4},
		     PANE_QUESTION);
}

/* ---- Logging in -------------------------------------------------------------------------- */

static void draw_log_in(struct ui *ui, struct window w)
{
	begin(ui, w, "Log in");
	ui->secret_at = 0;
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "  Server            ", ui->host);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "  User              ",
		 ui->desk->user != NULL ? ui->desk->user : "");
	put_secret(ui, 0, "Password");
	put_state(ui);
	show(ui, w);
}

/* True: one of those that a line of text takes.  Everything else is left to the frame. */
static bool type(struct ui *ui, int key)
{
	ui->secret_wrong = NULL;
	return text_type(ui->secrets[ui->secret_at], PASSWORD_MOST, key);
}

static bool on_log_in_key(struct ui *ui, int key)
{
	if (ui->desk->logging_in)
		return key >= KEY_SPACE;
	if (key != KEY_RETURN)
		return type(ui, key);
	if (ui->secrets[0][0] != '\0')
		desk_log_in(ui->desk, ui->secrets[0]);
	ui_forget_secrets(ui);
	return true;
}

static const struct hint log_in_hints[] = {
    {KEY_RETURN, "Enter", "Log in", NULL},
    {KEY_CTRL('Q'), "^Q", "Leave", NULL},
    {0},
};

const struct ui_screen log_in_screen = {draw_log_in, on_log_in_key, log_in_hints};

/* ---- A new password ---------------------------------------------------------------------- */

static int first_field(const struct ui *ui)
{
	return desk_knows_password(ui->desk) ? SECRET_NEW : SECRET_OLD;
}

static void draw_new_password(struct ui *ui, struct window w)
{
	begin(ui, w, "Your password is good for one time only. Choose your own.");
	if (ui->secret_at < first_field(ui))
		ui->secret_at = first_field(ui);
	page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "", "At least ten characters.");
	page_blank(&ui->page);
	if (first_field(ui) == SECRET_OLD)
		put_secret(ui, SECRET_OLD, "The one you have");
	put_secret(ui, SECRET_NEW, "New password");
	put_secret(ui, SECRET_AGAIN, "Once more");
	put_state(ui);
	show(ui, w);
}

static void send_new(struct ui *ui)
{
	bool knows = desk_knows_password(ui->desk);

	if (strcmp(ui->secrets[SECRET_NEW], ui->secrets[SECRET_AGAIN]) != 0) {
		ui->secret_wrong = "The two are not the same. Type the new password again.";
		explicit_bzero(ui->secrets[SECRET_NEW], sizeof ui->secrets[0]);
		explicit_bzero(ui->secrets[SECRET_AGAIN], sizeof ui->secrets[0]);
		ui->secret_at = SECRET_NEW;
		return;
	}
	desk_change_password(ui->desk, knows ? NULL : ui->secrets[SECRET_OLD],
			     ui->secrets[SECRET_NEW]);
	ui_forget_secrets(ui);
}

static bool on_new_password_key(struct ui *ui, int key)
{
	if (ui->desk->logging_in)
		return key >= KEY_SPACE;
	if (key >= KEY_PLACE && key < KEY_PLACE + UI_SECRETS)
		ui->secret_at = key - KEY_PLACE;
	else if (key == KEY_ARROW_UP && ui->secret_at > first_field(ui))
		ui->secret_at--;
	else if ((key == KEY_ARROW_DOWN || key == KEY_TABULATOR) && ui->secret_at < SECRET_AGAIN)
		ui->secret_at++;
	else if (key != KEY_RETURN)
		return type(ui, key);
	else if (ui->secrets[ui->secret_at][0] == '\0')
		return true;
	else if (ui->secret_at < SECRET_AGAIN)
		ui->secret_at++;
	else
		send_new(ui);
	return true;
}

static const struct hint new_password_hints[] = {
    {KEY_RETURN, "Enter", "Next line, then change it", NULL},
    {KEY_ARROW_UP, "Up", "Line before", NULL},
    {KEY_CTRL('Q'), "^Q", "Leave", NULL},
    {0},
};

const struct ui_screen new_password_screen = {draw_new_password, on_new_password_key,
					      new_password_hints};
