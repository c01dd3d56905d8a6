import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/limits.ts";
import type { Document } from "../src/ports/document-store.ts";
import type { TransferredDocument } from "../src/ports/document-transfer.ts";
import { type AdmittedTransferredDocument, admitImportDocuments } from "../src/store/document-batch.ts";
import { planDocumentImport } from "../src/store/plan-document-import.ts";

function document(change: Partial<TransferredDocument> = {}): TransferredDocument {
  return {
    namespace: ["notes"],
    key: "k",
    value: { a: 1, b: [2] },
    version: 5,
    tags: ["t"],
    metadata: { m: 1 },
    createdAt: 100,
    updatedAt: 200,
    derivedFrom: { documents: [{ namespace: ["n"], key: "source", version: 1 }] },
    ...change,
  };
}

function admitted(...documents: readonly TransferredDocument[]): readonly AdmittedTransferredDocument[] {
  const batch = { version: 9, documents };
  return admitImportDocuments({ tenant: "acme" }, batch, undefined, defaultLimits).documents;
}

describe("planDocumentImport", () => {
  it("writes what is not here, as it comes", () => {
    const [one] = admitted(document({ expiresAt: 300 }));
    const plan = planDocumentImport(admitted(document({ expiresAt: 300 })), [undefined]);
    expect(plan).toEqual({ ok: { writes: [{ ...one, expectedVersion: 0 }], unchanged: 0 } });
  });

  it("leaves the same version alone, whatever its expiry and the order of its fields", () => {
    const here: Document = { ...document({ value: { b: [2], a: 1 } }), expiresAt: 1, incarnation: "i" };
    expect(planDocumentImport(admitted(document()), [here])).toEqual({ ok: { writes: [], unchanged: 1 } });
  });

  it("replaces an older version of the same document", () => {
    const here: Document = document({ version: 3, value: "older", updatedAt: 150 });
    const { ok } = planDocumentImport(admitted(document()), [here]);
    expect(ok?.writes.map(({ version, expectedVersion }) => [version, expectedVersion])).toEqual([[5, 3]]);
  });

  const others: readonly (readonly [string, Partial<TransferredDocument>])[] = [
    ["a newer version", { version: 6 }],
    ["another value", { value: { a: 1 } }],
    ["other tags", { tags: [] }],
    ["other metadata", { metadata: {} }],
    ["other sources", { derivedFrom: { documents: [{ namespace: ["n"], key: "source", version: 2 }] } }],
    ["another time", { updatedAt: 201 }],
    ["another document", { createdAt: 101 }],
    ["an older version of another document", { createdAt: 99, version: 3 }],
  ];
  it.each(others)("refuses %s here, with its version and the place in the batch", (_what, change) => {
    const batch = admitted(document({ key: "a" }), document());
    expect(planDocumentImport(batch, [undefined, document(change)])).toEqual({
      refused: "import",
      version: change.version ?? 5,
      index: 1,
    });
  });

  it("refuses a document here that has no sources in place of one that has", () => {
    const { derivedFrom: _, ...plain } = document();
    expect(planDocumentImport(admitted(document()), [plain]).refused).toBe("import");
  });
});
