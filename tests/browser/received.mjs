// All that a page gets: every byte of every response as the browser's network had it, the stream of
// notices while it is open included; and every text that the page has opened with a key.
import { fields } from "./message.mjs";

export class Received {
  // Before the page goes anywhere.
  static async of(page) {
    const received = new Received(page);
    await page.addInitScript(() => {
      const decrypt = crypto.subtle.decrypt.bind(crypto.subtle);
      window.opened = [];
      crypto.subtle.decrypt = async (...argv) => {
        const plain = await decrypt(...argv);
        window.opened.push(btoa(String.fromCharCode(...new Uint8Array(plain))));
        return plain;
      };
    });
    const cdp = received.cdp = await page.context().newCDPSession(page);
    cdp.on("Network.responseReceived", ({ requestId, response }) => received.begins(requestId, response.url));
    cdp.on("Network.dataReceived", ({ requestId, data }) => {
      if (data !== undefined) received.responses.get(requestId)?.chunks.push(Buffer.from(data, "base64"));
    });
    cdp.on("Network.loadingFinished", ({ requestId }) => received.responses.get(requestId)?.end());
    cdp.on("Network.loadingFailed", ({ requestId }) => received.responses.get(requestId)?.end());
    await cdp.send("Network.enable");
    return received;
  }

  constructor(page) {
    this.page = page;
    this.responses = new Map();
  }

  begins(id, url) {
    const it = { name: new URL(url).pathname, chunks: [], streamed: false };
    it.ended = new Promise((end) => { it.end = end; });
    // What has come so far, and from then on each piece with its event.  What is complete already gives no
    // stream, and is asked for whole.
    it.begun = this.cdp.send("Network.streamResourceContent", { requestId: id })
      .then(({ bufferedData }) => { it.streamed = true; it.chunks.unshift(Buffer.from(bufferedData, "base64")); }, () => this.whole(id, it));
    this.responses.set(id, it);
  }

  async whole(id, it) {
    await it.ended;
    const { body, base64Encoded } = await this.cdp.send("Network.getResponseBody", { requestId: id });
    it.chunks = [Buffer.from(body, base64Encoded ? "base64" : "utf8")];
  }

  // Now: [{name, body}], in the order in which they began; a stream as far as it has come.
  async bodies() {
    const all = [...this.responses.values()];
    await Promise.all(all.map((it) => it.begun));
    return all.map(({ name, chunks }) => ({ name, body: Buffer.concat(chunks) }));
  }

  // The texts that the page has opened since it was loaded.
  async opened() {
    return (await this.page.evaluate(() => window.opened)).map((text) => Buffer.from(text, "base64"));
  }

  // Where this text came to the page: names of responses, and "opened".
  async where(text) {
    const found = (await this.bodies()).filter(({ body }) => body.includes(text)).map(({ name }) => name);
    if ((await this.opened()).some((plain) => plain.includes(text))) found.push("opened");
    return [...new Set(found)];
  }

  // The replies and notices of examd in all of it: {name, reply}, the reply as fields().
  async replies() {
    const found = [];
    for (const { name, body } of await this.bodies()) {
      if (!name.startsWith("/examd.v1/")) continue;
      for (const one of name === "/examd.v1/open" ? frames(body) : [body]) found.push({ name, reply: fields(one) });
    }
    return found;
  }
}

// Of the stream of notices: a length of four bytes before each; 0 is a heartbeat.  The last may be cut.
function frames(bytes) {
  const found = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    const one = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
    if (one.length > 0 && one.length === bytes.readUInt32BE(at)) found.push(one);
  }
  return found;
}
