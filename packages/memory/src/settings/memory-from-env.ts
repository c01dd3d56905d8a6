import type { Recall } from "@relevo/core";
import {
  admitFields,
  type FieldTable,
  fieldTable,
  readArray,
  refuse,
  requireObject,
} from "@relevo/core/input";
import { createMemory, isStore, type Memory, type MemoryOptions, warn } from "../create-memory.ts";
import type { MemoryStore } from "../runtime.ts";
import {
  type Environment,
  isSamePlace,
  mistaken,
  type NamedStore,
  readSettings,
  type StoreSettings,
} from "./read-settings.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** A store that somebody has to close. */
export type OpenedStore = MemoryStore & { readonly close?: (() => Promise<void>) | undefined };

/** Makes a store of one kind. */
export type OpenStore = (settings: StoreSettings) => OpenedStore | Promise<OpenedStore>;

export interface MemoryFromEnvOptions {
  /**
   * Makes the stores, by the kind that an address begins with: `redis` also for `rediss:`, `postgres` also for `postgresql:`,
   * and any name of your own, such as `process` for a store in the process.
   */
  readonly stores: { readonly [kind: string]: OpenStore };
  /** Where the variables are; `process.env` when left out. */
  readonly env?: Environment | undefined;
  /** Variables of the same prefix that the program itself reads. Any other that is not known is a warning. */
  readonly others?: readonly string[] | undefined;
  /** Makes the recall where `RELEVO_SEARCH` is `on`. */
  readonly recall?: ((stores: OpenedMemoryStores) => Recall | Promise<Recall>) | undefined;
  /** Other options of `createMemory`, which no variable sets. */
  readonly options?:
    | Omit<MemoryOptions, "store" | "volatile" | "durable" | "sessions" | "archive">
    | undefined;
}

const fields: FieldTable = fieldTable<MemoryFromEnvOptions>({
  stores: "selects",
  env: "refines",
  others: "refines",
  recall: "refines",
  options: "refines",
});

/** The stores that a memory is made of. */
export interface OpenedMemoryStores {
  readonly sessions: MemoryStore;
  readonly durable: MemoryStore;
  readonly volatile: MemoryStore;
}

/**
 * A memory as environment variables say, which [docs/guide/settings.md](../../../../docs/guide/settings.md) lists. Closing it
 * closes the stores that were made for it, each of them, whatever fails. An unknown variable with the prefix is a
 * warning: to `options.onError`, or of the process.
 *
 * @throws `invalid-input` with one line for each mistake, before any store is made; when a store cannot be made, with its
 *   variable, and those that were made are closed again. The `cause` is a copy of the failure: neither it nor a message has
 *   a password of the address.
 * @example
 * ```ts
 * const memory = await memoryFromEnv({ stores: { process: () => createMemoryStore() }, env: { RELEVO_STORE: "process" } });
 * ```
 */
export async function memoryFromEnv(given: MemoryFromEnvOptions): Promise<Memory> {
  const { stores, env = process.env, others, recall, options } = admitFields(given, "options", fields);
  requireObject(stores, "options.stores");
  const kinds = Object.keys(stores);
  if (kinds.length === 0) throw refuse("options.stores", "has no store.");
  for (const kind of kinds)
    if (typeof stores[kind] !== "function") throw refuse(`options.stores.${kind}`, "must be a function.");
  const own = readArray(others ?? [], "options.others", "an array of names", 1000).map(String);
  const report = options?.onError ?? warn;
  const { store, volatile, durable, archive, sessions, search, ...settings } = readSettings(env, {
    kinds,
    others: new Set(own),
    report,
  });
  if (search && recall === undefined)
    throw mistaken([{ variable: "RELEVO_SEARCH", problem: "is on, and the program has no recall to give." }]);

  const opened: { readonly named: NamedStore; readonly store: OpenedStore }[] = [];
  const open = async (named: NamedStore): Promise<OpenedStore> => {
    // The archive may be one of the two stores.
    const same = opened.find((one) => isSamePlace(one.named, named));
    if (same !== undefined) return same.store;
    const { variable, kind, ...own } = named;
    try {
      const made = await stores[kind]?.(own);
      if (!isStore(made))
        throw new TypeError(`The function for ${kind} returned no store, with log, documents and limits.`);
      opened.push({ named, store: made });
      return made;
    } catch (failure) {
      const { line, cause } = withoutSecrets(failure, own.url);
      throw mistaken([{ variable, problem: `names a store that could not be opened: ${line}` }], cause);
    }
  };
  const close = async (): Promise<void> => {
    const ends = await Promise.allSettled(opened.splice(0).map(async ({ store }) => store.close?.()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
  try {
    const tiers = await openTiers({ store, volatile, durable, sessions }, open);
    const place = archive && (await open(archive));
    const places = "store" in tiers ? oneStore(tiers.store) : twoStores(tiers);
    const memory = createMemory({
      ...options,
      ...settings,
      ...tiers,
      ...(place === undefined ? {} : { archive: place }),
      ...(search && recall !== undefined ? { recall: await recall(places) } : {}),
    } as MemoryOptions);
    const end = async (): Promise<void> => {
      try {
        await memory.close();
      } finally {
        await close();
      }
    };
    return { tenant: (id) => memory.tenant(id), close: end, [Symbol.asyncDispose]: end };
  } catch (error) {
    // What failed first is what has to be mended.
    await close().catch(report);
    throw error;
  }
}

type Tiers =
  | { readonly store: MemoryStore }
  | {
      readonly volatile: MemoryStore;
      readonly durable: MemoryStore;
      readonly sessions: "volatile" | "durable";
    };

async function openTiers(
  {
    store,
    volatile,
    durable,
    sessions,
  }: {
    readonly store: NamedStore | undefined;
    readonly volatile: NamedStore | undefined;
    readonly durable: NamedStore | undefined;
    readonly sessions: "volatile" | "durable" | undefined;
  },
  open: (named: NamedStore) => Promise<OpenedStore>,
): Promise<Tiers> {
  if (store !== undefined) return { store: await open(store) };
  if (volatile === undefined || durable === undefined || sessions === undefined)
    throw mistaken([{ variable: "RELEVO_STORE", problem: "is missing." }]);
  return { volatile: await open(volatile), durable: await open(durable), sessions };
}

function oneStore(store: MemoryStore): OpenedMemoryStores {
  return { sessions: store, volatile: store, durable: store };
}

function twoStores(tiers: Extract<Tiers, { readonly sessions: string }>): OpenedMemoryStores {
  return { volatile: tiers.volatile, durable: tiers.durable, sessions: tiers[tiers.sessions] };
}
