// The pages of candidates and students: where the seat is decides which.
import { useEffect, useMemo } from "preact/hooks";
import { AttemptState, Stop } from "../../gen/examd_pb";
import { useCell } from "../cell";
import type { Session } from "../session";
import { After } from "./after";
import { Desk, Strip } from "./desk";
import { Frame, Lobby, Paused, Rules, TakenOver } from "./lobby";
import { Practice } from "./practice";
import { Seat } from "./seat";
import "./taker.css";

function Place({ seat }: { seat: Seat }) {
  useCell(seat.changed);
  const who = useCell(seat.session.who), status = seat.status;
  const before = seat.state < AttemptState.RUNNING || (seat.stopped & Stop.NOT_STARTED) !== 0;
  if (seat.showsItems) return <Desk seat={seat} />;
  if (seat.isClosed) return <Frame seat={seat} wide><After seat={seat} /></Frame>;
  if (seat.takenOver) return <Frame seat={seat}><TakenOver seat={seat} /></Frame>;
  if (status === null && who?.sitting === 0n && (who.attempt === 0n || seat.left.has(who.attempt)) && seat.entry === "") {
    return <Frame seat={seat} wide><Practice seat={seat} /></Frame>;
  }
  if (seat.isPaused) return <><Strip seat={seat} /><main class="page narrow"><Paused seat={seat} /></main></>;
  if (status !== null && before && status.rules !== "" && !seat.agreed && seat.state < AttemptState.READY) {
    return <Frame seat={seat}><Rules seat={seat} /></Frame>;
  }
  return <Frame seat={seat}><Lobby seat={seat} /></Frame>;
}

export function Taker({ session }: { session: Session }) {
  const who = useCell(session.who)?.user;
  const seat = useMemo(() => new Seat(session), [session, who]);
  useEffect(() => () => seat.end(), [seat]);
  return <Place seat={seat} />;
}
