// The pages of proctors, instructors and admins.
import type { Session } from "../session";

export function Staff({ session }: { session: Session }) {
  return <main class="page"><h1>{session.who.value?.name}</h1></main>;
}
