import { createMemory, type MemoryOptions } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";
import { dieTogether } from "../turns/die-together.ts";
import { mortal } from "../turns/mortal-store.ts";

// A process that erases a person in each of several tenants, and is killed in the midst of all of that.

/** One store, or two tiers in that order. */
export interface ErasingJob {
  readonly stores: readonly { readonly kind: ServerKind; readonly url: string }[];
  readonly sessions: "volatile" | "durable";
  readonly user: string;
  /** Each erasure stops after a call of its own. */
  readonly erasures: readonly { readonly tenant: string; readonly diesAfter: number }[];
}

const { stores, sessions, user, erasures }: ErasingJob = JSON.parse(process.argv[2] ?? "");
const opened = await Promise.all(stores.map(({ kind, url }) => openStore(kind, url)));
await dieTogether(
  erasures.map(({ diesAfter }) => diesAfter),
  async (life, index) => {
    // One count for both stores: the erasure stops once.
    const [first, second] = opened.map(({ store }) => mortal(store, life));
    const memory = createMemory(
      (second === undefined
        ? { store: first }
        : { volatile: first, durable: second, sessions }) as MemoryOptions,
    );
    const { complete } = await memory
      .tenant(erasures[index]?.tenant ?? "")
      .user(user)
      .erase();
    if (!complete) throw new Error("An erasure that nothing stopped is incomplete.");
  },
);
