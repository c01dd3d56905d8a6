import { createMemory, type MemoryOptions } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";
import { mortal } from "../turns/mortal-store.ts";

// A process that erases a person, and is killed after one of its calls to the stores.

/** One store, or two tiers; in that order on the command line. */
export interface ErasingJob {
  readonly stores: readonly { readonly kind: ServerKind; readonly url: string }[];
  readonly sessions: "volatile" | "durable";
  readonly tenant: string;
  readonly user: string;
  readonly diesAfter: number;
}

const { stores, sessions, tenant, user, diesAfter }: ErasingJob = JSON.parse(process.argv[2] ?? "");
const opened = await Promise.all(stores.map(({ kind, url }) => openStore(kind, url)));
// One count for both: the process is killed once.
const life = { calls: 0, last: diesAfter };
const [first, second] = opened.map(({ store }) => mortal(store, life));
const memory = createMemory(
  (second === undefined ? { store: first } : { volatile: first, durable: second, sessions }) as MemoryOptions,
);
const { complete } = await memory.tenant(tenant).user(user).erase();
await memory.close();
for (const one of opened) await one[Symbol.asyncDispose]();
process.send?.(complete);
process.disconnect?.();
