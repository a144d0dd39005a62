// A student practises; pages that everybody can read and operate; nothing that is secret comes early.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { loadExam, right, wrong } from "./exams.mjs";
import { House, agree, findings, isAt, isSaved, launch, logIn, person, useSlip, written } from "./house.mjs";

const PASSWORD = "a horse and a stapler";
const CANARY = "canary-5b1f";
let house, browser, address;

const item = (n) => ({
  id: `it-${n}`, sections: { trap: "asked" }, rationale: `rationale ${CANARY}`, references: [`reference ${CANARY}`],
  stem: `Number ${n}: <script>document.title="hit"</script><b>bold</b> &amp; <img src=x onerror="document.title=1">`,
  options: [right("<i>one</i>", `why ${CANARY}`), wrong("two", `why not ${CANARY}`)],
});

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await house.do("load", "cpc-short.yaml");
  await loadExam(house, "trap", [1, 2, 3].map(item), [{ sections: [{ name: "asked", title: `secret ${CANARY}`, items: 3 }] }],
    { title: "<u>Trap</u>", notice: "<b>notice</b>", rules: "<h1>rules</h1>", release: { result: "by-hand", review: "by-hand" } },
    { notice: "<b>notice</b>" });
  await house.do("people", ["sam,Sam Student,s@example.org,practice,candidate,0", "tess,Tess <b>Trap</b>,t@example.org,trap,candidate,0"]);
});

after(async () => {
  await browser?.close();
  await house?.end();
});

const until = async (look, good) => { while (!good(await look())); };

test("a student changes the one-time password, drills in tutor mode, leaves, goes on, and finds it in the history", async () => {
  let { page, context, complaints } = await person(browser, address);
  const secret = await house.do("secret", "sam");
  await logIn(page, "sam", secret);
  await page.getByLabel("The password you were given").fill(secret);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password, again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change and go on" }).click();
  await page.getByRole("heading", { name: "Practice" }).waitFor();
  await page.getByLabel("Exam").selectOption({ label: "CPC-style short practice exam" });
  await page.getByRole("button", { name: "A drill" }).click();
  await page.getByLabel("Anatomy").check();
  await page.getByRole("spinbutton", { name: "Questions" }).fill("2");
  await page.getByRole("spinbutton", { name: "Minutes" }).fill("5");
  await page.getByLabel("Tutor mode").check();
  assert.deepEqual(await findings(page), []);
  await page.getByRole("button", { name: "Begin" }).click();
  await agree(page);
  await isAt(page, 1);
  await page.keyboard.press("a");
  await isSaved(page, 1);
  await page.getByRole("button", { name: "Show the answer" }).click();
  await page.getByRole("heading", { name: "What is right" }).waitFor();
  assert.deepEqual(await findings(page), []);
  await page.keyboard.press("n");
  await isAt(page, 2);
  await context.clearCookies();
  await page.reload();
  await logIn(page, "sam", PASSWORD); // on the same device: straight back
  await isAt(page, 2);
  await context.close();

  const elsewhere = await person(browser, address);
  page = elsewhere.page;
  await logIn(page, "sam", PASSWORD);
  await page.getByRole("button", { name: "Go on" }).click();
  await isAt(page, 2);
  await page.keyboard.press("p");
  await isAt(page, 1);
  await page.getByRole("radio", { checked: true }).waitFor({ state: "attached" }); // what was answered at the other one
  await page.keyboard.press("n");
  await page.keyboard.press("b");
  await isSaved(page, 2);
  await page.keyboard.press("v");
  await page.getByRole("button", { name: /^Hand in/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
  await page.getByText("You have handed in.").waitFor();
  await page.getByRole("button", { name: "To practice" }).click();
  await page.getByRole("heading", { name: "Done" }).waitFor();
  await page.getByRole("region", { name: "Attempts that are done" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Result" }).waitFor();
  assert.deepEqual([...complaints, ...elsewhere.complaints], []);
  await elsewhere.context.close();
});

test("markup in names, rules, questions and messages stays text; no key or rationale comes before release", async () => {
  const { page, context, complaints } = await person(browser, address);
  const bodies = [];
  context.on("response", (r) => {
    const [, name] = /\/examd\.v1\/(\w+)$/.exec(r.url()) ?? [];
    if (name !== undefined && name !== "open") bodies.push(r.body().then((body) => ({ name, body }), () => ({ name, body: Buffer.alloc(0) })));
  });
  const { sitting, slips } = await house.do("sitting", "trap", "trap", "<b>Sitting</b>");
  await page.goto(`/#${slips.tess}`);
  assert.equal(new URL(page.url()).hash, "", "the slip does not stay in the address");
  await page.getByRole("button", { name: "Go to the exam" }).click();
  await page.getByText("<h1>rules</h1>").waitFor();
  await page.getByText("Tess <b>Trap</b>").waitFor();
  await page.getByText("<b>notice</b>").first().waitFor();
  assert.equal(await page.getByRole("banner").locator(".brand").textContent(), "<b>Sitting</b>");
  await agree(page);
  await page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", sitting);
  await isAt(page, 1);
  assert.match(await page.locator(".stem").textContent(), /<script>document\.title="hit"<\/script><b>bold<\/b> &amp; <img/);
  assert.match(await page.locator(".option-text").allTextContents().then((all) => all.sort()[0]), /^<i>one<\/i>$/);
  assert.equal(await page.getByRole("banner").getByRole("heading").textContent(), "<u>Trap</u>");
  const note = '</textarea><img src=x onerror="document.title=2">';
  await page.keyboard.press("w");
  await page.getByLabel("Note to yourself").fill(note);
  await page.locator("#number").focus();
  await isSaved(page, 1);
  await page.reload();
  await isAt(page, 1);
  assert.equal(await page.getByLabel("Note to yourself").inputValue(), note);
  const said = '<img src=x onerror="document.title=3"><a href="javascript:document.title=4">here</a>';
  await house.do("ctl", "sitting", "message", sitting, said);
  await page.locator(".toast").getByText(said).waitFor();
  await page.getByRole("alert").filter({ hasText: said }).waitFor({ state: "attached" });
  await house.do("ctl", "sitting", "add-minutes", sitting, "5", "--reason", "<b>alarm</b>");
  await page.locator(".toast").getByText("5 minutes more").waitFor(); // the reason is not for candidates
  for (const away of [1, 2]) {
    await page.getByRole("button", { name: "Put away" }).first().click();
    await page.waitForFunction((left) => document.querySelectorAll(".toast").length === left, 2 - away);
  }
  assert.equal(await page.locator(":is(.stem, .options, .toasts, .strip, .field) :is(a, b, i, u, img, script)").count(), 0);
  assert.equal(await page.title(), "examd");
  for (let i = 1; i <= 3; i++) {
    await page.keyboard.press("a");
    await page.keyboard.press("n");
  }
  await isSaved(page, 3);
  await page.getByRole("button", { name: "Take a break" }).click();
  await page.getByRole("heading", { name: "You are on a break." }).waitFor();
  await written(page, "traces");
  await page.reload(); // and still is
  await page.getByRole("button", { name: "Go on with the exam" }).click();
  await isAt(page, 3);
  await page.keyboard.press("v");
  await page.getByRole("button", { name: /^Hand in/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
  await page.getByText("The result is not released yet.").waitFor();
  const seen = await Promise.all(bodies);
  assert.ok(seen.some(({ name, body }) => name === "get_form_piece" && body.length > 100), "what the server said was read");
  assert.deepEqual(seen.filter(({ body }) => body.includes(CANARY)).map(({ name }) => name), []);
  await until(() => written(page, "forms"), (rows) => rows === 0); // with the receipt this device keeps nothing
  await house.do("ctl", "results", "release", sitting, "--result", "--review");
  await page.getByRole("button", { name: "Questions and rationales" }).click();
  await page.getByText(`rationale ${CANARY}`).first().waitFor();
  assert.equal(await page.locator("main :is(b, i, u, script, img)").count(), 0);
  assert.equal(await page.title(), "examd");
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("no page has findings of axe, in light, dark and high contrast; at 320 px nothing is cut off", async () => {
  const { page, context } = await person(browser, address);
  await page.goto("/");
  await page.getByLabel("Slip").waitFor();
  assert.deepEqual(await findings(page), []);
  await logIn(page, "sam", PASSWORD);
  await page.getByLabel("Exam").selectOption({ label: "CPC-style short practice exam" });
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByLabel(/I have read/).waitFor();
  assert.deepEqual(await findings(page), []);
  await agree(page);
  await isAt(page, 1);
  const look = async (where) => {
    for (const colours of ["light", "dark", "contrast"]) {
      await page.evaluate((c) => { document.documentElement.dataset.colours = c; }, colours);
      assert.deepEqual(await findings(page), [], `${where}, ${colours}`);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await page.waitForFunction(() => innerWidth === 320);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} is wider than 320 px`);
    await page.setViewportSize({ width: 1366, height: 768 });
    await page.waitForFunction(() => innerWidth === 1366);
  };
  await look("question");
  await page.keyboard.press("r");
  await page.keyboard.press("v");
  await page.getByRole("heading", { name: /questions are complete/ }).waitFor();
  await look("all questions");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await look("keys");
  await page.keyboard.press("Escape");
  await context.close();
});
