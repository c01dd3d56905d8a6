import { randomUUID } from "node:crypto";
import { MemoryError } from "@relevo/core";
import { expect } from "vitest";
import { createMemory, type Memory, type MemoryStore, type Session } from "../../src/index.ts";
import { texts, user } from "../fixture.ts";

/** The stores of sessions and of the archive. */
export interface Pair {
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
}

function open(pair: Pair): Memory {
  return createMemory({ ...pair, sessions: "volatile", cache: false, random: () => 0 });
}

/** What a writer has been told is written. An answer that was an error is either, unless it says so. */
interface Told {
  readonly acknowledged: string[];
  readonly refused: string[];
}

/** Refusals that a writer meets while its session is moved. */
function isOfMove(error: unknown): boolean {
  if (!MemoryError.isInstance(error)) return false;
  if (error.code === "history-lost") return true;
  return error.code === "conflict" && ["sealed", "lease", "fence"].includes(String(error.details.conflict));
}

async function write(told: Told, text: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
    told.acknowledged.push(text);
  } catch (error) {
    if (!isOfMove(error)) throw error;
    told.refused.push(text);
  }
}

/**
 * Writers append, remember and take turns while two processes move the session to and fro; in the end everything that was
 * acknowledged is there once, and nothing that was refused.
 */
export async function writersAndMovers(pair: Pair, rounds: number): Promise<void> {
  const tenant = `t-${randomUUID()}`;
  await using writing = open(pair);
  await using moving = open(pair);
  await using other = open(pair);
  const sessions = ["append", "remember", "turn"].map(() => writing.tenant(tenant).session("case"));
  // Each object knows the session that it means: none makes another one of the id.
  await sessions[0]?.append(user("first"));
  for (const session of sessions) await session.head();
  const told: Told = { acknowledged: [], refused: [] };
  const remembered: Told = { acknowledged: [], refused: [] };
  let isOver = false;
  const work: readonly ((session: Session, text: string) => Promise<void>)[] = [
    (session, text) => write(told, text, () => session.append(user(text), { operationId: `append ${text}` })),
    (session, text) => write(remembered, text, () => session.working.remember(text, text)),
    (session, text) =>
      write(told, text, () =>
        session.turn(async (turn) => turn.append(user(text)), { waitMs: 0, operationId: `turn ${text}` }),
      ),
  ];
  const writers = work.map(async (step, index) => {
    const session = sessions[index];
    for (let count = 0; !isOver && session !== undefined; count++) {
      await step(session, `${index}-${count}`);
      // A store in the process answers within one turn of the event loop: so that writes come between any two steps.
      for (let steps = count % 5; steps > 0; steps--) await Promise.resolve();
      if (count % 20 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  });
  let moved = 0;
  const movers = [moving, other].map(async (memory, index) => {
    for (let round = 0; round < rounds; round++)
      for (const move of index === 0
        ? (["archive", "restore"] as const)
        : (["restore", "archive"] as const)) {
        // Long enough that writers are at work when the next move begins, wherever they are in it.
        const before = told.acknowledged.length + remembered.acknowledged.length;
        for (let turn = 0; turn < 200; turn++) {
          if (told.acknowledged.length + remembered.acknowledged.length > before + 3) break;
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        for (let steps = (round * 7) % 31; steps > 0; steps--) await Promise.resolve();
        await memory
          .tenant(tenant)
          [move]("case", { waitMs: 5_000 })
          .then((result) => {
            if (result.moved) moved++;
          })
          .catch((error: unknown) => {
            if (!isOfMove(error)) throw error;
          });
      }
  });
  try {
    await Promise.all(movers);
  } finally {
    isOver = true;
    await Promise.allSettled(writers);
  }
  await Promise.all(writers);
  const acme = moving.tenant(tenant);
  await acme.restore("case");
  expect((await acme.archived()).items).toEqual([]);
  expect(moved).toBeGreaterThan(0);
  const said = texts(await acme.session("case").messages({ limit: 1000 }));
  const once = new Set(said);
  expect(said.length).toBe(once.size);
  expect(said.toSorted()).toEqual(["first", ...told.acknowledged].toSorted());
  const { items } = await acme.session("case").working.entries({ limit: 1000 });
  expect(items.map(({ key }) => key).toSorted()).toEqual(remembered.acknowledged.toSorted());
  for (const { acknowledged, refused } of [told, remembered]) {
    expect(acknowledged.length).toBeGreaterThan(rounds);
    expect(refused.length).toBeGreaterThan(0);
  }
}

/** Of calls at once that archive, one moves the session; an erasure at the same time leaves nothing. */
export async function movesAtOnce(pair: Pair): Promise<void> {
  await using here = open(pair);
  await using there = open(pair);
  for (const waitMs of [0, 1, 2, 5, 10, 20]) {
    const tenant = `t-${randomUUID()}`;
    const acme = here.tenant(tenant);
    const session = acme.session("case", { subject: "juan" });
    await session.append([user("zQcanaryX7"), user("2")]);
    await session.working.remember("k", "zQcanaryX7");
    const archived = await Promise.all([acme.archive("case"), there.tenant(tenant).archive("case")]);
    expect(archived.map(({ moved }) => moved).toSorted()).toEqual([false, true]);
    // The id is created while it is restored: one of the two has it, and nothing is lost.
    const [restored, made] = await Promise.allSettled([
      acme.restore("case"),
      there.tenant(tenant).session("case").append(user("a stranger")),
    ]);
    const said = texts(await here.tenant(tenant).session("case").messages());
    if (restored.status === "rejected") {
      expect(restored.reason).toMatchObject({ code: "conflict" });
      expect((await acme.archived()).items).toHaveLength(1);
      expect(said).toEqual(made.status === "fulfilled" ? ["a stranger"] : []);
    } else expect(said.slice(0, 2)).toEqual(["zQcanaryX7", "2"]);
    if (restored.status === "fulfilled" && made.status === "fulfilled")
      expect(said).toEqual(["zQcanaryX7", "2", "a stranger"]);
    const erasing = (async () => {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      return there.tenant(tenant).user("juan").erase();
    })();
    const moving = acme
      .archive("case")
      .then(() => acme.restore("case"))
      .catch((error: unknown) => error);
    expect((await erasing).complete).toBe(true);
    await moving;
    for (const { log, documents } of [pair.volatile, pair.durable])
      for (const head of (await log.list(tenant)).items) {
        const address = { tenant, session: head.session };
        const left = [await log.read(address, { limit: 1000 }), (await documents.find(address)).items];
        expect(JSON.stringify(left), `erased after ${waitMs} ms`).not.toContain("zQcanaryX7");
      }
    await failureOf(acme.restore("case"));
  }
}

/** There is nothing to restore, or a stranger has the id. */
async function failureOf(restoring: Promise<unknown>): Promise<void> {
  const error = await restoring.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error !== undefined) expect(error).toMatchObject({ code: "not-found" });
}

/** Nothing is moved, and the session is in use. */
export async function expectStays(
  pair: Pair,
  broken: MemoryStore,
  { codes, mend }: { readonly codes: RegExp; readonly mend?: () => Promise<unknown> },
): Promise<void> {
  const tenant = `t-${randomUUID()}`;
  await using memory = open(pair);
  await using failing = createMemory({
    volatile: pair.volatile,
    durable: broken,
    sessions: "volatile",
    cache: false,
    onError: () => undefined,
  });
  const acme = memory.tenant(tenant);
  await acme.session("case").append(user("1"));
  const error = await failing
    .tenant(tenant)
    .archive("case")
    .catch((reason: unknown) => reason);
  expect(MemoryError.isInstance(error), String(error)).toBe(true);
  expect((error as MemoryError).code).toMatch(codes);
  await acme.session("case").append(user("2"));
  await mend?.();
  expect((await acme.archived()).items).toEqual([]);
  expect((await acme.archive("case")).version).toBe(2);
}
