// No key, rationale or section comes to the page of a candidate before its release: not in a response, not
// on the stream of notices, not under the seal of the form.  What must not come holds a canary; what must
// come holds a word of its own, so that a test that looks at nothing fails.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { loadExam, right, wrong } from "./exams.mjs";
import { House, agree, isAt, isSaved, launch, person, useSlip } from "./house.mjs";
import { one, fields } from "./message.mjs";
import { Received } from "./received.mjs";

const CANARY = "canary-7e4d", STEM = "stem-of-part", RULES = "rules-of-the-house", SAID = "said-by-the-proctor";
const OPEN = "/examd.v1/open";
// Of examd.proto: bodies of a Reply, fields of a Notice.
const RESULT = 17, REVIEW = 18, ITEM_REVIEW = 29, NOTICE = 50, NOTICE_ROOM = 4;
const NOTICE_KIND = { STARTED: 3, PAUSED: 4, RESUMED: 5, MINUTES: 6, MESSAGE: 7, RELEASED: 15 };
// What a FormPart may have: stimuli and items; and a FormItem: kind, stem, options, choose, fields, stimulus.
const FORM_PART = [1, 2], FORM_ITEM = [1, 2, 3, 4, 5, 6];
let house, browser, address;

const item = (part, n) => ({
  id: `${CANARY}-${part}-${n}`, sections: { canaries: `in-${part}-${CANARY}` }, stem: `${STEM}-${part}, number ${n}`,
  options: [right("one", `why ${CANARY}`), wrong("two", `why not ${CANARY}`)],
  rationale: `rationale ${CANARY}`, references: [`reference ${CANARY}`],
});
const part = (n) => ({ name: `part-${n}`, title: `Part ${n}`, sections: [{ name: `in-${n}-${CANARY}`, title: `section ${CANARY}`, items: 2 }] });

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await loadExam(house, "canaries", [item(1, 1), item(1, 2), item(2, 1), item(2, 2)], [part(1), part(2)],
    { rules: RULES, breaks: "none", tools: ["flag"], release: { result: "by-hand", review: "by-hand" } }, { title: `bank ${CANARY}` });
  await house.do("people", ["ann,Ann Example,a@example.org,room,candidate,0"]);
});

after(async () => {
  await browser?.close();
  await house?.end();
});

const kinds = (replies) => new Set(replies.filter(({ name, reply }) => name === OPEN && reply.has(NOTICE)).map(({ reply }) => one(fields(one(reply, NOTICE)), 1)));

test("no byte that a candidate's page gets, on the stream of notices or elsewhere, has a key, a rationale or a section before release", async () => {
  const { sitting, slips } = await house.do("sitting", "canaries", "room", "Sitting");
  const { page, context, complaints } = await person(browser, address);
  const received = await Received.of(page);
  const room = (...argv) => house.do("ctl", "sitting", argv[0], sitting, ...argv.slice(1));
  await useSlip(page, slips.ann);
  await agree(page);
  await page.getByText("Ready.").waitFor();
  assert.deepEqual(await received.where(STEM), [], "before the start the form is sealed");
  await room("start");
  await isAt(page, 1);
  assert.deepEqual(await received.where(`${STEM}-1`), ["opened"], "the questions come under a seal, and are opened here");
  assert.deepEqual(await received.where(`${STEM}-2`), [], "the next part is sealed");
  await page.keyboard.press("a");
  await room("pause");
  await page.getByRole("heading", { name: "The exam is paused for the whole room." }).waitFor();
  await room("resume");
  await isAt(page, 1);
  await room("add-minutes", "5", "--reason", "the alarm");
  await page.locator(".toast").getByText("5 minutes more").waitFor();
  await room("message", SAID);
  await page.locator(".toast").getByText(SAID).waitFor();
  await isSaved(page, 1);
  await page.keyboard.press("v");
  await page.getByRole("button", { name: /^Leave this part/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave this part" }).click();
  await page.getByText("Part 2 of 2").waitFor();
  await isAt(page, 1);
  await page.keyboard.press("b");
  await isSaved(page, 2);
  const inside = [...await received.opened()];
  await page.reload(); // everything comes again
  await isAt(page, 1);
  inside.push(...await received.opened());
  await page.keyboard.press("v");
  await page.getByRole("button", { name: /^Hand in/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
  await page.getByText("The result is not released yet.").waitFor();

  // It was looked at: what may come was seen, each where it comes.
  assert.deepEqual(await received.where(SAID), [OPEN], "the proctor's words come on the stream of notices alone");
  assert.ok((await received.where(RULES)).includes("/examd.v1/check_in"), "the rules come with a reply");
  const replies = await received.replies(), told = kinds(replies);
  const { RELEASED, ...before } = NOTICE_KIND;
  for (const [name, kind] of Object.entries(before)) assert.ok(told.has(kind), `no notice ${name} came`);
  // And what may not come did not.
  assert.deepEqual(await received.where(CANARY), []);
  for (const { name, reply } of replies) {
    for (const body of [RESULT, REVIEW, ITEM_REVIEW]) assert.ok(!reply.has(body), `${name} has the body ${body}`);
    if (reply.has(NOTICE)) assert.ok(!fields(one(reply, NOTICE)).has(NOTICE_ROOM), "a notice has rows of the room");
  }
  assert.equal(inside.filter((plain) => plain.includes(STEM)).length, 4, "two parts were opened, twice");
  for (const plain of inside) {
    const form = fields(plain);
    assert.ok(!plain.includes(CANARY), "under the seal");
    assert.deepEqual([...form.keys()].filter((n) => !FORM_PART.includes(n)), []);
    for (const it of form.get(2)) assert.deepEqual([...fields(it).keys()].filter((n) => !FORM_ITEM.includes(n)), []);
  }

  // The same eyes see the canary once it may come.
  await house.do("ctl", "results", "release", sitting, "--result", "--review");
  await page.getByRole("button", { name: "Questions and rationales" }).click();
  await page.getByText(`rationale ${CANARY}`).first().waitFor();
  assert.deepEqual((await received.where(`rationale ${CANARY}`)), ["/examd.v1/get_review"]);
  assert.ok(kinds(await received.replies()).has(RELEASED));
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a canary in what a page gets is found, on the stream of notices and under the seal", async () => {
  const { sitting, slips } = await house.do("sitting", "canaries", "room", `Sitting ${CANARY}`);
  const { page, context } = await person(browser, address);
  const received = await Received.of(page);
  await useSlip(page, slips.ann);
  await agree(page);
  await page.getByText("Ready.").waitFor();
  assert.deepEqual(await received.where(CANARY), ["/examd.v1/use_slip"], "the title of the sitting has one");
  await house.do("ctl", "sitting", "message", sitting, `planted ${CANARY}`);
  await page.locator(".toast").getByText("planted").waitFor();
  assert.deepEqual(await received.where(`planted ${CANARY}`), [OPEN]);
  await page.evaluate(async (text) => {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const how = { name: "AES-GCM", iv: new Uint8Array(12) };
    await crypto.subtle.decrypt(how, key, await crypto.subtle.encrypt(how, key, new TextEncoder().encode(text)));
  }, `sealed ${CANARY}`);
  assert.deepEqual(await received.where(`sealed ${CANARY}`), ["opened"]);
  await context.close();
});
