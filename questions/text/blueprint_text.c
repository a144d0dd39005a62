#include "questions/text/blueprint_text.h"

#include <string.h>

#include "questions/text/walk.h"

#define TITLE_MOST	 200
#define PROSE_MOST	 4096

#define AT(type, member) .at = offsetof(struct type, member)
#define LIST(type, list, count)                                                                    \
	.at = offsetof(struct type, list), .count_at = offsetof(struct type, count)

static const struct choice navigations[] = {
    {"free", NAVIGATION_FREE}, {"linear", NAVIGATION_LINEAR}, {NULL, 0}};
static const struct choice orders[] = {
    {"sections", ORDER_SECTIONS}, {"shuffled", ORDER_SHUFFLED}, {NULL, 0}};
static const struct choice all_breaks[] = {{"none", BREAKS_NONE},
					   {"clock-runs", BREAKS_CLOCK_RUNS},
					   {"clock-stops", BREAKS_CLOCK_STOPS},
					   {NULL, 0}};
static const struct choice losts[] = {
    {"clock-runs", LOST_CLOCK_RUNS}, {"clock-stops", LOST_CLOCK_STOPS}, {NULL, 0}};
static const struct choice lates[] = {
    {"on-ready", LATE_ON_READY}, {"by-hand", LATE_BY_HAND}, {NULL, 0}};
static const struct choice practices[] = {
    {"offered", PRACTICE_OFFERED}, {"never", PRACTICE_NEVER}, {NULL, 0}};
static const struct choice multiples[] = {
    {"all-or-nothing", MULTIPLE_ALL_OR_NOTHING}, {"partial", MULTIPLE_PARTIAL}, {NULL, 0}};
static const struct choice passes[] = {
    {"percent", PASS_PERCENT}, {"scaled", PASS_SCALED}, {NULL, 0}};
static const struct choice releases[] = {{"at-once", RELEASE_AT_ONCE},
					 {"by-date", RELEASE_BY_DATE},
					 {"by-hand", RELEASE_BY_HAND},
					 {"never", RELEASE_NEVER},
					 {NULL, 0}};
static const struct choice all_tools[] = {
    {"flag", TOOL_FLAG},	   {"strike-out", TOOL_STRIKE_OUT}, {"note", TOOL_NOTE},
    {"highlight", TOOL_HIGHLIGHT}, {"calculator", TOOL_CALCULATOR}, {NULL, 0}};

/* The numbers of a list, into an array with room for them; false after an error. */
static bool read_numbers(struct walk *w, const yaml_node_t *list, const char *what, uint32_t most,
			 uint32_t *out)
{
	bool good = true;
	size_t i;

	for (i = 0; i < walk_length(list); i++)
		good &= walk_number(w, walk_nth(w, list, i), what, 0, most, &out[i]);
	return good;
}

/* Sections and parts. */

static void read_share(struct walk *w, const yaml_node_t *node, void *object)
{
	struct section *section = object;
	uint32_t range[2] = {0, 0};

	if (!walk_is_list(w, node, "share", 2, 2) || !read_numbers(w, node, "share", 100, range))
		return;
	if (range[1] == 0)
		walk_error(w, walk_place(node), "bad-value", "a share of at most 0 %% is none");
	section->share_low = range[0];
	section->share_high = range[1];
}

static const struct field section_fields[] = {
    {.key = "name", .kind = FIELD_NAME, .required = true, AT(section, name)},
    {.key = "title",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(section, title)},
    {.key = "items",
     .kind = FIELD_NUMBER,
     .required = true,
     .least = 1,
     .most = BLUEPRINT_ITEMS_MOST,
     AT(section, items)},
    {.key = "share", .kind = FIELD_NODE, .read = read_share},
    {.key = NULL},
};

static void read_section(struct walk *w, const yaml_node_t *node, void *object)
{
	struct section *section = object;

	section->place = walk_place(node);
	walk_mapping(w, node, section_fields, section);
}

static const struct field part_fields[] = {
    {.key = "name", .kind = FIELD_NAME, .required = true, AT(part, name)},
    {.key = "title",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(part, title)},
    {.key = "minutes",
     .kind = FIELD_NUMBER,
     .required = true,
     .least = 1,
     .most = BLUEPRINT_MINUTES_MOST,
     AT(part, minutes)},
    {.key = "navigation", .kind = FIELD_CHOICE, .choices = navigations, AT(part, navigation)},
    {.key = "sections",
     .kind = FIELD_LIST,
     .required = true,
     .least = 1,
     .most = BLUEPRINT_SECTIONS_MOST,
     LIST(part, sections, nsections),
     .size = sizeof(struct section),
     .read = read_section},
    {.key = NULL},
};

static void read_part(struct walk *w, const yaml_node_t *node, void *object)
{
	struct part *part = object;

	part->place = walk_place(node);
	walk_mapping(w, node, part_fields, part);
}

/* Warnings and tools. */

static void read_warnings(struct walk *w, const yaml_node_t *node, void *object)
{
	struct blueprint *b = object;
	uint32_t minutes[BLUEPRINT_WARNINGS_MOST];

	if (!walk_is_list(w, node, "warnings", 0, BLUEPRINT_WARNINGS_MOST) ||
	    !read_numbers(w, node, "a warning", BLUEPRINT_MINUTES_MOST, minutes))
		return;
	b->nwarnings = walk_length(node);
	memcpy(b->warnings, minutes, b->nwarnings * sizeof minutes[0]);
}

static void read_tools(struct walk *w, const yaml_node_t *node, void *object)
{
	struct blueprint *b = object;
	unsigned tool;
	size_t i;

	if (!walk_is_list(w, node, "tools", 0, COUNT(all_tools) - 1))
		return;
	for (i = 0; i < walk_length(node); i++) {
		const yaml_node_t *e = walk_nth(w, node, i);

		if (!walk_choice(w, e, "a tool", all_tools, &tool))
			continue;
		if ((b->tools & tool) != 0)
			walk_error(w, walk_place(e), "bad-value", "this tool is there twice");
		b->tools |= tool;
	}
}

/* The pass rule: which of its two cuts is there depends on the rule. */

struct pass_source {
	enum pass_rule rule;
	uint32_t cut, raw_cut;
};

static const struct field pass_fields[] = {
    {.key = "rule",
     .kind = FIELD_CHOICE,
     .required = true,
     .choices = passes,
     AT(pass_source, rule)},
    {.key = "cut", .kind = FIELD_NUMBER, .least = 1, .most = 100, AT(pass_source, cut)},
    {.key = "raw_cut",
     .kind = FIELD_NUMBER,
     .least = 1,
     .most = BLUEPRINT_ITEMS_MOST,
     AT(pass_source, raw_cut)},
    {.key = NULL},
};

static void read_pass(struct walk *w, const yaml_node_t *node, void *object)
{
	struct blueprint *b = object;
	struct pass_source source = {PASS_PERCENT, 0, 0};
	bool percent;

	walk_mapping(w, node, pass_fields, &source);
	percent = source.rule == PASS_PERCENT;
	if (walk_get(w, node, percent ? "raw_cut" : "cut") != NULL)
		walk_error(w, walk_place(node), "bad-cut", "the rule %s has a key \"%s\"",
			   percent ? "percent" : "scaled", percent ? "cut" : "raw_cut");
	else if (walk_get(w, node, "rule") != NULL &&
		 walk_get(w, node, percent ? "cut" : "raw_cut") == NULL)
		walk_error(w, walk_place(node), "missing-key", "the key \"%s\" is missing",
			   percent ? "cut" : "raw_cut");
	b->pass = source.rule;
	b->cut = percent ? source.cut : source.raw_cut;
}

/* Release: what is by date has one, and the review may have a later one of its own. */

struct release_source {
	enum release_rule result, review;
	struct wall_ms date, review_date;
};

static bool read_time(struct walk *w, const yaml_node_t *node, const char *what,
		      struct wall_ms *out)
{
	const char *text = walk_line(w, node, what, 1, 40);

	if (text == NULL)
		return false;
	if (wall_parse(text, out) == ERR_OK)
		return true;
	walk_error(w, walk_place(node), "bad-value",
		   "%s is a time with its zone, as 2026-12-01T09:00Z", what);
	return false;
}

static void read_date(struct walk *w, const yaml_node_t *node, void *object)
{
	struct release_source *source = object;

	(void)read_time(w, node, "date", &source->date);
}

static void read_review_date(struct walk *w, const yaml_node_t *node, void *object)
{
	struct release_source *source = object;

	(void)read_time(w, node, "review_date", &source->review_date);
}

static const struct field release_fields[] = {
    {.key = "result",
     .kind = FIELD_CHOICE,
     .required = true,
     .choices = releases,
     AT(release_source, result)},
    {.key = "review",
     .kind = FIELD_CHOICE,
     .required = true,
     .choices = releases,
     AT(release_source, review)},
    {.key = "date", .kind = FIELD_NODE, .read = read_date},
    {.key = "review_date", .kind = FIELD_NODE, .read = read_review_date},
    {.key = NULL},
};

static void check_dates(struct walk *w, const yaml_node_t *node, const struct release_source *s)
{
	bool date = walk_get(w, node, "date") != NULL;
	bool own = walk_get(w, node, "review_date") != NULL;
	bool result = s->result == RELEASE_BY_DATE, review = s->review == RELEASE_BY_DATE;

	if ((result && !date) || (review && !date && !own))
		walk_error(w, walk_place(node), "missing-key", "by-date needs the key \"date\"");
	if ((date && !result && (!review || own)) || (own && !review))
		walk_error(w, walk_place(node), "bad-value", "a date that nothing waits for");
}

static void read_release(struct walk *w, const yaml_node_t *node, void *object)
{
	struct blueprint *b = object;
	struct release_source s = {RELEASE_BY_HAND, RELEASE_BY_HAND, {0}, {0}};

	walk_mapping(w, node, release_fields, &s);
	if (node->type == YAML_MAPPING_NODE)
		check_dates(w, node, &s);
	b->result.rule = s.result;
	if (s.result == RELEASE_BY_DATE)
		b->result.date = s.date;
	b->review.rule = s.review;
	if (s.review == RELEASE_BY_DATE)
		b->review.date = s.review_date.v != 0 ? s.review_date : s.date;
}

/* The blueprint. */

#define PLACE(member) .place_at = offsetof(struct blueprint, at.member)

static const struct field blueprint_fields[] = {
    {.key = "exam", .kind = FIELD_NAME, .required = true, AT(blueprint, exam)},
    {.key = "title",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = TITLE_MOST,
     AT(blueprint, title)},
    {.key = "version",
     .kind = FIELD_LINE,
     .required = true,
     .least = 1,
     .most = WALK_NAME_MOST,
     AT(blueprint, version)},
    {.key = "notice", .kind = FIELD_PROSE, .least = 1, .most = PROSE_MOST, AT(blueprint, notice)},
    {.key = "bank", .kind = FIELD_NAME, .required = true, AT(blueprint, bank), PLACE(bank)},
    {.key = "rules", .kind = FIELD_PROSE, .least = 1, .most = PROSE_MOST, AT(blueprint, rules)},
    {.key = "parts",
     .kind = FIELD_LIST,
     .required = true,
     .least = 1,
     .most = BLUEPRINT_PARTS_MOST,
     LIST(blueprint, parts, nparts),
     .size = sizeof(struct part),
     .read = read_part},
    {.key = "pretest",
     .kind = FIELD_NUMBER,
     .most = BLUEPRINT_ITEMS_MOST,
     AT(blueprint, pretest),
     PLACE(pretest)},
    {.key = "total",
     .kind = FIELD_NUMBER,
     .required = true,
     .least = 1,
     .most = BLUEPRINT_ITEMS_MOST,
     AT(blueprint, total),
     PLACE(total)},
    {.key = "order", .kind = FIELD_CHOICE, .choices = orders, AT(blueprint, order)},
    {.key = "warnings", .kind = FIELD_NODE, .read = read_warnings, PLACE(warnings)},
    {.key = "breaks", .kind = FIELD_CHOICE, .choices = all_breaks, AT(blueprint, breaks)},
    {.key = "tools", .kind = FIELD_NODE, .read = read_tools},
    {.key = "multiple_response",
     .kind = FIELD_CHOICE,
     .choices = multiples,
     AT(blueprint, multiple)},
    {.key = "pass", .kind = FIELD_NODE, .required = true, .read = read_pass, PLACE(pass)},
    {.key = "release", .kind = FIELD_NODE, .required = true, .read = read_release},
    {.key = "lost_connection", .kind = FIELD_CHOICE, .choices = losts, AT(blueprint, lost)},
    {.key = "late_start", .kind = FIELD_CHOICE, .choices = lates, AT(blueprint, late)},
    {.key = "practice", .kind = FIELD_CHOICE, .choices = practices, AT(blueprint, practice)},
    {.key = "code_year",
     .kind = FIELD_LINE,
     .least = 1,
     .most = WALK_NAME_MOST,
     AT(blueprint, code_year),
     PLACE(code_year)},
    {.key = NULL},
};

enum err blueprint_parse(struct blueprint **out, struct bytes text, const char *file,
			 struct diag *diag)
{
	struct blueprint *b = blueprint_new();
	struct walk w = {.file = file, .diag = diag, .arena = &b->arena};
	size_t errors = diag->errors;
	enum err err = ERR_BAD_INPUT;
	const yaml_node_t *root;

	if (!walk_load(&w, text) || (root = walk_root(&w)) == NULL) {
		err = text.len > WALK_TEXT_MOST ? ERR_TOO_LARGE : ERR_BAD_INPUT;
		goto out;
	}
	walk_mapping(&w, root, blueprint_fields, b);
	/* The rules are about what was read: with a gap in it they would only echo the gap. */
	if (diag->errors == errors)
		blueprint_check(b, file, diag);
	if (diag->errors != errors)
		goto out;
	blueprint_seal(b);
	*out = b;
	b = NULL;
	err = ERR_OK;
out:
	walk_fini(&w);
	blueprint_free(b);
	return err;
}
