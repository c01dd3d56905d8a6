import { allPages, type CallOptions, type Maintenance } from "@relevo/core";
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
import type { ListPosition } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { endSession } from "../log/end-session.ts";
import { listSessions } from "../log/list-sessions.ts";
import { purgeEnded } from "./purge.ts";
import {
  readStatistics,
  type TableStatistics,
  type TenantStatistics,
  tableStatistics,
} from "./statistics.ts";

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

const deleteIdleFields: FieldTable = fieldTable<DeleteIdleOptions>({
  ...callKinds,
  tenant: "selects",
  idleSince: "selects",
  limit: "refines",
});

/** Adds to the upkeep of a store what only this one offers. */
export function createPostgresMaintenance(
  context: StoreContext,
  maintenance: Maintenance,
): PostgresMaintenance {
  const { database } = context;
  const { limits } = database;

  function admit(options: CallOptions): CallOptions {
    database.requireOpen();
    return admitCall(options);
  }

  async function deleteIdle(
    tenant: string,
    idleSince: number,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const filters = {
      subject: undefined,
      prefix: undefined,
      idleSince,
      order: "id",
      direction: "forward",
    } as const;
    let deleted = 0;
    let after: ListPosition | undefined;
    do {
      const { items, next } = await listSessions(context, { ...filters, tenant, limit: 1000, after, signal });
      for (const { session } of items) {
        if (deleted === limit) return deleted;
        const address = { tenant, session };
        const { ok: ended } = await endSession(context, address, { idleSince, signal });
        if (ended === undefined) continue;
        deleted++;
        await purgeEnded(context, address, ended);
      }
      after = next;
    } while (after !== undefined);
    return deleted;
  }

  return {
    ...maintenance,

    async deleteIdleSessions(given: DeleteIdleOptions) {
      database.requireOpen();
      const options = admitFields(given, "options", deleteIdleFields);
      const { signal } = options;
      throwIfAborted(signal);
      const idleSince = admitTime(options.idleSince, "idleSince");
      if (idleSince === undefined) throw refuse("idleSince", "is missing.");
      const limit = admitInteger(options.limit ?? 1000, "limit", 1);
      const tenants =
        options.tenant === undefined
          ? allPages((page) => maintenance.tenants({ ...page, limit: 500, signal }))
          : [admitTenant(options.tenant, limits)];
      let deleted = 0;
      for await (const tenant of tenants) {
        deleted += await deleteIdle(tenant, idleSince, limit - deleted, signal);
        if (deleted === limit) break;
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
