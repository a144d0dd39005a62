import { isAt } from "./house.mjs";

// A short exam with one question of each look: a record beside its two questions, one answer, several
// answers, typed codes; long words, and every tool.
const single = (id, stem, extra = "") => `
${extra}  - id: ${id}
${extra}    sections: {looks: asked}
${extra}    level: recall
${extra}    topic: [guidelines]
${extra}    kind: single
${extra}    stem: '${stem}'
${extra}    options:
${extra}      - {text: 'Acute duodenal ulcer with hemorrhage, one combination code for ulcer, acuity and bleeding', right: true, why: 'it is'}
${extra}      - {text: 'Pneumonoultramicroscopicsilicovolcanoconiosis', why: 'it is not'}
${extra}      - {text: 'K92.1', why: 'it is not'}
${extra}      - {text: 'Not coded', why: 'it is not'}
${extra}    rationale: 'because'
${extra}    references: ['the guidelines']
${extra}    review: {status: reviewed}`;

export const STEM = "Which code is the principal diagnosis of this stay?";
export const RECORD = ["DISCHARGE SUMMARY (inpatient, 4 d)", "68 M, black stools x 2 d, dizzy on standing. Hgb 6.9 (12.8 in June).",
  "EGD d1: 1 cm ulcer of the duodenal bulb, visible vessel, oozing.", "T2DM: metformin held 1 d, then home dose, glucose 120-150."];

const bank = `bank: looks
title: One of each look
version: "1"
code_year: FY2026
hcpcs: "2025-10"
licence: CC-BY-4.0
copyright: 2026 The examd authors
notice: 'Original items.'
requires: []
items:
  - set: bleeding
    stimulus: |-
${RECORD.map((line) => `      ${line}`).join("\n")}
    items:${single("bleeding-1", STEM, "    ")}${single("bleeding-2", "And which one is the complication?", "    ")}
${single("single", "Which one of these four is the right one, of a stem that is long enough to take more than one line of a page on a wide screen and quite a few on a narrow one?")}
  - id: several
    sections: {looks: asked}
    level: recall
    topic: [guidelines]
    kind: multiple
    stem: 'Which are additional diagnoses?'
    options:
      - {text: 'D62', right: true, why: 'it is'}
      - {text: 'E11.9', right: true, why: 'it is'}
      - {text: 'K92.1', why: 'it is not'}
      - {text: 'M17.9', why: 'it is not'}
      - {text: 'Z79.84', why: 'it is not'}
    rationale: 'because'
    references: ['the guidelines']
    review: {status: reviewed}
  - id: codes
    sections: {looks: asked}
    level: recall
    topic: [guidelines]
    kind: codes
    stem: 'Enter the ICD-10-CM and ICD-10-PCS codes.'
    scoring: share
    fields:
      - {label: Principal diagnosis, principal: true, accept: ['K26.0']}
      - {label: Secondary diagnosis, accept: ['D62']}
      - {label: Procedure, accept: ['0W3P8ZZ']}
    rationale: 'because'
    references: ['the guidelines']
    review: {status: reviewed}
`;

const exam = `exam: looks
title: 'One of each look, with a title of some length'
version: "1"
notice: 'Not affiliated with anybody.'
bank: looks
rules: |-
  Put books and telephones away.
  Raise a hand when you need the proctor; do not leave this page.
parts:
  - name: main
    title: Main
    minutes: 75
    navigation: free
    sections:
      - {name: asked, title: "All that is asked", items: 5}
pretest: 0
total: 5
order: sections
warnings: [5]
breaks: clock-stops
tools: [flag, strike-out, note, highlight, calculator]
multiple_response: all-or-nothing
pass: {rule: percent, cut: 70}
release: {result: at-once, review: at-once}
lost_connection: clock-runs
late_start: on-ready
code_year: FY2026
`;

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
  await house.do("text", "looks.yaml", bank);
  await house.do("load", await house.do("text", "looks-exam.yaml", exam));
}
