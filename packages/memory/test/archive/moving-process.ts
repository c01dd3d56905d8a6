import { createMemory } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";
import { mortal } from "../turns/mortal-store.ts";

// A process that archives a session, or restores it, and is killed after one of its calls to the stores.

export interface MovingJob {
  /** Volatile and durable. */
  readonly stores: readonly { readonly kind: ServerKind; readonly url: string }[];
  readonly tenant: string;
  readonly move: "archive" | "restore";
  readonly diesAfter: number;
}

const { stores, tenant, move, diesAfter }: MovingJob = JSON.parse(process.argv[2] ?? "");
const opened = await Promise.all(stores.map(({ kind, url }) => openStore(kind, url)));
const life = { calls: 0, last: diesAfter };
const [volatile, durable] = opened.map(({ store }) => mortal(store, life));
if (volatile === undefined || durable === undefined) throw new Error("There are two stores.");
const memory = createMemory({ volatile, durable, sessions: "volatile", cache: false });
const { moved } = await memory.tenant(tenant)[move]("case");
await memory.close();
for (const one of opened) await one[Symbol.asyncDispose]();
process.send?.(moved);
process.disconnect?.();
