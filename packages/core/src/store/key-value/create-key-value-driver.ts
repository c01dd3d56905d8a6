import { systemClock } from "../../clock.ts";
import { createUuidGenerator, type IdGenerator } from "../../id-generator.ts";
import { createEventLoopPacer } from "../../input/event-loop.ts";
import { type LimitOverrides, type Limits, resolveLimits } from "../../limits.ts";
import type { Durability } from "../../ports/store.ts";
import type { StoreDriver } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { createDocumentDriver } from "./documents/document-driver.ts";
import { createLeaseDriver } from "./leases.ts";
import { createLogDriver } from "./log/event-log.ts";
import { scanEvents } from "./log/scan-events.ts";
import type { KeyValueSpace } from "./space/key-value-space.ts";
import { createSpaceContext } from "./space/transaction.ts";
import { createMaintenanceDriver } from "./sweep/maintenance.ts";
import { createTransferDriver } from "./transfer.ts";

export interface KeyValueDriverOptions {
  /** What an acknowledged commit of the space survives. */
  readonly durability: Durability;
  readonly limits?: LimitOverrides | undefined;
  /** The idle lifetime of sessions that are created without one, in milliseconds; for ever when left out. */
  readonly ttlMs?: number | undefined;
  /** Makes incarnations; UUIDv7 by this process's clock when left out. */
  readonly ids?: IdGenerator | undefined;
}

/** A driver with every port but search. */
export type KeyValueDriver = StoreDriver & Required<Pick<StoreDriver, "leases" | "scan" | "maintenance">>;

/**
 * A whole driver over an ordered key-value space: log, documents, leases, scan, transfer and upkeep. Any number of
 * drivers, in any number of processes, may share a space.
 *
 * A write is one commit, on the condition that nobody else wrote to the same session or owner. It is tried again when
 * somebody did, and when the answer to a commit was lost: each commit leaves a token in the record of its unit by which
 * it is found again. What ends is invisible at once; it is removed by the call that ends it and by `maintenance.expire`,
 * in steps that may be repeated after a crash.
 *
 * @throws `invalid-input` for limits that are not positive integers.
 *
 * @example
 * ```ts no-run
 * const store = createStore(createKeyValueDriver(space, { durability }));
 * ```
 */
export function createKeyValueDriver(space: KeyValueSpace, options: KeyValueDriverOptions): KeyValueDriver {
  const context: DriverContext = {
    ...createSpaceContext(space),
    limits: narrowed(resolveLimits(options.limits), space.limits?.commitEntries),
    ids: options.ids ?? createUuidGenerator(),
    ttlMs: options.ttlMs,
  };
  // A space in this process may answer without waiting for anything, and `pause` needs timers to run.
  const pacer = createEventLoopPacer();
  return {
    limits: context.limits,
    log: createLogDriver(context),
    documents: createDocumentDriver(context),
    transfer: createTransferDriver(context),
    leases: createLeaseDriver(context),
    scan: { scan: (request) => scanEvents(context, request) },
    maintenance: createMaintenanceDriver(context, options.durability),
    nextTurn: () => pacer.next(systemClock.now()),
    async close() {
      await space.close?.();
    },
  };
}

/** The most entries that one appended event writes. */
const entriesPerEvent = 6;

/** A batch that is admitted fits into one commit: an append always, documents unless they have many tags. */
function narrowed(limits: Limits, commitEntries: number | undefined): Limits {
  if (commitEntries === undefined) return limits;
  const batchItems = Math.max(1, Math.floor((commitEntries - 20) / entriesPerEvent));
  return Object.freeze({ ...limits, batchItems: Math.min(limits.batchItems, batchItems) });
}
