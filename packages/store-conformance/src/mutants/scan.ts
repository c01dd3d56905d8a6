import { allPages, MemoryError, type ScannedEvent, type ScanOptions } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import type { FullLog } from "../capabilities.ts";
import type { Mutant } from "../harness.ts";
import { logMutant, without } from "./log-mutant.ts";

/** A mutant whose scans are one page of everything, changed. */
function wholeScan(
  id: string,
  target: string,
  defect: string,
  change: (items: readonly ScannedEvent[], log: FullLog, tenant: string) => unknown,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    scan: async (tenant, options = {}) => {
      const items: ScannedEvent[] = [];
      const whole = without(options, "cursor", "limit");
      for await (const item of allPages((cursor) => log.scan(tenant, { ...whole, ...cursor })))
        items.push(item);
      return { items: (await change(items, log, tenant)) as readonly ScannedEvent[] };
    },
  }));
}

function scanOptions(
  id: string,
  target: string,
  defect: string,
  change: (options: ScanOptions) => ScanOptions,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    scan: (tenant, options = {}) => log.scan(tenant, change(options)),
  }));
}

/** The stores that the cases of scanning must catch. */
export const scanMutants: readonly Mutant[] = [
  wholeScan("scan-by-session", "scan/scan-is-ordered-by-time", "a scan goes session by session", (items) =>
    items.toSorted((a, b) => compareUtf8(a.session, b.session) || a.event.seq - b.event.seq),
  ),
  logMutant("scan-ends-early", "scan/scan-is-ordered-by-time", "a scan has one page only", (log) => ({
    scan: async (...call) => without(await log.scan(...call), "cursor"),
  })),
  wholeScan(
    "scan-in-utf16-order",
    "scan/scan-orders-equal-times",
    "events of one moment are ordered as JavaScript compares their sessions",
    (items) =>
      items.toSorted(
        (a, b) =>
          a.event.recordedAt - b.event.recordedAt ||
          (a.session === b.session ? a.event.seq - b.event.seq : a.session < b.session ? -1 : 1),
      ),
  ),
  logMutant(
    "scan-cursor-is-a-time",
    "scan/scan-orders-equal-times",
    "a page begins after the time at which the one before ended",
    (log) => ({
      scan: async (tenant, options = {}) => {
        const { cursor, ...rest } = options;
        const page = await log.scan(tenant, {
          ...rest,
          ...(cursor !== undefined && { since: Number(cursor) + 1 }),
        });
        const last = page.items.at(-1)?.event.recordedAt;
        return {
          items: page.items,
          ...(page.cursor !== undefined && last !== undefined && { cursor: `${last}` }),
        };
      },
    }),
  ),
  scanOptions("scan-ignores-types", "scan/scan-filters", "`types` is not looked at", (options) =>
    without(options, "types"),
  ),
  scanOptions("scan-ignores-agents", "scan/scan-filters", "`agent` is not looked at", (options) =>
    without(options, "agent"),
  ),
  scanOptions("scan-includes-until", "scan/scan-filters", "`until` includes its time", (options) =>
    options.until === undefined ? options : { ...options, until: options.until + 1 },
  ),
  scanOptions("scan-excludes-since", "scan/scan-filters", "`since` excludes its time", (options) =>
    options.since === undefined ? options : { ...options, since: options.since + 1 },
  ),
  wholeScan(
    "scan-shows-retracted",
    "scan/scan-follows-the-logs",
    "retracted events are scanned",
    async (items, log, tenant) => {
      const heads = await log.list(tenant);
      const reads = heads.items.map(async ({ session, incarnation }) => {
        const { events } = await log.read({ tenant, session }, { retracted: "only" });
        return events.map((event): ScannedEvent => ({ session, incarnation, event }));
      });
      return [...items, ...(await Promise.all(reads)).flat()];
    },
  ),
  logMutant(
    "scan-keeps-the-deleted",
    "scan/scan-follows-the-logs",
    "a scan goes on showing what a delete removed",
    (log, parts) => ({
      delete: async (address, options) => {
        const { events, incarnation = "" } = await log.read(address);
        parts.shared.set(
          address.tenant,
          events.map((event): ScannedEvent => ({ session: address.session, incarnation, event })),
        );
        return log.delete(address, options);
      },
      scan: async (tenant, options) => {
        const page = await log.scan(tenant, options);
        const deleted = (parts.shared.get(tenant) as readonly ScannedEvent[] | undefined) ?? [];
        return { ...page, items: [...page.items, ...deleted] };
      },
    }),
  ),
  logMutant(
    "scan-pages-by-offset",
    "scan/scan-pages-while-others-write",
    "a cursor counts events, so that a trim shifts the pages",
    (log) => ({
      scan: async (tenant, options = {}) => {
        const { cursor, limit = 100, ...rest } = options;
        const items: ScannedEvent[] = [];
        for await (const item of allPages((next) => log.scan(tenant, { ...rest, ...next }))) items.push(item);
        const start = Number(cursor ?? 0);
        const end = start + limit;
        return { items: items.slice(start, end), ...(end < items.length && { cursor: `${end}` }) };
      },
    }),
  ),
  logMutant(
    "scan-starts-again-on-a-bad-cursor",
    "scan/scan-refuses-foreign-cursors",
    "a cursor that cannot be read starts the scan again",
    (log) => ({
      scan: async (tenant, options = {}) => {
        try {
          return await log.scan(tenant, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return log.scan(tenant, without(options, "cursor"));
        }
      },
    }),
  ),
];
