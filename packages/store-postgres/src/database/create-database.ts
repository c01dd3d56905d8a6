import { createHash } from "node:crypto";
import { type Limits, MemoryError } from "@relevo/core";
import { closedError, noteRetry, sleep, throwIfAborted, withAttempts } from "@relevo/core/input";
import type { RowLevelSecurity } from "../options.ts";
import { chooseRole, type Standing } from "./choose-role.ts";
import type { Attempt, Connector, RunStatement } from "./clients.ts";
import type { Database, Run, Statement, WorkOptions } from "./database.ts";
import { Deadline } from "./deadline.ts";
import { diagnose, sqlStateOf, toMemoryError, WorkFailed } from "./errors.ts";
import { qualify } from "./qualify.ts";
import { literal, pinPath, quoteIdentifier } from "./text.ts";

export interface DatabaseOptions {
  readonly connector: Connector;
  readonly schema: string;
  readonly limits: Limits;
  readonly rowLevelSecurity: RowLevelSecurity;
  readonly applicationRole: string;
  /** As of `RoleOptions`. */
  readonly isPrivate: boolean;
  readonly timeoutMs: number;
}

/** A database with an end of its own: what is shared is the client. */
export interface OwnedDatabase extends Database {
  close(): void;
}

/** How often an attempt that failed in passing is made again. */
const maxAttempts = 5;

export function createDatabase(options: DatabaseOptions): OwnedDatabase {
  const { connector, timeoutMs } = options;
  const schema = quoteIdentifier(options.schema);
  const namePrefix = `relevo_${createHash("sha256").update(options.schema).digest("hex").slice(0, 8)}`;
  let open = true;
  let ready = false;
  /** Once that is known. */
  let standing: Standing = { assume: undefined, readsCommitted: true };
  let checking: Promise<void> | undefined;

  const qualifiedTexts = new Map<
    string,
    { readonly given: string; readonly name: string; readonly text: string }
  >();

  /** What the statement is called on a connection, and its text with names qualified: once for each name. */
  function qualified({ name, text }: Statement): { readonly name: string; readonly text: string } {
    const known = qualifiedTexts.get(name);
    if (known !== undefined && (typeof text === "function" || known.given === text)) return known;
    const given = typeof text === "function" ? text() : text;
    const made = { given, name: `${namePrefix}_${name}`, text: qualify(given) };
    qualifiedTexts.set(name, made);
    return made;
  }

  function requireOpen(): void {
    if (!open) throw closedError();
  }

  /** Once for each store: that the tables are there, and as whom it can work under row-level security. */
  function check(): Promise<void> {
    checking ??= (async () => {
      // Of no caller: several may wait for it, and one that gives up must not take the others along.
      using deadline = new Deadline(timeoutMs, undefined);
      const attempt = (): Attempt => ({ deadline, progress: { sent: false } });
      standing = await chooseRole(
        options,
        (role, text, values) => {
          const begin = role === undefined ? undefined : setup(undefined, role, deadline);
          return connector.single({ text: qualify(text), values }, begin, attempt());
        },
        (work) => connector.transaction(setup(undefined, undefined, deadline), work, attempt()),
      );
      ready = true;
    })().finally(() => {
      checking = undefined;
    });
    return checking;
  }

  /** What each transaction begins with. The server's own timeout ends a statement before we give up on it. */
  function setup(tenant: string | undefined, role: string | undefined, deadline: Deadline): string {
    const serverMs = Math.max(1, Math.floor(deadline.remainingMs * 0.9));
    const settings = [
      pinPath,
      `pg_catalog.set_config('relevo.tenant', ${tenant === undefined ? "''" : literal(tenant)}, true)`,
      `pg_catalog.set_config('statement_timeout', '${serverMs}', true)`,
      `pg_catalog.set_config('lock_timeout', '${serverMs}', true)`,
      ...(role === undefined ? [] : [`pg_catalog.set_config('role', ${literal(role)}, true)`]),
    ];
    return `select ${settings.join(", ")}`;
  }

  async function attempt<Result>(
    { effect, signal, timeoutMs: ownMs }: WorkOptions,
    run: (attempt: Attempt, isolate: boolean) => Promise<Result>,
  ): Promise<Result> {
    requireOpen();
    throwIfAborted(signal);
    const deadline = new Deadline(Math.min(timeoutMs, ownMs ?? timeoutMs), signal);
    // Not `using`, which is compiled to several times as much as the rest of this.
    try {
      // What an attempt that ended unknown may have left holds for all that come after it.
      let sent = false;
      // A connection may have another default than the one that was looked at.
      let isolate = false;
      for (let count = 1; ; count++) {
        const progress = { sent: false };
        try {
          if (!ready) await deadline.race(check());
          return await run({ deadline, progress }, isolate || !standing.readsCommitted);
        } catch (error) {
          if (error instanceof WorkFailed) throw error.cause;
          if (MemoryError.isInstance(error)) throw error;
          const { code, refused, passing } = diagnose(error);
          // Rights were taken away, or tables: the next call looks again, and says what has to be run.
          if (code === "denied" || code === "unsupported") ready = false;
          isolate ||= sqlStateOf(error) === "40001";
          sent ||= effect !== "read" && progress.sent && !refused;
          const again = passing && (refused || effect !== "once" || !progress.sent);
          if (!again || count === maxAttempts || !(await pause(deadline, count))) {
            throw withAttempts(toMemoryError(error, sent ? "unknown" : "not-applied"), count);
          }
          noteRetry("postgres", count, toMemoryError(error, "not-applied"));
        }
      }
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  return {
    schema,
    schemaName: options.schema,
    limits: options.limits,
    requireOpen,

    async call<Row>(statement: Statement, work: WorkOptions): Promise<readonly Row[]> {
      const { name, text } = qualified(statement);
      const named = { name, text, values: statement.values, isAnswer: statement.isAnswer };
      return await attempt(work, (one, isolate) => {
        const { assume } = standing;
        const begin = assume === undefined && !isolate ? undefined : setup(undefined, assume, one.deadline);
        return connector.single(named, begin, one) as Promise<readonly Row[]>;
      });
    },

    async transaction<Result>(
      tenant: string | undefined,
      work: (run: Run) => Promise<Result>,
      workOptions: WorkOptions,
    ): Promise<Result> {
      return await attempt(workOptions, (one) =>
        connector.transaction(setup(tenant, standing.assume, one.deadline), (run) => workOn(run, work), one),
      );
    },

    close() {
      open = false;
    },
  };
}

/** Runs the work over one connection, and distinguishes what it throws itself from what its statements throw. */
async function workOn<Result>(run: RunStatement, work: (run: Run) => Promise<Result>): Promise<Result> {
  let failure: unknown;
  try {
    return await work(async <Row>(text: string, values: readonly unknown[]) => {
      try {
        return (await run(text, values)).rows as readonly Row[];
      } catch (error) {
        failure = error;
        throw error;
      }
    });
  } catch (error) {
    throw error === failure ? error : new WorkFailed(error);
  }
}

/** Waits a little, longer each time and never as long as another waits; false when the deadline comes first. */
async function pause(deadline: Deadline, count: number): Promise<boolean> {
  // Of all that collided each waits another time, or they would collide again.
  const waitMs = 2 ** count * 5 * (0.5 + Math.random());
  if (waitMs >= deadline.remainingMs) return false;
  try {
    await deadline.race(sleep(waitMs));
    return true;
  } catch {
    return false;
  }
}
