import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createManualClock,
  type EventInput,
  MemoryError,
  type SessionAddress,
  type View,
} from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import fc from "fast-check";
import type { createMemory, Session, Tenant } from "../../src/index.ts";
import { Network } from "./network.ts";
import { createRewindableStore } from "./rewindable-store.ts";
import { newest } from "./shown-views.ts";

/** What a mutant replaces. */
export type CreateMemory = typeof createMemory;

const places: readonly SessionAddress[] = [
  { tenant: "acme", session: "chat" },
  { tenant: "acme", session: "case" },
  { tenant: "beta", session: "chat" },
];
const sizes = [3, 9] as const;

/** Something that one of the memories, or somebody else, is to do. */
export interface Command {
  readonly kind: (typeof kinds)[number];
  readonly place: number;
  /** The same object as in the command before it, or a new one. */
  readonly retained: boolean;
  readonly size: (typeof sizes)[number];
  readonly what: number;
}

const kinds = [
  "turn",
  "turn",
  "view",
  "view",
  "views",
  "append",
  "append",
  "retry",
  "undo",
  "clear",
  "erase",
  "trim",
  "touch",
  "delete",
  "advance",
  "save",
  "rewind",
  "rewind",
  "seal",
  "copy",
] as const;

/** Commands for each of the fibers, and in which order what they start goes on. */
export interface Story {
  readonly fibers: readonly (readonly Command[])[];
  readonly order: readonly number[];
}

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom(...kinds),
  place: fc.nat(places.length - 1),
  retained: fc.boolean(),
  size: fc.constantFrom(...sizes),
  what: fc.nat(1000),
});

/** Two cached memories with two flows each, and one that is not cached: five fibers. */
export const stories: fc.Arbitrary<Story> = fc.record({
  fibers: fc.array(fc.array(command, { maxLength: 14 }), { minLength: 5, maxLength: 5 }),
  order: fc.array(fc.nat(1000), { minLength: 60, maxLength: 240 }),
});

/** What an uncached memory shows after one of the writes. */
interface State {
  readonly token: string | undefined;
  readonly incarnation: string | undefined;
  readonly views: ReadonlyMap<number, string>;
}

/**
 * Runs a story over memories made by `create`, in the process of their store or across a network.
 *
 * @throws when a view is none that an uncached memory would have shown between its call and its answer, or as of the
 *   append just before it.
 */
export async function runStory(create: CreateMemory, story: Story, inProcess: boolean): Promise<void> {
  const { store, clock, save } = inProcess ? openInProcess() : createRewindableStore();
  const reference = create({ store, clock, cache: false });
  const states = new Map<number, State[]>(places.map((_, index) => [index, []]));
  const note = async (index: number): Promise<void> => {
    const session = sessionAt(reference.tenant, places[index]);
    const views = new Map<number, string>();
    for (const size of sizes) views.set(size, shown(await session.view({ strategy: newest(size) })));
    const head = await session.head();
    states.get(index)?.push({ token: head?.token, incarnation: head?.incarnation, views });
  };
  const noteAll = async (): Promise<void> => {
    for (const index of places.keys()) await note(index);
  };
  const network = new Network(noteAll);
  const connected = inProcess ? store : network.connect(store);
  const memories = [
    // Pages of sessions that these begin have three events, so that some leave them soon.
    create({ store: connected, clock, view: newest(3), cache: { sessions: 2 } }),
    create({ store: connected, clock, view: newest(3), cache: true }),
    create({ store: connected, clock, cache: false }),
  ];
  let restore = save();
  await noteAll();
  const problems: string[] = [];

  const checkView = async (session: Session, { place, size }: Command, own?: string): Promise<void> => {
    if (inProcess) await note(place);
    const all = states.get(place) ?? [];
    const from = all.length - 1;
    const meant = session.incarnation;
    let view: string;
    try {
      view = shown(await session.view({ strategy: newest(size) }));
    } catch (error) {
      if (MemoryError.isInstance(error, "history-lost") && meant !== undefined) return;
      throw error;
    }
    const allowed = all.filter(
      (state, index) =>
        (index >= from || (!inProcess && own !== undefined && state.token === own)) &&
        (meant === undefined || state.incarnation === meant),
    );
    if (allowed.some(({ views }) => views.get(size) === view)) return;
    const texts = allowed.map(({ views }) => views.get(size)).join("\n    ");
    problems.push(`a view of ${JSON.stringify(places[place])} is\n    ${view}\n  and none of\n    ${texts}`);
  };

  const fibers = story.fibers.map((commands, index) => {
    const memory = memories[index % memories.length];
    if (memory === undefined) throw new Error("There is no such memory.");
    const objects = new Map<number, Session>();
    const left = [...commands];
    let isBusy = false;
    return {
      get isBusy() {
        return isBusy;
      },
      get canStart() {
        return !isBusy && left.length > 0;
      },
      start(): void {
        const next = left.shift();
        if (next === undefined) return;
        const known = next.retained ? objects.get(next.place) : undefined;
        const session = known ?? sessionAt(memory.tenant, places[next.place]);
        objects.set(next.place, session);
        isBusy = true;
        void perform(session, next)
          .catch((error: unknown) => {
            if (!MemoryError.isInstance(error))
              problems.push(`${error instanceof Error ? error.stack : error}`);
          })
          .finally(() => {
            isBusy = false;
          });
      },
    };
  });

  async function perform(session: Session, next: Command): Promise<void> {
    const { place, what } = next;
    const address = places[place] ?? { tenant: "", session: "" };
    const { version } = (await store.log.head(address)) ?? { version: 0 };
    const seq = 1 + (what % Math.max(1, version));
    switch (next.kind) {
      case "turn": {
        const { token } = await session.append(eventsFor(what, version));
        // Others may write in the same tick only in the process of the store, which tells the cache.
        if (inProcess && what % 3 === 0) await store.log.append(address, [says(`meanwhile ${what}`)]);
        return checkView(session, next, token);
      }
      case "view":
        return checkView(session, next);
      case "views":
        await Promise.all(sizes.map((size) => checkView(session, { ...next, size })));
        return;
      case "append":
        await session.append(eventsFor(what, version));
        return;
      case "retry": {
        const { token } = await session.append(says(`operation ${what % 3}`), { operationId: `${what % 3}` });
        return checkView(session, next, token);
      }
      case "undo":
        await session.undo(1 + (what % 3));
        return;
      case "clear":
        if (what % 4 === 0) await session.clear();
        return;
      case "erase":
        await session.erase({ seqs: [seq] });
        return;
      case "trim":
        await session.trim({ beforeSeq: Math.min(seq, 4) });
        return;
      case "touch":
        await session.touch(what % 2 === 0 ? { metadata: { what } } : { ttlMs: 1_000 });
        return;
      case "delete":
        await session.delete();
        return;
      case "advance":
        return network.happen(async () => clock.advance(what));
      case "save":
        return network.happen(async () => {
          restore = save();
        });
      case "rewind":
        return network.happen(async () => restore());
      case "seal":
        return network.happen(() => (what % 2 === 0 ? store.log.seal(address) : store.log.unseal(address)));
      case "copy":
        // The session comes back as it was exported: the same incarnation and the same seqs.
        return network.happen(async () => {
          await store.log.seal(address);
          const batch = await store.log.exportEvents(address, { limit: 1000 });
          await store.log.delete(address);
          if (batch !== undefined) await store.log.importEvents(address, batch);
          await store.log.unseal(address);
        });
    }
  }

  for (const choice of [...story.order, ...Array.from({ length: 400 }, (_, index) => index * 7)]) {
    const isWaiting = inProcess && fibers.some(({ isBusy }) => isBusy);
    const startable = isWaiting ? [] : fibers.filter(({ canStart }) => canStart);
    const options = startable.length + network.waiting;
    if (options === 0 && fibers.every(({ isBusy, canStart }) => !isBusy && !canStart)) break;
    if (choice % Math.max(1, options) < startable.length) startable[choice % Math.max(1, options)]?.start();
    else if (network.waiting > 0)
      await network.step(
        choice,
        choice % 23 === 0 ? "request-lost" : choice % 19 === 0 ? "answer-lost" : undefined,
      );
    await nextTurn();
  }
  for (const memory of memories) await memory.close();
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** A store that tells its present token. It loses nothing. */
function openInProcess() {
  const clock = createManualClock();
  const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
  return { store, clock, save: () => () => {} };
}

function sessionAt(tenant: (id: string) => Tenant, place: SessionAddress | undefined): Session {
  return tenant(place?.tenant ?? "").session(place?.session);
}

function shown(view: View): string {
  return JSON.stringify(view);
}

function says(text: string): EventInput {
  return { type: "message", body: { role: "user", id: text, content: text, at: 1 }, at: 1 };
}

function eventsFor(what: number, version: number): readonly EventInput[] {
  const text = `${what} behind ${version}`;
  const one = says(text);
  switch (what % 8) {
    case 0:
      return [{ ...one, pinned: true } as EventInput, says(`${text}, again`)];
    case 1:
      return [{ type: "x-note", body: text, at: 1 }];
    case 2:
      return [
        {
          type: "summary",
          body: { text, sourceHash: "h", strategy: "s", tokensBefore: 2, tokensAfter: 1 },
          derivedFrom: [{ from: 1, to: Math.max(1, version - 1) }],
          at: 1,
        },
      ];
    case 3:
      return Array.from({ length: 5 }, (_, index) => says(`${text}, ${index}`));
    default:
      return [one];
  }
}
