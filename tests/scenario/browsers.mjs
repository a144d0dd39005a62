// People at browsers, for the stories.  Each line of standard input is a JSON list, [who, verb, ...arguments];
// each gets a line on standard output when it has come true, {"ok": ...}, or when it has not,
// {"failed": "..."}.  Whatever must be seen is waited for.  WHO is a name for one device or page; its
// first verb is "exam" or "console".  The verbs are those of at_terminal.py.
import { createInterface } from "node:readline";
import { agree, findings, isAt, isSaved, launch, logIn, person } from "../browser/house.mjs";
import { Acks } from "./browser_acks.mjs";

const PATIENCE_MS = 30_000;

const reads = (locator, text) => locator.filter({ hasText: new RegExp(`^${text}$`) }).waitFor();
const gone = (locator) => locator.waitFor({ state: "detached" });

class Place {
  constructor({ context, page, complaints }) {
    Object.assign(this, { context, page, complaints });
  }

  // What the screen says, for a person who wonders what went wrong.
  look() {
    return this.page.locator("body").innerText({ timeout: 1000 });
  }

  complained() {
    return this.complaints;
  }
}

class Exam extends Place {
  constructor(at) {
    super(at);
    this.acks = new Acks(this.context);
  }

  // ---- Coming in -----------------------------------------------------------------------------

  async enter(slip) {
    await this.page.goto(`/#${slip}`);
    await this.page.getByRole("button", { name: "Go to the exam" }).click();
  }

  async agrees() {
    await agree(this.page);
    await gone(this.page.getByLabel(/I have read the rules/));
  }

  async is_checked_in_as(fullName) {
    await this.page.getByRole("listitem").filter({ hasText: "Checked in" }).waitFor();
    await this.is_named(fullName);
  }

  is_named(fullName) {
    return this.page.getByText(fullName, { exact: true }).waitFor();
  }

  is_not_admitted() {
    return this.page.getByText("Waiting for the proctor to admit you").waitFor();
  }

  async is_ready_as(fullName) {
    await this.page.getByText("Ready. Waiting for the start").waitFor();
    await this.is_named(fullName);
  }

  async is_not_let_in() {
    await this.page.getByText("The name, the password or the slip is wrong.").waitFor();
    await this.context.close();
  }

  async leaves() {
    await this.page.getByRole("button", { name: "Log out" }).click();
    await this.page.getByLabel("Slip").waitFor();
  }

  async waits_for_the_seat_as(fullName) {
    await this.page.getByRole("heading", { name: "Another device holds your seat" }).waitFor();
    await this.is_named(fullName);
  }

  // ---- The questions -------------------------------------------------------------------------

  async question() {
    return parseInt(/^Question (\d+) of/.exec(await this.page.getByRole("heading", { name: /^Question \d+ of / }).textContent())[1], 10);
  }

  is_at(question) {
    return isAt(this.page, question);
  }

  async steps(forward) {
    await this.page.getByRole("navigation", { name: "Questions" }).getByRole("button", { name: forward ? "Next" : "Back" }).click();
  }

  has_come_to(question) {
    return isAt(this.page, question);
  }

  option(letter) {
    return this.page.locator(".option", { has: this.page.locator(".letter", { hasText: new RegExp(`^${letter}$`) }) });
  }

  async answers(letter) {
    await this.option(letter).locator("label").click();
    await this.has_chosen(letter);
  }

  has_chosen(letter) {
    return this.option(letter).locator("input:checked").waitFor({ state: "attached" });
  }

  has_saved(number) {
    return isSaved(this.page, number);
  }

  has_unsaved(number) {
    return this.page.getByText(`${number} not saved yet, reconnecting`).waitFor();
  }

  // ---- The clock, and what interrupts --------------------------------------------------------

  async left() {
    const name = await this.page.getByRole("button", { name: /^[\d:]+ left/ }).getAttribute("aria-label");
    return /^[\d:]+/.exec(name)[0];
  }

  async is_paused() {
    await this.page.getByRole("heading", { name: "The exam is paused for the whole room." }).waitFor();
    const questions = await this.page.locator(".question, .option, [role=radiogroup]").count();
    if (questions !== 0) throw new Error("a question is seen in the pause");
    return /stands: ?([\d:]+)/.exec(await this.page.getByText("The clock stands:").textContent())[1];
  }

  async stands_now() {
    const said = this.page.getByText("The clock stands:");
    return (await said.count()) === 0 ? null : /stands: ?([\d:]+)/.exec(await said.textContent({ timeout: 1000 }))[1];
  }

  async reads(text) {
    const told = this.page.getByRole("region", { name: "Said just now" }).locator(".toast", { hasText: text });
    await told.waitFor();
    await told.getByRole("button", { name: "Put away" }).click();
    await gone(told);
  }

  // As when the battery is taken out: the page gets no word in.
  async dies() {
    await this.acks.settled();
    const crashed = this.page.waitForEvent("crash");
    const cdp = await this.context.newCDPSession(this.page);
    cdp.send("Page.crash").catch(() => undefined); // has no answer
    await crashed;
    await this.context.close();
  }

  has_no_server() {
    return this.page.getByText(/reconnecting$/).waitFor();
  }

  async goes_on(question, saved) {
    await gone(this.page.getByText(/reconnecting$/));
    await isAt(this.page, question);
    await isSaved(this.page, saved);
  }

  // The window is not looked at, and is again.
  async looks_away() {
    await this.page.evaluate(() => {
      document.hasFocus = () => false;
      dispatchEvent(new Event("blur"));
    });
    await this.page.getByText(/^You left this page/).waitFor();
  }

  async looks_back() {
    await this.page.evaluate(() => {
      delete document.hasFocus;
      dispatchEvent(new Event("focus"));
    });
  }

  async loads_again() {
    await this.page.reload();
  }

  // ---- The end -------------------------------------------------------------------------------

  async hands_in(saved) {
    await isSaved(this.page, saved);
    await this.page.getByRole("navigation", { name: "Questions" }).getByRole("button", { name: "All questions" }).click();
    await this.page.getByRole("heading", { name: /questions are complete$/ }).waitFor();
    await this.page.getByRole("button", { name: /^Hand in/ }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
    await this.page.getByText("You have handed in.").waitFor();
    await this.page.getByText("The signature holds.").waitFor();
  }

  // The question is there again; nothing needs putting away.
  is_told_of_the_reopening() {
    return gone(this.page.getByText("You have handed in."));
  }

  async has_a_score() {
    await this.page.getByRole("heading", { name: "Result" }).waitFor();
    await this.page.getByText(/^[\d.]+ of \d+ points/).waitFor();
  }

  has_no_time() {
    return this.page.getByText("The time is over. Everything that was saved counts.").waitFor();
  }

  // "item seat revision option", of each answer that this page was told is saved.
  acknowledged() {
    return this.acks.settled();
  }
}

class Console extends Place {
  async enter(user, password, sitting, title) {
    this.sitting = sitting;
    await logIn(this.page, user, password);
    await this.page.getByRole("heading", { name: "Sittings" }).waitFor();
    await this.page.goto(`/#/sittings/${sitting}/room`);
    await this.page.getByRole("heading", { name: title, level: 1 }).waitFor();
  }

  bar() {
    return this.page.getByRole("toolbar", { name: "Commands" });
  }

  press(name) {
    return this.bar().getByRole("button", { name, exact: true }).click();
  }

  dialog() {
    return this.page.getByRole("dialog");
  }

  said(text) {
    return this.page.locator(".toast", { hasText: text }).first().waitFor();
  }

  stands(word) {
    return reads(this.page.locator(".room-head .badge"), word);
  }

  row(user) {
    return this.page.locator(`tr[data-user="${user}"]`);
  }

  count(word) {
    return this.page.locator(".counts div", { has: this.page.locator("dt", { hasText: new RegExp(`^${word}$`) }) }).locator("dd");
  }

  // With this candidate alone selected.
  async for(user, what) {
    await this.row(user).getByRole("checkbox").check();
    await what();
    await this.press("Deselect");
  }

  // ---- What is done --------------------------------------------------------------------------

  async opens() {
    await this.press("Open the room");
    await this.stands("open");
  }

  async admits_room() {
    await this.press("Admit");
    await this.said("Admitted: the room.");
  }

  async admits(user, fullName) {
    await this.row(user).getByText("checked in", { exact: true }).waitFor();
    await this.for(user, async () => {
      await this.press("Admit");
      await this.said(`Admitted: ${fullName}.`);
    });
  }

  async starts() {
    await this.press("Start");
    await this.dialog().getByText(/are here and ready\.$|who are here are ready/).waitFor();
    await this.dialog().getByRole("button", { name: "Start" }).click();
    await this.stands("started");
  }

  async pauses() {
    await this.press("Pause");
    await this.stands("paused");
  }

  async resumes() {
    await this.press("Resume");
    await this.stands("started");
  }

  async tells(text) {
    await this.press("Message");
    await this.dialog().getByLabel("Message").fill(text);
    await this.dialog().getByRole("button", { name: "Send" }).click();
    await this.said("Message sent: the room.");
  }

  async gives_seat(user, fullName) {
    await this.sees_asked(user, fullName);
    // By key: the pointer's press is not taken in the moment after the list has moved.
    await this.page.getByRole("button", { name: `Give the seat: ${fullName}` }).press("Enter");
    await this.said(`Seat given: ${fullName}.`);
    await gone(this.page.getByRole("button", { name: `Give the seat: ${fullName}` }));
  }

  async changes_minutes(user, fullName, minutes, why) {
    await this.for(user, async () => {
      await this.press("Minutes");
      await this.dialog().getByLabel("Minutes", { exact: true }).fill(String(minutes));
      await this.dialog().getByLabel("Reason").fill(why);
      await this.dialog().getByRole("button", { name: minutes > 0 ? `Add ${minutes} min` : `Take ${-minutes} min` }).click();
      await this.said(`Minutes changed: ${fullName}, ${minutes > 0 ? "+" : ""}${minutes} min.`);
    });
  }

  async reopens(user, fullName, minutes, why) {
    await this.for(user, async () => {
      await this.press("Reopen");
      await this.dialog().getByLabel("Minutes", { exact: true }).fill(String(minutes));
      await this.dialog().getByLabel("Reason").fill(why);
      await this.dialog().getByRole("button", { name: "Reopen" }).click();
      await this.said(`Reopened: ${fullName}`);
    });
  }

  // Of what was handed in there is nothing that this page can do.
  async may_not_reopen(user) {
    await this.for(user, () => this.bar().getByText("Nothing can be done for them now.").waitFor());
  }

  async ends() {
    await this.press("End");
    await this.dialog().getByLabel("Type the word end").fill("end");
    await this.dialog().getByRole("button", { name: "End" }).click();
    await this.stands("closed");
  }

  // ---- What is seen --------------------------------------------------------------------------

  async sees_asked(user, fullName) {
    const first = this.page.getByRole("region", { name: "Who needs you" }).locator(".need").first();
    const one = first.getByRole("listitem").filter({ hasText: fullName });
    await first.filter({ has: this.page.getByRole("heading", { name: "Asks for the seat" }), hasText: fullName }).waitFor();
    await one.getByText(user, { exact: true }).waitFor();
  }

  sees_lost(user) {
    return this.row(user).getByText("Lost", { exact: true }).waitFor();
  }

  // Among those who need somebody, and in the title of the page.
  async sees_off_page(user, fullName) {
    const need = this.page.getByRole("region", { name: "Who needs you" }).locator(".need")
      .filter({ has: this.page.getByRole("heading", { name: "Left the page" }) });
    await need.getByRole("listitem").filter({ hasText: fullName }).getByText(user, { exact: true }).waitFor();
    await this.page.waitForFunction(() => /^\([1-9]/.test(document.title));
  }

  // The mark stays, the need does not.
  async sees_was_off_page(user, fullName, times) {
    await this.row(user).getByText(`left the page ${times === 1 ? "once" : `${times} times`}, last at`).waitFor();
    await gone(this.page.getByRole("region", { name: "Who needs you" }).getByRole("heading", { name: "Left the page" }));
  }

  // A line of the incidents, with its time.
  async finds_incident(fullName, what) {
    const incidents = this.page.getByRole("button", { name: "Incidents" });
    if (await incidents.getAttribute("aria-pressed") !== "true") await incidents.click();
    const line = this.page.getByRole("region", { name: "Incidents" }).getByRole("listitem").filter({ hasText: fullName }).filter({ hasText: what }).first();
    await line.getByRole("time").filter({ hasText: /\d:\d\d/ }).waitFor();
    const wrong = await findings(this.page);
    if (wrong.length > 0) throw new Error(`axe finds: ${wrong.join("; ")}`);
    if (process.env.BROWSER_SHOTS) await this.page.screenshot({ path: `${process.env.BROWSER_SHOTS}/staff-incidents-of-a-room.png` });
  }

  sees_ready(number) {
    return reads(this.count("ready"), String(number));
  }

  async sees_closed(number) {
    await reads(this.count("closed"), String(number));
    await reads(this.count("running"), "0");
    await reads(this.count("ready"), "0");
  }

  has_no_server() {
    return this.page.getByText(/^No connection for/).waitFor();
  }

  async has_server() {
    await gone(this.page.getByText(/^No connection for/));
  }

  counts() {
    return Promise.all(["on the list", "here", "ready", "running", "closed"].map(async (word) => Number(await this.count(word).textContent())));
  }

  // What the page says now: user -> [state, "answered/questions" or ""].
  rows() {
    return this.page.evaluate(() => Object.fromEntries([...document.querySelectorAll("tr[data-user]")].map((tr) =>
      [tr.dataset.user, [tr.querySelector("td .badge").textContent, tr.querySelector(".progressing > span")?.textContent ?? ""]])));
  }

  // The page of results: name -> [state, "answered/questions", "points/most"].
  async results(number) {
    await this.page.goto(`/#/sittings/${this.sitting}/results`);
    await this.page.getByRole("heading", { name: `${number} candidates` }).waitFor();
    const found = await this.page.getByRole("row").evaluateAll((rows) => rows.map((tr) => [...tr.querySelectorAll("th, td")].map((c) => c.textContent)));
    const names = await this.page.getByRole("table").getByRole("button").allTextContents();
    return Object.fromEntries(found.slice(1).map((cells, i) => [names[i], [cells[1], cells[2], cells[3]]]));
  }
}

const KINDS = { exam: Exam, console: Console };
const places = new Map();
let browser = null;

async function begin(who, verb, address, ...argv) {
  browser ??= await launch();
  const at = await person(browser, address);
  at.context.setDefaultTimeout(PATIENCE_MS);
  const place = new KINDS[verb](at);
  places.set(who, place);
  return place.enter(...argv);
}

async function run([who, verb, ...argv]) {
  if (verb in KINDS) return begin(who, verb, ...argv);
  return places.get(who)[verb](...argv);
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await run(asked)) ?? null };
  } catch (e) {
    answer = { failed: String(e.message ?? e).slice(0, 2000) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser?.close();
