// What a screen reader is told: the tree of the page, as the browser gives it to assistive technology.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RECORD, STEM, goTo, loadLooks } from "./exams.mjs";
import { House, agree, isAt, isSaved, launch, person, useSlip } from "./house.mjs";

let house, browser, address;

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await loadLooks(house);
  await house.do("people", ["rea,Rea Reader,r@example.org,rea,candidate,0"]);
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// These lines of the tree, in this order.
async function tells(page, ...wanted) {
  const tree = (await page.locator("body").ariaSnapshot()).split("\n");
  let at = 0;
  for (const line of wanted) {
    at = tree.findIndex((t, i) => i >= at && t.trim() === line) + 1;
    assert.notEqual(at, 0, `${line}\n\nis not in, or not after the others in\n\n${tree.join("\n")}`);
  }
}

test("a screen reader is told where one is, what is asked, each option by its words, how much time is left and what is saved", async () => {
  const { page, context } = await person(browser, address);
  const { sitting, slips } = await house.do("sitting", "looks", "rea", "Mock exam");
  await useSlip(page, slips.rea);
  await page.getByLabel(/I have read/).waitFor();
  await tells(page, "- main:", '- heading "One of each look, with a title of some length" [level=1]', "- term: Time", '- definition: 1:15:00',
    '- heading "Rules" [level=2]', '- checkbox "I have read the rules and keep to them"', '- button "Go on" [disabled]');
  await agree(page);
  await page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", sitting);
  await isAt(page, 1);
  await goTo(page, `.stem:has-text("${STEM}")`);
  await page.getByRole("radio", { name: "K92.1" }).check();
  await isSaved(page, 1);
  const number = (await page.getByRole("heading", { level: 2, name: /^Question/ }).textContent()).match(/\d/)[0];
  await tells(page, '- link "To the question":', "- banner:", "- text: saved 1/1", "- main:", '- region "Record":', `- text: "${RECORD.join(" ")}"`,
    `- region "Question ${number} of 5":`, "- paragraph: Choose one.", `- radiogroup "${STEM}":`, '- radio "K92.1" [checked]',
    '- navigation "Questions":', '- button "All questions"');
  assert.match(await page.getByRole("button", { name: / left$/ }).getAttribute("aria-label"), /^1:1\d:\d\d left$/);
  await goTo(page, "[type=checkbox]");
  await tells(page, "- paragraph: Choose two. 0 of 2 chosen.", '- group "Which are additional diagnoses?":');
  await page.getByRole("checkbox", { name: "D62" }).check();
  await tells(page, "- paragraph: Choose two. 1 of 2 chosen.", '- checkbox "D62" [checked]');
  await goTo(page, "input.code");
  await tells(page, '- textbox "Principal diagnosis"', '- textbox "Secondary diagnosis"', '- textbox "Procedure"');
  await page.keyboard.press("v");
  await page.getByRole("heading", { name: "1 of 5 questions are complete" }).waitFor();
  await tells(page, '- progressbar "1 of 5 questions are complete"', '- group "Show":', '- button "All 5" [pressed]',
    `- button "Question ${number}, complete": "${number}"`, '- button "Hand in …"');
  await context.close();
});
