// After the end: how it was closed, the result when the exam releases it, and the rationales.
import { create } from "@bufbuild/protobuf";
import { useEffect, useState } from "preact/hooks";
import { AttemptState, GetResultSchema, GetReviewSchema, type ItemReview, type Result } from "../../gen/examd_pb";
import { useCell } from "../cell";
import { Button } from "../ui/button";
import { day, percent, points, time } from "../ui/text";
import { Refusal, sentence } from "../wire/errors";
import { Bars } from "./chart";
import { ReceiptNote } from "./receipt";
import { Reviewed } from "./reviewed";
import type { Seat } from "./seat";

export function howItEnded(state: AttemptState): string {
  if (state === AttemptState.SUBMITTED) return "You have handed in.";
  if (state === AttemptState.EXPIRED) return "The time is over. Everything that was saved counts.";
  if (state === AttemptState.VOIDED) return "This exam was voided.";
  return "The exam was closed. Everything that was saved counts.";
}

export function ResultCard({ result, practice }: { result: Result; practice: boolean }) {
  const score = result.score;
  const of = percent(score?.points ?? 0, score?.pointsMost ?? 0);
  return (
    <section class="card">
      <h2>Result</h2>
      {score !== undefined && (
        <div class="score">
          <strong class="big">{of} %</strong>
          <span class={`badge ${score.passed ? "good" : "bad"}`}>{score.passed ? "passed" : "not passed"}</span>
          <span class="hint">{points(score.points)} of {points(score.pointsMost)} points{score.scaled > 0 && `, ${score.scaled} on a practice scale`}</span>
        </div>
      )}
      <dl class="facts">
        <div><dt>Answered</dt><dd>{result.answered} of {result.items}</dd></div>
        <div><dt>Time used</dt><dd>{time(Number(result.usedMs))}</dd></div>
        {practice && result.answered > 0 && <div><dt>For each question</dt><dd>{time(Number(result.usedMs) / result.answered)}</dd></div>}
        <div><dt>Closed</dt><dd>{day(result.closedWallMs)}</dd></div>
      </dl>
      {result.sections.length > 0 && (
        <Bars title="By section" rows={result.sections.map((s) => ({ name: s.title || s.section, value: percent(s.points, s.pointsMost),
          text: `${points(s.points)}/${points(s.pointsMost)}` }))} />
      )}
    </section>
  );
}

export function ReviewList({ seat, attempt }: { seat: Seat; attempt: bigint }) {
  const [items, setItems] = useState<ItemReview[] | null>(null);
  const [error, setError] = useState("");
  const [only, setOnly] = useState(false);
  useEffect(() => {
    let over = false;
    void (async () => {
      const all: ItemReview[] = [];
      try {
        for (;;) {
          const reply = await seat.session.link.command({ case: "getReview",
            value: create(GetReviewSchema, { attempt, firstItem: (all.at(-1)?.item ?? -1) + 1 }) });
          if (over || reply.body.case !== "review") return;
          all.push(...reply.body.value.items);
          if (!reply.body.value.more || reply.body.value.items.length === 0) break;
        }
        setItems(all);
      } catch (e) {
        if (!over) setError(e instanceof Refusal && e.reason === "not_released" ? "The answers and rationales are not released yet." : sentence(e));
      }
    })();
    return () => { over = true; };
  }, [seat, attempt]);
  if (error !== "") return <p class="hint">{error}</p>;
  if (items === null) return <p class="waiting" role="status">Loading</p>;
  const shown = only ? items.filter((i) => i.points < i.pointsMost) : items;
  return (
    <section class="stack" aria-labelledby="review">
      <div class="row between"><h2 id="review">Questions and rationales</h2>
        <Button pressed={only} onClick={() => setOnly(!only)}>Only what was missed</Button></div>
      {shown.length === 0 && <p class="hint">None.</p>}
      {shown.map((r) => <Reviewed key={r.item} review={r} />)}
    </section>
  );
}

export function useResult(seat: Seat, attempt: bigint, released: boolean | undefined): { result: Result | null; error: string } {
  const [result, setResult] = useState<Result | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    let over = false;
    seat.session.link.command({ case: "getResult", value: create(GetResultSchema, { attempt }) }).then((reply) => {
      if (!over && reply.body.case === "result") setResult(reply.body.value);
    }, (e: unknown) => {
      if (!over) setError(e instanceof Refusal && e.reason === "not_released" ? "The result is not released yet. It appears here when it is."
        : sentence(e));
    });
    return () => { over = true; };
  }, [seat, attempt, released]);
  return { result, error: result === null ? error : "" };
}

export function After({ seat }: { seat: Seat }) {
  const who = useCell(seat.session.who), status = seat.status;
  const attempt = status?.attempt ?? 0n, { unsaved } = seat.saved();
  const { result, error } = useResult(seat, attempt, status?.resultReleased);
  const [reviewing, setReviewing] = useState(false);
  return (
    <>
      <section class="card">
        <h1>{howItEnded(seat.state)}</h1>
        <p>{status?.examTitle}</p>
        {unsaved > 0 ? <p class="note warn" role="status">{`${unsaved} not saved yet; being sent.`}</p>
          : status?.receipt !== undefined && <ReceiptNote receipt={status.receipt} attempt={attempt} />}
        {error !== "" && <p class="hint" role="status">{error}</p>}
      </section>
      {result !== null && <ResultCard result={result} practice={status?.practice === true} />}
      {status?.reviewReleased && (reviewing ? <ReviewList seat={seat} attempt={attempt} />
        : <div class="row"><Button onClick={() => setReviewing(true)}>Questions and rationales</Button></div>)}
      {who?.sitting === 0n && <div class="row"><Button kind="primary" onClick={() => seat.leave()}>To practice</Button></div>}
    </>
  );
}
