// The exam itself: the clock and the word on what is saved always in the same place, one question or all of
// them below, the way on at the bottom.
import { useEffect, useRef, useState } from "preact/hooks";
import { Stop } from "../../gen/examd_pb";
import { useCell } from "../cell";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { time } from "../ui/text";
import { announce, toast } from "../ui/toast";
import { sentence } from "../wire/errors";
import { isGiven } from "./answers";
import { Help } from "./help";
import { Item } from "./item";
import { useKeys } from "./keys";
import { Overview } from "./overview";
import type { Seat } from "./seat";

const COMES_BACK_MS = 5 * 60_000;
const LAST_MS = 1_500; // what is being typed goes out before the end

// Again every second, on the second of the countdown.
function useRemaining(seat: Seat): number {
  const [, again] = useState(0);
  const left = seat.remainingMs;
  useEffect(() => {
    const timer = setTimeout(() => again((n) => n + 1), (left % 1000) + 15 || 1000);
    return () => clearTimeout(timer);
  });
  return left;
}

function ClockFace({ seat }: { seat: Seat }) {
  const left = useRemaining(seat), before = useRef(left);
  const [hidden, setHidden] = useState(false);
  const shown = !hidden || left <= COMES_BACK_MS;
  useKeys((key) => key === "t" && (setHidden(!hidden), true));
  useEffect(() => {
    // None that is as long as the whole part; of several the smallest.
    const due = (seat.status?.warnings ?? []).filter((m) => m * 60_000 < seat.budgetMs && before.current > m * 60_000 && left <= m * 60_000);
    if (due.length > 0) {
      const minutes = Math.min(...due);
      toast(`${minutes} ${minutes === 1 ? "minute" : "minutes"} left`);
    } else if (before.current > COMES_BACK_MS && left <= COMES_BACK_MS && hidden) {
      announce("5 minutes left");
    }
    if (before.current > LAST_MS && left <= LAST_MS) seat.putInTime();
    before.current = left;
  });
  const runs = seat.stopped === 0;
  return (
    <button type="button" class={`clock ${left <= COMES_BACK_MS && runs ? "soon" : ""} ${runs ? "" : "stands"}`}
      title={shown ? "Hide the time left" : "Show the time left"} onClick={() => setHidden(!hidden)}
      aria-label={shown ? `${time(left)} left${runs ? "" : ", the clock stands"}` : "Show the time left"}>
      {shown ? time(left) : "Clock"}
    </button>
  );
}

// "saved 37/37": only what the server has said.
export function Saved({ seat }: { seat: Seat }) {
  const link = useCell(seat.session.link.state), { put, saved, unsaved } = seat.saved();
  const [late, setLate] = useState(false);
  const up = link === "up";
  useEffect(() => {
    setLate(false);
    if (up) return;
    const timer = setTimeout(() => setLate(true), 1000); // a blink is not worth a word
    return () => clearTimeout(timer);
  }, [up]);
  const well = unsaved === 0 && saved === put && !late;
  const text = (unsaved > 0 ? `${unsaved} not saved yet` : `saved ${saved}/${put}`) + (late ? ", reconnecting" : "");
  useEffect(() => {
    if (!late) return;
    announce("The connection is lost. Go on: your answers are kept here.");
    return () => announce("The connection is back.");
  }, [late]);
  return (
    <span class={`saved ${well ? "well" : "not-yet"}`} data-saved={saved} data-put={put} data-unsaved={unsaved}>
      <span class="dot" aria-hidden="true" />
      <span>{text}{seat.journalFailed && <small>nothing can be kept on this device</small>}</span>
    </span>
  );
}

function stopWords(seat: Seat): string {
  if (seat.stopped & Stop.RESTART) return "The server was down; your clock stands until all is back.";
  if (seat.stopped & Stop.LOST) return "The connection was lost; your clock stands.";
  return "";
}

// Above the exam, also while it stands.
export function Strip({ seat }: { seat: Seat }) {
  const [help, setHelp] = useState(false);
  useKeys((key) => key === "?" && (setHelp(true), true));
  const part = seat.partInfo, parts = seat.status?.parts.length ?? 0;
  return (
    <header class="strip">
      <div class="strip-title">
        <h1>{seat.status?.examTitle}</h1>
        {parts > 1 && <span class="hint">{` Part ${seat.part + 1} of ${parts}: ${part?.title ?? ""}`}</span>}
      </div>
      <Button kind="quiet" class="square" aria-label="Keys and display" title="Keys and display" onClick={() => setHelp(true)}>?</Button>
      <Saved seat={seat} />
      <ClockFace seat={seat} />
      {help && <Help onClose={() => setHelp(false)} />}
    </header>
  );
}

type View = "item" | "all";

function Bottom({ seat, at, view, busy, onGo, onView }:
  { seat: Seat; at: number; view: View; busy: boolean; onGo: (item: number) => void; onView: (view: View) => void }) {
  const part = seat.partInfo;
  if (part === undefined) return null;
  const last = at >= part.firstItem + part.items - 1, linear = seat.isLinear;
  const lastPart = seat.part + 1 >= (seat.status?.parts.length ?? 0);
  if (view === "all") {
    return (
      <nav class="bottom" aria-label="Questions">
        <Button onClick={() => onView("item")}>Back to question {at - part.firstItem + 1}</Button>
      </nav>
    );
  }
  return (
    <nav class="bottom" aria-label="Questions">
      {!linear && <Button disabled={at <= part.firstItem} onClick={() => onGo(at - 1)}><span aria-hidden="true">{"\u2039"}</span>Back</Button>}
      <Button class="middle" onClick={() => onView("all")}>{!linear ? "All questions" : lastPart ? "Hand in" : "Leave the part"}</Button>
      <Button kind="primary" busy={busy} onClick={() => onGo(at + 1)}>
        {last ? (linear ? "Finish" : "Review") : "Next"}<span aria-hidden="true">{"\u203a"}</span></Button>
    </nav>
  );
}

// Where a part is gone on with: where this device knows that they were, else at the first that is open.
function firstItem(seat: Seat): number {
  const part = seat.partInfo;
  if (part === undefined) return 0;
  if (seat.isLinear) return seat.linearItem;
  if (seat.place >= part.firstItem && seat.place < part.firstItem + part.items) return seat.place;
  for (let i = part.firstItem; i < part.firstItem + part.items; i++) if (seat.progress(i) !== "complete") return i;
  return part.firstItem;
}

function useFocusWatch(seat: Seat): void {
  useEffect(() => {
    if (seat.status?.practice !== false) return;
    const key = `away-${seat.status.attempt}`; // a page that is loaded again knows how it was left
    let away = sessionStorage.getItem(key) !== null, timer = 0;
    const look = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const gone = document.hidden || !document.hasFocus();
        if (gone === away) return;
        away = gone;
        if (gone) sessionStorage.setItem(key, "");
        else sessionStorage.removeItem(key);
        seat.focus(!gone);
        if (!gone) toast("Leaving this page was recorded. Stay on it until you have handed in.");
      }, 400) as unknown as number;
    };
    for (const name of ["blur", "focus"]) addEventListener(name, look);
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      clearTimeout(timer);
      for (const name of ["blur", "focus"]) removeEventListener(name, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [seat, seat.status?.practice]);
}

export function Desk({ seat }: { seat: Seat }) {
  const [at, setAt] = useState(() => firstItem(seat));
  const [view, setView] = useState<View>("item");
  const [busy, setBusy] = useState(false);
  const [short, setShort] = useState(false);
  const [breaking, setBreaking] = useState(false);
  const part = seat.partInfo, partNo = seat.part;
  useFocusWatch(seat);
  useEffect(() => {
    setAt(firstItem(seat));
    setView("item");
  }, [seat, partNo]);
  useEffect(() => {
    seat.look(view === "item" ? at : -1);
    if (view === "item") scrollTo(0, 0);
  }, [seat, at, view]);
  useEffect(() => () => seat.look(-1), [seat]);

  const goOnLinear = (sure: boolean) => {
    const progress = seat.progress(at);
    const answer = seat.answer(at);
    if (!isGiven(answer)) {
      toast("Answer this question first: in this part there is no going back.");
      return;
    }
    if (progress !== "complete" && !sure) {
      setShort(true);
      return;
    }
    setShort(false);
    setBusy(true);
    seat.goOn().then(() => {
      if (at + 1 < (part?.firstItem ?? 0) + (part?.items ?? 0)) setAt(seat.linearItem);
      else setView("all");
    }).finally(() => setBusy(false));
  };
  const go = (item: number) => {
    if (part === undefined || busy) return;
    if (seat.isLinear) goOnLinear(false);
    else if (item >= part.firstItem && item < part.firstItem + part.items) {
      setAt(item);
      setView("item");
    } else if (item >= part.firstItem + part.items) {
      setView("all");
    }
  };
  useKeys((key) => {
    if (key === "n" || key === "arrowright") go(at + 1);
    else if ((key === "p" || key === "arrowleft") && !seat.isLinear) go(at - 1);
    else if (key === "v" || key === "s") setView(view === "all" ? "item" : "all");
    else return false;
    return true;
  });
  if (part === undefined) return null;
  const words = stopWords(seat), timeUp = seat.stopped === 0 && seat.remainingMs <= 0;
  return (
    <>
      <a class="skip" href="#exam" onClick={(e) => { e.preventDefault(); document.getElementById("exam")?.focus(); }}>To the question</a>
      <Strip seat={seat} />
      <main id="exam" class="desk" tabIndex={-1}>
        {words !== "" && <p class="note warn" role="status">{words}</p>}
        {timeUp && <p class="note warn" role="status">The time is up. Everything that was saved counts. Waiting for the server.</p>}
        {seat.focusLost > 0 && <p class="hint away" role="status">
          {`You left this page ${seat.focusLost === 1 ? "once" : `${seat.focusLost} times`}; it is on record.`}</p>}
        {view === "item" ? <Item key={at} seat={seat} at={at} number={at - part.firstItem + 1} of={part.items} />
          : <Overview seat={seat} at={at} onGo={(item) => { if (!seat.isLinear) { setAt(item); } setView("item"); }} />}
        {view === "all" && seat.status?.canBreak && (
          <div class="row"><Button busy={breaking} onClick={() => {
            setBreaking(true);
            seat.takeBreak().catch((e: unknown) => toast(sentence(e), true)).finally(() => setBreaking(false));
          }}>Take a break</Button></div>
        )}
      </main>
      <Bottom seat={seat} at={at} view={view} busy={busy} onGo={go} onView={setView} />
      {short && <Confirm title="Go on all the same?" yes="Go on" no="Stay" onYes={() => goOnLinear(true)} onNo={() => setShort(false)}>
        <p>This is not the number of answers that was asked for, and you cannot come back to it.</p></Confirm>}
    </>
  );
}
