// What a command asks for, what somebody else changed meanwhile, and the keys.
import { useState } from "preact/hooks";
import { RoomVerb } from "../../gen/examd_pb";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { changeWords, commands, type Draft } from "./commands";
import type { Changed } from "./errands";
import type { Room } from "./room";
import { useRoomChanges } from "./watch";

const MINUTES_MOST = 1440;
const TEXT_MOST = 500; // bytes
const bytes = (text: string) => new TextEncoder().encode(text).length;

function question(draft: Draft): string {
  const { verb } = draft.command;
  const s = draft.sittingBefore;
  if (verb === RoomVerb.ROOM_START && draft.attempts.length === 0)
    return s.ready < s.checkedIn
      ? `${s.ready} of ${s.checkedIn} who are here are ready. The others begin when they are.`
      : `${s.ready} of ${s.candidates} on the list are here and ready.`;
  if (verb === RoomVerb.ROOM_START) return "Their clocks start at once.";
  if (verb === RoomVerb.ROOM_CLOSE) return draft.attempts.length === 0
    ? "Every open attempt is closed and scored, and nobody can begin any more."
    : "It is closed and scored. Only an instructor can reopen it.";
  if (verb === RoomVerb.ROOM_VOID) return "The attempt does not count any more. This stays on record.";
  if (verb === RoomVerb.ROOM_REOPEN) return "The attempt goes on with these minutes, in a new seat. The earlier receipt is superseded.";
  return "";
}

// What the button says that sends it.
function actOf(draft: Draft, minutes: number | null): string {
  if (draft.command.verb === RoomVerb.ROOM_MESSAGE) return "Send";
  if (draft.command.verb !== RoomVerb.ROOM_ADD_MINUTES) return draft.command.label;
  if (minutes === null) return "Add minutes";
  return minutes > 0 ? `Add ${minutes} min` : `Take ${-minutes} min`;
}

function minutesOf(text: string, least: number): number | null {
  const n = /^[+-]?\d{1,4}$/.test(text.trim()) ? Number(text) : NaN;
  return Number.isNaN(n) || n === 0 || n < least || n > MINUTES_MOST ? null : n;
}

// Null: something is not good, and said at its field.
function useAnswers(draft: Draft) {
  const [minutes, setMinutes] = useState("");
  const [text, setText] = useState("");
  const [word, setWord] = useState("");
  const [tried, setTried] = useState(false);
  const asks = new Set(draft.asks), least = draft.command.verb === RoomVerb.ROOM_REOPEN ? 1 : -MINUTES_MOST;
  const needsText = asks.has("reason") || asks.has("text");
  const errors = {
    minutes: asks.has("minutes") && minutesOf(minutes, least) === null
      ? `A number from ${least} to ${MINUTES_MOST}${least < 0 ? ", and not 0" : ""}.` : "",
    text: needsText && text.trim() === "" ? "It must not be empty." : bytes(text) > TEXT_MOST ? "It is too long." : "",
    word: asks.has("word") && word.trim().toLowerCase() !== "end" ? "Type the word end." : "",
  };
  const good = errors.minutes === "" && errors.text === "" && errors.word === "";
  return { asks, minutes, setMinutes, text, setText, word, setWord, least, setTried, good,
    shown: tried ? errors : { minutes: "", text: "", word: "" },
    answered: (): Draft => ({ ...draft, minutes: asks.has("minutes") ? minutesOf(minutes, least) ?? 0 : 0, text: text.trim() }) };
}

export function AskDialog({ draft, onSend, onDrop }: { draft: Draft; onSend: (draft: Draft) => void; onDrop: () => void }) {
  const a = useAnswers(draft), { command } = draft;
  const submit = () => {
    a.setTried(true);
    if (a.good) onSend(a.answered());
  };
  const told = question(draft);
  return (
    <Dialog title={`${command.label}: ${draft.who}`} onClose={onDrop}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); submit(); }}>
        {told !== "" && <p>{told}</p>}
        {a.asks.has("minutes") && (
          <>
            <Field label="Minutes" value={a.minutes} onValue={a.setMinutes} inputMode="numeric" autocomplete="off" maxLength={5}
              hint={a.least < 0 ? "A minus takes minutes away: -5." : undefined} error={a.shown.minutes} />
            <div class="row" role="group" aria-label="Usual minutes">
              {[2, 5, 10, 15].map((n) => <Button key={n} pressed={a.minutes === String(n)} onClick={() => a.setMinutes(String(n))}>{`+${n}`}</Button>)}
            </div>
          </>
        )}
        {a.asks.has("text") && <Field label="Message" value={a.text} onValue={a.setText} autocomplete="off" error={a.shown.text}
          hint="The candidates see it at once, as text." />}
        {a.asks.has("reason") && <Field label="Reason" value={a.text} onValue={a.setText} autocomplete="off" error={a.shown.text} hint="It goes on record." />}
        {a.asks.has("why") && <Field label="Reason, if there is one" value={a.text} onValue={a.setText} autocomplete="off" error={a.shown.text} hint="It goes on record." />}
        {a.asks.has("word") && <Field label="Type the word end to confirm" value={a.word} onValue={a.setWord} autocomplete="off" autocapitalize="none"
          spellcheck={false} error={a.shown.word} />}
        {draft.passedOver > 0 && <p class="hint">It does not fit {draft.passedOver} of those selected; they are left as they are.</p>}
        <div class="actions">
          <Button onClick={onDrop}>Cancel</Button>
          <Button kind={command.danger ? "danger" : "primary"} type="submit">{actOf(draft, minutesOf(a.minutes, a.least))}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function ChangedDialog({ changed, room, onForce, onDrop }:
  { changed: Changed; room: Room; onForce: () => void; onDrop: () => void }) {
  useRoomChanges(room); // the rows may come after the refusal
  const { draft } = changed, seen = changeWords(draft, room);
  return (
    <Dialog title={`Not done: ${draft.command.label.toLowerCase()}, ${draft.who}`} onClose={onDrop}>
      <p>Somebody changed this after you looked at it.</p>
      {seen !== "" && <p class="note warn">{seen}</p>}
      {changed.detail !== "" && <p class="hint">The server says: {changed.detail}</p>}
      <div class="actions">
        <Button onClick={onDrop}>Leave it as it is</Button>
        <Button kind={draft.command.danger ? "danger" : "primary"} onClick={onForce}>Do it anyway</Button>
      </div>
    </Dialog>
  );
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const keys: readonly (readonly [string, string])[] = [["\u2191 \u2193", "another candidate"], ["Space", "select, or not"],
    ["*", "select all that are shown"], ["Esc", "select nobody"], ["/", "find"],
    ...commands.filter((c) => c.key !== "").map((c) => [c.roomWhile.length > 0 ? `${c.key}, ${c.key.toUpperCase()}` : c.key, c.label.toLowerCase()] as const)];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <p>They work while a row of the grid has the focus. A small letter is for those selected, or for the row that has the focus; a capital is for the room.</p>
      <dl class="key-list">{keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
    </Dialog>
  );
}
