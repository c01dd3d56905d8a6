import { createManualClock, MemoryError, type Store } from "@relevo/core";
import {
  createKeyValueDriver,
  createStore,
  type KeyValueLimits,
  type KeyValueSpace,
} from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import type { FullDocuments } from "../../src/capabilities.ts";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const tenant = "acme";
const address = { tenant, session: "s" };
const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

interface Fixture {
  readonly store: Store;
  readonly documents: FullDocuments;
  /** What happens after the next commit; the space then answers that it is not there, if that says so. */
  afterCommit(what: () => "fails" | "goes on"): void;
  /** The space answers again. */
  mend(): void;
}

function open(limits?: KeyValueLimits): Fixture {
  const space = createMapSpace(createMapEntries(), createManualClock(), limits);
  let next: (() => "fails" | "goes on") | undefined;
  let isGone = false;
  const requireSpace = (): void => {
    if (isGone) throw new MemoryError("unavailable", "The space is not there.");
  };
  const failing: KeyValueSpace = {
    ...space,
    read(request, options) {
      requireSpace();
      return space.read(request, options);
    },
    async commit(changes, conditions, options) {
      requireSpace();
      const isApplied = await space.commit(changes, conditions, options);
      if (isApplied) isGone = next?.() === "fails";
      if (isApplied) next = undefined;
      return isApplied;
    },
  };
  const store = createStore(createKeyValueDriver(failing, { durability }));
  return {
    store,
    documents: store.documents,
    afterCommit(what) {
      next = what;
    },
    mend() {
      isGone = false;
    },
  };
}

const fact = (user: string) => ({ tenant, namespace: ["users", user], key: "fact" });

/** The documents of three owners as a batch, and where they are imported. */
async function ownersOf({ documents }: Fixture) {
  for (const user of ["u1", "u2", "u3"]) await documents.put(fact(user), { value: user });
  const batch = await documents.exportDocuments({ tenant });
  if (batch === undefined) throw new Error("There is nothing to import.");
  return { batch, archive: { tenant: "archive" } };
}

const valuesOf = async ({ documents }: Fixture, archive: string) =>
  (await documents.find({ tenant: archive })).items.map(({ value }) => value);

describe("what fails behind the first write of a call", () => {
  it("does not deny the owners that an aborted import has written", async () => {
    const fixture = open();
    const { documents } = fixture;
    const { batch, archive } = await ownersOf(fixture);
    const controller = new AbortController();
    fixture.afterCommit(() => {
      controller.abort();
      return "goes on";
    });
    await expect(
      documents.importDocuments(archive, batch, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: "aborted", outcome: "unknown" });
    expect(await valuesOf(fixture, "archive")).toEqual(["u1"]);
    expect(await documents.importDocuments(archive, batch)).toEqual({
      imported: 2,
      unchanged: 1,
      expired: 0,
    });
  });

  it("is not applied when an import is aborted before its first owner", async () => {
    const fixture = open();
    const { batch, archive } = await ownersOf(fixture);
    await expect(
      fixture.documents.importDocuments(archive, batch, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "aborted", outcome: "not-applied" });
    expect(await valuesOf(fixture, "archive")).toEqual([]);
  });

  it("does not deny an erasure whose derived documents could not be looked for", async () => {
    const { store, afterCommit, mend } = open();
    await store.log.append(address, [message("one")]);
    afterCommit(() => "fails");
    const erase = () => store.log.erase(address, { seqs: [{ from: 1, to: 1 }] });
    await expect(erase()).rejects.toMatchObject({ code: "unavailable", outcome: "unknown" });
    mend();
    expect((await store.log.read(address)).events[0]?.erasedAt).toBeDefined();
    expect((await erase()).erased).toEqual([1]);
  });

  it("does not deny a delete whose derived documents could not be looked for", async () => {
    const { documents, afterCommit, mend } = open();
    await documents.put(fact("u1"), { value: 1 });
    afterCommit(() => "fails");
    await expect(documents.delete(fact("u1"))).rejects.toMatchObject({ outcome: "unknown" });
    mend();
    expect(await documents.get(fact("u1"))).toBeUndefined();
  });

  it("does not deny a document whose sources could not be looked at again", async () => {
    const { store, documents, afterCommit, mend } = open();
    await store.log.append(address, [message("one")]);
    const { incarnation = "", removalRevision } = await store.log.read(address);
    const events = { session: address.session, incarnation, removalRevision, ranges: [{ from: 1, to: 1 }] };
    afterCommit(() => "fails");
    await expect(documents.put(fact("u1"), { value: 1, derivedFrom: { events } })).rejects.toMatchObject({
      outcome: "unknown",
    });
    mend();
    expect((await documents.get(fact("u1")))?.value).toBe(1);
  });

  it("does not deny an append whose marks take another commit", async () => {
    const { store, afterCommit, mend } = open({ commitEntries: 200 });
    for (let index = 0; index < 60; index++) await store.log.append(address, [message(`${index}`)]);
    afterCommit(() => "fails");
    await expect(
      store.log.append(address, [
        { type: "retraction", body: { ranges: [{ from: 1, to: 60 }], reason: "undo" } },
      ]),
    ).rejects.toMatchObject({ outcome: "unknown" });
    mend();
    expect((await store.log.read(address)).events.map(({ seq }) => seq)).toEqual([61]);
  });
});
