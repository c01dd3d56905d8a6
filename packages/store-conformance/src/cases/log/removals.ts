import type { AppendOptions, EventInput, EventLog, ReadResult, SeqRange, SessionAddress } from "@relevo/core";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  executes,
  handsOff,
  isReplay,
  messages,
  operationOf,
  range,
  retracts,
  says,
  stateOf,
  summarizes,
  trimAll,
} from "../../samples.ts";

/** The ways in which events leave what may be repeated. */
export const removals: readonly (readonly [
  name: string,
  remove: (log: EventLog, address: SessionAddress, ranges: readonly SeqRange[]) => Promise<unknown>,
])[] = [
  ["erased", (log, address, seqs) => log.erase(address, { seqs })],
  ["retracted", (log, address, ranges) => log.append(address, [retracts(...ranges)])],
  ["trimmed", (log, address, ranges) => trimAll(log, address, { beforeSeq: (ranges.at(-1)?.to ?? 0) + 1 })],
];

/** What a writer names of a state that it read. */
export function seenIn(state: ReadResult): Pick<AppendOptions, "incarnation" | "removalRevision"> {
  const incarnation = present(state.incarnation, "the incarnation");
  return { incarnation, removalRevision: state.removalRevision };
}

async function read(log: EventLog, address: SessionAddress): Promise<ReadResult> {
  return log.read(address, { limit: 1 });
}

/** A session of six messages of which a writer that reads now will derive something. */
async function begin(context: CaseContext, session: string): Promise<[SessionAddress, ReadResult]> {
  const address = addressOf(context, session);
  await context.store.log.append(address, messages(6));
  return [address, await read(context.store.log, address)];
}

async function refusesRemoved(
  log: EventLog,
  address: SessionAddress,
  events: readonly EventInput[],
  seen: AppendOptions,
  what: string,
): Promise<void> {
  const before = await stateOf(log, address);
  const { removalRevision } = await read(log, address);
  await refuses(log.append(address, events, seen), "conflict", what, {
    conflict: "removal",
    removalRevision,
  });
  equal(await stateOf(log, address), before, `the session after ${what}`);
}

export const removalCases: readonly ConformanceCase[] = [
  {
    id: "log/removal-revision-tells-of-removals",
    area: "log",
    contract:
      "`removalRevision` is the revision after the newest erasure, retraction or trim that took something out, 0 before the first; `read`, `head`, `list`, `erase` and `trim` tell it alike, and nothing else changes it.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      equal((await read(log, address)).removalRevision, 0, "of a session that does not exist");
      equal((await log.erase(address, { seqs: [range(1)] })).removalRevision, 0, "of an erase of nothing");
      equal((await log.trim(address, { beforeSeq: 9 })).removalRevision, 0, "of a trim of nothing");
      await log.append(address, messages(6));
      let known = 0;
      const told = async (expected: "the same" | "new", what: string, own?: number): Promise<void> => {
        const head = present(await context.other.log.head(address), "the head");
        const { removalRevision } = head;
        const right = expected === "new" ? head.revision : known;
        equal(removalRevision, right, `the removal revision after ${what}`);
        equal((await read(log, address)).removalRevision, removalRevision, `what a read tells after ${what}`);
        if (own !== undefined) equal(own, removalRevision, `what ${what} itself tells`);
        known = removalRevision;
      };
      await told("the same", "an append");
      await told("new", "an erase", (await log.erase(address, { seqs: [range(2)] })).removalRevision);
      await log.append(address, [says("seven"), summarizes("of 1", range(1))]);
      await told("the same", "an append behind a removal");
      await told(
        "the same",
        "the same erase",
        (await log.erase(address, { seqs: [range(2)] })).removalRevision,
      );
      await log.touch(address, { metadata: { topic: "x" }, ttlMs: 600_000 });
      await told("the same", "a touch");
      await log.append(address, [retracts(range(3))]);
      await told("new", "a retraction");
      await log.append(address, [retracts(range(2, 3))]);
      await told("the same", "a retraction of what is erased or retracted");
      await told("new", "a trim", (await log.trim(address, { beforeSeq: 2 })).removalRevision);
      await told("the same", "the same trim", (await log.trim(address, { beforeSeq: 2 })).removalRevision);
      await eventually(context, async () => {
        const { items } = await log.list(context.tenant);
        equal(
          items.map(({ removalRevision }) => removalRevision),
          [known],
          "what a list tells",
        );
      });
    },
  },
  {
    id: "log/derived-from-the-removed-is-refused",
    area: "log",
    contract:
      "An event that is derived from one that was erased, retracted or trimmed after the writer read it is a conflict that tells the removal revision and changes nothing, whichever handle, event of the batch and range names it.",
    async run(context) {
      for (const [name, remove] of removals) {
        const [address, state] = await begin(context, name);
        await remove(context.other.log, address, [range(1, 2)]);
        const seen = seenIn(state);
        const derived: readonly (readonly EventInput[])[] = [
          [summarizes("of 2", range(2))],
          [summarizes("of 1 to 6", range(1, 6))],
          [executes("of 5 and 2", range(5), range(2))],
          [says("of 2", { derivedFrom: [range(2)] })],
          [says("plain"), handsOff("of 4", range(4)), summarizes("of 1", range(1))],
        ];
        for (const events of derived) {
          const what = `${JSON.stringify(events.map(({ derivedFrom }) => derivedFrom))} after 1 and 2 were ${name}`;
          await refusesRemoved(context.store.log, address, events, seen, what);
        }
      }
    },
  },
  {
    id: "log/removal-elsewhere-refuses-nothing",
    area: "log",
    contract:
      "Other appends, and removals of events that a derived event does not name, do not refuse it, or a busy session could never be summarized.",
    async run(context) {
      for (const [name, remove] of removals) {
        const [address, state] = await begin(context, name);
        const { other } = context;
        await other.log.append(address, messages(3, "meanwhile"));
        await remove(other.log, address, [range(1, 2)]);
        const { version } = await read(other.log, address);
        if (name !== "trimmed") await remove(other.log, address, [range(version)]);
        await other.log.append(address, messages(2, "later"));
        const derived = summarizes("of 3 to 6", range(3, 4), range(5, 6));
        await context.store.log.append(address, [derived], seenIn(state));
        const [last] = await eventsOf(other.log, address, { direction: "backward", limit: 1 });
        equal(
          last?.derivedFrom,
          [range(3, 4), range(5, 6)],
          `the event that was derived while 1 and 2 were ${name}`,
        );
      }
    },
  },
  {
    id: "log/removed-before-the-read-refuses-nothing",
    area: "log",
    contract:
      "Removals up to the named revision are the writer's to know: a summary may run over what was erased, retracted or trimmed before.",
    async run(context) {
      for (const [name, remove] of removals) {
        const [address] = await begin(context, name);
        await remove(context.other.log, address, [range(1, 2)]);
        const state = await read(context.store.log, address);
        await context.other.log.append(address, [says("meanwhile")]);
        await context.store.log.append(address, [summarizes("of 1 to 6", range(1, 6))], seenIn(state));
        await remove(context.other.log, address, [range(1, 3)]);
        const late = [summarizes("of 1 to 6 again", range(1, 6))];
        await refusesRemoved(
          context.store.log,
          address,
          late,
          seenIn(state),
          `a summary when 3 was ${name} too`,
        );
      }
    },
  },
  {
    id: "log/removal-follows-derivation",
    area: "log",
    contract:
      "What an erasure or a retraction takes out along with what it names counts like the named: an event derived from that is refused too.",
    async run(context) {
      for (const [name, remove] of removals.slice(0, 2)) {
        const [address] = await begin(context, name);
        await context.store.log.append(address, [summarizes("of 1", range(1)), says("eight")]);
        await context.store.log.append(address, [summarizes("of the summary", range(7))]);
        const seen = seenIn(await read(context.store.log, address));
        await remove(context.other.log, address, [range(1)]);
        for (const seq of [7, 9]) {
          const events = [summarizes(`of ${seq}`, range(seq))];
          await refusesRemoved(context.store.log, address, events, seen, `one of ${seq} after 1 was ${name}`);
        }
        await context.store.log.append(address, [summarizes("of 8", range(8))], seen);
      }
    },
  },
  {
    id: "log/unnamed-removal-revision-is-zero",
    area: "log",
    contract:
      "A derived event without `removalRevision` is refused when anything that it names was ever removed, and let in otherwise; an event that is derived from nothing is never refused.",
    async run(context) {
      for (const [name, remove] of removals) {
        const [address] = await begin(context, name);
        const { log } = context.store;
        await remove(context.other.log, address, [range(1, 2)]);
        await refusesRemoved(log, address, [summarizes("of 2", range(2))], {}, `one of 2 that was ${name}`);
        const { incarnation } = seenIn(await read(log, address));
        const zero = { removalRevision: 0, ...(incarnation === undefined ? {} : { incarnation }) };
        await refusesRemoved(log, address, [summarizes("of 1 to 3", range(1, 3))], zero, `${name}, named 0`);
        await log.append(address, [summarizes("of 3", range(3)), says("plain")]);
        await log.append(address, [says("plain")], zero);
      }
    },
  },
  {
    id: "log/removal-revision-must-have-been",
    area: "log",
    contract:
      "A removal revision that the session has not reached is refused for a derived event: it was read from another state.",
    async run(context) {
      const [address, state] = await begin(context, "ahead");
      const { log } = context.store;
      const ahead = { ...seenIn(state), removalRevision: state.removalRevision + 1 };
      await refusesRemoved(log, address, [summarizes("of 1", range(1))], ahead, "a revision that is ahead");
      await log.append(address, [says("plain")], ahead);
    },
  },
  {
    id: "log/removal-is-checked-last",
    area: "log",
    contract:
      "Incarnation, operation, seal and version are checked before the removals: a retry of what was appended replays, though its sources were removed since.",
    async run(context) {
      const [address, state] = await begin(context, "order");
      const { log } = context.store;
      const [seen, operation] = [seenIn(state), operationOf("digest")];
      const events = [summarizes("of 1", range(1))];
      const first = await log.append(address, events, { ...seen, operation });
      await log.erase(address, { seqs: [range(1)] });
      const retry = await context.other.log.append(address, events, { ...seen, operation });
      isReplay(retry, first, "the retry after the erase");
      const other = operationOf("digest", "another request");
      await refuses(
        log.append(address, events, { ...seen, operation: other }),
        "conflict",
        "another request",
        {
          conflict: "operation",
        },
      );
      await refuses(
        log.append(address, events, { ...seen, expectedVersion: 6 }),
        "conflict",
        "a stale version",
        {
          conflict: "version",
          version: 7,
        },
      );
      const gone = "0190b5f0-0000-7000-8000-000000000000";
      await refuses(
        log.append(address, events, { ...seen, incarnation: gone }),
        "history-lost",
        "another incarnation",
      );
      await refusesRemoved(log, address, events, { ...seen, expectedVersion: 7 }, "the current version");
    },
  },
  {
    id: "log/own-retraction-refuses-nothing",
    area: "log",
    contract: "What an append itself retracts may be repeated in it: so a suffix is replaced by its summary.",
    async run(context) {
      const [address, state] = await begin(context, "suffix");
      const { log } = context.store;
      const events = [retracts(range(3, 6)), says("short", { derivedFrom: [range(3, 6)] })];
      const { firstSeq } = await log.append(address, events, seenIn(state));
      equal(firstSeq, 7, "the seq of the retraction");
      await refusesRemoved(
        log,
        address,
        [summarizes("of 3", range(3))],
        seenIn(state),
        "a later summary of 3",
      );
      await log.erase(address, { seqs: [range(4)] });
      const [last] = await eventsOf(log, address, { direction: "backward", limit: 1 });
      check(last?.erasedAt !== undefined, "the erase did not follow the derivation");
    },
  },
  {
    id: "log/many-removals-are-remembered",
    area: "log",
    contract:
      "Of many removals the newest 64 ranges are known exactly, and none is forgotten: what was derived before the oldest is refused still.",
    async run(context) {
      const address = addressOf(context);
      const { log } = context.store;
      await log.append(address, messages(420));
      const states: ReadResult[] = [];
      for (let index = 0; index < 200; index++) {
        states.push(await read(log, address));
        await log.erase(address, { seqs: [range(2 * index + 1)] });
      }
      // Of the 20 newest alternately what was removed after the reading, and its neighbours.
      for (let index = 180; index < 200; index++) {
        const seen = seenIn(present(states[index], "the state"));
        const gone = [summarizes("gone", range(2 * index + 1))];
        if (index % 2 === 0) await refusesRemoved(log, address, gone, seen, `the removal number ${index}`);
        else await log.append(address, [summarizes("kept", range(2 * index), range(2 * index - 1))], seen);
      }
      const newest = seenIn(present(states[136], "the state"));
      await log.append(address, [summarizes("kept", range(2 * 136))], newest);
      for (const index of [0, 1, 70, 135]) {
        const first = seenIn(present(states[0], "the first state"));
        const gone = [summarizes("gone", range(2 * index + 1))];
        await refusesRemoved(
          log,
          address,
          gone,
          first,
          `the removal number ${index}, seen from before the first`,
        );
      }
    },
  },
  {
    id: "log/derived-content-loses-every-race",
    area: "log",
    contract:
      "However an erasure and an append of what is derived from its event race, on two handles, the derived content is refused or erased.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      for (let round = 0; round < 20; round++) {
        const { firstSeq } = await log.append(address, [says(`secret ${round}`), says("public")]);
        const seen = seenIn(await read(log, address));
        const derived = summarizes(`they said secret ${round}`, range(firstSeq));
        const erase = (): Promise<unknown> => context.other.log.erase(address, { seqs: [range(firstSeq)] });
        const append = (): Promise<unknown> => log.append(address, [derived], seen);
        const calls = round % 2 === 0 ? [erase(), append()] : [append(), erase()];
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === "rejected")
            await refuses(Promise.reject(outcome.reason), "conflict", "the loser", { conflict: "removal" });
        }
        const events = await eventsOf(log, address, { after: firstSeq - 1, retracted: "include" });
        check(!JSON.stringify(events).includes("secret"), `round ${round} left ${JSON.stringify(events)}`);
      }
    },
  },
];
