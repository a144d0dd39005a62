// The exams that are there, and the loading of banks and blueprints.
import { create } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { BankLoadSchema, ExamLoadSchema, type Exam } from "../../gen/examd_pb";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Table, type Column } from "../ui/table";
import { commandId } from "../wire/link";
import { listExams, useLoad } from "./ask";
import { FileTask } from "./diagnostics";

const COLUMNS: readonly Column<Exam>[] = [
  { name: "Exam", cell: (e) => <b>{e.name}</b> },
  { name: "Title", cell: (e) => <span dir="auto">{e.title}</span> },
  { name: "Version", cell: (e) => e.version },
  { name: "Minutes", number: true, cell: (e) => e.minutes },
  { name: "Items", number: true, cell: (e) => e.items },
  { name: "Sections", number: true, cell: (e) => e.sections.length },
];

export function Exams({ session }: { session: Session }) {
  const { link } = session, exams = useLoad("exams", () => listExams(link));
  const [kind, setKind] = useState<"bank" | "exam">("bank");
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <h1>Exams</h1>
      {exams.error !== "" && <p class="error" role="alert">{exams.error}</p>}
      {exams.value && <Table caption="Exams" columns={COLUMNS} rows={exams.value} keyOf={(e) => e.name} empty="No exam is loaded yet." />}
      <section class="card">
        <h2>Load a file</h2>
        <div class="row" role="group" aria-label="What the file holds">
          <Button pressed={kind === "bank"} onClick={() => setKind("bank")}>A bank of questions</Button>
          <Button pressed={kind === "exam"} onClick={() => setKind("exam")}>An exam</Button>
        </div>
        {kind === "bank" ? (
          <FileTask key="bank" link={link} label="Bank" accept=".yaml,.yml" take="Check and load" onDone={exams.again}
            hint="YAML. Every error is told with its line; nothing is changed when there is one."
            body={(upload, file, checkOnly) => ({ case: "bankLoad", value: create(BankLoadSchema, { commandId: commandId(), upload, file, checkOnly }) })} />
        ) : (
          <FileTask key="exam" link={link} label="Exam" accept=".yaml,.yml" take="Check and load" onDone={exams.again}
            hint="The blueprint, YAML. Its bank is loaded before."
            body={(upload, file, checkOnly) => ({ case: "examLoad", value: create(ExamLoadSchema, { commandId: commandId(), upload, file, checkOnly }) })} />
        )}
      </section>
    </main>
  );
}
