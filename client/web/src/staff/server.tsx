// What only an admin does: a backup of the database, into the server's own folder of backups.
import { create } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { BackupSchema } from "../../gen/examd_pb";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { commandId } from "../wire/link";
import { ask, useTask } from "./ask";

const LOOK_MS = 300;

// As examctl names it: "examd-20261201T090000Z.db".
const nameNow = () => `examd-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z.db`;

export function Server({ session }: { session: Session }) {
  const [name, setName] = useState("");
  const [percent, setPercent] = useState<number | null>(null);
  const { busy, error, run } = useTask();
  const backup = () => run(async () => {
    const id = commandId(), called = nameNow(); // sent again with its id it tells how far it is
    setName("");
    try {
      for (;;) {
        const state = await ask(session.link, { case: "backup", value: create(BackupSchema, { commandId: id, name: called }) }, "backupState");
        setPercent(state.percent);
        if (state.done) break;
        await new Promise((done) => setTimeout(done, LOOK_MS));
      }
      setName(called);
    } finally {
      setPercent(null);
    }
  });
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <h1>Server</h1>
      <section class="card">
        <h2>Backup</h2>
        <p>A whole copy of the database, made while exams go on, in the server's folder of backups. The secrets of the installation are not in it.</p>
        {percent !== null && <progress max={100} value={percent} aria-label="Backup" />}
        {name !== "" && <p class="note good" role="status"><code>{name}</code> is whole.</p>}
        {error !== "" && <p class="error" role="alert">{error}</p>}
        <div class="actions start"><Button kind="primary" busy={busy} onClick={backup}>Make a backup</Button></div>
      </section>
    </main>
  );
}
