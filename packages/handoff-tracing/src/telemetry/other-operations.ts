import type { ChangeFeed, Lease, Leases, Maintenance, SearchIndex, SessionAddress } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import { startSession } from "./log-operations.ts";
import type { PortSpans } from "./observe.ts";
import type { Telemetry } from "./telemetry.ts";
import { type Operations, tracePort } from "./trace-port.ts";

/** What spans say of the methods of leases. A lease that is acquired is traced too. */
export function leaseOperations(telemetry: Telemetry, common: PortSpans): Operations<Leases> {
  const traceLease = (lease: Lease, address: SessionAddress): Lease =>
    tracePort(
      telemetry,
      lease,
      {
        renew: {
          name: "leases.renew",
          start: (span) => startSession(span, address),
          end: (span, _, { fence }) => void span.setAttribute(relevo.fence.name, fence),
          wrap: (renewed) => traceLease(renewed, address),
        },
        release: { name: "leases.release", start: (span) => startSession(span, address) },
      },
      common,
    );
  return {
    acquire: {
      name: "leases.acquire",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, { fence }) => void span.setAttribute(relevo.fence.name, fence),
      measure({ leaseWait }, [, options], result, seconds) {
        if ((options?.waitMs ?? 0) > 0)
          leaseWait.record(seconds, { [relevo.acquired.name]: result !== undefined });
      },
      wrap: (lease, [address]) => traceLease(lease, address),
    },
    holder: { name: "leases.holder", start: (span, [address]) => startSession(span, address) },
  };
}

export const feedOperations: Operations<ChangeFeed> = {
  changes: {
    name: "feed.changes",
    start: (span, [tenant]) => void span.setAttribute(relevo.tenant.name, tenant),
    end: (span, _, { units }) => void span.setAttribute(relevo.units.name, units.length),
  },
};

function startOfTenant(
  span: { setAttribute(name: string, value: string): unknown },
  [tenant]: readonly [string, ...unknown[]],
): undefined {
  span.setAttribute(relevo.tenant.name, tenant);
  return undefined;
}

/** What spans say of the methods of a search index. `search_memory` is the recall above it, which knows the query. */
export const searchOperations: Operations<SearchIndex> = {
  write: {
    name: "search.write",
    start: (span, [tenant, { items }]) => {
      span.setAttribute(genAi.memoryRecordCount, items.length);
      return void span.setAttribute(relevo.tenant.name, tenant);
    },
  },
  remove: {
    name: "search.remove",
    start: (span, [tenant]) => void span.setAttribute(relevo.tenant.name, tenant),
    end: (span, _, removed) => void span.setAttribute(relevo.removed.name, removed),
  },
  streams: { name: "search.streams", start: startOfTenant },
  state: { name: "search.state", start: startOfTenant },
  mark: { name: "search.mark", start: startOfTenant },
  lookup: { name: "search.lookup", start: startOfTenant },
  read: { name: "search.read", start: startOfTenant },
};

export const maintenanceOperations: Operations<Maintenance> = {
  tenants: { name: "maintenance.tenants", start: () => undefined },
  expire: {
    name: "maintenance.expire",
    start: () => undefined,
    end: (span, _, { sessions, documents }) =>
      void span.setAttribute(relevo.removed.name, sessions + documents),
  },
};
