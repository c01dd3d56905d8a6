import { allPages, type ListSessionsOptions, MemoryError, type SessionHead } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

/** A mutant whose lists have other options than were passed. */
function listOptions(
  id: string,
  target: string,
  defect: string,
  change: (options: ListSessionsOptions) => ListSessionsOptions,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    list: (tenant, options = {}) => log.list(tenant, change(options)),
  }));
}

async function allHeads(
  log: FullLog,
  tenant: string,
  options: ListSessionsOptions,
): Promise<readonly SessionHead[]> {
  const heads: SessionHead[] = [];
  const selection = without(options, "cursor", "limit");
  for await (const head of allPages((cursor) => log.list(tenant, { ...selection, ...cursor })))
    heads.push(head);
  return heads;
}

/** The stores that the cases of the orders of `list` must catch. */
export const listOrderMutants: readonly Mutant[] = [
  listOptions("list-has-one-order", "log/list-by-last-write", "`order` is not looked at", (options) =>
    options.order === "updated" ? without(options, "order", "cursor") : options,
  ),
  logMutant(
    "last-write-is-the-creation",
    "log/list-by-last-write",
    "sessions are listed in the order in which they were created",
    (log) => ({
      list: async (tenant, options = {}) => {
        if (options.order !== "updated") return log.list(tenant, options);
        const heads = (await allHeads(log, tenant, options)).toSorted((a, b) => a.createdAt - b.createdAt);
        return { items: options.direction === "backward" ? heads.toReversed() : heads };
      },
    }),
  ),
  logMutant(
    "ties-are-broken-in-utf16",
    "log/list-by-last-write-breaks-ties-by-id",
    "sessions written in one millisecond are listed as JavaScript compares their ids",
    (log) => ({
      list: async (tenant, options = {}) => {
        const heads = (await allHeads(log, tenant, options)).toSorted(
          (a, b) => a.updatedAt - b.updatedAt || (a.session < b.session ? -1 : 1),
        );
        return { items: options.direction === "backward" ? heads.toReversed() : heads };
      },
    }),
  ),
  logMutant(
    "ties-are-cut-by-pages",
    "log/list-by-last-write-breaks-ties-by-id",
    "a page goes on after the time of the last write, and loses others of that time",
    (log) => ({
      list: async (tenant, options = {}) => {
        const { limit = 100, direction, cursor } = options;
        const sign = direction === "backward" ? -1 : 1;
        const heads = (await allHeads(log, tenant, options)).filter(
          ({ updatedAt }) => cursor === undefined || (updatedAt - Number(cursor)) * sign > 0,
        );
        const items = heads.slice(0, limit);
        const last = items.at(-1);
        return { items, ...(last && items.length < heads.length && { cursor: String(last.updatedAt) }) };
      },
    }),
  ),
  listOptions(
    "list-has-one-direction",
    "log/list-backward-by-id",
    "`direction` is not looked at",
    (options) => without(options, "direction"),
  ),
  logMutant(
    "backward-begins-at-the-prefix",
    "log/list-backward-by-id",
    "backward pages with a prefix begin at the prefix and find what is before it",
    (log) => ({
      list: async (tenant, options = {}) => {
        const { prefix, direction } = options;
        if (prefix === undefined || direction !== "backward") return log.list(tenant, options);
        const heads = await allHeads(log, tenant, without(options, "prefix"));
        return { items: heads.filter(({ session }) => compareUtf8(session, prefix) <= 0) };
      },
    }),
  ),
  listOptions(
    "newest-of-everybody",
    "log/list-by-last-write-filters",
    "`subject` is not looked at in the order of the last write",
    (options) => (options.order === "updated" ? without(options, "subject") : options),
  ),
  listOptions(
    "newest-ignores-idle-since",
    "log/list-by-last-write-filters",
    "`idleSince` is not looked at in backward pages",
    (options) => (options.direction === "backward" ? without(options, "idleSince") : options),
  ),
  logMutant(
    "updated-pages-by-offset",
    "log/list-by-last-write-while-others-write",
    "a cursor counts sessions, so that a write shifts the pages",
    (log) => ({
      list: async (tenant, options = {}) => {
        if (options.order !== "updated") return log.list(tenant, options);
        const start = Number(options.cursor ?? 0);
        const heads = await allHeads(log, tenant, options);
        const end = start + (options.limit ?? 100);
        return { items: heads.slice(start, end), ...(end < heads.length && { cursor: String(end) }) };
      },
    }),
  ),
  logMutant(
    "wrong-cursor-starts-again",
    "log/list-cursors-keep-their-order",
    "a cursor of another order starts the list again",
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
];
