// page.mjs [--runs N]: what a candidate waits for at a browser, by the clock: as the machine is, and as on a slow
// device with a slow network.  A table on standard output.  Started by page.sh.
import { cpus, loadavg } from "node:os";
import { House, agree, isAt, isSaved, launch, person, useSlip } from "../browser/house.mjs";

const RUNS = Number(/--runs (\d+)/.exec(process.argv.join(" "))?.[1] ?? 5), PRESSED = 10;
// Of a classroom's oldest machine at the end of a long cable.
const SLOW = { cpu: 4, network: { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 } };
const PROFILES = { "as it is": null, "slow: 1.6 Mbit/s, 150 ms, processor 4 times slower": SLOW };

const house = new House();
const [browser, address] = await Promise.all([launch(), house.do("begin")]);

const sorted = (all) => [...all].sort((a, b) => a - b);
const middle = (all) => sorted(all)[Math.floor(all.length / 2)];
const told = (all) => `${Math.round(middle(all))} / ${Math.round(Math.max(...all))}`;

// In the page: when this was on the screen, in ms since 1970.
const paintedAt = (page, selector) => page.evaluate((wanted) => new Promise((done) => {
  const look = () => {
    if (document.querySelector(wanted) === null) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now())));
  };
  const seen = new MutationObserver(look);
  seen.observe(document, { subtree: true, childList: true });
  look();
}), selector);

// From the key until the browser has painted what follows; the browser tells it in steps of 8 ms.
async function presses(page, key) {
  const took = [];
  for (let i = 0; i < PRESSED; i++) {
    await page.evaluate(() => {
      window.took = new Promise((done) => {
        const seen = new PerformanceObserver((list) => {
          const press = list.getEntries().find((e) => e.name === "keydown");
          if (press === undefined) return;
          seen.disconnect();
          done(press.duration);
        });
        seen.observe({ type: "event", durationThreshold: 16 });
        setTimeout(() => done(16), 1000); // what is shorter is not told
      });
    });
    await page.keyboard.press(key(i));
    took.push(await page.evaluate(() => window.took));
  }
  return took;
}

async function run(user, profile, all) {
  const { page, context } = await person(browser, address);
  if (profile !== null) {
    const cdp = await context.newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: profile.cpu });
    await cdp.send("Network.enable");
    await cdp.send("Network.emulateNetworkConditions", profile.network);
  }
  const room = await house.do("sitting", "cpc", user, "Mock exam");
  const asked = Date.now();
  await page.goto("/", { waitUntil: "commit" });
  all.load.push(await paintedAt(page, "form input") - asked);
  await useSlip(page, room.slips[user]);
  await agree(page);
  const agreed = Date.now();
  await page.getByText("Ready.").waitFor();
  all.ready.push(Date.now() - agreed);
  const first = paintedAt(page, "#number");
  const begun = Date.now();
  await house.do("ctl", "sitting", "start", room.sitting);
  all.start.push(await first - begun);
  await isAt(page, 1);
  all.option.push(...await presses(page, (i) => "abcd"[i % 4]));
  await isSaved(page, 1);
  all.flag.push(...await presses(page, () => "r"));
  all.next.push(...await presses(page, () => "n"));
  all.all.push(...await presses(page, () => "v"));
  await context.close();
}

try {
  await house.do("load", "cpc.yaml");
  const people = Object.keys(PROFILES).flatMap((_, p) => Array.from({ length: RUNS }, (__, i) => `p${p}r${i}`));
  await house.do("people", people.map((user) => `${user},Ann Example,${user}@example.org,${user},candidate,0`));
  console.log(`${RUNS} candidates each, one after the other, the exam of 100 questions, ${cpus()[0].model.trim()}, ${cpus().length} cores, load
${loadavg()[0].toFixed(1)} of others at the beginning, Chromium ${browser.version()}; middle / largest, in ms. A key: from pressing it to the picture that follows, as the browser tells it (steps of 8 ms).

| | page that can be used | form on the device, after the rules | command to start to first question | an option | flag | Next | all questions |
|---|---|---|---|---|---|---|---|`);
  for (const [p, [name, profile]] of Object.entries(PROFILES).entries()) {
    const all = { load: [], ready: [], start: [], option: [], flag: [], next: [], all: [] };
    for (let i = 0; i < RUNS; i++) await run(`p${p}r${i}`, profile, all);
    console.log(`| ${name} | ${Object.values(all).map(told).join(" | ")} |`);
  }
} finally {
  await browser.close();
  await house.end();
}
