import type { CallOptions, ExpireOptions, Maintenance, Page, PageOptions, SessionHead } from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitInteger,
  admitTenant,
  admitTime,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { admitExpire, admitListSessions, admitTenants, encodeCursor, sessionKey } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { parseText } from "../log/head.ts";
import { listSessions } from "../log/list-sessions.ts";
import { functionCall } from "../schema/function-call.ts";
import { asJson, asTexts } from "../schema/sql-text.ts";
import { type DurabilityRow, durabilityOf, durabilityText } from "./durability.ts";
import { purgeEnded } from "./purge.ts";
import {
  readStatistics,
  type TableStatistics,
  type TenantStatistics,
  tableStatistics,
} from "./statistics.ts";

/** How many tenants one statement goes through. */
const tenantsAtOnce = 500;

export interface DeleteIdleOptions extends CallOptions {
  /** Only of this tenant; of all when left out. */
  readonly tenant?: string;
  /** Sessions whose last write is at or before this time. In milliseconds since the epoch. */
  readonly idleSince: number;
  /** At most this many; 1,000 when left out. */
  readonly limit?: number | undefined;
}

export interface DeleteIdleResult {
  readonly deleted: number;
  /** True when the call reached its limit and there may be more. */
  readonly more: boolean;
}

/** Upkeep, with what only this store offers. For the operator and never for a tenant. */
export interface PostgresMaintenance extends Maintenance {
  /**
   * Retention: deletes sessions that nobody has written to since, in bounded transactions of one session each. One
   * that is written to meanwhile stays. Call it again while there is more.
   */
  deleteIdleSessions(options: DeleteIdleOptions): Promise<DeleteIdleResult>;
  /** Sessions, events and documents of a tenant, counted: the cost follows the number of its sessions and documents. */
  tenantStatistics(tenant: string, options?: CallOptions): Promise<TenantStatistics>;
  /** Sizes of the tables, and what vacuum has left, as the server estimates them; costs next to nothing. */
  tableStatistics(options?: CallOptions): Promise<readonly TableStatistics[]>;
}

interface TenantRow {
  readonly r_tenant: string;
  readonly r_listed: boolean;
  /** Whether the call may look no further. */
  readonly r_edge: boolean;
}

interface ExpireRow {
  readonly r_sessions: string;
  readonly r_documents: string;
  readonly r_more: boolean;
  readonly r_last: string | null;
}

const deleteIdleFields: FieldTable = fieldTable<DeleteIdleOptions>({
  ...callKinds,
  tenant: "selects",
  idleSince: "selects",
  limit: "refines",
});

export function createMaintenance(context: StoreContext, inMemory: boolean): PostgresMaintenance {
  const { database, turns, lockTimeoutMs } = context;
  const { schema, limits } = database;
  // Where the last call stopped: the next goes on there, or the first tenants would be looked at in each.
  let expiredTo = "";

  function admit(options: CallOptions): CallOptions {
    database.requireOpen();
    return admitCall(options);
  }

  async function listTenants(
    after: string,
    limit: number,
    signal: CallOptions,
  ): Promise<{ readonly tenants: readonly string[]; readonly last: string | undefined }> {
    const { call, values } = functionCall(schema, "list_tenants", {
      after,
      limit,
      look: limit + tenantsAtOnce,
    });
    const rows = await database.call<TenantRow>(
      {
        name: "list_tenants",
        text: `select ${asJson("r_tenant")} as r_tenant, r_listed, r_edge from ${call}`,
        values,
      },
      { effect: "read", ...signal },
    );
    const listed = rows.filter((row) => row.r_listed).map((row) => parseText(row.r_tenant));
    if (listed.length > limit) return { tenants: listed.slice(0, limit), last: listed[limit - 1] };
    const edge = rows.find((row) => row.r_edge);
    return { tenants: listed, last: edge && parseText(edge.r_tenant) };
  }

  async function deleteIdle(
    tenant: string,
    idleSince: number,
    limit: number,
    signal: CallOptions,
  ): Promise<number> {
    let deleted = 0;
    let cursor: string | undefined;
    do {
      const options = { idleSince, limit: 1000, cursor };
      const page: Page<SessionHead> = await listSessions(
        context,
        admitListSessions(tenant, options, limits),
        signal.signal,
      );
      for (const { session } of page.items) {
        if (deleted === limit) return deleted;
        const { call, values } = functionCall(schema, "end_session", {
          tenant,
          session,
          lock_ms: lockTimeoutMs,
          incarnation: undefined,
          expected: undefined,
          idle_since: idleSince,
        });
        const [row] = await turns.take(sessionKey(tenant, session), signal.signal, () =>
          database.call<{ readonly r_status: string; readonly r_generation: string }>(
            {
              name: "end_idle_session",
              text: `select f.r_status, ${asTexts("f", ["r_generation"])}
  from ${call} as f`,
              values,
            },
            { effect: "once", ...signal },
          ),
        );
        if (row?.r_status !== "done") continue;
        deleted++;
        await purgeEnded(context, { tenant, session }, row.r_generation);
      }
      ({ cursor } = page);
    } while (cursor !== undefined);
    return deleted;
  }

  return {
    async tenants(options: PageOptions = {}) {
      database.requireOpen();
      const { limit, after } = admitTenants(options, limits);
      const { tenants, last } = await listTenants(after ?? "", limit, { signal: options.signal });
      return last === undefined
        ? { items: tenants }
        : { items: tenants, cursor: encodeCursor("tenants", [last]) };
    },

    async expire(options: ExpireOptions = {}) {
      database.requireOpen();
      const { limit } = admitExpire(options);
      const { signal } = options;
      let sessions = 0;
      let documents = 0;
      for (;;) {
        const left = limit - sessions - documents;
        const { call, values } = functionCall(schema, "expire_tenants", {
          after: expiredTo,
          tenants: tenantsAtOnce,
          limit: left,
        });
        const [row] = await database.call<ExpireRow>(
          {
            name: "expire_tenants",
            text: `select ${asTexts("f", ["r_sessions", "r_documents"])}, f.r_more, ${asJson("f.r_last")} as r_last
  from ${call} as f`,
            values,
          },
          { effect: "repeatable", signal },
        );
        sessions += exactNumber(row?.r_sessions ?? "0");
        documents += exactNumber(row?.r_documents ?? "0");
        expiredTo = row === undefined || row.r_last === null ? "" : parseText(row.r_last);
        const more = row?.r_more === true;
        if (more || expiredTo === "" || sessions + documents >= limit) {
          return { sessions, documents, more: more || expiredTo !== "" };
        }
      }
    },

    async durability(options: CallOptions = {}) {
      const signal = admit(options);
      const [row] = await database.call<DurabilityRow>(
        { name: "durability", text: durabilityText, values: [] },
        { effect: "read", ...signal },
      );
      return durabilityOf(row as DurabilityRow, inMemory);
    },

    async deleteIdleSessions(given: DeleteIdleOptions) {
      database.requireOpen();
      const options = admitFields(given, "options", deleteIdleFields);
      const signal = { signal: options.signal };
      throwIfAborted(options.signal);
      const idleSince = admitTime(options.idleSince, "idleSince");
      if (idleSince === undefined) throw refuse("idleSince", "is missing.");
      const limit = admitInteger(options.limit ?? 1000, "limit", 1);
      if (options.tenant !== undefined) {
        const tenant = admitTenant(options.tenant, limits);
        const deleted = await deleteIdle(tenant, idleSince, limit, signal);
        return { deleted, more: deleted === limit };
      }
      let deleted = 0;
      let after: string | undefined = "";
      while (after !== undefined && deleted < limit) {
        const page: Awaited<ReturnType<typeof listTenants>> = await listTenants(after, tenantsAtOnce, signal);
        for (const tenant of page.tenants) {
          if (deleted < limit) deleted += await deleteIdle(tenant, idleSince, limit - deleted, signal);
        }
        after = page.last;
      }
      return { deleted, more: deleted === limit };
    },

    async tenantStatistics(tenant: string, options: CallOptions = {}) {
      const signal = admit(options);
      return await readStatistics(context, admitTenant(tenant, limits), signal);
    },

    async tableStatistics(options: CallOptions = {}) {
      return await tableStatistics(context, admit(options));
    },
  };
}
