import { type EventLog, type EventTransfer, isEventTransfer } from "@relevo/core";
import type { CaseContext, ConformanceCase, StoreFixture } from "./harness.ts";

/** A log with its second interface of the port. */
export type FullLog = EventLog & EventTransfer;

/** Capabilities that the case needs and this fixture lacks. */
export function missingCapabilities(
  entry: ConformanceCase,
  fixture: Omit<StoreFixture, typeof Symbol.asyncDispose>,
): readonly string[] {
  const present = {
    transfer: isEventTransfer(fixture.store.log),
    leases: fixture.store.leases !== undefined,
    feed: fixture.store.feed !== undefined,
    maintenance: fixture.store.maintenance !== undefined,
    rewind: fixture.rewind !== undefined,
    loseSession: fixture.loseSession !== undefined,
  };
  return (entry.needs ?? []).filter((capability) => !present[capability]);
}

/** Both handles' logs with transfer, or `undefined` when the store does not offer it. */
export function transferLogs(
  context: CaseContext,
): readonly [EventLog & EventTransfer, EventLog & EventTransfer] | undefined {
  const { log } = context.store;
  const other = context.other.log;
  return isEventTransfer(log) && isEventTransfer(other) ? [log, other] : undefined;
}
