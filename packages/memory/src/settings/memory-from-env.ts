import type { Recall } from "@relevo/core";
import { errorLine, refuse, requireObject } from "@relevo/core/input";
import { createMemory, type Memory, type MemoryOptions } from "../create-memory.ts";
import type { MemoryStore } from "../runtime.ts";
import {
  type Environment,
  mistaken,
  type NamedStore,
  readSettings,
  type StoreSettings,
} from "./read-settings.ts";

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
  /** Makes the recall where `RELEVO_SEARCH` is `on`. */
  readonly recall?: ((stores: OpenedMemoryStores) => Recall | Promise<Recall>) | undefined;
  /** Other options of `createMemory`, which no variable sets. */
  readonly options?:
    | Omit<MemoryOptions, "store" | "volatile" | "durable" | "sessions" | "archive">
    | undefined;
}

/** The stores that a memory is made of. */
export interface OpenedMemoryStores {
  readonly sessions: MemoryStore;
  readonly durable: MemoryStore;
  readonly volatile: MemoryStore;
}

/**
 * A memory as environment variables say, which [docs/guide/settings.md](../../../../docs/guide/settings.md) lists. Closing it
 * closes the stores that were made for it.
 *
 * @throws `invalid-input` with one line for each mistake, before any store is made; when a store cannot be made, with its
 *   variable and the failure as `cause`, and those that were made are closed again. Passwords are in no message.
 * @example
 * ```ts
 * const memory = await memoryFromEnv({ stores: { process: () => createMemoryStore() }, env: { RELEVO_STORE: "process" } });
 * ```
 */
export async function memoryFromEnv(given: MemoryFromEnvOptions): Promise<Memory> {
  requireObject(given, "options");
  const { stores, env = process.env, recall, options } = given;
  requireObject(stores, "options.stores");
  const kinds = Object.keys(stores);
  if (kinds.length === 0) throw refuse("options.stores", "has no store.");
  for (const kind of kinds)
    if (typeof stores[kind] !== "function") throw refuse(`options.stores.${kind}`, "must be a function.");
  const { store, volatile, durable, archive, sessions, search, ...settings } = readSettings(env, kinds);
  if (search && recall === undefined)
    throw mistaken([{ variable: "RELEVO_SEARCH", problem: "is on, and the program has no recall to give." }]);

  const opened: OpenedStore[] = [];
  const open = async (named: NamedStore): Promise<OpenedStore> => {
    const { variable, kind, ...own } = named;
    try {
      const made = await stores[kind]?.(own);
      if (made === undefined) throw new TypeError("The function has returned no store.");
      opened.push(made);
      return made;
    } catch (cause) {
      throw mistaken(
        [{ variable, problem: `names a store that could not be opened: ${withoutUrl(cause, own.url)}` }],
        cause,
      );
    }
  };
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0)) await one.close?.();
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
      await memory.close();
      await close();
    };
    return { tenant: (id) => memory.tenant(id), close: end, [Symbol.asyncDispose]: end };
  } catch (error) {
    await close();
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

/** Drivers like to repeat the address, with its password. */
function withoutUrl(cause: unknown, url: string): string {
  let text = errorLine(cause);
  for (const secret of secretsOf(url)) text = text.replaceAll(secret, "…");
  return text;
}

function secretsOf(url: string): readonly string[] {
  try {
    const { password, username } = new URL(url);
    const secrets = [url, password, decodeURIComponent(password), username];
    return secrets.filter((secret) => secret.length > 2);
  } catch {
    return url.length > 2 ? [url] : [];
  }
}
