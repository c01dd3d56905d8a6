import { throwIfAborted } from "../../../input/numbers.ts";
import { noteRetry } from "../../../input/retry-notice.ts";
import type { JsonValue } from "../../../json.ts";
import { MemoryError } from "../../../memory-error.ts";
import type { CallOptions } from "../../../ports/common.ts";
import { dueKey } from "../layout.ts";
import { timeOf, unknownOutcome } from "./failures.ts";
import type { KeyRange, KeyValueCondition, KeyValueSpace } from "./key-value-space.ts";
import { type PartsNote, partsKey, removeKeys, removeParts } from "./left-parts.ts";
import { packChanges, type RecordChange } from "./pack-changes.ts";
import { inlineValue, type KeyRecord, partKeys, type Records, readRecords } from "./records.ts";
import { newToken, pause } from "./retry.ts";
import { createTurns, type Turns } from "./turns.ts";

/** The space with what one driver shares among its calls. */
export interface SpaceContext {
  readonly space: KeyValueSpace;
  readonly turns: Turns;
}

export function createSpaceContext(space: KeyValueSpace): SpaceContext {
  return { space, turns: createTurns() };
}

/** Thrown by a run that met another state than the one it began with: it is run again. */
export const staleRead: unique symbol = Symbol("stale read");

/** The record that orders the writers of a unit: each of its commits replaces it, on the condition that no other did. */
interface UnitRecord<State> {
  /** How many commits there were. */
  readonly writes: number;
  /** The tokens of the newest ones, newest last. */
  readonly recent: readonly string[];
  readonly state: State;
}

/** As many commits of others as may come between a commit with an unknown outcome and the question after it. */
const rememberedWrites = 12;
/** With pauses of up to 64 ms, some six seconds. */
const maxAttempts = 200;
/** How long staged parts wait for their commit, in milliseconds. Past it the commit starts again. */
const stageMs = 3600 * 1000;

/** More parts than this of one replaced value are removed in commits of their own. */
export const maxPartsPerCommit = 4;

/** One attempt at a write to one unit: what was read, and what is to be written if nothing of it has changed. */
export class Transaction<State> {
  readonly tenant: string;
  /** The time of the space, in milliseconds. */
  readonly now: number;
  readonly call: CallOptions;
  /** Present before the attempt; `undefined` when the unit has no record. */
  readonly state: State | undefined;
  /** What was read together with the unit. */
  readonly first: Records;
  readonly conditions: KeyValueCondition[] = [];
  /** Notes for upkeep of what is to be removed right after the commit. */
  readonly leftParts: { readonly key: Uint8Array; readonly value: PartsNote }[] = [];
  readonly #space: KeyValueSpace;
  readonly #changes = new Map<string, RecordChange>();
  #next: { readonly state: State | undefined } | undefined;
  #hasReadMore = false;

  constructor(
    space: KeyValueSpace,
    options: {
      readonly tenant: string;
      readonly now: number;
      readonly call: CallOptions;
      readonly state: State | undefined;
      readonly first: Records;
    },
  ) {
    this.#space = space;
    this.tenant = options.tenant;
    this.now = options.now;
    this.call = options.call;
    this.state = options.state;
    this.first = options.first;
  }

  /** How many entries are to be written. */
  get size(): number {
    return this.#changes.size;
  }

  get changes(): readonly RecordChange[] {
    return [...this.#changes.values()];
  }

  get next(): { readonly state: State | undefined } | undefined {
    return this.#next;
  }

  /** Whether anything was read after the unit, and so perhaps of a newer state than the unit's. */
  get hasReadMore(): boolean {
    return this.#hasReadMore;
  }

  read(keys: readonly Uint8Array[], ranges: readonly KeyRange[] = []): Promise<Records> {
    this.#hasReadMore = true;
    return readRecords(this.#space, keys, ranges, this.call);
  }

  /** The commit fails unless the record is as it was read. For what belongs to another unit. */
  require(key: Uint8Array, record: KeyRecord | undefined): void {
    this.conditions.push({ key, version: record?.version });
  }

  /** Stores a value in place of the record that was read, if there was one. */
  put(key: Uint8Array, value: JsonValue, replaced?: KeyRecord): void {
    this.#change({ key, value });
    this.#drop(replaced);
  }

  remove(key: Uint8Array, record?: KeyRecord): void {
    this.#change({ key, value: undefined });
    this.#drop(record);
  }

  /** Removes the parts that a value stood in; many of them after the commit, which has to stay small. */
  #drop(record: KeyRecord | undefined): void {
    const chunks = record?.chunks;
    if (chunks === undefined) return;
    if (chunks.count <= maxPartsPerCommit) {
      for (const key of partKeys(chunks)) this.#change({ key, value: undefined });
      return;
    }
    const key = partsKey(this.now, chunks);
    const value: PartsNote = { kind: "parts", ...chunks };
    this.#change({ key, value: value as unknown as JsonValue });
    this.leftParts.push({ key, value });
  }

  #change(change: RecordChange): void {
    this.#changes.set(keyText(change.key), change);
  }

  /** The unit as it will be; `undefined` removes its record. Without it nothing is committed. */
  save(state: State | undefined): void {
    this.#next = { state };
  }
}

interface Attempt<Result> {
  readonly token: string;
  readonly removes: boolean;
  readonly writes: number;
  readonly result: Result;
}

/**
 * Runs a write to one unit until it is committed: again when another writer was faster, and when the answer to a commit
 * was lost, after a look at what became of it. `run` must have no effects but those of its transaction; a run that does
 * not `save` writes nothing.
 *
 * @throws `unavailable` after too many conflicts; `aborted`; with the outcome `unknown` when a commit may have taken
 *   effect and the space does not tell.
 */
export async function transact<State, Result>(
  context: SpaceContext,
  unit: { readonly tenant: string; readonly key: Uint8Array },
  call: CallOptions,
  run: (transaction: Transaction<State>) => Result | Promise<Result>,
  keys: readonly Uint8Array[] = [],
): Promise<Result> {
  const { space } = context;
  const leave = await context.turns.enter(keyText(unit.key), call.signal);
  let lost: Attempt<Result>[] = [];
  let lookAtOnce = false;
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (attempt > 0) noteRetry("key-value", attempt, undefined);
      if (attempt > 1 && !lookAtOnce) await pause(attempt, call.signal);
      lookAtOnce = false;
      throwIfAborted(call.signal);
      const first = await readRecords(space, [unit.key, ...keys], [], call);
      const record = first.records[0] as KeyRecord<UnitRecord<State>> | undefined;
      const found = lost.find(({ token, removes }) =>
        record === undefined ? removes : record.value.recent.includes(token),
      );
      if (found !== undefined) return found.result;
      if (lost.length > 0 && !remembersSince(record?.value, lost)) throw unknownOutcome(undefined);
      lost = lost.filter(({ writes }) => writes === (record?.value.writes ?? 0));

      const transaction = new Transaction<State>(space, {
        tenant: unit.tenant,
        now: await timeOf(space),
        call,
        state: record?.value.state,
        first: { records: first.records.slice(1), ranges: [] },
      });
      let result: Result;
      try {
        result = await run(transaction);
      } catch (error) {
        if (error === staleRead) continue;
        throw error;
      }
      if (transaction.next === undefined) {
        // Seen while a commit of ours arrived after all, perhaps. The next attempt knows.
        if (lost.length > 0) continue;
        // No commit tells whether what was read belongs together.
        if (transaction.hasReadMore && !(await isUnchanged(space, unit.key, record, call))) continue;
        return result;
      }
      const token = newToken();
      const writes = record?.value.writes ?? 0;
      try {
        if (await commit(space, unit, transaction, record, token)) {
          // The notes stay when this fails, and upkeep does it.
          await removeParts(space, transaction.leftParts, call).catch(() => undefined);
          return result;
        }
      } catch (error) {
        if (MemoryError.isInstance(error) && error.outcome === "not-applied") throw error;
        lost.push({ token, removes: transaction.next.state === undefined, writes, result });
        // During a pause others may write so often that nothing tells any more what became of this one.
        lookAtOnce = true;
      }
    }
    throw new MemoryError("unavailable", "Too many other writers were faster. Try again later.", {
      details: { attempts: maxAttempts },
    });
  } catch (error) {
    // Refusals too: an attempt before this one may have been applied, and may be what this one was refused for.
    throw lost.length === 0 || (MemoryError.isInstance(error) && error.outcome === "unknown")
      ? error
      : unknownOutcome(error);
  } finally {
    leave();
  }
}

async function isUnchanged(
  space: KeyValueSpace,
  key: Uint8Array,
  record: KeyRecord<unknown> | undefined,
  call: CallOptions,
): Promise<boolean> {
  const { records } = await readRecords(space, [key], [], call);
  return records[0]?.version === record?.version;
}

/** Whether the tokens in the record reach back to the attempts, so that one that is missing was not applied. */
function remembersSince(
  record: UnitRecord<unknown> | undefined,
  attempts: readonly Attempt<unknown>[],
): boolean {
  const { writes, recent } = record ?? { writes: 0, recent: [] };
  return attempts.every((attempt) => writes >= attempt.writes && writes - attempt.writes <= recent.length);
}

async function commit<State>(
  space: KeyValueSpace,
  unit: { readonly tenant: string; readonly key: Uint8Array },
  transaction: Transaction<State>,
  record: KeyRecord<UnitRecord<State>> | undefined,
  token: string,
): Promise<boolean> {
  const { call, tenant, now } = transaction;
  const next = transaction.next?.state;
  if (next === undefined) transaction.remove(unit.key, record as KeyRecord | undefined);
  else {
    const recent = [...(record?.value.recent ?? []), token].slice(-rememberedWrites);
    const value = { writes: (record?.value.writes ?? 0) + 1, recent, state: next as JsonValue };
    transaction.put(unit.key, value, record as KeyRecord | undefined);
  }
  const { changes, staged } = packChanges(transaction.changes, space.limits ?? {}, { tenant, id: token });
  const conditions = [{ key: unit.key, version: record?.version }, ...transaction.conditions];
  if (staged.length === 0) return await space.commit(changes, conditions, call);

  const mark = dueKey(now + stageMs, "stage", tenant, token);
  const note = inlineValue(Buffer.from(JSON.stringify({ kind: "stage", tenant, id: token })));
  for (const [index, parts] of staged.entries()) {
    // Nothing points to the parts yet; the mark has them removed if it stays like that.
    const noted = index === 0 ? [{ key: mark, value: note }, ...parts] : parts;
    if (!(await space.commit(noted, [], call))) return false;
  }
  const { records } = await readRecords(space, [mark], [], call);
  if (records[0] === undefined) return false;
  const isApplied = await space.commit(
    [...changes, { key: mark, value: undefined }],
    [...conditions, { key: mark, version: records[0].version }],
    call,
  );
  if (!isApplied) {
    // The next attempt writes parts of its own. With many writers these would fill the space until upkeep comes.
    const left = [...staged.flat(), { key: mark }].map(({ key }) => key);
    await removeKeys(space, left, call).catch(() => undefined);
  }
  return isApplied;
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}
