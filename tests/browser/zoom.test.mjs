// At 200 % everything is there: by the browser's zoom, which halves the room, and by twice the size of the
// text alone.  Pictures go into the folder BROWSER_SHOTS, where that is set.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { goTo, loadLooks } from "./exams.mjs";
import { House, agree, findings, isAt, launch, logIn, person, useSlip } from "./house.mjs";

const PASSWORD = "a horse and a stapler";
const shots = process.env.BROWSER_SHOTS;
const LOOKS = {
  zoom: { viewport: { width: 640, height: 512 }, deviceScaleFactor: 2 }, // of a screen of 1280 x 1024
  text: { viewport: { width: 1280, height: 1024 } },
};
let house, browser, address;

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await loadLooks(house);
  await house.do("people", Object.keys(LOOKS).map((user) => `${user},Alexandra Longname-Examplesworth,${user}@example.org,${user},candidate,0`));
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// In a page: what is cut off, hidden or covered by something else.
function lost() {
  const found = [], name = (e) => `${e.tagName.toLowerCase()}.${e.className} "${(e.textContent || e.getAttribute("aria-label") || "").slice(0, 40)}"`;
  const visible = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest(".hidden, .skip, [aria-hidden=true]");
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide, of ${innerWidth}`);
  const all = [...document.querySelectorAll("body *")].filter(visible);
  for (const e of all) {
    const { overflowX, overflowY, display } = getComputedStyle(e);
    if (display === "inline" || e.tagName === "TEXTAREA") continue;
    if (e.scrollWidth > e.clientWidth + 1 && /hidden|clip/.test(overflowX)) found.push(`cut off at its side: ${name(e)}`);
    if (e.scrollHeight > e.clientHeight + 1 && /hidden|clip/.test(overflowY)) found.push(`cut off below: ${name(e)}`);
    if (e.matches("button, input, select") && e.scrollWidth > e.clientWidth + 1) found.push(`too long for itself: ${name(e)}`);
  }
  // Texts and what can be operated: inside the page, and none upon another.
  const dialog = document.querySelector("dialog[open]");
  const leaves = all.filter((e) => (dialog === null || dialog.contains(e)) && (e.matches("button, a, select, textarea, input:not([type=radio])") ||
    [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== "") && !e.closest("button")));
  const fixed = (e) => e.closest(".strip, .bottom, .toasts") ?? e.closest("dialog") ?? document.body;
  const boxes = leaves.flatMap((e) => [...e.getClientRects()].map((r) => ({ e, r, on: fixed(e) }))).filter(({ r }) => r.width > 1 && r.height > 1);
  for (const { e, r } of boxes) if (r.left < -1 || r.right > innerWidth + 1) found.push(`outside: ${name(e)}`);
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    if (a.on !== b.on || a.e === b.e || a.e.contains(b.e) || b.e.contains(a.e)) return;
    const across = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left), down = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
    if (across > 2 && down > 4) found.push(`one upon the other: ${name(a.e)} and ${name(b.e)}`);
  }));
  // No word of usual length is broken.
  const texts = document.createTreeWalker(dialog ?? document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let n = texts.nextNode(); n !== null; n = texts.nextNode()) {
    if (!all.includes(n.parentElement)) continue;
    for (const { 0: word, index } of n.data.matchAll(/(?<![^\s-])[^\s-]{2,20}(?![^\s-])/g)) {
      range.setStart(n, index);
      range.setEnd(n, index + word.length);
      if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) found.push(`broken: "${word}" in ${name(n.parentElement)}`);
    }
  }
  // What stays in place leaves most of the room to the question.
  const stays = [...document.querySelectorAll(".strip, .bottom")].filter((e) => getComputedStyle(e).position === "sticky");
  const taken = stays.reduce((sum, e) => sum + e.getBoundingClientRect().height, 0);
  if (taken > innerHeight * 0.4) found.push(`${Math.round(taken)} of ${innerHeight} are taken by what stays in place`);
  return found;
}

for (const [look, options] of Object.entries(LOOKS)) {
  test(`at 200 % nothing is cut off or covered, by ${look === "zoom" ? "zoom" : "the size of text alone"}`, async () => {
    const { page, context, complaints } = await person(browser, address, options);
    if (look === "text") {
      await page.addInitScript(() => addEventListener("DOMContentLoaded", () => { document.documentElement.style.fontSize = "200%"; }));
    }
    const problems = [];
    const see = async (what) => {
      const wrong = [...(look === "zoom" ? await findings(page) : []), ...(await page.evaluate(lost))];
      problems.push(...wrong.map((f) => `${what}: ${f}`));
      if (shots) await page.screenshot({ path: join(shots, `${look}-${what}.png`) });
    };
    const room = await house.do("sitting", "looks", look, "Mock exam of Tuesday");
    await page.goto("/");
    await page.getByLabel("Slip").waitFor();
    await see("entrance");
    await useSlip(page, room.slips[look]);
    await page.getByLabel(/I have read the rules/).waitFor();
    await see("rules");
    await agree(page);
    await page.getByText("Ready.").waitFor();
    await see("lobby");
    await house.do("ctl", "sitting", "start", room.sitting);
    await isAt(page, 1);
    await goTo(page, ".stem:has-text('Which one of these')");
    await see("one");
    await goTo(page, ".record");
    await page.keyboard.press("u");
    await page.locator(".walked").waitFor();
    await see("record");
    await page.keyboard.press("Escape");
    await goTo(page, "[type=checkbox]");
    await see("several");
    await goTo(page, "input.code");
    await page.keyboard.press("w");
    await page.locator("#note").fill("A note of some words");
    await see("codes");
    await page.locator("#number").focus();
    await page.keyboard.press("v");
    await page.getByRole("heading", { name: /questions are complete/ }).waitFor();
    await see("all-questions");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await see("keys");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Hand in/ }).click();
    await page.getByRole("dialog").waitFor();
    await see("hand-in");
    await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
    await page.getByRole("heading", { name: "Result" }).waitFor();
    await page.getByText("The signature holds.").waitFor();
    await see("result");
    await page.getByRole("button", { name: "Questions and rationales" }).click();
    await page.getByText("because").first().waitFor();
    await see("review");
    await page.getByRole("button", { name: "Log out" }).click();
    const secret = await house.do("secret", look);
    await logIn(page, look, secret);
    await page.getByLabel("The password you were given").fill(secret);
    await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("New password, again").fill(PASSWORD);
    await see("new-password");
    await page.getByRole("button", { name: "Change and go on" }).click();
    await page.getByRole("heading", { name: "Done" }).waitFor();
    await page.getByRole("button", { name: "A drill" }).click();
    await page.getByRole("spinbutton", { name: "Questions" }).waitFor();
    await see("practice");
    assert.deepEqual(problems, []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
