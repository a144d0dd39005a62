// Proctors, instructors and admins at real browsers, with a real server and a room of candidates from
// the load generator.  Screens go into the folder BROWSER_SHOTS, where that is set.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { House, findings, launch, logIn, person } from "./house.mjs";

const shots = process.env.BROWSER_SHOTS;
const MANY = 200, PASSWORD = "correct horse battery staple", NEW = "a new one of four words";
const MARKUP = "<img src=x onerror=alert(1)>";
const LIVE_MS = 1000;

let house, browser, address, secrets;
const complaints = [];

const roster = () => [
  ...Array.from({ length: MANY }, (_, i) => `c${String(i).padStart(3, "0")},Candidate ${i},,room,candidate,${i % 10 === 0 ? 25 : 0}`),
  `mark,"${MARKUP}",,small,candidate,0`, "ann,Ann Small,,small,candidate,0",
  "prue,Prue Proctor,,staff,proctor,0", "ines,Ines Teacher,,staff,instructor,0"];

before(async () => {
  house = new House("staff_house.py");
  address = await house.do("begin");
  await house.do("load", "cpc-short.yaml");
  const out = await house.do("people", roster());
  secrets = Object.fromEntries(out.secrets.map((s) => [s.user, s.secret]));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// How it looks now; and nothing that axe knows is wrong with it.
async function shot(page, name) {
  assert.deepEqual(await findings(page), [], name);
  if (!shots) return;
  for (const [width, height] of [[820, 1180], [1366, 768]]) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: join(shots, `staff-${name}-${width}x${height}.png`) });
  }
}

async function enter(user, password, options) {
  const one = await person(browser, address, options);
  complaints.push(one.complaints);
  await logIn(one.page, user, password);
  return one.page;
}

// Somebody of the roster, who chooses a password first.
async function first(user, options) {
  const page = await enter(user, secrets[user], options);
  await page.getByLabel("The password you were given").fill(secrets[user]);
  await page.getByLabel("New password", { exact: true }).fill(NEW);
  await page.getByLabel("New password, again").fill(NEW);
  await page.getByRole("button", { name: "Change and go on" }).click();
  await page.getByRole("heading", { name: "Sittings" }).waitFor();
  return page;
}

const bar = (page) => page.getByRole("toolbar", { name: "Commands" });
const press = (page, name) => bar(page).getByRole("button", { name, exact: true }).click();
const said = (page, text) => page.locator(".toast", { hasText: text }).waitFor();
const count = (page, word) => page.locator(".counts div", { has: page.locator("dt", { hasText: new RegExp(`^${word}$`) }) }).locator("dd");
const reads = (locator, text) => locator.filter({ hasText: new RegExp(`^${text}$`) }).waitFor();
const rowOf = (page, user) => page.locator(`tr[data-user="${user}"]`);
const answered = async (page, user) => parseInt(await rowOf(page, user).locator(".progressing").textContent(), 10);
const until = async (look, good) => { while (!good(await look())); };
const sittingNow = async (number) => (await house.do("ctl", "--json", "sitting", "list")).find((s) => String(s.sitting) === number);

const metrics = async (cdp) => Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map((m) => [m.name, m.value]));
const costsOf = (was, is) => ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration"]
  .map((name) => `${name} ${Math.round(1000 * (is[name] - was[name]))} ms`).join(", ");

test("a proctor runs a room of 200 from the browser, from the first check-in to the end", { timeout: 240_000 }, async (t) => {
  const made = await house.do("waiting_sitting", "cpc-short", "room", "Mock exam, Tuesday");
  let broken = false; // a step builds on those before
  const step = (name, what) => t.test(name, async () => {
    assert.equal(broken, false, "a step before has failed");
    broken = true;
    await what();
    broken = false;
  });
  const page = await first("prue");

  await step("a proctor has no place for exams, results or the server", async () => {
    assert.deepEqual(await page.locator("nav .place").allTextContents(), ["Sittings", "People"]);
  });
  await page.getByRole("link", { name: "Enter the room of Mock exam, Tuesday" }).click();
  await reads(count(page, "on the list"), String(MANY));
  await house.do("sit_down", Object.values(made.slips), 100);

  await step("who checks in is told as one who wants in", async () => {
    await reads(count(page, "here"), String(MANY));
    await page.getByRole("button", { name: `Admit all ${MANY}` }).waitFor();
    await shot(page, "wants-in");
    assert.match(await page.title(), new RegExp(`^\\(${MANY}\\) Mock exam, Tuesday`));
  });

  await step("all are admitted by one press; its reply comes last, and takes nothing back of what happened since", async () => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Fetch.enable", { patterns: [{ urlPattern: "*/examd.v1/room_command", requestStage: "Response" }] });
    const held = new Promise((done) => cdp.once("Fetch.requestPaused", done));
    await page.getByRole("button", { name: `Admit all ${MANY}` }).click();
    await house.do("phase", "checkin");
    await reads(count(page, "ready"), String(MANY));
    await cdp.send("Fetch.continueRequest", { requestId: (await held).requestId });
    await said(page, `Admitted: ${MANY} candidates.`);
    assert.equal(await count(page, "ready").textContent(), String(MANY));
    assert.equal(await page.locator("tbody .badge", { hasText: /^ready$/ }).count(), MANY);
    await cdp.detach();
  });

  await step("the start is asked for once more, then all run", async () => {
    await press(page, "Start");
    await page.getByRole("dialog").getByText(`${MANY} of ${MANY} on the list are here and ready.`).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
    await house.do("phase", "start");
    await reads(count(page, "running"), String(MANY));
    await shot(page, "running");
  });

  await step("answers of 200 move their own cells: no row is made anew, and what is not asked for is not touched", async () => {
    await page.evaluate(() => { for (const tr of document.querySelectorAll("tbody tr")) tr.kept = true; });
    await page.evaluate(() => {
      window.longTasks = [];
      new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask" });
    });
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    const before = await metrics(cdp), begun = performance.now(), told = await answered(page, "c150");
    await until(() => answered(page, "c150"), (n) => n >= told + 3);
    const tasks = await page.evaluate(() => window.longTasks), costs = costsOf(before, await metrics(cdp));
    t.diagnostic(`${Math.round(performance.now() - begun)} ms of 100 answers a second: ${tasks.length} long tasks, the longest ${Math.round(Math.max(0, ...tasks))} ms; ${costs}`);
    assert.equal(await page.evaluate(() => [...document.querySelectorAll("tbody tr")].filter((tr) => tr.kept).length), MANY);
  });

  await step("a pause stands on every row within a second of the command", async () => {
    const seen = page.evaluate((many) => new Promise((done) => {
      const look = () => {
        const paused = [...document.querySelectorAll("tbody td .badge")].filter((b) => b.textContent === "room paused").length;
        if (paused === many) done(performance.timeOrigin + performance.now());
        else setTimeout(look, 20);
      };
      look();
    }), MANY);
    await house.do("ctl", "sitting", "pause", made.sitting);
    const replied = Date.now(), after = (await seen) - replied;
    t.diagnostic(`${Math.round(after)} ms after the reply to the command`);
    assert.ok(after < LIVE_MS, `${after} ms`);
    await press(page, "Resume");
    await said(page, "Resumed: the room.");
    assert.equal((await sittingNow(made.sitting)).paused, false);
  });

  await step("one candidate is paused, given minutes with a reason, and told something; the others are not", async () => {
    await rowOf(page, "c007").click();
    await press(page, "Pause");
    await rowOf(page, "c007").getByText("paused", { exact: true }).waitFor();
    assert.equal(await page.locator("tbody .badge", { hasText: /^paused$/ }).count(), 1);
    await press(page, "Minutes");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "+5" }).click();
    await dialog.getByRole("button", { name: "Add 5 min" }).click();
    await dialog.getByText("It must not be empty.").waitFor();
    await dialog.getByLabel("Reason").fill("The fire alarm");
    await shot(page, "minutes");
    await dialog.getByRole("button", { name: "Add 5 min" }).click();
    await said(page, "Minutes changed: Candidate 7, +5 min.");
    await press(page, "Message");
    await dialog.getByLabel("Message").fill(MARKUP);
    await dialog.getByRole("button", { name: "Send" }).click();
    await said(page, "Message sent: Candidate 7.");
    await press(page, "Resume");
    await said(page, "Resumed: Candidate 7.");
    await press(page, "Deselect");
  });

  await step("keys at a row do what the buttons do, and Void and Reopen are not a proctor's", async () => {
    await rowOf(page, "c010").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(" ");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(" ");
    await bar(page).getByText("2 selected").waitFor();
    assert.equal(await bar(page).getByRole("button", { name: "Void" }).count(), 0);
    await page.keyboard.press("p");
    await said(page, "Paused: 2 candidates.");
    await page.keyboard.press("r");
    await said(page, "Resumed: 2 candidates.");
    await page.keyboard.press("Escape");
    await bar(page).getByText("The whole room").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByRole("button", { name: "Close" }).click();
  });

  await step("when somebody was faster it is told in words, and done only when it is asked for again", async () => {
    await press(page, "Minutes");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Minutes", { exact: true }).fill("3");
    await dialog.getByLabel("Reason").fill("A late start");
    await house.do("ctl", "sitting", "pause", made.sitting);
    await dialog.getByRole("button", { name: "Add 3 min" }).click();
    const changed = page.getByRole("dialog", { name: "Not done: minutes, the room" });
    await changed.getByText("The room was started and is paused now.").waitFor();
    await changed.getByText(/the room was paused by admin/).waitFor();
    await shot(page, "changed");
    await changed.getByRole("button", { name: "Do it anyway" }).click();
    await said(page, "Minutes changed: the room, +3 min.");
    await press(page, "Resume");
    await reads(page.locator(".room-head .badge"), "started");
  });

  await step("another device that asks for a seat is on top, and the seat is given there", async () => {
    const other = await person(browser, address);
    await other.page.goto(`/#${made.slips.c003}`);
    await other.page.getByRole("button", { name: "Go to the exam" }).click();
    await page.locator(".need", { hasText: "Asks for the seat" }).getByText("Candidate 3").waitFor();
    await shot(page, "seat");
    // By key: the pointer's press is not taken in the moment after the list has moved.
    await page.getByRole("button", { name: "Give the seat: Candidate 3" }).press("Enter");
    await said(page, "Seat given: Candidate 3.");
    await page.locator(".need", { hasText: "Asks for the seat" }).waitFor({ state: "detached" });
    await other.context.close();
  });

  await step("while there is no connection it says so, offers nothing, and is live again after", async () => {
    await press(page, "Message");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Message").fill("The line was cut");
    await page.context().setOffline(true);
    await page.getByText(/^No connection for/).waitFor({ state: "attached" });
    assert.equal(await page.locator(".room-bar").getByText("Pause", { exact: true }).isDisabled(), true);
    await dialog.getByRole("button", { name: "Send" }).click();
    await said(page, "Not sent: message, the room. There is no connection."); // and not later by itself
    await page.context().setOffline(false);
    await page.getByText(/^No connection for/).waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Send" }).click();
    await said(page, "Message sent: the room.");
    await press(page, "Pause");
    await said(page, "Paused: the room.");
    await press(page, "Resume");
    await reads(page.locator(".room-head .badge"), "started");
  });

  await step("the end is for good, so the word is typed; then nobody runs", async () => {
    await press(page, "End");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "End" }).click();
    await dialog.getByText("Type the word end.", { exact: true }).waitFor();
    await shot(page, "end");
    assert.equal((await sittingNow(made.sitting)).state, "started");
    await dialog.getByLabel("Type the word end").fill("end");
    await dialog.getByRole("button", { name: "End" }).click();
    await reads(count(page, "closed"), String(MANY));
    assert.equal((await sittingNow(made.sitting)).state, "closed");
    await page.getByRole("button", { name: "Incidents" }).click();
    await shot(page, "incidents");
  });
  await house.do("leave");

  await step("an instructor sees how the room did, and the CSV is the one of examctl", async () => {
    const teacher = await first("ines", { acceptDownloads: true });
    await teacher.goto(`/#/sittings/${made.sitting}/results`);
    await teacher.getByRole("heading", { name: `${MANY} candidates` }).waitFor();
    assert.match(await teacher.locator(".chart svg[role=img]").getAttribute("aria-label"), /^Number of candidates by score: \d/);
    assert.equal(await teacher.locator("tbody tr").count(), MANY);
    await shot(teacher, "results");
    const [download] = await Promise.all([teacher.waitForEvent("download"), teacher.getByRole("button", { name: "Download CSV" }).click()]);
    assert.equal(download.suggestedFilename(), `sitting-${made.sitting}.csv`);
    // The line ends that the tools of this test leave are plain.
    assert.equal(readFileSync(await download.path(), "utf8").replaceAll("\r\n", "\n"), await house.do("ctl", "export", made.sitting, "-o", "-"));
    await teacher.getByRole("button", { name: "Candidate 42" }).click();
    await teacher.getByRole("dialog", { name: "Candidate 42" }).getByText("c042, attempt").waitFor();
    await shot(teacher, "one-result");
  });
});

test("an instructor creates a sitting, opens it, prints its slips, and one of them lets its candidate in", async () => {
  const page = await enter("admin", PASSWORD);
  await page.getByRole("link", { name: "New sitting" }).click();
  await page.getByLabel("Title").fill(MARKUP);
  await page.getByLabel("Group").selectOption("small");
  await shot(page, "new-sitting");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: MARKUP }).waitFor();
  await page.getByRole("button", { name: "Open check-in" }).click();
  await said(page, "Opened: candidates can check in.");
  await page.getByRole("link", { name: "Slips to print" }).click();
  await page.getByRole("button", { name: "Make new slips" }).click();
  const card = page.locator(".slip", { hasText: "Ann Small" });
  await card.waitFor();
  assert.equal(await page.locator(".slip svg path").count(), 2);
  await shot(page, "slips");
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
  const candidate = await person(browser, address);
  await candidate.page.goto(await card.locator(".join").textContent());
  await candidate.page.getByRole("button", { name: "Go to the exam" }).click();
  await page.getByRole("link", { name: MARKUP }).click();
  await page.getByRole("link", { name: "Run the room" }).click();
  await rowOf(page, "ann").getByText("checked in").waitFor();
  assert.equal(await rowOf(page, "mark").locator(".name").textContent(), MARKUP);
  assert.equal(await page.locator("main img").count(), 0);
  await candidate.context.close();
});

test("a roster and a bank with errors are told by line and column and change nothing; a good one is taken over", async () => {
  const page = await enter("admin", PASSWORD);
  const file = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await page.goto("/#/people");
  await page.getByRole("button", { name: "Import a roster" }).click();
  await page.getByLabel("Roster").setInputFiles(file("new.csv", "id,name\nzed,Zed New\n,Nobody\n"));
  await page.getByRole("button", { name: "Check and import" }).click();
  await page.getByText("Nothing was changed.").waitFor();
  assert.match(await page.locator(".diagnostics code").first().textContent(), /^new\.csv:3:\d+$/);
  await shot(page, "roster-errors");
  await page.getByLabel("Roster").setInputFiles(file("new.csv", "id,name,role\nzed,Zed New,proctor\n"));
  await page.getByRole("button", { name: "Check only" }).click();
  await page.getByText("Checked; nothing was changed.").waitFor();
  await page.getByRole("button", { name: "Check and import" }).click();
  const secret = page.getByRole("dialog", { name: "One-time password" });
  await secret.getByText("Shown only now.").waitFor();
  const password = await secret.locator("code").textContent();
  await secret.getByRole("button", { name: "They are noted" }).click();
  await page.getByLabel("Find").fill("zed");
  await page.getByRole("button", { name: "Zed New" }).click();
  await page.getByRole("button", { name: "New password" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New password" }).click();
  await secret.locator("code").waitFor();
  assert.notEqual(await secret.locator("code").textContent(), password);
  await secret.getByRole("button", { name: "They are noted" }).click();
  await page.getByRole("button", { name: "Zed New" }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.locator("tbody").getByText("disabled").waitFor();
  await shot(page, "people");
  await page.goto("/#/exams");
  await page.getByLabel("Bank", { exact: true }).setInputFiles(file("bad.yaml", "bank: bad\nversion: 1\nitems:\n  - id: a\n"));
  await page.getByRole("button", { name: "Check and load" }).click();
  await page.getByText("Nothing was changed.").waitFor();
  assert.match(await page.locator(".diagnostics code").first().textContent(), /^bad\.yaml:\d+:\d+$/);
  await shot(page, "bank-errors");
});

test("an admin makes a backup", async () => {
  const page = await enter("admin", PASSWORD);
  await page.goto("/#/server");
  await page.getByRole("button", { name: "Make a backup" }).click();
  await page.getByText(/^examd-\d{8}T\d{6}Z\.db is whole\.$/).waitFor();
  await shot(page, "server");
});

test("no page of staff complained of anything", () => {
  assert.deepEqual(complaints.flat(), []);
});
