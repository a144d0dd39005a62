// Two things at once: the line is cut while the time ends, a flag is set where only an answer counts, the
// seat comes back before the answers do, the next person sits down at the same device.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { loadExam, right, wrong } from "./exams.mjs";
import { House, agree, isAt, isSaved, launch, logIn, person, useSlip } from "./house.mjs";

const PASSWORD = "a horse and a stapler";
let house, browser, address;
const people = ["ann", "bob", "cleo", "dora", "sam"];

const item = (section, n) => ({ id: `${section}-${n}`, sections: { mishaps: section }, stem: `Of ${section}, number ${n}?`,
  options: [right("one"), wrong("two"), wrong("three"), wrong("four")] });
const part = (name, navigation) => ({ name, title: name, navigation, sections: [{ name, title: name, items: 3 }] });

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await loadExam(house, "mishaps", ["first", "second"].flatMap((section) => [1, 2, 3].map((n) => item(section, n))),
    [part("first", "free"), part("second", "linear")]);
  await house.do("load", "cpc-short.yaml");
  await house.do("people", people.map((p) => `${p},${p} Example,${p}@example.org,${p},candidate,0`));
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// A sitting of one, started, with the candidate at the first question.
async function given(who) {
  const room = await house.do("sitting", "mishaps", who, "Mock exam");
  const at = await person(browser, address);
  await useSlip(at.page, room.slips[who]);
  await at.page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", room.sitting);
  await isAt(at.page, 1);
  return { ...at, ...room, slip: room.slips[who] };
}

async function leavePart(page) {
  await page.keyboard.press("v");
  await page.getByRole("button", { name: /^Leave this part/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave this part" }).click();
}

const toSecond = (page) => page.getByText("Part 2 of 2").waitFor();

test("who leaves a part while the line is cut leaves that part, and not the one that has begun meanwhile", async () => {
  const { page, context, complaints, sitting } = await given("ann");
  await context.setOffline(true);
  await page.keyboard.press("a");
  await leavePart(page);
  await page.getByRole("dialog").getByText("1 not saved yet.").waitFor();
  await house.do("ctl", "sitting", "add-minutes", sitting, "--reason", "the time ends", "--", "-20");
  while ((await house.do("ctl", "--json", "sitting", "watch", sitting, "--until", "all-ready")).remaining_ms < 60_000); // until the next part
  await context.setOffline(false);
  await toSecond(page);
  await page.locator(".toast").getByText("cannot be changed any more").waitFor(); // what was not saved is settled
  await isAt(page, 1);
  await page.keyboard.press("b");
  await page.keyboard.press("n");
  await isAt(page, 2);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("in a part without going back a flag is no answer: after a break the same question is to be answered", async () => {
  const { page, context } = await given("bob");
  await leavePart(page);
  await toSecond(page);
  await isAt(page, 1);
  await page.keyboard.press("r");
  await page.getByRole("button", { name: "Leave the part" }).or(page.getByRole("button", { name: "Hand in" })).click();
  await page.getByRole("button", { name: "Take a break" }).click();
  await page.getByRole("button", { name: "Go on with the exam" }).click();
  await isAt(page, 1);
  await page.keyboard.press("c");
  await page.keyboard.press("n");
  await isAt(page, 2);
  await isSaved(page, 1);
  await page.reload();
  await isAt(page, 2);
  await context.close();
});

test("an answer given elsewhere is not replaced by an old one of this device, however late it comes back", async () => {
  const first = await given("cleo");
  await first.page.keyboard.press("a");
  await isSaved(first.page, 1);
  const second = await person(browser, address);
  await useSlip(second.page, first.slip);
  await second.page.getByRole("heading", { name: "Another device holds your seat" }).waitFor();
  await house.do("ctl", "sitting", "release-seat", first.sitting, "cleo", "--reason", "a dark screen");
  await isAt(second.page, 2);
  await second.page.keyboard.press("p");
  await isAt(second.page, 1);
  await second.page.getByRole("radio", { checked: true }).waitFor({ state: "attached" });
  await second.page.keyboard.press("b");
  await second.page.locator(".option:nth-child(2) input:checked").waitFor({ state: "attached" });
  await isSaved(second.page, 1);

  const cdp = await first.context.newCDPSession(first.page);
  await cdp.send("Fetch.enable", { patterns: [{ urlPattern: "*/examd.v1/get_answers", requestStage: "Response" }] });
  const held = new Promise((done) => cdp.once("Fetch.requestPaused", done));
  await first.page.getByRole("button", { name: "Ask to go on here" }).click();
  await first.page.getByRole("heading", { name: "Another device holds your seat" }).waitFor();
  await house.do("ctl", "sitting", "release-seat", first.sitting, "cleo", "--reason", "it is light again");
  const { requestId } = await held;
  await isAt(first.page, 1);
  await first.page.keyboard.press("r");
  await first.page.getByText("What you answered elsewhere is still on its way.").waitFor();
  await cdp.send("Fetch.continueRequest", { requestId });
  await first.page.locator(".option:nth-child(2) input:checked").waitFor({ state: "attached" });
  await first.page.keyboard.press("r");
  await first.page.getByRole("button", { name: /^Flag/, pressed: true }).waitFor();
  await isSaved(first.page, 1);
  await first.page.locator(".option:nth-child(2) input:checked").waitFor({ state: "attached" });
  await first.context.close();
  await second.context.close();
});

test("the proctor's words are heard and put away while a dialog is open", async () => {
  const { page, context, sitting } = await given("dora");
  await page.getByRole("button", { name: "Keys and display" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await house.do("ctl", "sitting", "message", sitting, "Five more minutes for everybody");
  await dialog.getByRole("alert").getByText("The proctor says: Five more minutes for everybody").waitFor({ state: "attached" });
  await dialog.getByRole("button", { name: "Put away" }).click();
  await dialog.getByRole("button", { name: "Close" }).first().click();
  await dialog.waitFor({ state: "detached" });
  await house.do("ctl", "sitting", "message", sitting, "Ten");
  await page.locator(".toast").getByText("The proctor says: Ten").waitFor();
  await context.close();
});

test("a slip that was used is not offered to the next person at the device, and neither are words to the one before", async () => {
  const { sitting, slips } = await house.do("sitting", "mishaps", "dora", "Another exam");
  const { page, context } = await person(browser, address);
  await page.goto("/");
  await page.getByLabel("Slip").waitFor();
  await page.goto(`/#${slips.dora}`); // while the page of the log-in stands
  assert.equal(await page.getByLabel("Slip").inputValue(), slips.dora);
  await page.getByRole("button", { name: "Go to the exam" }).click();
  await page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "message", sitting, "For Dora alone");
  await page.locator(".toast").getByText("For Dora alone").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Slip").waitFor();
  assert.equal(await page.getByLabel("Slip").inputValue(), "");
  assert.equal(await page.locator(".toast").count(), 0);
  await context.close();
});

test("practice follows practice in one page, after a reload in the midst of the first, too", async () => {
  const { page, context } = await person(browser, address);
  const secret = await house.do("secret", "sam");
  await logIn(page, "sam", secret);
  await page.getByLabel("The password you were given").fill(secret);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password, again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change and go on" }).click();
  for (let run = 1; run <= 3; run++) {
    await page.getByRole("heading", { name: "Practice" }).waitFor();
    await page.getByLabel("Exam").selectOption({ label: "CPC-style short practice exam" });
    await page.getByRole("button", { name: "Begin" }).click();
    await agree(page);
    await isAt(page, 1);
    if (run === 1) {
      await page.reload();
      await isAt(page, 1);
    }
    await page.keyboard.press("v");
    await page.getByRole("button", { name: /^Hand in/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
    await page.getByText("You have handed in.").waitFor();
    await page.getByRole("button", { name: "To practice" }).click();
  }
  await page.getByRole("heading", { name: "Practice" }).waitFor();
  await context.close();
});
