// A real server, and real browsers that look at it.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

// Of the folder where the packages were installed.
const packages = createRequire(`${process.env.BROWSER_MODULES}/package.json`);
const { chromium } = packages("playwright-core");
const { source: axe } = packages("axe-core");

export const BUILD = process.env.EXAMD_BUILD;

export class House {
  // What it can: SCRIPT.
  constructor(script = "house.py") {
    this.process = spawn("python3", [here(script), "--build", BUILD], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async do(name, ...argv) {
    this.process.stdin.write(JSON.stringify([name, ...argv]) + "\n");
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the house ended at ${name}`);
    const answer = JSON.parse(value);
    if ("failed" in answer) throw new Error(answer.failed);
    return answer.ok;
  }

  async end() {
    this.process.stdin.end();
    await new Promise((done) => this.process.on("exit", done));
  }
}

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"] });
}

// A person at a device of their own.  What its pages complain of is kept.
export async function person(browser, address, options = {}) {
  const context = await browser.newContext({ baseURL: address, ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 }, ...options });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  context.on("weberror", (e) => complaints.push(String(e.error())));
  context.on("console", (m) => {
    if (m.type() === "error" && !/Failed to load resource|net::ERR_/.test(m.text())) complaints.push(m.text());
  });
  return { context, page: await context.newPage(), complaints };
}

export async function useSlip(page, slip) {
  await page.goto("/");
  await page.getByLabel("Slip").fill(slip);
  await page.getByRole("button", { name: "Go to the exam" }).click();
}

export async function logIn(page, user, password) {
  await page.goto("/");
  await page.getByRole("button", { name: "With a password" }).click();
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

export async function agree(page) {
  await page.getByLabel(/I have read the rules/).check();
  await page.getByRole("button", { name: "Go on" }).click();
}

export async function isAt(page, number) {
  await page.getByRole("heading", { name: new RegExp(`^Question ${number} of `) }).waitFor();
}

// The corner says that N of N are saved, and nothing waits.
export async function isSaved(page, n) {
  await page.locator(`.saved[data-saved="${n}"][data-put="${n}"][data-unsaved="0"]`).waitFor();
}

// What the page gave to this store of its journal before now is there, for transactions of a store wait for
// each other: its number of rows.
export function written(page, store) {
  return page.evaluate((name) => new Promise((done, failed) => {
    const opened = indexedDB.open("examd");
    opened.onerror = failed;
    opened.onsuccess = () => {
      const rows = opened.result.transaction(name).objectStore(name).count();
      rows.onerror = failed;
      rows.onsuccess = () => {
        opened.result.close();
        done(rows.result);
      };
    };
  }), store);
}

// What axe finds wrong with the page, by WCAG 2.2 A and AA, once nothing on it moves: a colour on its
// way to another has a contrast of its own.
export async function findings(page) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations()
    .filter((a) => Number.isFinite(a.effect?.getComputedTiming().endTime)).map((a) => a.finished)));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
}
