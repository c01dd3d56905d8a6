import type {
  AppendOptions,
  EventInput,
  MemoryError,
  SeqRange,
  SessionAddress,
  SessionHead,
  Store,
} from "@relevo/core";
import { isEventTransfer, MemoryError as Refusal } from "@relevo/core";
import { check, equal, present } from "../expect.ts";
import type { CaseContext } from "../harness.ts";
import {
  eventsOf,
  handsOff,
  letExpire,
  operationOf,
  retracts,
  says,
  summarizes,
  textIn,
  trimAll,
} from "../samples.ts";
import type { LogCommand, LogStep } from "./log-commands.ts";
import {
  createLogModel,
  type Expected,
  type LogModel,
  type ModelEvent,
  type ModelInput,
} from "./log-model.ts";

/** A session of a story: its model, and the real names of what the model only numbers. */
interface Subject {
  readonly address: SessionAddress;
  readonly model: LogModel;
  readonly incarnations: string[];
  readonly fences: number[];
  /** Of each incarnation, by its ordinal, the removal revisions that it had, from 0 on. */
  readonly removalRevisions: Map<number, number[]>;
  /** The token of each revision that was seen, under the incarnation's id and the revision. */
  readonly tokens: Map<string, string>;
  texts: number;
}

type Append = Extract<LogCommand, { readonly kind: "append" }>;
type Read = Extract<LogCommand, { readonly kind: "read" }>;

/** Runs a story against the store and its model side by side. Rejects at the first difference. */
export async function runLogStory(
  context: CaseContext,
  run: string,
  story: readonly LogStep[],
): Promise<void> {
  const subjects = new Map<string, Subject>();
  for (const [index, step] of story.entries()) {
    const key = `${step.tenant}${step.session}`;
    // One tenant and one session begin with the other's id, so that a prefix match shows.
    const address = {
      tenant: `${context.tenant}-${run}-${"x".repeat(step.tenant)}`,
      session: `s${"0".repeat(step.session)}`,
    };
    const subject = subjects.get(key) ?? {
      address,
      model: createLogModel(),
      incarnations: [],
      fences: [],
      removalRevisions: new Map(),
      tokens: new Map(),
      texts: 0,
    };
    subjects.set(key, subject);
    const store = step.handle === 0 ? context.store : context.other;
    const what = `step ${index + 1} of ${story.length}, ${step.command.kind}`;
    await runCommand(context, store, subject, step.command, what);
    await compareWhole(step.handle === 0 ? context.other : context.store, subject, `after ${what}`);
  }
  for (const subject of subjects.values()) await compareWhole(context.store, subject, "at the end");
}

async function runCommand(
  context: CaseContext,
  store: Store,
  subject: Subject,
  command: LogCommand,
  what: string,
): Promise<void> {
  const { address, model } = subject;
  const { log } = store;
  switch (command.kind) {
    case "append":
      return runAppend(store, subject, command, what);
    case "read":
      return compareRead(store, subject, command, what);
    case "erase": {
      const ranges = [rangeOf(command.span, model.version())];
      const { must, may } = model.erase(ranges, command.keeps);
      const derived = command.keeps ? "keep" : "erase";
      const { erased } = await log.erase(address, { seqs: ranges, derived });
      const reported = erased.filter((seq) => must.includes(seq) || !may.has(seq));
      equal(reported, must, `${what} ${JSON.stringify(ranges)}`);
      return;
    }
    case "trim": {
      const beforeSeq = rangeOf(command.span, model.version()).from;
      await compareOutcome(
        model.trim(beforeSeq),
        () => trimAll(log, address, { beforeSeq }),
        what,
        ({ removed }) => removed,
      );
      return;
    }
    case "delete": {
      const expectedVersion = versionOf(command.expected, model.version());
      const options = expectedVersion === undefined ? {} : { expectedVersion };
      // The expected version of a session that is not there is left open by the contract.
      if (model.incarnation() === 0 && expectedVersion !== undefined) return;
      await compareOutcome(
        model.delete(expectedVersion),
        () => log.delete(address, options),
        what,
        (gone) => gone,
      );
      return;
    }
    case "expire":
      if (model.expire()) await letExpire(context, address);
      return;
    case "acquire": {
      if (store.leases === undefined) return;
      const lease = await store.leases.acquire(address, { ttlMs: 60_000 });
      await lease.release();
      check(lease.fence > (model.newestFence ?? 0), `${what}: the fence ${lease.fence} is not the greatest`);
      model.newestFence = lease.fence;
      subject.fences.push(lease.fence);
      return;
    }
    default: {
      if (!isEventTransfer(log)) return;
      const sealing = command.kind === "seal";
      const call = (): Promise<unknown> => (sealing ? log.seal(address) : log.unseal(address));
      await compareOutcome(model.seal(sealing), call, what, () => undefined);
    }
  }
}

async function runAppend(store: Store, subject: Subject, command: Append, what: string): Promise<void> {
  const { address, model } = subject;
  const version = model.version();
  const range = rangeOf(command.span, Math.max(1, version), version);
  const inputs = command.types.map((type): ModelInput => {
    const text = type === "message" ? `text ${++subject.texts}` : `(${type})`;
    // What is derived from a tombstone is left open by the contract, and without a revision refused.
    const isOpen = command.seen !== "unsaid" && model.isBlank(range);
    const derived = (type === "summary" || type === "handoff") && !isOpen;
    const derivedFrom = derived ? [range] : [];
    return { type, text, agent: command.agent, derivedFrom, retracts: type === "retraction" ? [range] : [] };
  });
  const expectedVersion = versionOf(command.expected, version);
  const current = model.incarnation();
  const previous = current === 0 ? subject.incarnations.length : current - 1;
  const named = { none: 0, current, previous }[command.incarnation];
  const revisions = subject.removalRevisions.get(current) ?? [0];
  const isNamed = command.seen !== "unsaid" && current > 0;
  // A removal revision comes with the incarnation that it belongs to.
  const incarnation = named > 0 ? named : isNamed ? current : undefined;
  const newest = revisions.length - 1;
  const removalsSeen = isNamed
    ? { now: newest, earlier: Math.trunc(newest / 2), ahead: newest + 1, unsaid: 0 }[command.seen]
    : undefined;
  const fence =
    command.fence === "none" ? undefined : subject.fences.at(command.fence === "newest" ? -1 : -2);
  const operation = command.operation && {
    id: `op ${command.operation.id}`,
    request: `request ${command.operation.request}`,
  };
  const name = incarnation === undefined ? undefined : subject.incarnations[incarnation - 1];
  const options: AppendOptions = {
    ...(operation && { operation: operationOf(operation.id, operation.request) }),
    ...(expectedVersion !== undefined && { expectedVersion }),
    ...(name !== undefined && { incarnation: name }),
    ...(fence !== undefined && { fence }),
    ...(removalsSeen !== undefined && {
      removalRevision: revisions[removalsSeen] ?? (revisions.at(-1) ?? 0) + 1,
    }),
  };
  const expected = model.append({
    events: inputs,
    operation,
    expectedVersion,
    incarnation,
    fence,
    removalsSeen,
  });
  const call = async (): ReturnType<Store["log"]["append"]> => {
    const result = await store.log.append(address, inputs.map(eventOf), options);
    if ("value" in expected) {
      const ordinal = expected.value.incarnation;
      subject.incarnations[ordinal - 1] ??= result.incarnation;
      equal(result.incarnation, subject.incarnations[ordinal - 1], `${what}: the incarnation`);
      equal(
        new Set(subject.incarnations).size,
        subject.incarnations.length,
        `${what}: incarnations, each its own`,
      );
    }
    return result;
  };
  await compareOutcome(
    expected,
    call,
    `${what} ${JSON.stringify(command)}`,
    ({ firstSeq, version: last, replayed }) => ({
      firstSeq,
      version: last,
      incarnation: "value" in expected ? expected.value.incarnation : 0,
      replayed,
    }),
  );
}

async function compareRead(
  store: Store,
  { address, model }: Subject,
  command: Read,
  what: string,
): Promise<void> {
  const version = model.version();
  const at = (part: number): number => Math.round(part * (version + 1));
  const { limit, direction, types, agent, retracted } = command;
  const after = command.after === undefined ? undefined : at(command.after);
  const before = command.before === undefined ? undefined : at(command.before);
  const atVersion = command.atVersion === undefined ? undefined : at(command.atVersion);
  const expected = model.read({
    ...{ limit, direction, types, agent, retracted },
    after: after ?? 0,
    before: before ?? Number.MAX_SAFE_INTEGER,
    atVersion: atVersion ?? Number.MAX_SAFE_INTEGER,
  });
  const events = await eventsOf(store.log, address, {
    ...{ limit, direction, retracted },
    ...(types && { types }),
    ...(agent !== undefined && { agent }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
    ...(atVersion !== undefined && { atVersion }),
  });
  equal(
    events.map(({ seq }) => seq),
    expected.map(({ seq }) => seq),
    `${what} ${JSON.stringify({ ...command, after, before, atVersion })}`,
  );
}

/** Compares everything that a session shows with what the model expects. */
async function compareWhole(store: Store, subject: Subject, what: string): Promise<void> {
  const { address, model } = subject;
  const head = await store.log.head(address);
  const expected = model.head();
  equal(
    head && {
      version: head.version,
      firstSeq: head.firstSeq,
      events: head.events,
      sealed: head.sealed === true,
    },
    expected,
    `the head ${what}`,
  );
  if (head !== undefined) {
    compareRemovals(subject, head, what);
    compareTokens(subject, head, what);
  }
  const events = await eventsOf(store.log, address, { retracted: "include" });
  const whole = { after: 0, before: Number.MAX_SAFE_INTEGER, limit: 10_000, direction: "forward" } as const;
  const all = model.read({
    ...whole,
    types: undefined,
    agent: undefined,
    retracted: "include",
    atVersion: Number.MAX_SAFE_INTEGER,
  });
  equal(
    events.map((event) => [event.seq, textIn(event), event.retractedBy]),
    all.map((event) => [event.seq, shownText(event), event.retractedBy]),
    `the events ${what}`,
  );
}

/** The removal revision moves to the revision of a step that removed something, and stays otherwise. */
function compareRemovals({ model, removalRevisions }: Subject, head: SessionHead, what: string): void {
  const known = removalRevisions.get(model.incarnation()) ?? [0];
  removalRevisions.set(model.incarnation(), known);
  if (known.length === model.removals()) known.push(head.revision);
  equal([known.length - 1, head.removalRevision], [model.removals(), known.at(-1)], `removals ${what}`);
}

/** A revision has one token, and no two revisions share theirs. */
function compareTokens(
  { tokens }: Subject,
  { incarnation, revision, token }: SessionHead,
  what: string,
): void {
  const key = `${incarnation} ${revision}`;
  if (!tokens.has(key)) {
    check(![...tokens.values()].includes(token), `the token ${what} was that of another revision`);
    tokens.set(key, token);
  }
  equal(token, tokens.get(key), `the token of revision ${revision} ${what}`);
}

/** Compares a call with what the model expects of it. What is refused must change nothing. */
async function compareOutcome<Value, Result>(
  expected: Expected<Value>,
  call: () => Promise<Result>,
  what: string,
  view: (result: Result) => Value,
): Promise<void> {
  let error: MemoryError | undefined;
  let result: Result | undefined;
  try {
    result = await call();
  } catch (thrown) {
    if (!Refusal.isInstance(thrown)) throw thrown;
    error = thrown;
  }
  if ("value" in expected) {
    if (error !== undefined) throw error;
    equal(view(result as Result), expected.value, what);
    return;
  }
  const refused = present(error, `${what}: the refusal with ${expected.code} ${expected.kind ?? ""}`);
  equal([refused.code, refused.details.conflict], [expected.code, expected.kind], what);
}

function eventOf({ type, text, agent, derivedFrom, retracts: ranges }: ModelInput): EventInput {
  const fields = agent === undefined ? {} : { agent };
  switch (type) {
    case "message":
      return says(text, fields);
    case "summary":
      return { ...summarizes(text, ...derivedFrom), ...fields };
    case "handoff":
      return { ...handsOff(text, ...derivedFrom), ...fields };
    case "retraction":
      return { ...retracts(...ranges), ...fields };
  }
}

function shownText({ erased, type, text }: ModelEvent): string {
  return erased ? `(erased ${type})` : text;
}

/** The range that a span stands for in a log of this length. */
function rangeOf(
  [left, right]: readonly [number, number],
  length: number,
  version: number = length,
): SeqRange {
  if (right > 1) return { from: 1, to: version + 1 };
  const from = 1 + Math.floor(left * Math.max(0, length - 1));
  return { from, to: Math.max(from, Math.round(right * length)) };
}

function versionOf(expected: "none" | "current" | "stale" | "zero", version: number): number | undefined {
  if (expected === "none") return undefined;
  if (expected === "zero") return 0;
  return expected === "current" ? version : version + 1;
}
