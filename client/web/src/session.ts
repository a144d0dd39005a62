// Who is logged in.  The token itself is in a cookie that no script sees; Hello gets it by itself.
import { create } from "@bufbuild/protobuf";
import { ChangePasswordSchema, LogInSchema, LogOutSchema, NoticeKind, Role, UseSlipSchema,
  type Reply, type Session as Who } from "../gen/examd_pb";
import { Cell } from "./cell";
import { Refusal } from "./wire/errors";
import { Link, jitter } from "./wire/link";
import type { Body } from "./wire/tab";

export { Role } from "../gen/examd_pb";
export type { Who };

const BUSY_TRIES = 8; // passwords of a whole room may be checked just now

export function isStaff(who: Who): boolean {
  return who.role === Role.PROCTOR || who.role === Role.INSTRUCTOR || who.role === Role.ADMIN;
}

export class Session {
  // undefined: not known yet; null: nobody.
  readonly who = new Cell<Who | null | undefined>(undefined);
  // Why nobody is logged in any more, for the log-in page.
  readonly ended = new Cell("");

  constructor(readonly link: Link) {
    link.greeted.add((reply) => {
      if (reply.body.case === "hello") this.set(reply.body.value.session);
    });
    link.noticed.add((notice) => {
      if (notice.kind === NoticeKind.NOTICE_LOGGED_OUT) this.end("You were logged out. Log in again to go on.");
    });
  }

  // Each throws Refusal or Lost.
  logIn(user: string, password: string): Promise<void> {
    return this.enter({ case: "logIn", value: create(LogInSchema, { user, password }) });
  }

  useSlip(slip: string): Promise<void> {
    return this.enter({ case: "useSlip", value: create(UseSlipSchema, { slip }) });
  }

  async changePassword(oldPassword: string, newPassword: string): Promise<void> {
    await this.enter({ case: "changePassword", value: create(ChangePasswordSchema, { oldPassword, newPassword }) });
  }

  async logOut(): Promise<void> {
    await this.link.command({ case: "logOut", value: create(LogOutSchema) }).catch((e: unknown) => {
      if (!(e instanceof Refusal)) throw e; // "log in first": it was sent twice
    });
    this.end("");
  }

  // The server asked for a log-in.
  end(why: string): void {
    this.ended.set(why);
    this.who.set(null);
  }

  private async enter(body: Body): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const reply: Reply = await this.link.ask(body);
        if (reply.body.case === "session") this.set(reply.body.value);
        return;
      } catch (e) {
        if (!(e instanceof Refusal) || e.reason !== "busy" || tries === BUSY_TRIES) throw e;
        await new Promise((done) => setTimeout(done, jitter(500 * tries)));
      }
    }
  }

  private set(who: Who | undefined): void {
    if (who !== undefined) this.ended.set("");
    this.who.set(who ?? null);
  }
}
