/* How an item is worded: reasons, negatives, names of code systems, how much there is to read. */
#include <ctype.h>
#include <string.h>

#include "questions/check/facts.h"
#include "questions/check/rules.h"
#include "questions/check/scan.h"

/* ---- Reasons ----------------------------------------------------------------------------- */

static void check_reasons(const struct check *c, const struct item *item)
{
	size_t i;

	for (i = 0; i < item->noptions; i++)
		if (item->options[i].why == NULL)
			check_found(c, RULE_NO_WHY, item->options[i].place,
				    "the option does not say why it is %s",
				    item->options[i].right ? "right" : "wrong");
}

/* ---- Negatives --------------------------------------------------------------------------- */

#define QUESTION_WORDS_MOST 5 /* between "which" and its verb */

struct word {
	const char *s;
	size_t len;
};

static struct word next_word(const char **at)
{
	struct word w;

	while (**at != '\0' && !isalpha((unsigned char)**at))
		++*at;
	w.s = *at;
	while (isalpha((unsigned char)**at) || **at == '\'')
		++*at;
	w.len = (size_t)(*at - w.s);
	return w;
}

/* Is it one of a list, with spaces around each? */
static bool is_one_of(struct word w, const char *list)
{
	char padded[24];

	if (w.len == 0 || w.len + 2 >= sizeof padded)
		return false;
	padded[0] = ' ';
	memcpy(padded + 1, w.s, w.len);
	padded[w.len + 1] = ' ';
	padded[w.len + 2] = '\0';
	return strcasestr(list, padded) != NULL;
}

/* Where the last sentence of a text begins, which is what asks. */
static const char *last_sentence(const char *text)
{
	const char *s, *last = text;

	for (s = text; *s != '\0'; s++)
		if (strchr(".?!:\n", *s) != NULL && isspace((unsigned char)s[1]) &&
		    s[1 + strspn(s + 1, " \n")] != '\0')
			last = s + 1;
	return last;
}

/* "Which codes are not reported", but neither "NOT" nor "which code is for a bone that is not
 * broken": between the question word and its verb nothing else may begin. */
static bool asks_negatively(const char *sentence)
{
	bool asking = false, verb = false, first = true;
	size_t since = 0;
	struct word w;

	while ((w = next_word(&sentence)).len > 0) {
		if (is_one_of(w, " except ") && islower((unsigned char)w.s[0]))
			return true;
		if (verb && is_one_of(w, " not never ") && islower((unsigned char)w.s[0]))
			return true;
		verb = false;
		if (is_one_of(w, " which what who whom ") ||
		    (first && is_one_of(w, " where when how why "))) {
			asking = true;
			since = 0;
		} else if (is_one_of(w, " where when how why "))
			asking = false;
		else if (is_one_of(w, " that if whose while although because reports describes "))
			asking = false;
		else if (asking && ++since <= QUESTION_WORDS_MOST + 1)
			verb =
			    is_one_of(w, " is are was were does do did may can could should must "
					 "would will has have ");
		first = false;
		if (asking && since <= QUESTION_WORDS_MOST + 1 &&
		    is_one_of(w, " cannot isn't aren't doesn't don't can't shouldn't ") &&
		    islower((unsigned char)w.s[0]))
			return true;
	}
	return false;
}

static void check_negative(const struct check *c, const struct item *item)
{
	if (asks_negatively(last_sentence(item->stem)))
		check_found(c, RULE_NEGATIVE, item->place,
			    "the question is negative; a negative stands in capitals");
}

/* ---- Names of code systems --------------------------------------------------------------- */

static bool ends_word(char c)
{
	return !isalnum((unsigned char)c);
}

/* How many bytes at S are a way to write one of the ICD classifications, and whether it is right.
 */
static size_t icd_at(const char *s, bool *right)
{
	static const char *const good[] = {"ICD-10-CM", "ICD-10-PCS", "ICD-9-CM",
					   "ICD-10",	"ICD-11",     "ICD-9"};
	size_t n = 3, k, i;

	if (strncasecmp(s, "icd", 3) != 0)
		return 0;
	n += s[n] == '-' || s[n] == ' ';
	k = strspn(s + n, "0123456789");
	if (k == 0 || k > 2)
		return 0;
	n += k;
	k = n + (s[n] == '-' || s[n] == ' ');
	if (strncasecmp(s + k, "cm", 2) == 0 && ends_word(s[k + 2]))
		n = k + 2;
	else if (strncasecmp(s + k, "pcs", 3) == 0 && ends_word(s[k + 3]))
		n = k + 3;
	*right = false;
	for (i = 0; i < COUNT(good); i++)
		*right |= strlen(good[i]) == n && strncmp(s, good[i], n) == 0;
	return n;
}

/* The same for HCPCS and its levels. */
static size_t hcpcs_at(const char *s, bool *right)
{
	size_t n = 5, k;

	if (strncasecmp(s, "hcpcs", 5) != 0)
		return 0;
	*right = strncmp(s, "HCPCS", 5) == 0;
	k = n + (s[n] == '-' || s[n] == ' ');
	if ((strncasecmp(s + k, "ii", 2) == 0 && ends_word(s[k + 2])) ||
	    (k > n && s[k] == '2' && ends_word(s[k + 1]))) {
		*right = false;
		return k + (s[k] == '2' ? 1 : 2);
	}
	if (strncasecmp(s + k, "level", 5) != 0 || s[k + 5] != ' ')
		return n;
	n = k + 6;
	k = s[n] == '2' ? 1 : strncasecmp(s + n, "ii", 2) == 0 ? 2 : 0;
	if (k > 0 && ends_word(s[n + k]))
		*right &= strncmp(s + n - 6, "Level II", 8) == 0;
	return n + k;
}

static void check_names(const struct check *c, const struct item_text *t)
{
	const char *s = t->text;
	size_t n;

	for (; *s != '\0'; s += n) {
		bool right = true;

		n = 0;
		if (s == t->text || ends_word(s[-1]))
			n = icd_at(s, &right);
		if (n == 0 && (s == t->text || ends_word(s[-1])))
			n = hcpcs_at(s, &right);
		if (!right)
			check_found(c, RULE_SYSTEM_NAME, t->place,
				    "in %s, \"%.*s\" is not how the code system is written",
				    t->where, (int)n, s);
		n += n == 0;
	}
}

/* ---- How much there is to read ----------------------------------------------------------- */

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += !isspace((unsigned char)*text) &&
		     (text[1] == '\0' || isspace((unsigned char)text[1]));
	return n;
}

/* The kinds of reading, and how many words are right for each. */
enum reading { READING_CASE, READING_RECORD, READING_CODES, READING_QUESTION };
static const struct {
	const char *name;
	size_t least, most;
} readings[] = {
    [READING_CASE] = {"case", 120, 300},
    [READING_RECORD] = {"record of a set", 40, 400},
    [READING_CODES] = {"record to be coded", 10, 700},
    [READING_QUESTION] = {"question", 3, 150},
};

/* An item of a section called "cases" is one. */
static bool is_case(const struct item *item)
{
	size_t i;

	for (i = 0; i < item->nsections; i++)
		if (strcmp(item->sections[i].section, "cases") == 0)
			return true;
	return false;
}

static void check_words(const struct check *c, enum reading reading, const char *text,
			struct place place)
{
	size_t n = count_words(text);

	if (n < readings[reading].least || n > readings[reading].most)
		check_found(c, RULE_LENGTH, place, "the %s has %zu words; %zu to %zu are right",
			    readings[reading].name, n, readings[reading].least,
			    readings[reading].most);
}

static void check_reading(const struct check *c, const struct item *item)
{
	enum reading reading = item->kind == ITEM_CODES ? READING_CODES
			       : is_case(item)		? READING_CASE
							: READING_QUESTION;

	if (item->set != NULL) {
		if (item->set->nitems > 0 && item == item->set->items[0])
			check_words(c, READING_RECORD, item->set->stimulus, item->set->place);
		reading = READING_QUESTION;
	}
	check_words(c, reading, item->stem, item->place);
}

/* ---- Years ------------------------------------------------------------------------------- */

/* Guidelines of another year than the bank's; other documents may be older. */
static void check_year(const struct check *c, const struct item_text *t)
{
	const char *year = c->bank->code_year, *fy;

	if (t->role != TEXT_REFERENCE || year == NULL || strncmp(year, "FY", 2) != 0 ||
	    strstr(t->text, "Guidelines") == NULL || (fy = strstr(t->text, "FY")) == NULL)
		return;
	fy += 2 + (fy[2] == ' ');
	if (strspn(fy, "0123456789") == 4 && strncmp(fy, year + 2, 4) != 0)
		check_found(c, RULE_STALE, t->place,
			    "the reference is to the guidelines of FY%.4s, the bank is of %s", fy,
			    year);
}

static void check_has_year(const struct check *c, const struct item *item)
{
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		if (facts_year(c->bank, item->codes[i].system)[0] == '\0') {
			check_found(c, RULE_NO_YEAR, item->codes[i].place,
				    "a code of %s is cited, and the bank has no %s",
				    system_name(item->codes[i].system),
				    item->codes[i].system == CODE_HCPCS2 ? "hcpcs" : "code_year");
			return;
		}
}

/* ---- Codes that are printed but not listed ----------------------------------------------- */

/* Is the code in the list of the item, or of another one about the same record? */
static bool is_listed(const struct item *item, const char *code)
{
	size_t i;

	if (is_cited(item, code))
		return true;
	for (i = 0; item->set != NULL && i < item->set->nitems; i++)
		if (is_cited(item->set->items[i], code))
			return true;
	return false;
}

static void check_listed(const struct check *c, const struct item *item, const struct item_text *t)
{
	struct printed_code code;
	size_t at = 0;

	while (t->role != TEXT_REFERENCE && scan_code(item, t->text, &at, &code))
		if (!is_quoted(t->text, &code) && !is_listed(item, code.code))
			check_found(c, RULE_UNLISTED, t->place,
				    "%.*s in %s is not among the codes of the item", (int)code.len,
				    t->text + code.at, t->where);
}

static void check_fields(const struct check *c, const struct item *item)
{
	size_t i, k;

	for (i = 0; i < item->nfields; i++)
		for (k = 0; k < item->fields[i].naccept; k++)
			if (!is_listed(item, item->fields[i].accept[k]))
				check_found(
				    c, RULE_UNLISTED, item->fields[i].place,
				    "the accepted code %s is not among the codes of the item",
				    item->fields[i].accept[k]);
}

void check_wording(const struct check *c, const struct item *item)
{
	struct texts texts = {item, 0};
	struct item_text t;

	check_reasons(c, item);
	check_negative(c, item);
	check_reading(c, item);
	check_has_year(c, item);
	check_fields(c, item);
	while (texts_next(&texts, &t)) {
		check_names(c, &t);
		check_year(c, &t);
		check_listed(c, item, &t);
	}
}
