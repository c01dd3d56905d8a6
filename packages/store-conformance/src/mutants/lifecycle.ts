import { allPages, MemoryError } from "@relevo/core";
import type { Mutant } from "../harness.ts";
import { breakStore, type Overrides, type StoreParts } from "./break-store.ts";
import { without } from "./log-mutant.ts";

function lifecycleMutant(
  id: string,
  target: string,
  defect: string,
  replace: (parts: StoreParts) => Overrides,
): Mutant {
  return { id, target, defect, mutate: (store, shared) => breakStore(store, shared, replace) };
}

/** The stores that the cases of lifecycle and maintenance must catch. */
export const lifecycleMutants: readonly Mutant[] = [
  lifecycleMutant("close-does-nothing", "lifecycle/close-ends-a-handle", "a closed handle works on", () => ({
    store: { close: async () => undefined },
  })),
  lifecycleMutant(
    "closed-reads-are-empty",
    "lifecycle/close-ends-a-handle",
    "a read through a closed handle returns nothing instead of failing",
    ({ log }) => ({
      log: {
        head: async (address) => {
          try {
            return await log.head(address);
          } catch (error) {
            if (MemoryError.isInstance(error, "closed")) return undefined;
            throw error;
          }
        },
      },
    }),
  ),
  lifecycleMutant(
    "close-works-once",
    "lifecycle/close-ends-a-handle",
    "a second close is an error",
    ({ store }) => {
      let closed = false;
      return {
        store: {
          close: async () => {
            if (closed) throw new MemoryError("closed", "The store was closed.");
            closed = true;
            await store.close();
          },
        },
      };
    },
  ),
  lifecycleMutant(
    "close-ends-all-handles",
    "lifecycle/close-ends-a-handle",
    "closing one handle shuts the others",
    ({ store, log, shared }) => ({
      store: {
        close: async () => {
          shared.set("closed", true);
          await store.close();
        },
      },
      log: {
        read: async (...call) => {
          if (shared.has("closed")) throw new MemoryError("closed", "The store was closed.");
          return log.read(...call);
        },
      },
    }),
  ),
  lifecycleMutant(
    "dispose-does-nothing",
    "lifecycle/dispose-closes",
    "`await using` leaves the store open",
    () => ({
      store: { [Symbol.asyncDispose]: async () => undefined },
    }),
  ),
  lifecycleMutant(
    "append-is-deaf",
    "lifecycle/aborted-calls-do-nothing",
    "the signal of an append is not looked at",
    ({ log }) => ({
      log: {
        append: (address, events, options = {}) => log.append(address, events, without(options, "signal")),
      },
    }),
  ),
  lifecycleMutant(
    "read-is-deaf",
    "lifecycle/aborted-calls-do-nothing",
    "the signal of a read is not looked at",
    ({ log }) => ({
      log: { read: (address, options = {}) => log.read(address, without(options, "signal")) },
    }),
  ),
  lifecycleMutant(
    "abort-applies",
    "lifecycle/aborted-calls-do-nothing",
    "an aborted erase has erased",
    ({ log }) => ({
      log: {
        erase: async (address, options) => {
          await log.erase(address, without(options, "signal"));
          return log.erase(address, options);
        },
      },
    }),
  ),
  lifecycleMutant(
    "tenants-of-documents-are-missing",
    "lifecycle/tenants-are-listed",
    "a tenant that has documents only is not listed",
    ({ maintenance, log }) => ({
      maintenance: {
        tenants: async (options) => {
          const page = await maintenance.tenants(options);
          const heads = await Promise.all(page.items.map((tenant) => log.list(tenant, { limit: 1 })));
          return { ...page, items: page.items.filter((_, index) => heads[index]?.items.length === 1) };
        },
      },
    }),
  ),
  lifecycleMutant(
    "tenants-end-early",
    "lifecycle/tenants-are-listed",
    "the list of tenants has one page only",
    ({ maintenance }) => ({
      maintenance: { tenants: async (options) => without(await maintenance.tenants(options), "cursor") },
    }),
  ),
  lifecycleMutant(
    "expire-takes-the-living",
    "lifecycle/expire-takes-the-expired-only",
    "an expiry run also removes sessions that have a lifetime and are not past it",
    ({ maintenance, log }) => ({
      maintenance: {
        expire: async (options) => {
          // All of them: on a server that other cases share there are many.
          for await (const tenant of allPages((cursor) => maintenance.tenants({ limit: 1000, ...cursor }))) {
            for (const { session, expiresAt } of (await log.list(tenant)).items) {
              if (expiresAt !== undefined) await log.delete({ tenant, session });
            }
          }
          return maintenance.expire(options);
        },
      },
    }),
  ),
  lifecycleMutant(
    "expire-never-ends",
    "lifecycle/expire-takes-the-expired-only",
    "an expiry run always says that there is more",
    ({ maintenance }) => ({
      maintenance: { expire: async (options) => ({ ...(await maintenance.expire(options)), more: true }) },
    }),
  ),
  lifecycleMutant(
    "durability-is-a-boast",
    "lifecycle/durability-is-stated",
    "the durability is a word outside of the four grades",
    () => ({
      maintenance: { durability: async () => ({ survives: "everything" as "nothing", detail: "" }) },
    }),
  ),
];
