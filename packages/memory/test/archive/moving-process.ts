import { createMemory } from "../../src/index.ts";
import { mortal } from "../turns/mortal-store.ts";
import { openPlace, type Place } from "./places.ts";
import { type Move, moveBy } from "./workflow.ts";

// A process that moves a workflow, and is killed after one of its calls to the stores.

export interface MovingJob {
  /** Volatile and durable. */
  readonly stores: readonly Pick<Place, "kind" | "url">[];
  readonly tenant: string;
  readonly move: Move;
  readonly diesAfter: number;
}

const { stores, tenant, move, diesAfter }: MovingJob = JSON.parse(process.argv[2] ?? "");
const opened = await Promise.all(stores.map(({ kind, url }) => openPlace(kind, url)));
const life = { calls: 0, last: diesAfter };
const [volatile, durable] = opened.map(({ store }) => mortal(store, life));
if (volatile === undefined || durable === undefined) throw new Error("There are two stores.");
const memory = createMemory({ volatile, durable, sessions: "volatile", cache: false });
await moveBy(memory.tenant(tenant), move);
await memory.close();
for (const one of opened) await one[Symbol.asyncDispose]();
process.send?.(true);
process.disconnect?.();
