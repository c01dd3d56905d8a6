import { type JsonValue, MemoryError } from "@relevo/core";
import { breakStore, type Mutant } from "@relevo/store-conformance";

/** Mistakes that a store on Redis makes: of eviction, of lists, of patterns, of Lua, of replicas. */
export const ownMutants: readonly Mutant[] = [
  {
    id: "redis-evicted-starts-anew",
    target: "log/lost-data-is-history-lost",
    defect: "a key that was evicted is taken for a session that never was, and starts again at seq 1",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async append(address, events, options = {}) {
            try {
              return await log.append(address, events, options);
            } catch (error) {
              const evicted =
                MemoryError.isInstance(error, "history-lost") && error.details.reason === "evicted";
              if (!evicted) throw error;
              await log.delete(address);
              const { incarnation: _gone, ...rest } = options;
              return log.append(address, events, rest);
            }
          },
        },
      })),
  },
  {
    id: "redis-version-is-the-length",
    target: "log/trim-of-everything-keeps-the-session",
    defect: "the version is the length of the list, so that a trim takes it back",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async head(address, options) {
            const head = await log.head(address, options);
            return head && { ...head, version: head.events };
          },
        },
      })),
  },
  {
    id: "redis-empty-array-through-lua",
    target: "log/append-keeps-every-field",
    defect:
      "bodies go through the JSON of Lua, which has one empty table for the empty array and the empty object",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          append: (address, events, options) =>
            log.append(
              address,
              events.map((event) => throughLua(event as unknown as JsonValue) as unknown as typeof event),
              options,
            ),
        },
      })),
  },
  {
    id: "redis-prefix-as-glob",
    target: "hostile/twin-sessions",
    defect: "list finds a prefix as SCAN MATCH does, so that * and ? in it stand for other characters",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async list(tenant, options = {}) {
            const { prefix, ...rest } = options;
            if (prefix === undefined) return log.list(tenant, options);
            const pattern = new RegExp(`^${glob(prefix)}`, "u");
            const page = await log.list(tenant, rest);
            return { ...page, items: page.items.filter(({ session }) => pattern.test(session)) };
          },
        },
      })),
  },
  {
    id: "redis-reads-from-a-replica",
    target: "log/reads-are-prefixes",
    defect: "every other read is answered by a replica that has not seen the newest event",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async read(address, options) {
            const result = await log.read(address, options);
            const count = Number(shared.get("reads") ?? 0);
            shared.set("reads", count + 1);
            if (count % 2 === 0 || options?.direction === "backward") return result;
            return { ...result, version: result.version - 1, events: result.events.slice(0, -1) };
          },
        },
      })),
  },
];

function throughLua(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.length === 0 ? {} : value.map(throughLua);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, throughLua(part)]));
}

function glob(pattern: string): string {
  const literal = pattern.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, String.raw`\$&`);
  return literal.replaceAll(String.raw`\*`, ".*").replaceAll(String.raw`\?`, ".");
}
