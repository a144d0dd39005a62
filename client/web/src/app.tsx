// What is shown: who is logged in decides.
import type { FunctionComponent } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useCell } from "./cell";
import { LogIn, NewPassword } from "./entrance";
import { Holder } from "./holder";
import { takeSlip } from "./router";
import { Session, isStaff, type Who } from "./session";
import { Taker } from "./taker/index";
import { Button } from "./ui/button";
import { clearToasts } from "./ui/toast";
import { sentence } from "./wire/errors";
import { Link } from "./wire/link";

// A file of its own: candidates never load it.
function StaffLater({ session }: { session: Session }) {
  const [page, setPage] = useState<{ Staff: FunctionComponent<{ session: Session }> } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    import("./staff/index").then(setPage, () => setFailed(true));
  }, []);
  if (failed) return <Waiting text="The pages could not be loaded. Load this one again." />;
  return page === null ? <Waiting text="Loading" /> : <page.Staff session={session} />;
}

export function Waiting({ text }: { text: string }) {
  return <main class="page narrow middle"><p class="waiting" role="status">{text}</p></main>;
}

function Elsewhere({ holder, lost }: { holder: Holder; lost: boolean }) {
  return (
    <main class="page narrow middle">
      <section class="card">
        <h1>{lost ? "The exam went on in another tab" : "The exam is open in another tab"}</h1>
        <p>One tab at a time can be at the exam. Nothing that you answered is lost.</p>
        <div class="actions"><Button kind="primary" onClick={() => holder.take()}>Use it here</Button></div>
      </section>
    </main>
  );
}

// A slip was opened where somebody is logged in already.
function Whose({ who, session, onDone }: { who: Who; session: Session; onDone: () => void }) {
  const [error, setError] = useState("");
  return (
    <main class="page narrow middle">
      <section class="card">
        <h1>You are logged in as {who.name || who.user}</h1>
        <p>{who.sittingTitle}</p>
        {error !== "" && <p class="error" role="alert">{error}</p>}
        <div class="actions">
          <Button onClick={() => { session.logOut().catch((e: unknown) => setError(sentence(e))); }}>Log out and use the slip</Button>
          <Button kind="primary" onClick={onDone}>Go on</Button>
        </div>
      </section>
    </main>
  );
}

function Inside({ session, slip, offered, onSlipDone }:
  { session: Session; slip: string; offered: boolean; onSlipDone: () => void }) {
  const who = useCell(session.who), link = useCell(session.link.state);
  if (link === "refused") return <Waiting text="This page is of another release than the server. Load it again." />;
  if (who === undefined) return <Waiting text={link === "waiting" ? "The server is not reached. Trying again." : "Connecting"} />;
  if (who === null) return <LogIn session={session} slip={slip} />;
  if (slip !== "" && !offered) return <Whose who={who} session={session} onDone={onSlipDone} />;
  if (who.passwordMustChange && who.sitting === 0n) return <NewPassword session={session} />;
  if (isStaff(who)) return <StaffLater session={session} />;
  return <Taker session={session} />;
}

export function App() {
  const session = useMemo(() => new Session(new Link()), []);
  const holder = useMemo(() => new Holder(session.link), [session]);
  const [slip, setSlip] = useState(takeSlip);
  const [offered, setOffered] = useState(false); // at the log-in page
  const holding = useCell(holder.state), who = useCell(session.who);
  useEffect(() => {
    const look = () => {
      const found = takeSlip();
      if (found === "") return;
      setSlip(found);
      setOffered(session.who.value === null);
    };
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  useEffect(() => clearToasts(), [who?.user]);
  useEffect(() => {
    if (who === undefined) return;
    if (who === null) setOffered(true);
    else if (offered) setSlip(""); // it was used, or was not wanted: the next person here is another
    if (who === null || isStaff(who)) holder.release();
    else holder.reclaim();
  }, [who, holder]);
  return (
    <>
      {holding === "asking" && <Waiting text="Connecting" />}
      {holding === "held" && <Inside session={session} slip={slip} offered={offered} onSlipDone={() => setSlip("")} />}
      {(holding === "elsewhere" || holding === "lost") && <Elsewhere holder={holder} lost={holding === "lost"} />}
    </>
  );
}
