// A candidate takes an exam in a browser, whatever happens to page, network and server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RECORD, STEM, goTo, loadLooks } from "./exams.mjs";
import { House, agree, findings, isAt, isSaved, launch, person, useSlip, written } from "./house.mjs";

let house, browser, address;
const acks = []; // what a page was told is saved
const people = ["ann", "bob", "cleo", "dora", "eve", "finn", "gwen", "hana"];

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await house.do("load", "cpc-short.yaml");
  await house.do("load", "kinds.yaml");
  await loadLooks(house);
  await house.do("people", people.map((p) => `${p},${p} <b>Example</b>,${p}@example.org,${p},candidate,0`));
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// A sitting of one, started, with the candidate at the first question.
async function given(who, exam = "cpc-short", options = {}) {
  const room = await house.do("sitting", exam, who, "Mock exam");
  const at = await person(browser, address, options);
  await useSlip(at.page, room.slips[who]);
  await agree(at.page);
  await at.page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", room.sitting);
  await isAt(at.page, 1);
  return { ...at, ...room, slip: room.slips[who] };
}

const rows = (results) => results.results ?? results;

test("a whole exam: reload, a killed core and a cut network in its middle; what was called saved is on file", async () => {
  const { page, context, complaints, sitting } = await given("ann");
  const put = async (item, option) => {
    await page.keyboard.press("abcd"[option]);
    acks.push(`1 ${item} 1 1 ${option}`);
  };
  for (let item = 0; item < 30; item++) {
    if (item === 10) {
      await isSaved(page, 10);
      await page.reload();
    } else if (item === 20) {
      await house.do("kill_core");
    } else if (item === 25) {
      await isSaved(page, 25);
      await context.setOffline(true);
    }
    await isAt(page, item + 1);
    await put(item, item % 4);
    if (item < 29) await page.keyboard.press("n");
  }
  await page.getByText("5 not saved yet, reconnecting").waitFor();
  for (const store of ["answers", "traces"]) assert.ok((await written(page, store)) > 0);
  await page.close(); // what was answered is on this device's disk
  await context.setOffline(false);
  const last = await context.newPage();
  await last.goto("/");
  await isAt(last, 30);
  await isSaved(last, 30);
  for (let item = 30; item < 40; item++) {
    await last.keyboard.press("n");
    await isAt(last, item + 1);
    await last.locator(".option label").nth(item % 4).click();
    acks.push(`1 ${item} 1 1 ${item % 4}`);
  }
  await isSaved(last, 40);
  await last.getByRole("button", { name: "Review" }).click();
  await last.getByRole("heading", { name: "40 of 40 questions are complete" }).waitFor();
  await last.getByRole("button", { name: /^Hand in/ }).click();
  await last.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
  await last.getByText("You have handed in.").waitFor();
  await last.getByText("The signature holds.").waitFor();
  const [kept] = await Promise.all([last.waitForEvent("download"), last.getByRole("button", { name: "Keep the receipt" }).click()]);
  assert.equal(kept.suggestedFilename(), "receipt-1.json");
  const shown = await last.locator(".score").textContent();
  const [row] = rows(await house.do("ctl", "--json", "results", sitting));
  assert.equal(row.answered ?? 40, 40);
  const percent = Math.round(100 * Number(row.points) / Number(row.points_most));
  assert.match(shown, new RegExp(`^${percent} %`));
  assert.deepEqual(complaints, []);
});

test("one tab of a browser is at the exam, and another takes it with all that was answered", async () => {
  const { page, context } = await given("bob");
  await page.keyboard.press("b");
  await isSaved(page, 1);
  const other = await context.newPage();
  await other.goto("/");
  await other.getByRole("heading", { name: "The exam is open in another tab" }).waitFor();
  await other.getByRole("button", { name: "Use it here" }).click();
  await isAt(other, 1);
  await isSaved(other, 1);
  await other.locator(".option:nth-child(2) input:checked").waitFor({ state: "attached" });
  await page.getByRole("heading", { name: "The exam went on in another tab" }).waitFor();
  await context.close();
});

test("another device asks for the seat; with the proctor's word it goes on there, and the first one shows no question", async () => {
  const first = await given("cleo");
  await first.page.keyboard.press("c");
  await isSaved(first.page, 1);
  const second = await person(browser, address);
  await useSlip(second.page, first.slip);
  await second.page.getByRole("heading", { name: "Another device holds your seat" }).waitFor();
  await house.do("ctl", "sitting", "release-seat", first.sitting, "cleo", "--reason", "her screen is dark");
  await isAt(second.page, 2);
  await isSaved(second.page, 1);
  await first.page.getByRole("heading", { name: "The exam goes on at another device" }).waitFor();
  assert.equal(await first.page.getByRole("radio").count(), 0);
  await first.page.getByRole("button", { name: "Ask to go on here" }).click();
  await first.page.getByRole("heading", { name: "Another device holds your seat" }).waitFor();
  await house.do("ctl", "sitting", "refuse-seat", first.sitting, "cleo", "--reason", "one seat is enough");
  await first.page.getByRole("heading", { name: "This is not possible" }).waitFor();
  await first.context.close();
  await second.context.close();
});

test("a linear part, a record beside its questions, multiple answers and typed codes, by keys alone", async () => {
  const { page, context } = await given("dora", "kinds");
  let records = 0;
  const next = (at) => page.getByRole("heading", { name: new RegExp(`^Question ${at} of |questions are complete`) });
  for (let at = 1; await next(at).textContent().then((t) => t.startsWith("Question")); at++) {
    const told = /Choose (\w+)\./.exec(await page.locator("#told").textContent())[1];
    if (at === 1) {
      await page.keyboard.press("n");
      await page.locator(".toast").getByText("Answer this question first").waitFor();
    }
    records += await page.getByRole("region", { name: "Record" }).count();
    for (const key of "abcdef".slice(0, ["", "one", "two", "three", "four", "five", "six"].indexOf(told))) await page.keyboard.press(key);
    await page.keyboard.press("n");
    await next(at + 1).waitFor();
  }
  assert.ok(records >= 3, "a record stood beside each of its questions");
  await page.getByRole("button", { name: /^Leave this part/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave this part" }).click();
  await page.getByText("Part 2 of 2").waitFor();
  await isAt(page, 1);
  let at = 1; // an unscored question of another kind may come first
  while ((await page.getByRole("textbox").count()) === 0) {
    await page.keyboard.press("n");
    await isAt(page, ++at);
  }
  const before = Number(await page.locator(".saved").getAttribute("data-saved"));
  await page.getByRole("textbox").first().focus();
  await page.keyboard.type("a41.9n");
  assert.equal(await page.getByRole("textbox").first().inputValue(), "A41.9N");
  await isSaved(page, before + 1);
  await written(page, "traces");
  await page.reload();
  await isAt(page, at);
  assert.equal(await page.getByRole("textbox").first().inputValue(), "A41.9N");
  await context.close();
});

test("words of question and record are highlighted by keys alone, and by the pointer, and are after a reload", async () => {
  const { page, context, complaints } = await given("hana", "looks");
  await goTo(page, `.stem:has-text("${STEM}")`);
  const said = (text) => page.getByRole("status").filter({ hasText: text }).waitFor({ state: "attached" });
  const keys = async (...all) => { for (const key of all) await page.keyboard.press(key); };
  const walked = (text) => page.locator(".walked").filter({ hasText: new RegExp(`^${text}$`) }).waitFor();
  // The text with brackets around what is highlighted.
  const reads = (where, text) => page.waitForFunction(([of, wanted]) => wanted === [...document.querySelector(`[data-where=${of}]`).childNodes]
    .map((node) => (node.nodeName === "MARK" ? `[${node.textContent}]` : node.textContent)).join("").replaceAll("][", ""), [where, text]);

  await keys("u");
  await said("Highlighting. Arrows go from word to word");
  await walked("Which");
  assert.deepEqual(await findings(page), []);
  await keys("ArrowRight", "ArrowRight", "ArrowRight");
  await walked("the");
  await keys("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft", "Shift+ArrowRight");
  await said("the principal diagnosis, taken together");
  await keys("b"); // answers nothing meanwhile
  await keys("Enter");
  await said("Highlighted: the principal diagnosis");
  await reads("stem", "Which code is [the principal diagnosis] of this stay?");
  assert.equal(await page.getByRole("radio", { checked: true }).count(), 0);

  await keys("ArrowLeft", "Enter"); // takes it off one word
  await said("Highlight taken off: principal");
  await reads("stem", "Which code is [the ]principal[ diagnosis] of this stay?");
  await keys("Home", "ArrowLeft"); // into the record, at its last word
  await walked(RECORD.at(-1).split(" ").at(-1));
  await keys("Home", "Shift+End", "Enter");
  await reads("stimulus", `[${RECORD.join("\n")}]`);
  await keys("ArrowUp", "Home", "ArrowDown", "ArrowUp");
  await walked(RECORD[0].split(" ")[0]);
  await keys("Escape");
  await said("Done with highlighting");
  await page.locator(".walked").first().waitFor({ state: "detached" });
  await keys("b"); // answers again
  await isSaved(page, 1);

  const button = page.getByRole("button", { name: "Highlight" });
  await button.focus();
  await keys("Enter", "End");
  await walked("stay\\?");
  await keys("Escape");
  assert.equal(await button.evaluate((b) => b === document.activeElement), true, "the focus is back where it was");

  await page.locator("[data-where=stem]").evaluate((stem) => getSelection().setBaseAndExtent(stem.firstChild, 0, stem.firstChild, 5));
  await button.click();
  const all = "[Which] code is [the ]principal[ diagnosis] of this stay?";
  await reads("stem", all);
  await written(page, "traces");
  await page.reload();
  await page.locator("mark").first().waitFor();
  await reads("stem", all);
  await reads("stimulus", `[${RECORD.join("\n")}]`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the countdown is the server's, wherever the clock of the device is put; pauses, minutes and messages are shown", async () => {
  const { page, context, sitting } = await given("eve");
  const left = async () => {
    const [, h, m, s] = /(?:(\d+):)?(\d+):(\d+)/.exec(await page.locator(".clock").textContent());
    return Number(h ?? 0) * 3600 + Number(m) * 60 + Number(s);
  };
  const before = await left();
  await page.evaluate(() => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + 3_600_000;
  });
  await page.waitForFunction((b) => document.querySelector(".clock").textContent !== b, await page.locator(".clock").textContent());
  assert.ok(before - (await left()) < 20, "an hour on the device is none of the exam");
  await house.do("ctl", "sitting", "pause", sitting, "--reason", "fire alarm");
  await page.getByRole("heading", { name: "The exam is paused for the whole room." }).waitFor();
  assert.equal(await page.getByRole("radio").count(), 0);
  await house.do("ctl", "sitting", "resume", sitting, "--reason", "all back");
  await isAt(page, 1);
  await house.do("ctl", "sitting", "add-minutes", sitting, "10", "--reason", "alarm");
  await page.locator(".toast").getByText("10 minutes more").waitFor();
  assert.ok((await left()) > before + 500);
  await house.do("ctl", "sitting", "message", sitting, "<img src=x onerror=alert(1)> ten more");
  await page.locator(".toast").getByText("<img src=x onerror=alert(1)> ten more").waitFor();
  assert.equal(await page.locator("img[src=x]").count(), 0);
  await context.close();
});

test("who leaves the page is told that it is on record", async () => {
  const { page, context } = await given("finn");
  const reported = page.waitForRequest(/report_event$/);
  await page.evaluate(() => {
    document.hasFocus = () => false;
    dispatchEvent(new Event("blur"));
  });
  await page.getByText("You left this page once; it is on record.").waitFor();
  await reported;
  await context.close();
});

test("with two seconds from here to there answers are saved all the same, and nobody waits for them", async () => {
  const { page, context } = await given("gwen");
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 2000, downloadThroughput: -1, uploadThroughput: -1 });
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await page.route("**/put_answers", (route) => held.then(() => route.continue())); // however slow this machine is: not yet
  for (let at = 1; at <= 4; at++) {
    await isAt(page, at);
    await page.keyboard.press("a");
    await page.keyboard.press("n");
  }
  await isAt(page, 5);
  await page.locator('.saved[data-unsaved="4"]').waitFor();
  assert.equal(await page.locator(".saved").getAttribute("data-saved"), "0", "nothing is called saved before the server said so");
  letGo();
  await isSaved(page, 4);
  await context.close();
});

test("what was called saved is on file, once, in a chain that verifies", async () => {
  const audit = await house.do("audit", acks);
  assert.equal(audit.acknowledged, 40);
  assert.equal(audit.held, true, JSON.stringify(audit));
});
