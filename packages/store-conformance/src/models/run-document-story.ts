import {
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentScope,
  isEventTransfer,
  MemoryError,
  type SessionAddress,
  type SessionGuard,
  type Store,
} from "@relevo/core";
import { collect } from "../cases/documents/support.ts";
import { check, equal, eventually } from "../expect.ts";
import type { CaseContext } from "../harness.ts";
import { letExpire, says } from "../samples.ts";
import type {
  DocumentCommand,
  DocumentGuard,
  DocumentStep,
  Place,
  StoryFind,
  StoryWrite,
} from "./document-commands.ts";
import {
  createDocumentModel,
  type DocumentModel,
  keyOf,
  type ModelExpectation,
  type ModelGuard,
  namespaceOf,
  prefixOf,
  textOf,
} from "./document-model.ts";

/** A scope of a story: its model, and the real names of what the model only numbers. */
interface Subject {
  readonly scope: DocumentScope;
  readonly session: SessionAddress | undefined;
  readonly model: DocumentModel;
  /** By ordinal; learned when the store first says them. */
  readonly incarnations: Map<number, string>;
  readonly fences: number[];
}

/** Runs a story against the store and its model side by side. Rejects at the first difference. */
export async function runDocumentStory(
  context: CaseContext,
  run: string,
  story: readonly DocumentStep[],
): Promise<void> {
  const subjects = [0, 1].map((tenant) =>
    [undefined, "s", "s0"].map((session): Subject => {
      // One tenant and one session begin with the other's id, so that a prefix match shows.
      const name = `${context.tenant}-${run}-${"x".repeat(tenant)}`;
      const address = session === undefined ? undefined : { tenant: name, session };
      const model = createDocumentModel(session !== undefined);
      return {
        scope: address ?? { tenant: name },
        session: address,
        model,
        incarnations: new Map(),
        fences: [],
      };
    }),
  );
  for (const [index, step] of story.entries()) {
    const side = subjects[step.tenant] ?? [];
    const subject = side[step.scope];
    if (subject === undefined) continue;
    const [store, other] =
      step.handle === 0 ? [context.store, context.other] : [context.other, context.store];
    const what = `step ${index + 1} of ${story.length}, ${JSON.stringify(step)}`;
    await runCommand(context, store, subject, step.command, what);
    for (const one of side) await compareScope(context, other, one, `after ${what}`);
  }
  for (const subject of subjects.flat()) await compareScope(context, context.store, subject, "at the end");
}

async function runCommand(
  context: CaseContext,
  store: Store,
  subject: Subject,
  command: DocumentCommand,
  what: string,
): Promise<void> {
  switch (command.kind) {
    case "put":
    case "putMany":
      return await runPut(store, subject, command, what);
    case "delete":
    case "deleteMany":
      return await runDelete(store, subject, command, what);
    case "touch":
    case "expireDocument":
      return await runTouch(context, store, subject, command, what);
    case "find":
      return await eventually(context, () => compareFind(store, subject, command.find, what));
    default:
      if (subject.session !== undefined) {
        await runSession(context, store, { ...subject, session: subject.session }, command.kind, what);
      }
  }
}

async function runPut(
  store: Store,
  subject: Subject,
  command: Extract<DocumentCommand, { readonly kind: "put" | "putMany" }>,
  what: string,
): Promise<void> {
  const { model } = subject;
  const single = command.kind === "put";
  const writes = inOneUnit(subject, single ? [command.write] : command.writes);
  const expectations = writes.map((write) => expectationOf(model, write));
  const [modelGuard, guard] = guardOf(subject, command.guard);
  const refusals = model.refusals(modelGuard, expectations);
  const call = async (): Promise<readonly Document[]> => {
    const first = writes[0];
    if (single && first !== undefined) {
      const [expected] = expectations;
      return [
        await store.documents.put(addressOf(subject, first.place), inputOf(first), {
          ...guard,
          ...versionIn(expected),
        }),
      ];
    }
    return await store.documents.putMany(
      writes.map((write, index) => ({
        address: addressOf(subject, write.place),
        ...inputOf(write),
        ...versionIn(expectations[index]),
      })),
      guard,
    );
  };
  const stored = await outcome(call, refusals, what, (error) => {
    const index = model.firstStale(expectations);
    if (!single && error.details.conflict === "version")
      equal(error.details.index, index, `${what}: details.index`);
  });
  for (const [index, document] of (stored ?? []).entries()) {
    const write = writes[index];
    if (write === undefined) continue;
    const greatest = model.greatest.get(write.place) ?? 0;
    check(document.version > greatest, `${what}: version ${document.version} came after ${greatest}`);
    model.put(write.place, { value: write.value, tags: write.tags, version: document.version });
    learnIncarnation(subject, document.incarnation, what);
  }
}

async function runDelete(
  store: Store,
  subject: Subject,
  command: Extract<DocumentCommand, { readonly kind: "delete" | "deleteMany" }>,
  what: string,
): Promise<void> {
  const { model } = subject;
  const single = command.kind === "delete";
  // Only of what is there: what a condition means for a document that is not is left open by the contract.
  const there = (single ? [command.write] : command.writes).flatMap((write): StoryWrite[] => {
    const place = placeThere(model, write.place);
    return place === undefined ? [] : [{ ...write, place }];
  });
  const unique = [...new Map(there.map((write) => [write.place, write])).values()];
  const writes = inOneUnit(subject, unique);
  if (writes.length === 0) return;
  const expectations = writes.map((write) => expectationOf(model, write));
  const [modelGuard, guard] = guardOf(subject, command.guard);
  const call = async (): Promise<number> => {
    const deletes = writes.map(({ place }, index) => ({
      address: addressOf(subject, place),
      ...versionIn(expectations[index]),
    }));
    const [first] = deletes;
    if (!single || first === undefined) return await store.documents.deleteMany(deletes, guard);
    return Number(await store.documents.delete(first.address, { ...guard, ...versionIn(expectations[0]) }));
  };
  const removed = await outcome(call, model.refusals(modelGuard, expectations), what);
  if (removed === undefined) return;
  equal(removed, writes.length, `${what}: documents removed`);
  for (const { place } of writes) model.documents.delete(place);
}

async function runTouch(
  context: CaseContext,
  store: Store,
  subject: Subject,
  { kind, place: wanted }: Extract<DocumentCommand, { readonly kind: "touch" | "expireDocument" }>,
  what: string,
): Promise<void> {
  const { model } = subject;
  const place = placeThere(model, wanted) ?? wanted;
  const known = model.documents.get(place);
  if (known === undefined && model.sealed) return;
  const ttlMs = kind === "touch" ? null : 1;
  const call = (): Promise<{ readonly found: Document | undefined }> =>
    store.documents.touch(addressOf(subject, place), { ttlMs }).then((found) => ({ found }));
  const touched = await outcome(call, model.refusals({}, []), what);
  if (touched === undefined) return;
  equal(touched.found?.version, known?.version, `${what}: version after the touch`);
  if (kind === "touch" || known === undefined) return;
  model.documents.delete(place);
  await context.advance(50);
}

async function runSession(
  context: CaseContext,
  store: Store,
  subject: Subject & { readonly session: SessionAddress },
  kind: "append" | "deleteSession" | "expireSession" | "acquire" | "seal" | "unseal",
  what: string,
): Promise<void> {
  const { model, session } = subject;
  const { log, leases } = store;
  switch (kind) {
    case "append": {
      const appended = await outcome(() => log.append(session, [says("x")]), model.refusals({}, []), what);
      if (appended !== undefined) model.open();
      return learnIncarnation(subject, appended?.incarnation, what);
    }
    case "deleteSession":
      return equal(await log.delete(session), model.end(), `${what}: whether there was a session`);
    case "expireSession":
      if (model.incarnation() === 0 || model.sealed) return;
      await letExpire(context, session);
      model.end();
      return;
    case "acquire": {
      if (leases === undefined) return;
      const lease = await leases.acquire(session, { ttlMs: 60_000 });
      await lease.release();
      model.newestFence = lease.fence;
      subject.fences.push(lease.fence);
      return;
    }
    default:
      if (!isEventTransfer(log) || model.incarnation() === 0) return;
      await (kind === "seal" ? log.seal(session) : log.unseal(session));
      model.sealed = kind === "seal";
  }
}

async function compareFind(
  store: Store,
  { scope, model }: Subject,
  find: StoryFind,
  what: string,
): Promise<void> {
  const { any, all, least, text, direction, limit } = find;
  const options = {
    ...{ direction, limit, namespacePrefix: prefixOf(find.prefix), tags: { any, all } },
    ...(least === undefined ? {} : { where: { path: ["value", "n"], $gte: least } as const }),
    ...(text === undefined ? {} : { text }),
  };
  const found = await collect((page) => store.documents.find(scope, { ...options, ...page }));
  const expected = model.find(find).map((place) => [namespaceOf(place), keyOf(place)]);
  equal(
    found.map(({ namespace, key }) => [namespace, key]),
    expected,
    what,
  );
}

/** Compares everything that a scope shows with what the model expects. */
async function compareScope(
  context: CaseContext,
  store: Store,
  subject: Subject,
  what: string,
): Promise<void> {
  const { scope, session, model } = subject;
  const places = model.places();
  const expected = places.map((place) => {
    const { value, tags, version } = model.documents.get(place) ?? {};
    return { namespace: namespaceOf(place), key: keyOf(place), value, tags: tags?.toSorted(), version };
  });
  const shown = ({ namespace, key, value, tags, version }: Document): unknown => ({
    ...{ namespace, key, tags, version },
    value: (value as { readonly n: number }).n,
  });
  const got = await store.documents.getMany(places.map((place) => addressOf(subject, place)));
  equal(
    got.map((document) => document && shown(document)),
    expected,
    `getMany in ${label(scope)} ${what}`,
  );
  await eventually(context, async () => {
    const found = await collect((page) => store.documents.find(scope, page));
    equal(found.map(shown), expected, `find in ${label(scope)} ${what}`);
    const namespaces = await collect((page) => store.documents.namespaces(scope, page));
    const texts = new Set(places.map((place) => JSON.stringify(namespaceOf(place))));
    equal(
      namespaces,
      [...texts].map((text) => JSON.parse(text)),
      `namespaces in ${label(scope)} ${what}`,
    );
  });
  if (session === undefined) return;
  const head = await store.log.head(session);
  equal(head !== undefined, model.incarnation() > 0, `whether ${label(scope)} is there ${what}`);
  equal(
    head?.incarnation,
    subject.incarnations.get(model.incarnation()),
    `incarnation of ${label(scope)} ${what}`,
  );
}

/** The result; `undefined` for a refusal that the model foresaw. Anything else is a difference. */
async function outcome<Result>(
  call: () => Promise<Result>,
  refusals: ReadonlySet<string>,
  what: string,
  look?: (error: MemoryError) => void,
): Promise<Result | undefined> {
  try {
    const result = await call();
    equal([...refusals], [], `${what}: it succeeded, although it should be refused as`);
    return result;
  } catch (error) {
    if (!MemoryError.isInstance(error)) throw error;
    const reason = error.code === "conflict" ? String(error.details.conflict) : error.code;
    check(
      refusals.has(reason),
      `${what}: refused as ${reason}, expected ${[...refusals].join(" or ") || "success"}`,
    );
    look?.(error);
    return undefined;
  }
}

/** Of these writes those that one atomic call may make: all of a session, or those of the first one's namespace. */
function inOneUnit({ session }: Subject, writes: readonly StoryWrite[]): readonly StoryWrite[] {
  const first = writes[0];
  if (session !== undefined || first === undefined) return writes;
  return writes.filter(({ place }) => place % 3 === first.place % 3);
}

/** The place of an existing document that the number stands for; `undefined` when there are none. */
function placeThere(model: DocumentModel, place: Place): Place | undefined {
  const places = model.places();
  return places[place % Math.max(1, places.length)];
}

function expectationOf(model: DocumentModel, { place, expected }: StoryWrite): ModelExpectation {
  const current = model.documents.get(place)?.version ?? 0;
  const greatest = model.greatest.get(place) ?? 0;
  // Without a document the last version that stood here is the stale one: nobody may bring it back.
  const stale = current === 0 && greatest > 0 ? greatest : current + 1;
  const expectedVersion = { none: undefined, current, stale, zero: 0 }[expected];
  return { place, expectedVersion };
}

function guardOf(subject: Subject, guard: DocumentGuard): readonly [ModelGuard, SessionGuard] {
  const { model, session, incarnations, fences } = subject;
  if (session === undefined) return [{}, {}];
  const previous = model.incarnation() > 0 ? model.incarnations() - 1 : model.incarnations();
  const ordinal = { none: 0, current: model.incarnation(), previous }[guard.incarnation];
  const incarnation = incarnations.get(ordinal);
  const fence = guard.fence === "none" ? undefined : fences.at(guard.fence === "newest" ? -1 : -2);
  return [
    { ...(incarnation !== undefined && { incarnation: ordinal }), ...(fence !== undefined && { fence }) },
    { ...(incarnation !== undefined && { incarnation }), ...(fence !== undefined && { fence }) },
  ];
}

function learnIncarnation(
  { model, session, incarnations }: Subject,
  incarnation: string | undefined,
  what: string,
): void {
  if (session === undefined || incarnation === undefined) return;
  const known = incarnations.get(model.incarnation());
  if (known !== undefined) equal(incarnation, known, `${what}: incarnation`);
  else check(![...incarnations.values()].includes(incarnation), `${what}: an incarnation came back`);
  incarnations.set(model.incarnation(), incarnation);
}

function addressOf({ scope }: Subject, place: Place): DocumentAddress {
  return { ...scope, namespace: namespaceOf(place), key: keyOf(place) };
}

function inputOf({ value, tags }: StoryWrite): DocumentInput {
  return { value: { n: value, text: textOf(value) }, tags };
}

function versionIn(expectation: ModelExpectation | undefined): { readonly expectedVersion?: number } {
  return expectation?.expectedVersion === undefined ? {} : { expectedVersion: expectation.expectedVersion };
}

function label({ session }: DocumentScope): string {
  return session === undefined ? "the scope that stands alone" : `the session ${session}`;
}
