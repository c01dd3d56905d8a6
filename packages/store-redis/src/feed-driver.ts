import type { ChangedUnit } from "@relevo/core";
import type { AdmittedChanges, Answer, DriverChanges, FeedDriver } from "@relevo/core/store";
import { replyOf } from "./answers.ts";
import type { StoreContext } from "./context.ts";
import { buckets } from "./keys.ts";
import { decodeHead } from "./log/head-codec.ts";
import { changesAfter } from "./scripts/scripts.generated.ts";

/** Of the entries behind a position, how many are at most the store's own. */
const ownEntries = 2;

/** The newest position, units with positions in pairs, and 1 when there is more that has no position yet. */
type Stream = readonly [newest: string, found: readonly string[], more: number];

/** A unit of a stream. Each bucket has two streams: of its sessions, and of its owners. */
interface Entry {
  readonly stream: number;
  readonly position: number;
  readonly name: string;
}

/**
 * The change feed: a merge of the streams of all buckets. A cursor is a vector with one number for each stream, the
 * newest position that the consumer has seen of it. Writes only mark their unit: its position is given when the next
 * consumer reads, in the same step.
 */
export function createFeedDriver(context: StoreContext): FeedDriver {
  return { changes: (request) => changes(context, request) };
}

async function changes(context: StoreContext, request: AdmittedChanges): Promise<Answer<DriverChanges>> {
  const { tenant, after, limit, from } = request;
  const seen = after === undefined ? new Array<number>(buckets * 2).fill(0) : decodePosition(after);
  if (seen === undefined) return { refused: "position" };
  const signal = context.connection.scope(request.signal);
  const isStart = from === "now" && after === undefined;
  const entries: Entry[] = [];
  const newest: number[] = [...seen];
  let unplaced = false;
  const replies = await Promise.all(
    Array.from({ length: buckets }, async (_, bucket) => {
      const keys = context.keys.bucket(tenant, bucket);
      const values = {
        sessionsAfter: seen[bucket * 2] ?? 0,
        ownersAfter: seen[bucket * 2 + 1] ?? 0,
        limit: isStart ? "0" : `${limit + 1 + ownEntries}`,
      };
      for (;;) {
        const settings = { signal, repeatable: true };
        const [status, ...rest] = replyOf(
          await context.connection.script(changesAfter, keys, values, settings),
        );
        if (status !== "changes") return undefined;
        const streams = rest as unknown as readonly Stream[];
        // What was written before `now` must not come later.
        if (!isStart || streams.every(([, , more]) => more === 0)) return streams;
      }
    }),
  );
  for (const [bucket, streams] of replies.entries()) {
    if (streams === undefined) return { refused: "changes" };
    for (const [kind, [last, found, more]] of streams.entries()) {
      const stream = bucket * 2 + kind;
      newest[stream] = Number(last);
      if (more === 1) unplaced = true;
      for (let index = 0; index < found.length; index += 2) {
        const entry = { stream, position: Number(found[index + 1]), name: found[index] ?? "" };
        if (isUnit(entry.name)) entries.push(entry);
      }
    }
  }
  if (isStart) return { ok: { units: [], position: encodePosition(newest), more: false } };
  entries.sort((left, right) => left.position - right.position || left.stream - right.stream);
  const page = entries.slice(0, limit);
  const position = [...seen];
  for (const entry of page) position[entry.stream] = entry.position;
  const units = await Promise.all(page.map((entry) => unitOf(context, tenant, entry, signal)));
  return { ok: { units, position: encodePosition(position), more: unplaced || entries.length > limit } };
}

/** Whether an entry of a stream is a unit, rather than one of the store's own. */
export function isUnit(name: string): boolean {
  return name !== "" && !name.startsWith("\0");
}

async function unitOf(
  { connection, keys }: StoreContext,
  tenant: string,
  { stream, name }: Entry,
  signal: AbortSignal,
): Promise<ChangedUnit> {
  if (stream % 2 === 1) return { kind: "owner", namespace: name.split("\0\u0001") };
  const { log } = keys.session(tenant, name);
  const text = (await connection.read(log, ["LINDEX", log, "-1"], { signal })) as string | null;
  if (text === null) return { kind: "session", session: name };
  return { kind: "session", session: name, incarnation: decodeHead(text).incarnation };
}

/** Numbers in base 36, joined by dots. */
function encodePosition(position: readonly number[]): string {
  return position.map((one) => one.toString(36)).join(".");
}

function decodePosition(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== buckets * 2 || !parts.every((part) => /^[\da-z]{1,11}$/u.test(part))) return undefined;
  const position = parts.map((part) => Number.parseInt(part, 36));
  return position.every(Number.isSafeInteger) ? position : undefined;
}
