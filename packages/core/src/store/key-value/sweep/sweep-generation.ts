import type { CallOptions } from "../../../ports/common.ts";
import type { DriverContext } from "../context.ts";
import { forgetChange } from "../feed/change-mark.ts";
import { documentKeys, dueKey, generationKeys, tenantKeys, under } from "../layout.ts";
import type { TypeEntry } from "../log/event-entries.ts";
import { lastNumber } from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { commitRepeatable, removalOf, removeKeys } from "../space/left-parts.ts";
import { inlineValue, readForRemoval, readRecords } from "../space/records.ts";
import { transact } from "../space/transaction.ts";
import { requireFloor, type SessionSlot } from "../unit/session-slot.ts";

/** How long the operations of an ended incarnation are remembered, and its end stands in the feed. In milliseconds; 7 days. */
const operationMemoryMs = 7 * 24 * 3600 * 1000;
const batchSize = 250;
/** Two changes and a condition for each. */
const operationsPerCommit = 40;

/** An incarnation that has ended. */
export interface EndedGeneration {
  readonly tenant: string;
  readonly session: string;
  readonly generation: string;
  readonly endedAt: number;
}

/** Removes everything of an incarnation but its operations. Each step may be repeated after a crash. */
export async function sweepGeneration(
  { space }: DriverContext,
  ended: EndedGeneration,
  call: CallOptions,
): Promise<void> {
  const { tenant, session, generation, endedAt } = ended;
  const keys = generationKeys(tenant, generation);
  const elsewhere = documentKeys(tenant, generation).elsewhere();
  for (;;) {
    const entries = await readForRemoval(space, under(keys.content, batchSize), call);
    if (entries.length === 0) break;
    const gone = entries.flatMap(({ key, value, parts }) => {
      if (startsWith(key, elsewhere)) return [Buffer.from(String(value), "base64url"), key];
      if (!startsWith(key, keys.types)) return [...parts, key];
      // What leads to an entry elsewhere goes after it, or a crash would leave that for ever.
      const [, recordedAt] = value as unknown as TypeEntry;
      return [tenantKeys.byTime(tenant, recordedAt, session, lastNumber(key), generation), key];
    });
    await removeKeys(space, gone, call);
  }
  // Field by field: `ended` may be the note of another kind that led here.
  const next = { kind: "operations", tenant, session, generation, endedAt };
  const note = Buffer.from(JSON.stringify(next), "utf8");
  const later = dueKey(endedAt + operationMemoryMs, "operations", tenant, generation);
  const changes = [
    { key: later, value: inlineValue(note) },
    { key: dueKey(endedAt, "generation", tenant, generation), value: undefined },
  ];
  await commitRepeatable(space, changes, [], call);
}

/** Forgets the operations of an incarnation that ended a week ago, and the session when nothing else is known of it. */
export async function sweepOperations(
  context: DriverContext,
  { tenant, session, generation }: EndedGeneration,
  call: CallOptions,
): Promise<void> {
  const { space } = context;
  const keys = generationKeys(tenant, generation);
  for (;;) {
    const entries = await readForRemoval(space, under(keys.operations(), operationsPerCommit), call);
    if (entries.length === 0) break;
    const operations = entries.map(({ value }) =>
      Array.isArray(value)
        ? tenantKeys.documentOperation(tenant, session, String(value[1]))
        : tenantKeys.operation(tenant, session, String(value)),
    );
    const { records } = await readRecords(space, operations, [], call);
    // An import may have brought an operation back under another generation, or does so just now.
    const gone = records
      .filter((record) => record !== undefined)
      .filter(({ value }) => (value as unknown as { generation: string }).generation === generation);
    const changes = [...removalOf(gone, await timeOf(space)), ...removalOf(entries, 0)];
    await commitRepeatable(space, changes, gone, call);
  }
  const unit = { tenant, key: tenantKeys.session(tenant, session) };
  await transact<SessionSlot, void>(context, unit, call, async (transaction) => {
    const { state: slot } = transaction;
    // Ended again since: another note is about that.
    const isRecent = (slot?.changed?.at ?? 0) + operationMemoryMs > transaction.now;
    if (slot === undefined || slot.live !== undefined || isRecent) return;
    const floor = await requireFloor(transaction, tenant);
    const document = Math.max(floor.document, slot.documentVersion);
    transaction.put(tenantKeys.floor(tenant), { ...floor, document });
    await forgetChange(transaction, ["session", session], slot.changed);
    transaction.save(undefined);
  });
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return Buffer.compare(key.subarray(0, prefix.byteLength), prefix) === 0;
}
