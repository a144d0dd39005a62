// What a candidate's page may cost.  Judged by what is the same on every machine: requests, bytes, shifts of
// the layout, memory, and processor time as a share of what a fixed loop takes in the same page.  How long
// it takes by the clock on a slow device is measured in tests/bench/page.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, agree, isAt, isSaved, launch, person, useSlip } from "./house.mjs";

const ITEMS = 100, MINUTES = 240, TURN = 2; // of the exam; something is done every TURN minutes
const KIB = 1024;
const LOADED = { requests: 8, bytes: 64 * KIB };
const START_BYTES = 2 * KIB; // the keys, and the status that they come in
// Shares of the yardstick, a loop that a device of the slow profile takes 50 ms for.
const MOST = { question: 1, navigator: 2, start: 4 };
// After an hour, in which every question was seen.
const GROWTH = { bytes: 768 * KIB, nodes: 20, listeners: 5 }; // one question may have a note that another has not

let house, browser, address;

before(async () => {
  house = new House();
  [browser, address] = await Promise.all([launch(), house.do("begin")]);
  await house.do("load", "cpc.yaml");
  await house.do("people", ["bea,Bea Budget,b@example.org,bea,candidate,0", "max,Max Memory,m@example.org,max,candidate,0"]);
});

after(async () => {
  await browser?.close();
  await house?.end();
});

// What goes over the network to a page, from now on.
async function network(page) {
  const cdp = await page.context().newCDPSession(page), asked = new Map();
  const seen = { urls: [], bytes: 0 };
  cdp.on("Network.requestWillBeSent", (e) => { asked.set(e.requestId, 0); seen.urls.push(e.request.url); });
  cdp.on("Network.responseReceived", (e) => { asked.set(e.requestId, e.response.encodedDataLength); seen.bytes += e.response.encodedDataLength; });
  cdp.on("Network.dataReceived", (e) => { asked.set(e.requestId, (asked.get(e.requestId) ?? 0) + e.encodedDataLength); seen.bytes += e.encodedDataLength; });
  cdp.on("Network.loadingFinished", (e) => { seen.bytes += Math.max(0, e.encodedDataLength - (asked.get(e.requestId) ?? 0)); });
  await cdp.send("Network.enable");
  return seen;
}

const metrics = async (cdp) => Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map((m) => [m.name, m.value]));
// All that was asked for is done and painted.
const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => done())))));
// Everything that moved without being asked to, as the browser weighs it.
const shifts = (page) => page.evaluate(() => window.shifted.filter((s) => !s.asked).reduce((sum, s) => sum + s.value, 0));

let page, seen; // of a candidate who is ready, and what went over the network

test("the page comes in few requests and bytes, all of them from the server itself, and stands still", async (t) => {
  const one = await person(browser, address);
  page = one.page;
  await page.addInitScript(() => {
    window.shifted = [];
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) window.shifted.push({ value: e.value, asked: e.hadRecentInput });
    }).observe({ type: "layout-shift", buffered: true });
  });
  seen = await network(page);
  await page.goto("/");
  await page.getByLabel("Slip").waitFor();
  await painted(page);
  t.diagnostic(`${seen.urls.length} requests, ${(seen.bytes / KIB).toFixed(1)} KiB`);
  assert.deepEqual(seen.urls.filter((url) => !url.startsWith(`${address}/`)), []);
  assert.ok(seen.urls.length >= 5 && seen.urls.length <= LOADED.requests, seen.urls.join());
  assert.ok(seen.bytes > 20 * KIB && seen.bytes <= LOADED.bytes, `${seen.bytes} bytes`);
  const blocking = await page.evaluate(() => performance.getEntriesByType("resource").filter((e) => e.renderBlockingStatus === "blocking")
    .map((e) => e.name.replace(/.*\./, "")));
  assert.deepEqual(blocking, ["css"]);
  assert.equal(await shifts(page), 0);
});

test("from the word to start to the first question no request is needed: one message has all of it", async (t) => {
  const room = await house.do("sitting", "cpc", "bea", "Mock exam");
  await useSlip(page, room.slips.bea);
  await agree(page);
  await page.getByText("Ready.").waitFor();
  const before = seen.bytes;
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await page.route("**/*", (route) => held.then(() => route.continue()));
  try {
    await house.do("ctl", "sitting", "start", room.sitting);
    await isAt(page, 1);
    await painted(page);
  } finally {
    letGo();
  }
  const bytes = seen.bytes - before;
  t.diagnostic(`${bytes} bytes`);
  assert.ok(bytes > 0 && bytes <= START_BYTES, `${bytes} bytes`);
  assert.equal(await shifts(page), 0);
  await page.keyboard.press("a");
  await isSaved(page, 1);
});

test("what a candidate presses costs the processor no more than its share", async (t) => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" }); // of this page's thread, not of the clock
  // The least of several: what the work itself takes.
  const cost = async (what, tries = 5) => {
    let least = Infinity;
    for (let i = 0; i < tries; i++) {
      const was = await metrics(cdp);
      await what(i);
      await painted(page);
      least = Math.min(least, (await metrics(cdp)).TaskDuration - was.TaskDuration);
    }
    return least * 1000;
  };
  const press = (key) => () => page.keyboard.press(key);
  const yardstick = await cost(() => page.evaluate(() => {
    let x = 1;
    for (let i = 0; i < 1e7; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
    return x;
  }));
  const question = { "an option": await cost((i) => page.keyboard.press("abcde"[i % 4])), "a flag": await cost(press("r")),
    Next: await cost(press("n")), Back: await cost(press("p")) };
  const navigator = { "all questions": await cost(press("v"), 6) };
  t.diagnostic(`${yardstick.toFixed(1)} ms the loop; ${Object.entries({ ...question, ...navigator }).map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(", ")}`);
  for (const [name, ms] of Object.entries(question)) assert.ok(ms <= MOST.question * yardstick, `${name}: ${ms} of ${yardstick} ms`);
  for (const [name, ms] of Object.entries(navigator)) assert.ok(ms <= MOST.navigator * yardstick, `${name}: ${ms} of ${yardstick} ms`);
  await page.context().close();
});

// The page's clock is turned by hand; the server's heartbeats come by that clock too.
async function withClock(context) {
  await context.clock.install();
  await context.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (...all) => {
      const response = await real(...all);
      if (!String(all[0]).endsWith("/open") || !response.ok) return response;
      const beats = new TransformStream({ start(stream) {
        const timer = setInterval(() => {
          try {
            stream.enqueue(new Uint8Array(4));
          } catch { // it has ended
            clearInterval(timer);
          }
        }, 10_000);
      } });
      return new Response(response.body.pipeThrough(beats), response);
    };
  });
}

test("four hours of an exam take no more memory than its first hour", async (t) => {
  const { page, context, complaints } = await person(browser, address);
  await withClock(context);
  const room = await house.do("sitting", "cpc", "max", "Mock exam");
  await useSlip(page, room.slips.max);
  await agree(page);
  await page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", room.sitting);
  await isAt(page, 1);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable");
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  let at = 1;
  const to = async (number) => {
    await press("v");
    await page.getByRole("button", { name: new RegExp(`^Question ${number},`) }).click();
    await isAt(page, at = number);
  };
  const next = async () => {
    if (at === ITEMS) return to(1);
    await press("n");
    await isAt(page, ++at);
  };
  const dialog = async (key) => {
    await press(key);
    await page.getByRole("dialog").waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  const message = async () => {
    await house.do("ctl", "sitting", "message", room.sitting, "Some time has gone by.");
    await page.getByRole("button", { name: "Put away" }).click();
    await page.locator(".toast").waitFor({ state: "detached" });
  };
  const pause = async () => {
    await house.do("ctl", "sitting", "pause", room.sitting, "--reason", "alarm");
    await page.getByText("The exam is paused for the whole room.").waitFor();
    await house.do("ctl", "sitting", "resume", room.sitting, "--reason", "all back");
    await isAt(page, at);
  };
  const note = async (turn) => {
    await press("w");
    await page.locator("#note").fill(`of turn ${turn}`);
    await page.locator("#number").focus();
  };
  // What else is done, every so many turns.
  const doings = [[3, () => press("r")], [5, () => press("x", "d")], [7, note], [9, () => press("u", "Shift+ArrowRight", "Enter", "Escape")],
    [11, () => dialog("=")], [13, () => dialog("?")], [17, () => to((at * 7) % ITEMS + 1)], [20, message], [30, pause]];
  const held = async () => {
    await to(1);
    await painted(page);
    for (let i = 0; i < 2; i++) await cdp.send("HeapProfiler.collectGarbage");
    const { JSHeapUsedSize: bytes, Nodes: nodes, JSEventListeners: listeners } = await metrics(cdp);
    t.diagnostic(`${(bytes / KIB).toFixed(0)} KiB, ${nodes} nodes, ${listeners} listeners`);
    return { bytes, nodes, listeners };
  };
  const hours = [];
  for (let turn = 1; turn * TURN <= MINUTES; turn++) {
    const first = turn * TURN <= 60; // the hour in which all questions are seen
    for (let step = 0; step < (first ? 4 : 1); step++) {
      await press("abcd"[turn % 4]);
      await next();
    }
    for (const [every, what] of doings) if (turn % every === 0) await what(turn);
    for (let seconds = 0; seconds < TURN * 60; seconds += 20) await page.clock.runFor(20_000);
    await page.locator(".saved.well").waitFor();
    if (turn * TURN % 60 === 0) hours.push(await held());
  }
  for (const [hour, now] of hours.entries()) {
    for (const [what, most] of Object.entries(GROWTH)) {
      assert.ok(now[what] - hours[0][what] <= most, `${what} of hour ${hour + 1}: ${now[what]}, of the first: ${hours[0][what]}`);
    }
  }
  assert.deepEqual(complaints, []);
  await context.close();
});
