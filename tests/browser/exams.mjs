import { isAt } from "./house.mjs";

// Small exams of a test's own.  What matters to the test is said there, and the rest here.  Banks and
// blueprints are YAML, and a value of JSON is one of YAML.
const item = { level: "recall", topic: ["guidelines"], kind: "single", rationale: "because", references: ["the guidelines"],
  review: { status: "reviewed" } };
const bank = { title: "A bank", version: "1", code_year: "FY2026", hcpcs: "2025-10", licence: "CC-BY-4.0",
  copyright: "2026 The examd authors", notice: "Original items.", requires: [] };
const part = { name: "main", title: "Main", minutes: 20, navigation: "free" };
const exam = { title: "An exam", version: "1", notice: "Not affiliated with anybody.", pretest: 0, order: "sections", warnings: [5],
  breaks: "clock-stops", tools: ["flag", "strike-out", "note", "highlight", "calculator"], multiple_response: "all-or-nothing",
  pass: { rule: "percent", cut: 70 }, release: { result: "at-once", review: "at-once" }, lost_connection: "clock-runs",
  late_start: "on-ready", code_year: "FY2026" };

export const right = (text, why = "it is") => ({ text, right: true, why });
export const wrong = (text, why = "it is not") => ({ text, why });

// A line for each key.
const yaml = (content) => Object.entries(content).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join("");

// Loads a bank and an exam, both of this NAME, that differ from the above in what is given.
export async function loadExam(house, name, items, parts, fieldsOfExam, fieldsOfBank) {
  const whole = (i) => i.set ? { ...i, items: i.items.map(whole) } : { ...item, ...i };
  const total = parts.flatMap((p) => p.sections).reduce((sum, s) => sum + s.items, 0);
  await house.do("text", `${name}.yaml`, yaml({ bank: name, ...bank, ...fieldsOfBank, items: items.map(whole) }));
  await house.do("load", await house.do("text", `${name}-exam.yaml`,
    yaml({ exam: name, bank: name, ...exam, ...fieldsOfExam, parts: parts.map((p) => ({ ...part, ...p })), total })));
}

// ---- One question of each look: a record beside its two questions, one answer, several answers, typed
// codes; long words, and every tool.

export const STEM = "Which code is the principal diagnosis of this stay?";
export const RECORD = ["DISCHARGE SUMMARY (inpatient, 4 d)", "68 M, black stools x 2 d, dizzy on standing. Hgb 6.9 (12.8 in June).",
  "EGD d1: 1 cm ulcer of the duodenal bulb, visible vessel, oozing.", "T2DM: metformin held 1 d, then home dose, glucose 120-150."];

const asked = (id, fields) => ({ id, sections: { looks: "asked" }, ...fields });
const single = (id, stem) => asked(id, { stem, options: [
  right("Acute duodenal ulcer with hemorrhage, one combination code for ulcer, acuity and bleeding"),
  wrong("Pneumonoultramicroscopicsilicovolcanoconiosis"), wrong("K92.1"), wrong("Not coded")] });
const looks = [
  { set: "bleeding", stimulus: RECORD.join("\n"), items: [single("bleeding-1", STEM), single("bleeding-2", "And which one is the complication?")] },
  single("single", "Which one of these four is the right one, of a stem that is long enough to take more than one line of a page on a wide screen and quite a few on a narrow one?"),
  asked("several", { kind: "multiple", stem: "Which are additional diagnoses?",
    options: [right("D62"), right("E11.9"), wrong("K92.1"), wrong("M17.9"), wrong("Z79.84")] }),
  asked("codes", { kind: "codes", stem: "Enter the ICD-10-CM and ICD-10-PCS codes.", scoring: "share", fields: [
    { label: "Principal diagnosis", principal: true, accept: ["K26.0"] }, { label: "Secondary diagnosis", accept: ["D62"] },
    { label: "Procedure", accept: ["0W3P8ZZ"] }] }),
];

// To the question that has this element; the order is drawn for each attempt.
export async function goTo(page, selector) {
  const wanted = page.locator(selector);
  for (let at = 1; at <= 5; at++) {
    await page.keyboard.press("v");
    await page.getByRole("button", { name: new RegExp(`^Question ${at},`) }).click();
    await isAt(page, at);
    if ((await wanted.count()) > 0) return;
  }
  throw new Error(`no question has ${selector}`);
}

// Loads it; its name is "looks".
export async function loadLooks(house) {
  await loadExam(house, "looks", looks,
    [{ minutes: 75, sections: [{ name: "asked", title: "All that is asked", items: 5 }] }],
    { title: "One of each look, with a title of some length",
      rules: "Put books and telephones away.\nRaise a hand when you need the proctor; do not leave this page." });
}
