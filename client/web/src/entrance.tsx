// The way in: slip or name and password, and a new password in place of a one-time one.
import { useState } from "preact/hooks";
import { useCell } from "./cell";
import type { Session } from "./session";
import { Button } from "./ui/button";
import { Field } from "./ui/field";
import { sentence } from "./wire/errors";

const PASSWORD_LEAST = 10;

// What is being tried: a form that is busy meanwhile and says what went wrong.
function useTry(): { busy: boolean; error: string; attempt: (what: () => Promise<void>) => void; refuse: (why: string) => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const attempt = (what: () => Promise<void>) => {
    setBusy(true);
    setError("");
    what().catch((e: unknown) => setError(sentence(e))).finally(() => setBusy(false));
  };
  return { busy, error, attempt, refuse: setError };
}

function SlipForm({ session, slip: given }: { session: Session; slip: string }) {
  const [slip, setSlip] = useState(given);
  const { busy, error, attempt } = useTry();
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); attempt(() => session.useSlip(slip)); }}>
      <Field label="Slip" value={slip} onValue={setSlip} required autocomplete="off" autocapitalize="characters" spellcheck={false}
        maxLength={20} class="code" hint="The ten letters and digits that you were given. Capitals and hyphens do not matter." error={error} />
      <Button kind="primary" type="submit" busy={busy}>Go to the exam</Button>
    </form>
  );
}

function PasswordForm({ session }: { session: Session }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, attempt } = useTry();
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); attempt(() => session.logIn(user.trim(), password)); }}>
      <Field label="Name" value={user} onValue={setUser} required autocomplete="username" autocapitalize="none" spellcheck={false} />
      <Field label="Password" type="password" value={password} onValue={setPassword} required autocomplete="current-password"
        error={error} />
      <Button kind="primary" type="submit" busy={busy}>Log in</Button>
    </form>
  );
}

export function LogIn({ session, slip }: { session: Session; slip: string }) {
  const ended = useCell(session.ended);
  const [bySlip, setBySlip] = useState(true);
  return (
    <main class="page narrow middle">
      <h1 class="brand"><img src="/icon.svg" alt="" />Exam</h1>
      {ended !== "" && <p class="note warn" role="status">{ended}</p>}
      <section class="card">
        <div class="switch" role="group" aria-label="How to log in">
          <Button pressed={bySlip} onClick={() => setBySlip(true)}>With a slip</Button>
          <Button pressed={!bySlip} onClick={() => setBySlip(false)}>With a password</Button>
        </div>
        {bySlip ? <SlipForm key={slip} session={session} slip={slip} /> : <PasswordForm session={session} />}
      </section>
    </main>
  );
}

export function NewPassword({ session }: { session: Session }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const { busy, error, attempt, refuse } = useTry();
  const submit = () => {
    if (new TextEncoder().encode(fresh).length < PASSWORD_LEAST) refuse(`Use at least ${PASSWORD_LEAST} characters.`);
    else if (fresh !== again) refuse("The two new passwords differ.");
    else attempt(() => session.changePassword(old, fresh));
  };
  return (
    <main class="page narrow middle">
      <section class="card">
        <h1>Choose a password</h1>
        <p>The one that you were given is good for one time.</p>
        <form class="stack" onSubmit={(e) => { e.preventDefault(); submit(); }}>
          <input class="hidden" type="text" autocomplete="username" value={session.who.value?.user ?? ""} readOnly tabIndex={-1} aria-hidden="true" />
          <Field label="The password you were given" type="password" value={old} onValue={setOld} required autocomplete="current-password" />
          <Field label="New password" type="password" value={fresh} onValue={setFresh} required autocomplete="new-password"
            hint={`At least ${PASSWORD_LEAST} characters. A few words are easy to remember.`} />
          <Field label="New password, again" type="password" value={again} onValue={setAgain} required autocomplete="new-password" error={error} />
          <div class="actions">
            <Button kind="quiet" onClick={() => void session.logOut()}>Log out</Button>
            <Button kind="primary" type="submit" busy={busy}>Change and go on</Button>
          </div>
        </form>
      </section>
    </main>
  );
}
