import { MemoryError } from "@relevo/core";
import type { Memory, MemoryStore } from "../../src/index.ts";
import { assistant, user } from "../fixture.ts";

/** Where a test plants what. On servers each test has tenants and a word of its own. */
export interface Plot {
  readonly tenant: string;
  readonly elsewhere: string;
  /** A word that is nowhere but where a test has put it. */
  readonly canary: string;
}

export const onlyPlot: Plot = { tenant: "acme", elsewhere: "other", canary: "zQcanaryX7" };
export const { canary } = onlyPlot;

/** Whose data is to go, and another person's, which is to stay. */
export const person = "juan";
export const other = "ana";

/** Puts the canary everywhere where this package keeps something about a person. */
export async function plant(
  memory: Memory,
  stores: readonly MemoryStore[],
  plot: Plot = onlyPlot,
): Promise<void> {
  const { tenant, canary } = plot;
  const acme = memory.tenant(tenant);
  const juan = acme.user(person);
  await juan.remember("durable", canary, { tags: [canary], metadata: { note: canary } });
  await juan.remember(`key-${canary}`, { deep: [canary] }, { tier: "volatile" });
  await juan.remember("both", canary, { tier: "both" });
  // The record of an operation outlives what it wrote.
  await juan.remember(`once-${canary}`, canary, { tier: "both", operationId: "remember-1" });
  await juan.remember(`never-${canary}`, canary, { tier: "volatile", operationId: "remember-2" });
  await juan.forget(`never-${canary}`, { operationId: "forget-1" });
  await juan.update("durable", (value) => `${value} again`);
  await acme.agent("clerk").for(person).remember("name", canary, { tier: "both" });
  await acme.agent("clerk").for(juan).remember("mood", canary, { tier: "volatile" });

  for (const id of ["chat-1", "chat-2"]) {
    const session = acme.session(id, { subject: person, metadata: { title: canary } });
    await session.append([user(`I am ${canary}`), assistant(canary)], { operationId: `op-${id}` });
    await session.append({ type: "x-note", body: { text: canary } });
    await session.append(user(`gone ${canary}`));
    await session.popMessage();
    await session.recordExecution({ input: canary, output: canary, agent: "clerk" });
    await session.working.remember("step", canary);
    await session.user.remember(`from-${id}`, canary);
    await session.agent("clerk").remember("note", canary);
    await session.agent("clerk").for(session.user).remember(`seen-${id}`, canary);
    await session.agent("clerk").remember(`learned-${id}`, canary, { tier: "both" });
    const leads = acme.workspace("leads");
    await leads.grant({ agent: "clerk" }, "read-write");
    await leads.as({ agent: "clerk", session }).remember(`lead-${id}`, canary, { tier: "both" });
    await session.view({ record: true });
    await plantDerived(stores, session.id, plot);
  }
  const turn = { operationId: "turn-1", request: { question: canary } };
  await acme.session("chat-1").turn(async (session) => {
    await session.append(assistant(canary));
    return { answer: canary };
  }, turn);
  const fork = await acme.session("chat-1").fork({ id: "fork-1", at: 2 });
  const second = await fork.fork({ id: "fork-2" });
  // Forks of a fork, and of another person, are of the same words.
  await second.touch({ subject: other });

  const ana = acme.session("ana-chat", { subject: other });
  await ana.append(user("I stay"));
  await ana.user.remember("language", "es", { tier: "both" });
  await ana.agent("clerk").for(ana.user).remember("name", "Ana Gil");
  await ana.agent("clerk").remember("learned", "from ana", { tier: "durable" });
  await acme.agent("clerk").remember("style", "warm words", { tier: "both" });
  await memory.tenant(plot.elsewhere).user(person).remember("language", "fr");
}

/** A summary in the log, and a fact elsewhere, each derived from the session's first message. */
async function plantDerived(
  stores: readonly MemoryStore[],
  session: string,
  { tenant, canary }: Plot,
): Promise<void> {
  for (const { log, documents } of stores) {
    const head = await log.head({ tenant, session });
    if (head === undefined) continue;
    const { incarnation, removalRevision } = head;
    await log.append(
      { tenant, session },
      [
        {
          type: "summary",
          body: {
            text: `About ${canary}`,
            sourceHash: "x",
            strategy: "test",
            tokensBefore: 2,
            tokensAfter: 1,
          },
          derivedFrom: [{ from: 1, to: 2 }],
        },
      ],
      { incarnation, removalRevision },
    );
    const ranges = [{ from: 1, to: 1 }];
    await documents.put(
      { tenant, namespace: ["facts", "all"], key: `about-${session}` },
      { value: canary, derivedFrom: { events: { session, incarnation, removalRevision, ranges } } },
    );
  }
}

/** What is to be there whatever happened to the person. */
export async function othersRemain(
  memory: Memory,
  { tenant, elsewhere }: Plot = onlyPlot,
): Promise<readonly unknown[]> {
  const acme = memory.tenant(tenant);
  const ana = acme.session("ana-chat", { subject: other });
  return [
    (await ana.messages()).map(({ content }) => content),
    await ana.user.recall("language"),
    await acme.agent("clerk").for(other).recall("name"),
    await acme.agent("clerk").recall("style"),
    await acme.agent("clerk").recall("learned"),
    await memory.tenant(elsewhere).user(person).recall("language"),
    (await acme.users()).items,
    (await acme.sessions()).items.map(({ session }) => session),
  ];
}

export const remaining: readonly unknown[] = [
  ["I stay"],
  "es",
  "Ana Gil",
  "warm words",
  "from ana",
  "fr",
  [other],
  ["ana-chat"],
];

/** What a store holds, as far as its ports show it. */
export async function everythingIn(
  store: MemoryStore,
  tenants: readonly string[] = ["acme", "other"],
): Promise<string> {
  const found: unknown[] = [];
  for (const tenant of tenants) {
    for (const head of (await store.log.list(tenant, { limit: 1000 })).items) {
      const address = { tenant, session: head.session };
      found.push(head, await store.log.read(address, { limit: 1000, retracted: "include" }));
      found.push(await store.documents.find(address, { limit: 1000 }));
    }
    found.push(await store.documents.find({ tenant }, { limit: 1000 }));
  }
  return JSON.stringify(found);
}

/** The stores behind a door that is shut from one call on, as of a process that is killed before that call. */
export function killable(store: MemoryStore, door: { calls: number; killAt: number }): MemoryStore {
  const guard = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          // What asks about the process and not the store makes no call.
          if (name === "presentToken") return method.apply(target, args);
          door.calls++;
          if (door.calls >= door.killAt)
            return Promise.reject(new MemoryError("unavailable", "The process was killed."));
          return method.apply(target, args);
        };
      },
    });
  return { ...store, limits: store.limits, log: guard(store.log), documents: guard(store.documents) };
}
