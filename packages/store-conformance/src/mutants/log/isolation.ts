import type { SessionAddress } from "@relevo/core";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { logMutant } from "../log-mutant.ts";

/** A log that finds its sessions under another address. */
function readdressed(log: FullLog, change: (address: SessionAddress) => SessionAddress): Partial<FullLog> {
  return {
    append: (address, events, options) => log.append(change(address), events, options),
    operation: (address, id) => log.operation(change(address), id),
    read: (address, options) => log.read(change(address), options),
    head: (address) => log.head(change(address)),
    trim: (address, options) => log.trim(change(address), options),
    erase: (address, options) => log.erase(change(address), options),
    delete: (address, options) => log.delete(change(address), options),
  };
}

export const isolationMutants: readonly Mutant[] = [
  logMutant(
    "tenant-is-folded",
    "log/tenants-are-isolated",
    "tenants are normalised to composed characters",
    (log) => readdressed(log, ({ tenant, session }) => ({ tenant: tenant.normalize("NFC"), session })),
  ),
  logMutant(
    "tenant-is-a-prefix",
    "log/tenants-are-isolated",
    "the list of a tenant also shows those whose id it begins",
    (log, parts) => ({
      append: (address, events, options) => {
        parts.shared.set(address.tenant, true);
        return log.append(address, events, options);
      },
      list: async (tenant, options) => {
        const tenants = [...parts.shared.keys()].filter((other) => other.startsWith(tenant));
        const pages = await Promise.all(tenants.map((one) => log.list(one, options)));
        return { items: pages.flatMap(({ items }) => items) };
      },
    }),
  ),
  logMutant(
    "session-ids-are-trimmed",
    "log/sessions-are-isolated",
    "blanks around a session's id are cut off",
    (log) => readdressed(log, ({ tenant, session }) => ({ tenant, session: session.trim() || "blank" })),
  ),
  logMutant(
    "session-ids-are-file-names",
    "log/sessions-are-isolated",
    "characters that a file name may not hold become underscores",
    (log) =>
      readdressed(log, ({ tenant, session }) => ({ tenant, session: session.replace(/[/:*?"\\]/g, "_") })),
  ),
  ...[":", "}"].map((mark) =>
    logMutant(
      `address-is-joined-by-${mark === ":" ? "colon" : "brace"}`,
      "log/pairs-are-not-joined",
      `tenant and session are joined by \`${mark}\` into one key`,
      (log) =>
        readdressed(log, ({ tenant, session }) => {
          const [head = "", ...rest] = `${tenant}${mark}${session}`.split(mark);
          return { tenant: head, session: rest.join(mark) };
        }),
    ),
  ),
];
