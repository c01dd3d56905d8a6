import { allPages, MemoryError, type SessionHead } from "@relevo/core";
import { decodeCursor, encodeCursor } from "@relevo/core/store";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

async function allHeads(log: FullLog, tenant: string): Promise<SessionHead[]> {
  const heads: SessionHead[] = [];
  for await (const head of allPages((cursor) => log.list(tenant, { ...cursor }))) heads.push(head);
  return heads;
}

export const listMutants: readonly Mutant[] = [
  logMutant(
    "list-in-utf16-order",
    "log/list-is-ordered",
    "sessions are ordered as JavaScript compares strings",
    (log) => ({
      list: async (tenant, options = {}) => {
        const after =
          options.cursor === undefined ? "" : String(decodeCursor("sessions", options.cursor, 1)[0]);
        const rest = (await allHeads(log, tenant))
          .toSorted((a, b) => (a.session < b.session ? -1 : 1))
          .filter(({ session }) => session > after);
        const items = rest.slice(0, options.limit ?? 100);
        const last = items.at(-1);
        return {
          items,
          ...(last && items.length < rest.length && { cursor: encodeCursor("sessions", [last.session]) }),
        };
      },
    }),
  ),
  logMutant("list-ends-early", "log/list-is-ordered", "a list has one page only", (log) => ({
    list: async (...call) => without(await log.list(...call), "cursor"),
  })),
  logMutant(
    "subject-is-a-prefix",
    "log/list-filters",
    "a subject also selects those that it begins",
    (log) => ({
      list: async (tenant, { subject, ...options } = {}) => {
        if (subject === undefined) return log.list(tenant, options);
        const items = (await allHeads(log, tenant)).filter((head) => head.subject?.startsWith(subject));
        return { items };
      },
    }),
  ),
  logMutant("prefix-is-a-pattern", "log/list-filters", "`_` in a prefix stands for any character", (log) => ({
    list: async (tenant, { prefix, ...options } = {}) => {
      if (prefix === undefined) return log.list(tenant, options);
      const matches = (session: string): boolean =>
        session.length >= prefix.length &&
        Array.from(prefix).every((unit, index) => unit === "_" || unit === session[index]);
      const items = (await allHeads(log, tenant)).filter(({ session }) => matches(session));
      return { items };
    },
  })),
  logMutant(
    "subject-index-goes-stale",
    "log/list-filters",
    "a touch does not move the session to its new subject",
    (log) => ({ touch: (address, options = {}) => log.touch(address, without(options, "subject")) }),
  ),
  logMutant("idle-since-is-ignored", "log/list-idle-since", "`idleSince` is not looked at", (log) => ({
    list: (tenant, options = {}) => log.list(tenant, without(options, "idleSince")),
  })),
  logMutant(
    "idle-since-excludes-its-time",
    "log/list-idle-since",
    "`idleSince` leaves out what was written at that time",
    (log) => ({
      list: (tenant, options = {}) =>
        log.list(
          tenant,
          options.idleSince === undefined ? options : { ...options, idleSince: options.idleSince - 1 },
        ),
    }),
  ),
  logMutant(
    "list-pages-by-offset",
    "log/list-pages-while-others-write",
    "a cursor counts sessions, so that a new one shifts the pages",
    (log) => ({
      list: async (tenant, options = {}) => {
        const start = options.cursor === undefined ? 0 : Number(options.cursor);
        const heads = await allHeads(log, tenant);
        const end = start + (options.limit ?? 100);
        return { items: heads.slice(start, end), ...(end < heads.length && { cursor: String(end) }) };
      },
    }),
  ),
  logMutant(
    "bad-cursor-starts-again",
    "log/list-cursors-grant-nothing",
    "a cursor that cannot be read starts the list again",
    (log) => ({
      list: async (tenant, options = {}) => {
        try {
          return await log.list(tenant, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return log.list(tenant, without(options, "cursor"));
        }
      },
    }),
  ),
  logMutant(
    "cursor-carries-its-tenant",
    "log/list-cursors-grant-nothing",
    "a cursor goes on in the tenant where it was taken",
    (log, parts) => ({
      list: async (tenant, options = {}) => {
        const taken = parts.shared.get(options.cursor ?? "");
        const page = await log.list(typeof taken === "string" ? taken : tenant, options);
        if (page.cursor !== undefined) parts.shared.set(page.cursor, tenant);
        return page;
      },
    }),
  ),
];
