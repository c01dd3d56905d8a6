import { describe, expect, it } from "vitest";
import { type DocumentStore, defaultLimits, updateDocument } from "../src/index.ts";
import * as input from "../src/input/index.ts";
import {
  admitCall,
  admitDocumentAddress,
  admitDocumentScope,
  admitRecallQuery,
  admitSessionAddress,
  admitWhere,
  type FieldKinds,
  resolveLimits,
} from "../src/input/index.ts";
import * as documentBatch from "../src/store/document-batch.ts";
import {
  admitEraseDerived,
  admitExportDocuments,
  admitImportDocuments,
} from "../src/store/document-batch.ts";
import * as documentCalls from "../src/store/document-calls.ts";
import {
  admitDelete,
  admitDeleteMany,
  admitGet,
  admitGetMany,
  admitPut,
  admitPutMany,
  admitTouchDocument,
} from "../src/store/document-calls.ts";
import * as documentQueries from "../src/store/document-queries.ts";
import { admitCount, admitFind, admitNamespaces } from "../src/store/document-queries.ts";
import * as feedCalls from "../src/store/feed-calls.ts";
import { admitChanges } from "../src/store/feed-calls.ts";
import { admitAppend } from "../src/store/index.ts";
import * as listCalls from "../src/store/list-calls.ts";
import { admitListSessions, admitScan } from "../src/store/list-calls.ts";
import * as logCalls from "../src/store/log-calls.ts";
import {
  admitDeleteSession,
  admitErase,
  admitGuard,
  admitHead,
  admitOperationCall,
  admitRead,
  admitTouch,
  admitTrim,
} from "../src/store/log-calls.ts";
import * as transferCalls from "../src/store/transfer-calls.ts";
import { admitExport, admitImport, admitSeal } from "../src/store/transfer-calls.ts";
import * as upkeepCalls from "../src/store/upkeep-calls.ts";
import { admitAcquire, admitExpire, admitRenew, admitTenants } from "../src/store/upkeep-calls.ts";
import { rejected, thrown } from "./support.ts";

const limits = defaultLimits;
const session = { tenant: "t", session: "s" };
const address = { ...session, namespace: ["a"], key: "k" };
const event = { type: "x-a" as const, body: 1 };
const operation = { id: "o", fingerprint: "f" };

const emptyBatch = {
  head: {
    session: "s",
    incarnation: "i",
    version: 0,
    revision: 0,
    removalRevision: 0,
    token: "token",
    firstSeq: 1,
    events: 0,
    bytes: 0,
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
  },
  events: [],
  operations: [],
  removed: [],
};

interface Call {
  readonly admit: (options: never) => unknown;
  /** Fields that select or guard, each with a good value. */
  readonly selects: object;
  readonly refines: readonly string[];
  /** Selecting fields that the call cannot do without. */
  readonly needs?: object;
}

const guard = { incarnation: "i", fence: 1 };
const guardRefines = ["signal", "init"];
const page = ["signal", "limit", "cursor"];

/** Every function of core that admits an object of named fields, by what it is called in the test's name. */
const calls: { readonly [name: string]: Call } = {
  admitCall: { admit: (o) => admitCall(o), selects: {}, refines: ["signal"] },
  admitGuard: { admit: (o) => admitGuard(o, limits), selects: guard, refines: guardRefines },
  "admitGuard init": {
    admit: (o) => admitGuard({ init: o }, limits),
    selects: { subject: "u" },
    refines: ["metadata"],
  },
  admitAppend: {
    admit: (o) => admitAppend(session, [event], o, limits, "token"),
    selects: { ...guard, operation, expectedVersion: 0 },
    refines: [...guardRefines, "ttlMs"],
  },
  "admitAppend operation": {
    admit: (o) => admitAppend(session, [event], { operation: o }, limits, "token"),
    selects: {},
    needs: operation,
    refines: [],
  },
  admitOperationCall: {
    admit: (o) => admitOperationCall(session, "o", o, limits),
    selects: {},
    refines: ["signal"],
  },
  admitHead: { admit: (o) => admitHead(session, o, limits), selects: {}, refines: ["signal"] },
  admitRead: {
    admit: (o) => admitRead(session, o, limits),
    selects: {
      after: 1,
      before: 2,
      types: ["message"],
      agent: "a",
      pinned: true,
      atVersion: 1,
      retracted: "only",
    },
    refines: ["signal", "limit", "direction"],
  },
  admitTouch: {
    admit: (o) => admitTouch(session, o, limits, "token"),
    selects: { incarnation: "i", subject: "u" },
    refines: ["signal", "ttlMs", "metadata"],
  },
  admitTrim: {
    admit: (o) => admitTrim(session, o, limits, "token"),
    selects: { incarnation: "i" },
    needs: { beforeSeq: 1 },
    refines: ["signal"],
  },
  "admitTrim by time": {
    admit: (o) => admitTrim(session, o, limits, "token"),
    selects: {},
    needs: { olderThan: 1 },
    refines: ["signal"],
  },
  admitErase: {
    admit: (o) => admitErase(session, o, limits, "token"),
    selects: { incarnation: "i" },
    needs: { seqs: [] },
    refines: ["signal"],
  },
  admitDeleteSession: {
    admit: (o) => admitDeleteSession(session, o, limits),
    selects: { incarnation: "i", expectedVersion: 1, expectedToken: "t", fence: 1 },
    refines: ["signal"],
  },
  admitSeal: {
    admit: (o) => admitSeal(session, o, limits, { sealed: true, token: "token" }),
    selects: { incarnation: "i", expectedVersion: 1, fence: 1 },
    refines: ["signal"],
  },
  admitImport: {
    admit: (o) => admitImport(session, emptyBatch, o, limits, "token"),
    selects: { fence: 1 },
    refines: ["signal"],
  },
  admitExport: {
    admit: (o) => admitExport(session, o, limits),
    selects: { after: 1 },
    refines: ["signal", "limit"],
  },
  admitListSessions: {
    admit: (o) => admitListSessions("t", o, limits),
    selects: { subject: "u", idleSince: 1, prefix: "p" },
    refines: [...page, "order", "direction"],
  },
  admitChanges: {
    admit: (o) => admitChanges("t", o, limits),
    selects: {},
    refines: [...page, "from"],
  },
  admitRecallQuery: {
    admit: (o) => admitRecallQuery(o),
    needs: { text: "plum" },
    selects: {
      in: ["facts"],
      sessions: ["s"],
      agents: ["a"],
      users: ["u"],
      namespaces: [["n"]],
      where: { path: ["metadata", "m"], $eq: 1 },
      since: 0,
      until: 1,
      now: 2,
      asker: "u",
    },
    refines: ["signal", "limit", "recency", "importance", "explain", "neighbours"],
  },
  admitScan: {
    admit: (o) => admitScan("t", o, limits),
    selects: { types: ["message"], agent: "a", since: 1, until: 2 },
    refines: page,
  },
  admitGet: { admit: (o) => admitGet(address, o, limits), selects: {}, refines: ["signal"] },
  admitGetMany: { admit: (o) => admitGetMany([address], o, limits), selects: {}, refines: ["signal"] },
  admitPut: {
    admit: (o) => admitPut(address, { value: 1 }, o, limits),
    selects: { ...guard, operation, expectedVersion: 1 },
    refines: guardRefines,
  },
  "admitPut input": {
    admit: (o) => admitPut(address, o, {}, limits),
    selects: {},
    needs: { value: 1 },
    refines: ["tags", "metadata", "derivedFrom", "ttlMs"],
  },
  admitPutMany: {
    admit: (o) => admitPutMany([{ address, value: 1 }], o, limits),
    selects: { ...guard, operation },
    refines: guardRefines,
  },
  "admitPutMany write": {
    admit: (o) => admitPutMany([o], {}, limits),
    selects: { expectedVersion: 1 },
    needs: { address, value: 1 },
    refines: ["tags", "metadata", "derivedFrom", "ttlMs"],
  },
  admitDelete: {
    admit: (o) => admitDelete(address, o, limits),
    selects: { ...guard, operation, expectedVersion: 1 },
    refines: guardRefines,
  },
  admitDeleteMany: {
    admit: (o) => admitDeleteMany([{ address }], o, limits),
    selects: { ...guard, operation },
    refines: guardRefines,
  },
  "admitDeleteMany entry": {
    admit: (o) => admitDeleteMany([o], {}, limits),
    selects: { expectedVersion: 1 },
    needs: { address },
    refines: [],
  },
  admitTouchDocument: {
    admit: (o) => admitTouchDocument(address, o, limits),
    selects: guard,
    needs: { ttlMs: null },
    refines: guardRefines,
  },
  admitFind: {
    admit: (o) => admitFind({ tenant: "t" }, o, limits),
    selects: {
      namespace: ["a"],
      namespacePrefix: ["a"],
      tags: {},
      where: { and: [] },
      text: "x",
      updatedSince: 1,
      keyAfter: "a",
      keyBefore: "b",
    },
    refines: [...page, "direction"],
  },
  "admitFind tags": {
    admit: (o) => admitFind({ tenant: "t" }, { tags: o }, limits),
    selects: { any: ["a"], all: ["b"] },
    refines: [],
  },
  admitCount: {
    admit: (o) => admitCount({ tenant: "t" }, o, limits),
    selects: { namespace: ["a"] },
    refines: ["signal"],
  },
  "admitCount below": {
    admit: (o) => admitCount({ tenant: "t" }, o, limits),
    selects: { namespacePrefix: ["a"] },
    refines: ["signal"],
  },
  admitNamespaces: {
    admit: (o) => admitNamespaces({ tenant: "t" }, o, limits),
    selects: { prefix: ["a"], suffix: ["b"] },
    refines: [...page, "maxDepth"],
  },
  admitExportDocuments: {
    admit: (o) => admitExportDocuments({ tenant: "t" }, o, limits),
    selects: {},
    refines: page,
  },
  admitEraseDerived: {
    admit: (o) => admitEraseDerived(session, o, limits),
    selects: {},
    needs: { incarnation: "i" },
    refines: ["signal"],
  },
  admitImportDocuments: {
    admit: (o) => admitImportDocuments(session, { incarnation: "i", documents: [], version: 0 }, o, limits),
    selects: { fence: 1 },
    refines: ["signal"],
  },
  "admitImportDocuments batch": {
    admit: (o) => admitImportDocuments(session, o, {}, limits),
    selects: { cursor: "c" },
    needs: { incarnation: "i", documents: [], version: 0 },
    refines: [],
  },
  "admitImportDocuments document": {
    admit: (o) => admitImportDocuments({ tenant: "t" }, { documents: [o], version: 1 }, {}, limits),
    selects: { expiresAt: 1, derivedFrom: {} },
    needs: {
      namespace: ["a"],
      key: "k",
      value: 1,
      version: 1,
      tags: [],
      metadata: {},
      createdAt: 0,
      updatedAt: 0,
    },
    refines: [],
  },
  admitWhere: {
    admit: (o) => admitWhere({ path: ["value"], ...(o as object) }, limits),
    selects: { $eq: 1, $ne: 1, $gt: 1, $gte: 1, $lt: 1, $lte: 1, $in: [], $exists: true, $contains: 1 },
    needs: { $eq: 2 },
    refines: [],
  },
  admitSessionAddress: {
    admit: (o) => admitSessionAddress(o, limits),
    selects: {},
    needs: session,
    refines: [],
  },
  admitDocumentScope: {
    admit: (o) => admitDocumentScope(o, limits),
    selects: { session: "s" },
    needs: { tenant: "t" },
    refines: [],
  },
  admitDocumentAddress: {
    admit: (o) => admitDocumentAddress(o, limits),
    selects: { session: "s" },
    needs: { tenant: "t", namespace: ["a"], key: "k" },
    refines: [],
  },
  admitAcquire: {
    admit: (o) => admitAcquire(session, o, limits),
    selects: {},
    needs: { ttlMs: 1 },
    refines: ["signal", "waitMs"],
  },
  admitRenew: { admit: (o) => admitRenew(o), selects: {}, refines: ["signal", "ttlMs"] },
  admitTenants: { admit: (o) => admitTenants(o, limits), selects: {}, refines: page },
  admitExpire: { admit: (o) => admitExpire(o), selects: {}, refines: ["signal", "limit"] },
  resolveLimits: { admit: (o) => resolveLimits(o), selects: {}, refines: Object.keys(defaultLimits) },
};

const table = Object.entries(calls);

describe("options", () => {
  it.each(table)("%s takes what it knows, and undefined where it only refines", (_name, call) => {
    const { admit, selects, refines, needs = {} } = call;
    for (const [name, value] of Object.entries(selects)) admit({ ...needs, [name]: value } as never);
    for (const name of refines) admit({ ...needs, [name]: undefined } as never);
  });

  it.each(table)(
    "%s refuses a selecting field that is undefined",
    (_name, { admit, selects, needs = {} }) => {
      for (const name of Object.keys({ ...selects, ...needs })) {
        const { field } = thrown(
          () => admit({ ...needs, [name]: undefined } as never),
          "invalid-input",
        ).details;
        expect(`.${field}`).toMatch(new RegExp(`\\.${name.replace("$", "\\$")}$`));
      }
    },
  );

  it.each(table)("%s refuses an unknown field, and names the nearest known one", (calledName, call) => {
    const { admit, selects, refines, needs = {} } = call;
    for (const name of [...Object.keys({ ...selects, ...needs }), ...refines]) {
      // Three letters lie as near to several operators.
      if (name.length < (calledName === "admitWhere" ? 6 : 4)) continue;
      const misspelt = `${name.slice(0, 2)}${name.slice(3)}`;
      const error = thrown(() => admit({ ...needs, [misspelt]: 1 } as never), "invalid-input");
      expect(error.details.field).toMatch(new RegExp(`\\.${misspelt.replace("$", "\\$")}$`));
      expect(error.details.nearest, misspelt).toBe(name);
      expect(error.message).toContain(`Did you mean ${name}?`);
    }
    // A field of a polluted prototype is nobody's field.
    const clean = { ...needs };
    try {
      Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true });
      admit(clean as never);
    } finally {
      Reflect.deleteProperty(Object.prototype, "polluted");
    }
  });

  it.each(table)("%s reads each field once, and refuses instances of classes", (calledName, call) => {
    const { admit, selects, needs = {} } = call;
    for (const [name, value] of Object.entries({ ...selects, ...needs })) {
      let reads = 0;
      const get = (): unknown => (reads++ === 0 ? value : undefined);
      admit(Object.defineProperty({ ...needs }, name, { enumerable: true, get }) as never);
      expect(reads, name).toBe(1);
    }
    if (calledName !== "admitWhere") {
      thrown(() => admit(Object.assign(new (class Options {})(), needs) as never), "invalid-input");
      thrown(() => admit([] as never), "invalid-input");
    }
    const cause = new Error("boom");
    const get = (): never => {
      throw cause;
    };
    const broken = Object.defineProperty({ ...needs }, "signal", { enumerable: true, get });
    // A filter is read as a JSON value, and an address by its known fields alone.
    if (/Where|Address|Scope/.test(calledName)) return;
    const error = thrown(() => admit(broken as never), "invalid-input");
    // A batch says in an error of its own which entry it was.
    expect([error.cause, (error.cause as Error).cause]).toContain(cause);
  });

  it("are tried for every function of core that admits something", () => {
    const tried = new Set(Object.keys(calls).map((name) => name.split(" ")[0]));
    // These admit single values, or are covered by tests of their own.
    const values =
      /^admit(Operation|Types|Choice|Id|Integer|Limit|Namespace|NullableTtl|OptionalId|OptionalInteger|Ranges|Tags|Session|Tenant|Time|Ttl|Json|Request|Metadata|Message|Event|Events|EventType|Fields|Options|ViewForm|GuardFields|UnitGuard|TransferBatch|Batch)$/;
    const all = {
      ...input,
      ...logCalls,
      ...documentBatch,
      ...documentCalls,
      ...documentQueries,
      ...feedCalls,
      ...listCalls,
      ...transferCalls,
      ...upkeepCalls,
    };
    const admitting = Object.keys(all).filter((name) => name.startsWith("admit") && !values.test(name));
    expect(admitting.filter((name) => !tried.has(name))).toEqual([]);
  });

  it("of updateDocument are checked like all others", async () => {
    const documents = {} as DocumentStore;
    const update = (options: object) => updateDocument(documents, address, () => undefined, options);
    const error = await rejected(update({ atempts: 3 }), "invalid-input");
    expect(error.details).toMatchObject({ field: "options.atempts", nearest: "attempts" });
    await rejected(update({ incarnation: undefined }), "invalid-input");
  });

  it("have kinds that follow from their types", () => {
    interface Options {
      readonly owner?: string;
      readonly limit?: number | undefined;
    }
    const kinds: FieldKinds<Options> = { owner: "selects", limit: "refines" };
    // @ts-expect-error: a field whose type does not admit undefined selects.
    const wrong: FieldKinds<Options> = { owner: "refines", limit: "refines" };
    // @ts-expect-error: every field has a kind.
    const missing: FieldKinds<Options> = { owner: "selects" };
    expect([kinds, wrong, missing]).toHaveLength(3);
  });
});

describe("the nearest name", () => {
  const nearest = (written: string): unknown =>
    thrown(() => admitListSessions("t", { [written]: 1 } as never, limits), "invalid-input").details.nearest;

  it.each([
    ["subjectt", "subject"],
    ["SUBJECT", "subject"],
    ["sbuject", "subject"],
    ["prefi", "prefix"],
    ["curser", "cursor"],
    ["idle_since", "idleSince"],
    ["tenant", undefined],
    ["x", undefined],
    ["", undefined],
    ["y".repeat(100_000), undefined],
  ])("to %.20s is %s", (written, expected) => {
    expect(nearest(written)).toBe(expected);
  });
});
