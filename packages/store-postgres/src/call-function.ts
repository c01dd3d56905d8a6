import { MemoryError } from "@relevo/core";
import { type AdmittedGuard, type Answer, sessionKey } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import type { Effect } from "./database/database.ts";
import { exactNumber } from "./database/exact-number.ts";
import { functionCall } from "./schema/function-call.ts";
import { asTexts } from "./schema/sql-text.ts";

/** What is written to. */
interface Unit {
  readonly tenant: string;
  /** Absent for documents that stand alone. */
  readonly session?: string | undefined;
}

/** One call of a function of the schema that writes. */
export interface FunctionRequest {
  readonly name: string;
  /** What is taken of the answer, `f`; left out for a function of one value, which is then the column `answer`. */
  readonly columns?: string;
  /** The arguments besides the unit and the time that it may wait for locks. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly effect: Effect;
  readonly signal: AbortSignal | undefined;
}

/** One statement, for one session at a time: writers that wait here do not wait for its row's lock. */
export async function callFunction<Row>(
  { database, turns, lockTimeoutMs }: StoreContext,
  { tenant, session }: Unit,
  { name, columns, given, effect, signal }: FunctionRequest,
): Promise<readonly Row[]> {
  const unit = { tenant, session: session ?? "", lock_ms: lockTimeoutMs };
  const { call, values } = functionCall(database.schema, name, unit, given);
  // One value does not go through a table of the executor, as a row does.
  const text = (): string =>
    columns === undefined ? `select ${call()} as answer` : `select ${columns} from ${call()} as f`;
  const run = (timeoutMs?: number): Promise<readonly Row[]> =>
    database.call<Row>(
      { name, text, values, isAnswer: columns === undefined },
      { effect, timeoutMs, signal },
    );
  return session === undefined ? await run() : await turns.take(sessionKey(tenant, session), signal, run);
}

/** How such a function says what it refused. */
export interface Refusable {
  readonly r_status: string;
  /** These as `asText` gives them. */
  readonly r_current: string | null;
  readonly r_index?: string | null;
}

/** The columns of an answer: its status, and these numbers. */
export const answerColumns = (...numbers: readonly string[]): string =>
  `f.r_status, ${asTexts("f", ["r_current", ...numbers])}`;

/** What a function answered: `undefined` when there was nothing to do it to. @throws `corrupt` */
export function answerOf<Row extends Refusable, Value>(
  row: Row | undefined,
  resultOf: (row: Row) => Value,
): Answer<Value | undefined> {
  switch (row?.r_status) {
    case "done":
      return { ok: resultOf(row) };
    case "missing":
      return { ok: undefined };
    case "ended":
    case "sealed":
    case "lease":
    case "token":
      return { refused: row.r_status };
    case "fence":
      return { refused: "fence", current: exactNumber(row.r_current ?? "0") };
    case "version":
      return {
        refused: "version",
        current: exactNumber(row.r_current ?? "0"),
        index: Number(row.r_index ?? 0),
      };
    default:
      throw unknownStatus(row?.r_status);
  }
}

export function unknownStatus(status: string | undefined): MemoryError {
  return new MemoryError(
    "corrupt",
    `The schema's function answered ${status}, which this package does not know.`,
  );
}

export function guardOf({ incarnation, fence }: AdmittedGuard): Readonly<Record<string, unknown>> {
  return { incarnation, fence };
}
