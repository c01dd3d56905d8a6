import { createMemory } from "../../src/index.ts";
import { dieTogether } from "../turns/die-together.ts";
import { mortal } from "../turns/mortal-store.ts";
import { openPlace, type Place } from "./places.ts";
import { type Move, moveBy } from "./workflow.ts";

// A process that moves workflows of several tenants, and is killed in the midst of all of that.

export interface MovingJob {
  /** Volatile and durable. */
  readonly stores: readonly Pick<Place, "kind" | "url">[];
  readonly moves: readonly InterruptedMove[];
}

/** A move that stops after one of its calls to the stores. */
export interface InterruptedMove {
  readonly tenant: string;
  readonly move: Move;
  readonly diesAfter: number;
}

const { stores, moves }: MovingJob = JSON.parse(process.argv[2] ?? "");
const opened = await Promise.all(stores.map(({ kind, url }) => openPlace(kind, url)));
await dieTogether(
  moves.map(({ diesAfter }) => diesAfter),
  async (life, index) => {
    const [volatile, durable] = opened.map(({ store }) => mortal(store, life));
    const job = moves[index];
    if (volatile === undefined || durable === undefined || job === undefined)
      throw new Error("There are two stores, and a move for each number.");
    const memory = createMemory({ volatile, durable, sessions: "volatile", cache: false });
    await moveBy(memory.tenant(job.tenant), job.move);
  },
);
