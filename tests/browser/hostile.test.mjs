// A page of somebody else, in the browser of a candidate who is at the exam: it knows every address, every
// message and the name of the tab, and gets nothing, changes nothing and shows nothing of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { House, agree, isAt, isSaved, launch, person, useSlip } from "./house.mjs";

let house, browser, address, hostile, folder, victim;
const faults = []; // of the victim's page
const origins = {}; // of the hostile server, by what it is to the exam's

// Serves an empty page at every path, with a certificate of its own.
function listen() {
  folder = mkdtempSync(join(tmpdir(), "examd-hostile-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=hostile",
    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], { stdio: "ignore" });
  hostile = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    response.writeHead(200, { "content-type": "text/html", "referrer-policy": "unsafe-url", "cross-origin-opener-policy": "unsafe-none" });
    response.end("<!doctype html><title>hostile</title><body>hostile");
  });
  return new Promise((done) => hostile.listen(0, "127.0.0.1", () => done(hostile.address().port)));
}

before(async () => {
  house = new House();
  const [opened, begun, port] = await Promise.all([launch(), house.do("begin"), listen()]);
  [browser, address] = [opened, begun];
  Object.assign(origins, { "the same host at another port": `https://127.0.0.1:${port}`, "another name": `https://localhost:${port}` });
  await house.do("load", "cpc-short.yaml");
  await house.do("people", ["vic,Vic Victim,v@example.org,vic,candidate,0"]);
  victim = await person(browser, address);
  victim.page.on("pageerror", (e) => faults.push(String(e)));
  const room = await house.do("sitting", "cpc-short", "vic", "Mock exam");
  await useSlip(victim.page, room.slips.vic);
  await agree(victim.page);
  await victim.page.getByText("Ready.").waitFor();
  await house.do("ctl", "sitting", "start", room.sitting);
  await isAt(victim.page, 1);
  await victim.page.keyboard.press("a");
  await isSaved(victim.page, 1);
});

after(async () => {
  await browser?.close();
  await house?.end();
  hostile?.closeAllConnections();
  hostile?.close();
  if (folder) rmSync(folder, { recursive: true });
});

// What the exam's server has come to: none of it moves by itself.
async function effects() {
  const { connections, attempts, answers, starts, sittings, store } = await house.do("status");
  return { connections, attempts, answers, starts, sittings, records: store.records };
}

// Two requests of the victim's page: one that reads, and one that puts an answer, which the server has not
// got yet.  Whoever could send them needs nothing else.
async function captured() {
  const { page } = victim, held = [];
  const taken = (request) => ({ path: new URL(request.url()).pathname, tab: request.headers()["examd-tab"], body: [...request.postDataBuffer()] });
  const reading = page.waitForResponse(/get_status$/);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // it asks for what may have changed
  const read = taken((await reading).request());
  await page.route("**/examd.v1/put_answers", (route) => { // the first one alone
    if (held.length > 0) return route.continue();
    held.push(route);
  });
  const putting = page.waitForRequest(/put_answers$/);
  await page.keyboard.press("n");
  await page.keyboard.press("b");
  const put = taken(await putting);
  return { read, put, release: async () => {
    await Promise.all(held.map((route) => route.continue()));
    await page.unroute("**/examd.v1/put_answers");
  } };
}

// In a page: what a script there gets to see of these requests.  "nothing", or what it was.
async function ask({ target, requests, ways }) {
  const seen = {};
  for (const { path, tab, body } of requests) {
    for (const { mode, type, named } of ways) {
      const headers = { ...(type && { "content-type": type }), ...(named && { "examd-tab": tab }) };
      const what = { method: body ? "POST" : "GET", mode, credentials: "include", headers, body: body && new Uint8Array(body) };
      const got = await fetch(target + path, what).then(async (r) => `${r.type} ${r.status} ${(await r.arrayBuffer()).byteLength} bytes`, () => "nothing");
      seen[`${path}, ${mode}${type ? `, as ${type}` : ""}`] = /^opaque 0 0 bytes$/.test(got) ? "nothing" : got;
    }
  }
  return seen;
}

// In a page: the same as beacons, as forms into a frame, and as streams.
async function push({ target, requests }) {
  const told = {};
  const ended = (what, good, bad) => new Promise((done) => {
    for (const event of good) what.addEventListener(event, () => done(`${event}: it was let in`));
    what.addEventListener(bad, () => done("nothing"));
  });
  for (const { path, body } of requests) {
    const bytes = new Uint8Array(body);
    for (const type of ["application/proto", "text/plain"]) navigator.sendBeacon(target + path, new Blob([bytes], { type }));
    for (const enctype of ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]) {
      const form = document.createElement("form"), field = document.createElement("textarea"), frame = document.createElement("iframe");
      Object.assign(frame, { name: `${path} ${enctype}` });
      Object.assign(form, { method: "POST", action: target + path, enctype, target: frame.name });
      Object.assign(field, { name: String.fromCharCode(...bytes), value: "" });
      form.append(field);
      document.body.append(frame, form);
      const loaded = new Promise((done) => frame.addEventListener("load", done));
      form.submit();
      await loaded;
    }
  }
  const socket = new WebSocket(`${target.replace("https", "wss")}/examd.v1/open`);
  told["a socket"] = await ended(socket, ["open", "message"], "error");
  const source = new EventSource(`${target}/examd.v1/open`, { withCredentials: true });
  told["a stream of events"] = await ended(source, ["open", "message"], "error");
  source.close();
  return told;
}

// In a page: files and messages as parts of it.
async function include({ target, files }) {
  const seen = {};
  const put = (name, element, attribute, path) => new Promise((done) => {
    element.addEventListener("load", () => done("it was loaded"));
    element.addEventListener("error", () => done("nothing"));
    element[attribute] = target + path;
    document.head.append(element);
  }).then((got) => { seen[`${path} as ${name}`] = got; });
  const element = (name, more = {}) => Object.assign(document.createElement(name), more);
  for (const path of files) {
    await put("script", element("script"), "src", path);
    await put("module", element("script", { type: "module" }), "src", path);
    await put("style", element("link", { rel: "stylesheet" }), "href", path);
    await put("picture", element("img"), "src", path);
  }
  return seen;
}

// In a page: what this browser keeps for others.
async function rummage() {
  return { cookies: document.cookie, local: localStorage.length, session: sessionStorage.length,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length, locks: (await navigator.locks.query()).held.length };
}

// What the server says to the POSTs of a page, whatever the page gets to see, once each of these paths
// has an answer: "/path 403".
async function heard(page) {
  const network = await page.context().newCDPSession(page), asked = new Map(), told = [];
  let news = () => {};
  network.on("Network.requestWillBeSent", ({ requestId, request }) => { asked.set(requestId, request); news(); });
  network.on("Network.responseReceivedExtraInfo", (e) => { told.push(e); news(); });
  await network.send("Network.enable");
  const posts = () => told.filter(({ requestId }) => asked.get(requestId)?.method === "POST")
    .map(({ requestId, statusCode }) => ({ path: new URL(asked.get(requestId).url).pathname, statusCode }));
  return async (paths) => {
    while (!paths.every((wanted) => posts().some(({ path }) => path === wanted))) await new Promise((done) => { news = done; });
    return [...new Set(posts().map(({ path, statusCode }) => `${path} ${statusCode}`))].sort();
  };
}

const nothing = (seen) => assert.deepEqual(Object.entries(seen).filter(([, got]) => got !== "nothing"), []);

// The files that the page is made of.
const filesOf = (page) => page.evaluate(() => ["/", ...performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname)
  .filter((path) => !path.startsWith("/examd.v1/"))]);

for (const which of ["the same host at another port", "another name"]) {
  test(`a page of ${which} that knows everything gets no answer, changes nothing and loads nothing`, async () => {
    const before = await effects(), files = await filesOf(victim.page);
    const saved = Number(await victim.page.locator(".saved").getAttribute("data-saved"));
    assert.ok(files.length >= 4, files.join());
    const { read, put, release } = await captured();
    const page = await victim.context.newPage();
    await page.goto(origins[which]);
    const answers = await heard(page);
    const target = address, requests = [put, read, { ...put, path: "/examd.v1/open" }];
    nothing(await page.evaluate(ask, { target, requests: [...files.map((path) => ({ path })), { path: read.path }],
      ways: [{ mode: "cors" }, { mode: "no-cors" }] }));
    nothing(await page.evaluate(ask, { target, requests, ways: [{ mode: "cors", type: "application/proto", named: true },
      { mode: "cors", type: "application/proto" }, { mode: "cors", type: "text/plain" }, { mode: "no-cors", type: "application/proto", named: true },
      { mode: "no-cors", type: "text/plain" }] }));
    nothing(await page.evaluate(push, { target, requests }));
    nothing(await page.evaluate(include, { target, files: [...files, read.path, "/examd.v1/open"] }));
    assert.deepEqual(await page.evaluate(rummage), { cookies: "", local: 0, session: 0, databases: 0, caches: 0, locks: 0 });
    assert.deepEqual(await answers(requests.map(({ path }) => path)), requests.map(({ path }) => `${path} 403`).sort());
    assert.deepEqual(await effects(), before);
    // The same from the page itself is answered, and changes something: it was the origin that was in the way.
    const ways = [{ mode: "cors", type: "application/proto", named: true }];
    for (const got of Object.values(await victim.page.evaluate(ask, { target: "", requests: [read, put], ways }))) assert.match(got, /^basic 200 \d+ bytes$/);
    const now = await effects();
    assert.equal(now.answers, before.answers + 1);
    assert.ok(now.records > before.records);
    await release();
    await isSaved(victim.page, saved + 1);
    await page.close();
  });

  test(`a page of ${which} shows none of ours inside, and has no hold on one that it opens`, async () => {
    const before = await effects();
    const page = await victim.context.newPage();
    await page.goto(origins[which]);
    const framed = await page.evaluate((target) => {
      const put = (name, attribute, more = {}) => new Promise((done) => {
        const element = Object.assign(document.createElement(name), more);
        for (const event of ["load", "error"]) element.addEventListener(event, () => done(name));
        element[attribute] = `${target}/`;
        document.body.append(element);
      });
      return Promise.all([put("iframe", "src"), put("iframe", "src", { sandbox: "allow-scripts allow-same-origin" }),
        put("object", "data", { type: "text/html" }), put("embed", "src", { type: "text/html" })]);
    }, address);
    assert.equal(framed.length, 4);
    const inside = page.frames().filter((frame) => frame !== page.mainFrame());
    assert.ok(inside.length >= 2);
    for (const frame of inside) {
      assert.ok(!frame.url().startsWith(address), frame.url());
      assert.equal(await frame.locator("#app").count(), 0);
    }
    const opening = victim.context.waitForEvent("page");
    await page.evaluate((target) => {
      window.ours = open(`${target}/`, "ours");
      window.heard = [];
      addEventListener("message", (e) => window.heard.push(e.data));
    }, address);
    const opened = await opening;
    await opened.getByRole("heading", { name: "The exam is open in another tab" }).waitFor();
    await page.waitForFunction(() => window.ours.closed); // cut off: to the opener it is gone
    assert.deepEqual(await page.evaluate((target) => {
      window.ours.postMessage({ submit: true }, target);
      const again = open("", "ours"); // by its name
      const is = { frames: window.ours.length, same: again === window.ours, blank: again?.location.href ?? "about:blank" };
      again?.close();
      return is;
    }, address), { frames: 0, same: false, blank: "about:blank" });
    assert.deepEqual(await opened.evaluate(() => [window.opener, window.name]), [null, ""]);
    assert.deepEqual(await page.evaluate(() => window.heard), []);
    assert.deepEqual(await effects(), before);
    await opened.close();
    await page.close();
    assert.deepEqual(faults, []);
  });
}
