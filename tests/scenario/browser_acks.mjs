// What a page was told is saved, read from what went over its network and not from the page: each
// put_answers with its reply, as far as the messages of examd.proto are needed for it.
import { fields, one, varint } from "../browser/message.mjs";

const order = (message, item, seat, revision) => [one(message, item) ?? 0, one(message, seat) ?? 0, one(message, revision) ?? 0].join(" ");

const PUT_ANSWERS = 33, ANSWER_ACKS = 16; // of Request and Reply

// The one option chosen; null: none, several, or codes.
function option(answer) {
  const chosen = (answer.get(3) ?? []).flatMap((v) => {
    if (typeof v === "number") return [v];
    const at = { i: 0 }, all = [];
    while (at.i < v.length) all.push(varint(v, at));
    return all;
  });
  return chosen.length === 1 ? chosen[0] : null;
}

function acknowledged(request, reply) {
  const put = one(fields(request), PUT_ANSWERS), acks = one(fields(reply), ANSWER_ACKS);
  if (put === undefined || acks === undefined) return [];
  const sent = new Map((fields(put).get(1) ?? []).map(fields).map((a) => [order(a, 1, 9, 2), option(a)]));
  const saved = (fields(acks).get(1) ?? []).map(fields).filter((a) => (one(a, 4) ?? 0) === 0).map((a) => order(a, 1, 2, 3));
  return saved.filter((which) => (sent.get(which) ?? null) !== null).map((which) => `${which} ${sent.get(which)}`);
}

export class Acks {
  constructor(context) {
    this.pending = [];
    context.on("response", (response) => {
      if (!response.url().endsWith("/examd.v1/put_answers") || response.status() !== 200) return;
      const request = response.request().postDataBuffer();
      this.pending.push(response.body().then((reply) => acknowledged(request, reply), () => [])); // cut off: the page was not told either
    });
  }

  // All so far.
  async settled() {
    return (await Promise.all(this.pending)).flat();
  }
}
