// Before the exam, and while it stands: the rules, the form on its way, waiting for the room.
import { useEffect, useState } from "preact/hooks";
import { AttemptState, Stop } from "../../gen/examd_pb";
import { useCell } from "../cell";
import { Button } from "../ui/button";
import { Check } from "../ui/field";
import { Text, time } from "../ui/text";
import { toast } from "../ui/toast";
import { sentence } from "../wire/errors";
import { Help } from "./help";
import type { Seat } from "./seat";

// The frame of every page but the exam's own.
export function Frame({ seat, children, wide = false }:
  { seat: Seat; children: preact.ComponentChildren; wide?: boolean }) {
  const who = useCell(seat.session.who), link = useCell(seat.session.link.state);
  const [help, setHelp] = useState(false);
  const [busy, setBusy] = useState(false);
  const out = () => {
    setBusy(true);
    seat.session.logOut().catch((e: unknown) => toast(sentence(e), true)).finally(() => setBusy(false));
  };
  return (
    <>
      <header class="bar"><div class="bar-inside">
        <span class="brand"><img src="/icon.svg" alt="" />{who?.sittingTitle || "Practice"}</span>
        <span class="row">
          {link !== "up" && <span class="badge warn" role="status">reconnecting</span>}
          <span class="hint">{who?.name || who?.user}</span>
          <Button kind="quiet" class="square" aria-label="Keys and display" title="Keys and display" onClick={() => setHelp(true)}>?</Button>
          <Button kind="quiet" busy={busy} onClick={out}>Log out</Button>
        </span>
      </div></header>
      <main class={wide ? "page" : "page narrow"}>{children}</main>
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

export function Rules({ seat }: { seat: Seat }) {
  const [agreed, setAgreed] = useState(false);
  const status = seat.status;
  return (
    <section class="card">
      <h1>{status?.examTitle}</h1>
      <Facts seat={seat} />
      <h2>Rules</h2>
      <Text>{status?.rules ?? ""}</Text>
      {status?.practice === false && <p class="hint">Leaving this page during the exam is put on record.</p>}
      <Check label="I have read the rules and keep to them" checked={agreed} onChecked={setAgreed} />
      <div class="actions"><Button kind="primary" disabled={!agreed} onClick={() => seat.agree()}>Go on</Button></div>
      {status?.notice !== "" && <Text class="hint">{status?.notice ?? ""}</Text>}
    </section>
  );
}

function Facts({ seat }: { seat: Seat }) {
  const status = seat.status;
  if (status === null) return null;
  return (
    <dl class="facts">
      <div><dt>Questions</dt><dd>{status.items}</dd></div>
      {status.parts.map((p, i) => (
        <div key={i}><dt>{status.parts.length > 1 ? p.title || `Part ${i + 1}` : "Time"}</dt>
          <dd>{time(Number(p.budgetMs))}{p.linear && <small>one after the other, without going back</small>}</dd></div>
      ))}
    </dl>
  );
}

type Step = "done" | "now" | "later";

// Nothing moves when a step is done: its words take as much room as before, and so does the bar.
function Steps({ seat }: { seat: Seat }) {
  const { fetched, size } = seat.formBytes;
  const admitted = seat.state >= AttemptState.ADMITTED, here = size > 0 && fetched === size, ready = seat.state >= AttemptState.READY;
  const steps: [Step, string][] = [
    ["done", "Checked in"],
    [admitted ? "done" : "now", admitted ? "Admitted" : "Waiting for the proctor to admit you"],
    [here ? "done" : admitted ? "now" : "later", here ? "The exam is on this device, sealed" : "Loading the sealed exam"],
    [ready ? "now" : "later", ready ? "Ready. Waiting for the start" : "Ready for the start"],
  ];
  return (
    <>
      <ol class="steps" aria-live="polite">
        {steps.map(([state, text]) => (
          <li key={text} class={state}><span class="sign" aria-hidden="true">{state === "done" ? "\u2713" : state === "now" ? "\u2022" : ""}</span>{text}</li>
        ))}
      </ol>
      <progress class={admitted && !here ? "" : "absent"} max={size || 1} value={fetched} aria-label="Loading" />
    </>
  );
}

export function Lobby({ seat }: { seat: Seat }) {
  const link = useCell(seat.session.link.state);
  if (seat.entry === "refused") return <Refused seat={seat} />;
  if (seat.entry === "seat asked") {
    return (
      <section class="card">
        <h1>Another device holds your seat</h1>
        <p role="status">The proctor has been asked. As soon as they agree the exam goes on here, with everything that was saved.</p>
        <progress aria-label="Waiting for the proctor" />
      </section>
    );
  }
  if (seat.entry === "not open" && seat.status === null) {
    return (
      <section class="card">
        <h1>Not open yet</h1>
        <p role="status">The sitting does not let anybody in yet. This page goes on by itself.</p>
        <progress aria-label="Waiting for the sitting" />
      </section>
    );
  }
  if (seat.status === null) return <p class="waiting" role="status">{link === "up" ? "Checking in" : "Connecting"}</p>;
  const running = seat.state === AttemptState.RUNNING && (seat.stopped & Stop.NOT_STARTED) === 0;
  return (
    <section class="card">
      <h1>{seat.status.examTitle}</h1>
      <Facts seat={seat} />
      {running ? <p role="status">Opening the exam</p> : <Steps seat={seat} />}
      <p class="hint">{!seat.status.practice && "The exam starts for everybody at the same time. "}Keep this page open: you need not load it
        again, and nothing is lost when you do.</p>
      {seat.status.notice !== "" && <Text class="hint">{seat.status.notice}</Text>}
    </section>
  );
}

function Refused({ seat }: { seat: Seat }) {
  return (
    <section class="card">
      <h1>This is not possible</h1>
      <p class="error" role="alert">{seat.entryText}</p>
      <div class="actions"><Button kind="primary" onClick={() => seat.take(0n)}>Try again</Button></div>
    </section>
  );
}

export function TakenOver({ seat }: { seat: Seat }) {
  const { unsaved } = seat.saved();
  return (
    <section class="card">
      <h1>The exam goes on at another device</h1>
      <p>{seat.entryText || "Your seat was taken over. What was saved is there."}</p>
      {unsaved > 0 && <p class="note warn" role="status">{`${unsaved} not saved yet: sent to the proctor, who decides.`}</p>}
      <div class="actions"><Button onClick={() => seat.take(0n)}>Ask to go on here</Button></div>
    </section>
  );
}

export function Paused({ seat }: { seat: Seat }) {
  const onBreak = seat.status?.onBreak === true;
  const [busy, setBusy] = useState(false);
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const parked = (seat.stopped & Stop.PARKED) !== 0;
  const back = () => {
    setBusy(true);
    (parked ? seat.goOnWithPractice() : seat.endBreak()).catch((e: unknown) => toast(sentence(e), true)).finally(() => setBusy(false));
  };
  const why = seat.stopped & Stop.SITTING ? "The exam is paused for the whole room." : seat.stopped & Stop.ATTEMPT ? "Your exam is paused."
    : onBreak || seat.stopped & Stop.BREAK ? "You are on a break." : "This practice was put aside.";
  return (
    <section class="card paused">
      <h1>{why}</h1>
      <p>{seat.stopped === 0 ? "The clock runs on: " : "The clock stands: "}<strong class="big">{time(seat.remainingMs)}</strong> left</p>
      {onBreak && (seat.stopped & (Stop.SITTING | Stop.ATTEMPT)) === 0 &&
        <div class="actions"><Button kind="primary" busy={busy} onClick={back}>Go on with the exam</Button></div>}
      {parked && <div class="actions"><Button kind="primary" busy={busy} onClick={back}>Go on with the practice</Button></div>}
      {!onBreak && !parked && <p class="hint">Stay where you are. It goes on by itself as soon as the proctor says so.</p>}
    </section>
  );
}
