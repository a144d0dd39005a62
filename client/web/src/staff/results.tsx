// Results of a sitting: how they are distributed, by section, and by candidate.
import { create } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { ExportSchema, TranscriptSchema, type Result, type SectionScore, type Sitting } from "../../gen/examd_pb";
import { to } from "../router";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Table, type Column } from "../ui/table";
import { day, percent, points, time } from "../ui/text";
import { toast } from "../ui/toast";
import { download, listResults, listSittings, useLoad, useTask } from "./ask";
import { attemptWord, many } from "./words";

const BINS = 10;
const BIN_WIDE = 56, BAR_HIGH = 120;

const scoreOf = (r: Result): number | null => r.score && r.score.pointsMost > 0 ? percent(r.score.points, r.score.pointsMost) : null;
const counted = (rs: readonly Result[]) => rs.filter((r) => attemptWord(r.state) !== "voided" && r.score !== undefined);

function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1, high = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? high : Math.round((high + (sorted[half - 1] ?? 0)) / 2);
}

// ---- Charts: plain SVG, and the same numbers as text ---------------------------------------------------

interface Bin { readonly from: number; passed: number; failed: number }

function binsOf(rs: readonly Result[]): Bin[] {
  const bins: Bin[] = Array.from({ length: BINS }, (_, i) => ({ from: (100 / BINS) * i, passed: 0, failed: 0 }));
  for (const r of rs) {
    const score = scoreOf(r), bin = score === null ? undefined : bins[Math.min(BINS - 1, Math.floor((score * BINS) / 100))];
    if (bin === undefined) continue;
    if (r.score?.passed) bin.passed++;
    else bin.failed++;
  }
  return bins;
}

function Distribution({ rs }: { rs: readonly Result[] }) {
  const bins = binsOf(rs), most = Math.max(1, ...bins.map((b) => b.passed + b.failed)), high = (n: number) => (BAR_HIGH * n) / most;
  const told = bins.filter((b) => b.passed + b.failed > 0).map((b) => `${b.from} to ${b.from + 100 / BINS} %: ${b.passed + b.failed}`).join("; ");
  return (
    <figure class="chart">
      <figcaption><h2>Scores</h2><p class="hint"><span class="key passed" /> passed <span class="key failed" /> not passed</p></figcaption>
      <svg viewBox={`0 0 ${BINS * BIN_WIDE} ${BAR_HIGH + 46}`} role="img" aria-label={`Number of candidates by score: ${told || "none"}`}>
        {bins.map((b, i) => {
          const x = i * BIN_WIDE, n = b.passed + b.failed, base = BAR_HIGH + 20;
          return (
            <g key={b.from}>
              <rect class="passed" x={x + 4} width={BIN_WIDE - 8} y={base - high(b.passed)} height={high(b.passed)} />
              <rect class="failed" x={x + 4} width={BIN_WIDE - 8} y={base - high(n)} height={high(b.failed)} />
              {n > 0 && <text x={x + BIN_WIDE / 2} y={base - high(n) - 6}>{n}</text>}
              <text class="axis" x={x + BIN_WIDE / 2} y={base + 18}>{b.from}</text>
            </g>
          );
        })}
        <line x1="0" x2={BINS * BIN_WIDE} y1={BAR_HIGH + 20} y2={BAR_HIGH + 20} />
      </svg>
      <p class="hint">Per cent of the points, from</p>
    </figure>
  );
}

interface Share { readonly section: string; readonly title: string; points: number; most: number }

function sharesOf(all: readonly (readonly SectionScore[])[]): Share[] {
  const shares = new Map<string, Share>();
  for (const s of all.flat()) {
    const share = shares.get(s.section) ?? { section: s.section, title: s.title || s.section, points: 0, most: 0 };
    share.points += s.points;
    share.most += s.pointsMost;
    shares.set(s.section, share);
  }
  return [...shares.values()];
}

function Sections({ title, shares }: { title: string; shares: readonly Share[] }) {
  return (
    <figure class="chart">
      <figcaption><h2>{title}</h2></figcaption>
      <ul class="shares">
        {shares.map((s) => (
          <li key={s.section}>
            <span dir="auto">{s.title}</span><b>{percent(s.points, s.most)} %</b>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect class="whole" width="100" height="8" /><rect class="passed" width={percent(s.points, s.most)} height="8" />
            </svg>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function Numbers({ rs, s }: { rs: readonly Result[]; s: Sitting }) {
  const scores = rs.map(scoreOf).filter((x): x is number => x !== null).sort((a, b) => a - b);
  const passed = rs.filter((r) => r.score?.passed).length;
  const used = rs.map((r) => Number(r.usedMs)).sort((a, b) => a - b);
  const all: readonly (readonly [string, string])[] = [[`${rs.length}`, `closed of ${s.candidates}`], [`${percent(passed, rs.length)} %`, `passed (${passed})`],
    [`${median(scores)} %`, "median"], [`${scores[0] ?? 0} to ${scores.at(-1) ?? 0} %`, "lowest and highest"], [time(median(used)), "time used, median"]];
  return <dl class="counts">{all.map(([n, what]) => <div key={what}><dd>{n}</dd><dt>{what}</dt></div>)}</dl>;
}

// ---- By candidate ----------------------------------------------------------------------------------------

function One({ session, r, onClose }: { session: Session; r: Result; onClose: () => void }) {
  const { busy, error, run } = useTask();
  const transcript = () => run(async () => {
    const name = await download(session.link, (number) => ({ case: "transcript",
      value: create(TranscriptSchema, { attempt: r.attempt, download: number }) }), "application/octet-stream");
    toast(`${name} is with your downloads.`);
  });
  return (
    <Dialog title={r.name || r.user} onClose={onClose} wide>
      <p>{r.user}, attempt {String(r.attempt)}: {attemptWord(r.state)}{r.closedWallMs > 0n && `, ${day(r.closedWallMs)}`}. {r.answered} of {r.items} answered in {time(Number(r.usedMs))}.</p>
      {r.score && <p><b>{points(r.score.points)} of {points(r.score.pointsMost)} points</b>{r.score.scaled > 0 && `, scaled ${r.score.scaled}`}: {r.score.passed ? "passed" : "not passed"}.</p>}
      <Sections title="Sections" shares={sharesOf([r.sections])} />
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions"><Button busy={busy} onClick={transcript}>Download the signed transcript</Button></div>
    </Dialog>
  );
}

type Sort = "user" | "score" | "used";
const SORTS: Record<Sort, (a: Result, b: Result) => number> = {
  user: (a, b) => a.user.localeCompare(b.user, undefined, { numeric: true }),
  score: (a, b) => (scoreOf(b) ?? -1) - (scoreOf(a) ?? -1),
  used: (a, b) => Number(b.usedMs - a.usedMs),
};

function columns(onOne: (r: Result) => void): readonly Column<Result>[] {
  return [
    { name: "Candidate", cell: (r) => <><button type="button" class="link" onClick={() => onOne(r)}><b dir="auto">{r.name || r.user}</b></button><small>{r.user}</small></> },
    { name: "State", cell: (r) => attemptWord(r.state) },
    { name: "Answered", number: true, cell: (r) => `${r.answered}/${r.items}` },
    { name: "Points", number: true, cell: (r) => r.score ? `${points(r.score.points)}/${points(r.score.pointsMost)}` : "" },
    { name: "%", number: true, cell: (r) => scoreOf(r) ?? "" },
    { name: "Scaled", number: true, cell: (r) => r.score && r.score.scaled > 0 ? r.score.scaled : "" },
    { name: "Passed", cell: (r) => r.score && <span class={`badge ${r.score.passed ? "good" : ""}`}>{r.score.passed ? "passed" : "not passed"}</span> },
    { name: "Used", number: true, cell: (r) => time(Number(r.usedMs)) },
  ];
}

export function Results({ session, sitting }: { session: Session; sitting: bigint }) {
  const { link } = session;
  const loaded = useLoad(`results ${sitting}`, async () => ({ s: (await listSittings(link)).find((x) => x.sitting === sitting), rs: await listResults(link, sitting) }));
  const [one, setOne] = useState<Result | null>(null);
  const [sort, setSort] = useState<Sort>("user");
  const { busy, error, run } = useTask();
  const save = () => run(async () => {
    const name = await download(link, (number) => ({ case: "export", value: create(ExportSchema, { sitting, format: "csv", download: number }) }), "text/csv");
    toast(`${name} is with your downloads.`);
  });
  const rs = loaded.value?.rs ?? [], s = loaded.value?.s, good = counted(rs);
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <p class="crumbs"><a href={to("sittings")}>Sittings</a> / <a href={to("sittings", sitting)}>{s?.title ?? String(sitting)}</a></p>
      <div class="row between">
        <h1>Results</h1>
        <div class="row"><Button onClick={loaded.again}>Look again</Button><Button kind="primary" busy={busy} disabled={rs.length === 0} onClick={save}>Download CSV</Button></div>
      </div>
      {(loaded.error || error) !== "" && <p class="error" role="alert">{error || loaded.error}</p>}
      {loaded.value && rs.length === 0 && <p class="note">No attempt of this sitting is closed yet.</p>}
      {s && good.length > 0 && (
        <>
          <Numbers rs={good} s={s} />
          <div class="charts"><Distribution rs={good} /><Sections title="Sections, on average" shares={sharesOf(good.map((r) => r.sections))} /></div>
        </>
      )}
      {rs.length > 0 && (
        <section class="stack">
          <div class="row between">
            <h2>{many(rs.length, "candidate")}</h2>
            <div class="row" role="group" aria-label="Order by">
              <Button pressed={sort === "user"} onClick={() => setSort("user")}>By id</Button>
              <Button pressed={sort === "score"} onClick={() => setSort("score")}>By score</Button>
              <Button pressed={sort === "used"} onClick={() => setSort("used")}>By time</Button>
            </div>
          </div>
          <Table caption="Results by candidate" columns={columns(setOne)} rows={[...rs].sort(SORTS[sort])} keyOf={(r) => String(r.attempt)} />
        </section>
      )}
      {one !== null && <One session={session} r={one} onClose={() => setOne(null)} />}
    </main>
  );
}
