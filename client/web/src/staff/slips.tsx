// Slips as a page to print: a card for each candidate, then a sheet to sign in.  They are secrets, so
// they are made when asked for, shown once, and kept nowhere.
import { create } from "@bufbuild/protobuf";
import { correction, generate } from "lean-qr";
import { useMemo, useState } from "preact/hooks";
import { SittingSlipsSchema, type Sitting, type Slip } from "../../gen/examd_pb";
import { to } from "../router";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { commandId, type Link } from "../wire/link";
import { ask, listSittings, useLoad, useTask } from "./ask";
import { many } from "./words";

const QUIET = 4; // modules of white around a code, as its standard asks
const SIGN_LINES = 3; // for who is not on the list

async function makeSlips(link: Link, sitting: bigint, users: string[]): Promise<Slip[]> {
  const all: Slip[] = [];
  for (let more = true; more;) {
    const page = await ask(link, { case: "sittingSlips",
      value: create(SittingSlipsSchema, { commandId: commandId(), sitting, users, afterUser: all.at(-1)?.user ?? "" }) }, "slips");
    all.push(...page.slips);
    more = page.more && page.slips.length > 0;
  }
  return all;
}

// Each run of dark modules of a line is one rectangle.
function Qr({ text }: { text: string }) {
  const drawn = useMemo(() => {
    const code = generate(text, { minCorrectionLevel: correction.M });
    let path = "";
    for (let y = 0; y < code.size; y++)
      for (let x = 0; x < code.size; x++) {
        const from = x;
        while (code.get(x, y)) x++;
        if (x > from) path += `M${from} ${y}h${x - from}v1h-${x - from}z`;
      }
    return { path, size: code.size };
  }, [text]);
  const wide = drawn.size + 2 * QUIET;
  return (
    <svg class="qr" viewBox={`${-QUIET} ${-QUIET} ${wide} ${wide}`} shape-rendering="crispEdges" role="img" aria-label="QR code of the link">
      <path d={drawn.path} />
    </svg>
  );
}

function Card({ slip, s }: { slip: Slip; s: Sitting }) {
  const link = `${location.origin}/#${slip.slip}`;
  return (
    <section class="slip">
      <Qr text={link} />
      <h2 dir="auto">{slip.name}</h2>
      <p>{slip.user}</p>
      <p class="of" dir="auto">{s.title}</p>
      <p class="of">{s.exam}</p>
      <p class="code">{slip.slip.slice(0, 5)}<i />{slip.slip.slice(5)}</p>
      <p class="join">{link}</p>
      <ol>
        <li>Open the link, or {location.host} and type the slip.</li>
        <li>Check your name, and wait for the proctor.</li>
        <li>Computer fails? Use this slip at another one.</li>
      </ol>
    </section>
  );
}

function SignIn({ slips, s }: { slips: readonly Slip[]; s: Sitting }) {
  return (
    <section class="sign-in">
      <h2 dir="auto">{s.title}</h2>
      <p>{s.exam}. Date: ____________ Room: ____________ Proctor: ____________</p>
      <table>
        <thead><tr><th>No.</th><th>Id</th><th>Name</th><th>Time</th><th class="signature">Signature</th></tr></thead>
        <tbody>
          {slips.map((slip, i) => <tr key={slip.user}><td>{i + 1}</td><td>{slip.user}</td><td dir="auto">{slip.name}</td><td /><td /></tr>)}
          {Array.from({ length: SIGN_LINES }, (_, i) => <tr key={i}><td /><td /><td /><td /><td /></tr>)}
        </tbody>
      </table>
    </section>
  );
}

export function Slips({ session, sitting }: { session: Session; sitting: bigint }) {
  const loaded = useLoad(`slips ${sitting}`, async () => (await listSittings(session.link)).find((x) => x.sitting === sitting));
  const [users, setUsers] = useState("");
  const [slips, setSlips] = useState<readonly Slip[]>([]);
  const { busy, error, run } = useTask();
  const s = loaded.value;
  const make = () => run(async () => setSlips(await makeSlips(session.link, sitting, users.split(/[\s,;]+/).filter((u) => u !== ""))));
  return (
    <main id="main" class="page staff slips-page" tabIndex={-1}>
      <div class="stack no-print">
        <p class="crumbs"><a href={to("sittings")}>Sittings</a> / <a href={to("sittings", sitting)}>{s?.title ?? String(sitting)}</a></p>
        <h1>Slips</h1>
        {loaded.error !== "" && <p class="error" role="alert">{loaded.error}</p>}
        {slips.length === 0 ? (
          <form class="card" onSubmit={(e) => { e.preventDefault(); make(); }}>
            <p>A slip is a candidate's way into this sitting, without a password. New ones end the earlier ones of the same candidates.</p>
            <Field label="Only for" value={users} onValue={setUsers} autocomplete="off" autocapitalize="none" spellcheck={false}
              hint="Ids, with spaces or commas between. Nothing: everybody on the list." />
            {error !== "" && <p class="error" role="alert">{error}</p>}
            <div class="actions start"><Button kind="primary" type="submit" busy={busy} disabled={!s}>Make new slips</Button></div>
          </form>
        ) : (
          <>
            <p class="note warn">{many(slips.length, "slip")}. They are shown only now: whoever has one can sit down with it.</p>
            <div class="actions start"><Button kind="primary" onClick={() => print()}>Print</Button><Button onClick={() => setSlips([])}>Put away</Button></div>
          </>
        )}
      </div>
      {s && slips.length > 0 && (
        <>
          <div class="cards">{slips.map((slip) => <Card key={slip.user} slip={slip} s={s} />)}</div>
          <SignIn slips={slips} s={s} />
        </>
      )}
    </main>
  );
}
