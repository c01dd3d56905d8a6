import type { MaintenanceDriver } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { parseText } from "../log/head.ts";
import { functionCall } from "../schema/function-call.ts";
import { asJson, asTexts } from "../schema/sql-text.ts";
import { type DurabilityRow, durabilityOf, durabilityText } from "./durability.ts";

/** How many tenants one statement goes through. */
const tenantsAtOnce = 500;

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

/** Upkeep. */
export function createMaintenanceDriver({ database }: StoreContext, inMemory: boolean): MaintenanceDriver {
  const { schema } = database;
  // Where the last call stopped: the next continues there, or the first tenants would be looked at in each.
  let expiredTo = "";

  return {
    async tenants({ limit, after, signal }) {
      const { call, values } = functionCall(schema, "list_tenants", {
        after: after ?? "",
        limit,
        look: limit + tenantsAtOnce,
      });
      const rows = await database.call<TenantRow>(
        {
          name: "list_tenants",
          text: () => `select ${asJson("r_tenant")} as r_tenant, r_listed, r_edge from ${call()}`,
          values,
        },
        { effect: "read", signal },
      );
      const listed = rows.filter((row) => row.r_listed).map((row) => parseText(row.r_tenant));
      const items = listed.slice(0, limit);
      if (listed.length > limit) return { ok: { items, next: items.at(-1) } };
      const edge = rows.find((row) => row.r_edge);
      return { ok: { items, next: edge && parseText(edge.r_tenant) } };
    },

    async expire({ limit, signal }) {
      let sessions = 0;
      let documents = 0;
      for (;;) {
        const { call, values } = functionCall(schema, "expire_tenants", {
          after: expiredTo,
          tenants: tenantsAtOnce,
          limit: limit - sessions - documents,
        });
        const [row] = await database.call<ExpireRow>(
          {
            name: "expire_tenants",
            text: () => `select ${asTexts("f", ["r_sessions", "r_documents"])}, f.r_more, ${asJson("f.r_last")} as r_last
  from ${call()} as f`,
            values,
          },
          { effect: "repeatable", signal },
        );
        sessions += exactNumber(row?.r_sessions ?? "0");
        documents += exactNumber(row?.r_documents ?? "0");
        expiredTo = row === undefined || row.r_last === null ? "" : parseText(row.r_last);
        const more = row?.r_more === true;
        if (more || expiredTo === "" || sessions + documents >= limit) {
          return { ok: { sessions, documents, more: more || expiredTo !== "" } };
        }
      }
    },

    async durability({ signal }) {
      const [row] = await database.call<DurabilityRow>(
        { name: "durability", text: durabilityText, values: [] },
        { effect: "read", signal },
      );
      return { ok: durabilityOf(row as DurabilityRow, inMemory) };
    },
  };
}
