// The pages of candidates and students.
import type { Session } from "../session";

export function Taker({ session }: { session: Session }) {
  return <main class="page"><h1>{session.who.value?.name}</h1></main>;
}
