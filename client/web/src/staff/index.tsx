// The pages of proctors, instructors and admins.
import { useEffect, useState } from "preact/hooks";
import { Role } from "../../gen/examd_pb";
import { useCell } from "../cell";
import { to, useRoute } from "../router";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { LookFields } from "../ui/look";
import { toast } from "../ui/toast";
import { sentence } from "../wire/errors";
import { Exams } from "./exams";
import { People } from "./people";
import { Results } from "./results";
import { RoomPage } from "./room_page";
import { Server } from "./server";
import { NewSitting, SittingPage, Sittings, isTeacher } from "./sittings";
import { Slips } from "./slips";
import { Tick } from "./tick";
import { roleWord } from "./words";
import "./staff.css";

const PLACES: readonly (readonly [string, string, Role])[] = [["sittings", "Sittings", Role.PROCTOR], ["exams", "Exams", Role.INSTRUCTOR],
  ["people", "People", Role.PROCTOR], ["server", "Server", Role.ADMIN]];

// What is known is old while there is no connection, and nothing that is pressed then is sent.
function LinkLine({ session }: { session: Session }) {
  const link = useCell(session.link.state);
  const [since, setSince] = useState(performance.now());
  useEffect(() => { if (link === "up") setSince(0); else setSince((was) => was || performance.now()); }, [link]);
  if (link === "up" || since === 0) return null;
  return (
    <p class="no-link" role="alert">No connection for <Tick text={(now) => `${Math.max(0, Math.round((now - since) / 1000))} s`} />.
      What is shown is old. Exams go on at the server.</p>
  );
}

function Top({ session, at }: { session: Session; at: string }) {
  const who = useCell(session.who), [look, setLook] = useState(false);
  const role = who?.role ?? 0;
  return (
    <header class="bar staff-bar no-print">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.querySelector("main")?.focus(); }}>To the page</a>
      <div class="bar-inside">
        <nav class="row" aria-label="Places">
          <span class="brand"><img src="/icon.svg" alt="" /><span class="brand-name">Exam</span></span>
          {PLACES.filter(([, , least]) => role >= least).map(([path, label]) => (
            <a key={path} class="place" href={to(path)} aria-current={at === path ? "page" : undefined}>{label}</a>
          ))}
        </nav>
        <div class="row">
          <span class="me" dir="auto">{who?.name || who?.user}<small>{roleWord(role)}</small></span>
          <Button kind="quiet" onClick={() => setLook(true)}>Look</Button>
          <Button kind="quiet" onClick={() => { session.logOut().catch((e: unknown) => toast(sentence(e), true)); }}>Log out</Button>
        </div>
      </div>
      <LinkLine session={session} />
      {look && <Dialog title="Look" onClose={() => setLook(false)}><LookFields /></Dialog>}
    </header>
  );
}

const numberOf = (text: string | undefined): bigint | null => text !== undefined && /^[1-9]\d{0,17}$/.test(text) ? BigInt(text) : null;

function Lost() {
  return <main id="main" class="page staff" tabIndex={-1}><h1>There is no such page</h1><p><a href={to("sittings")}>To the sittings</a></p></main>;
}

function SittingPlace({ session, path }: { session: Session; path: readonly string[] }) {
  const sitting = numberOf(path[0]);
  if (path.length === 0) return <Sittings session={session} />;
  if (path[0] === "new" && isTeacher(session)) return <NewSitting session={session} />;
  if (sitting === null) return <Lost />;
  switch (path[1] ?? "") {
    case "": return <SittingPage key={path[0]} session={session} sitting={sitting} />;
    case "room": return <RoomPage key={path[0]} session={session} sitting={sitting} />;
    case "slips": return <Slips key={path[0]} session={session} sitting={sitting} />;
    case "results": return isTeacher(session) ? <Results key={path[0]} session={session} sitting={sitting} /> : <Lost />;
    default: return <Lost />;
  }
}

export function Staff({ session }: { session: Session }) {
  const path = useRoute(), at = path[0] ?? "sittings", role = session.who.value?.role ?? 0;
  const place = PLACES.find(([name, , least]) => name === at && role >= least)?.[0];
  const where = path.join("/");
  useEffect(() => {
    scrollTo(0, 0);
    document.querySelector("main")?.focus({ preventScroll: true });
  }, [where]);
  return (
    <>
      <Top session={session} at={at} />
      {place === "sittings" && <SittingPlace session={session} path={path.slice(1)} />}
      {place === "exams" && <Exams session={session} />}
      {place === "people" && <People session={session} />}
      {place === "server" && <Server session={session} />}
      {place === undefined && <Lost />}
    </>
  );
}
