import { createUuidGenerator, type IdGenerator } from "../../id-generator.ts";
import { type LimitOverrides, resolveLimits } from "../../limits.ts";
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

/**
 * A whole driver over an ordered key-value space: log, documents, leases, scan, transfer and upkeep. Any number of
 * drivers, in any number of processes, may share a space.
 */
export function createKeyValueDriver(space: KeyValueSpace, options: KeyValueDriverOptions): StoreDriver {
  const context: DriverContext = {
    ...createSpaceContext(space),
    limits: resolveLimits(options.limits),
    ids: options.ids ?? createUuidGenerator(),
    ttlMs: options.ttlMs,
  };
  return {
    limits: context.limits,
    log: createLogDriver(context),
    documents: createDocumentDriver(context),
    transfer: createTransferDriver(context),
    leases: createLeaseDriver(context),
    scan: { scan: (request) => scanEvents(context, request) },
    maintenance: createMaintenanceDriver(context, options.durability),
    async close() {
      await space.close?.();
    },
  };
}
