import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Tenant } from "../../src/index.ts";
import { ChecksumChain, type ExportLine } from "../../src/portability/export-format.ts";
import { failure, oneStore, user } from "../fixture.ts";

// Checksums are no signatures: these texts have the right ones.

const counts = { sessions: 0, events: 0, operations: 0, documents: 0 };

function forged(header: object, line: ExportLine): string {
  const chain = new ChecksumChain();
  const lines: ExportLine[] = [{ kind: "relevo-export", version: 1, tenant: "acme", ...header }, line];
  return [...lines, { kind: "end", counts: { ...counts, [`${line.kind}s`]: 1 } }]
    .map((one) => chain.write(one))
    .join("");
}

/** Lines that need not be JSON. */
function raw(...bodies: readonly string[]): string {
  let before = "";
  return bodies
    .map((body) => {
      before = hash("sha256", `${before}${body}`, "base64url").slice(0, 22);
      return `${body},"sum":"${before}"}\n`;
    })
    .join("");
}

function documentLine(namespace: unknown, value: unknown = 1): ExportLine {
  const times = { createdAt: 1, updatedAt: 1 };
  return { kind: "document", namespace, key: "k", value, version: 1, tags: [], metadata: {}, ...times };
}

function sessionLine(session: unknown, more: object = {}): ExportLine {
  const incarnation = "018f0000-0000-7000-8000-000000000001";
  const facts = { session, incarnation, version: 0, firstSeq: 1, metadata: {}, createdAt: 1, updatedAt: 1 };
  return { kind: "session", ...facts, ...more };
}

const header = '{"kind":"relevo-export","tenant":"acme","version":1';
const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

describe("an import", () => {
  it.each<[string, object, ExportLine]>([
    ["another person's memory", { user: "juan" }, documentLine(["relevo:user", "ana", "memory", "durable"])],
    ["another person's session", { user: "juan" }, sessionLine("s", { subject: "ana" })],
    ["an application's document, of a person", { user: "juan" }, documentLine(["prices"])],
    ["another session", { session: "chat" }, sessionLine("other")],
    ["a document beside a session", { session: "chat" }, documentLine(["relevo", "holds"])],
    ["another workspace", { workspace: "leads" }, documentLine(["relevo:workspace", "board", "grants"])],
    ["a session, of a workspace", { workspace: "leads" }, sessionLine("s")],
    [
      "an erasure that seems to run",
      {},
      documentLine(["relevo:erasing", "ana"], { erasure: "1", running: true }),
    ],
    ["an erasure's journal", {}, documentLine(["relevo", "erasures"])],
    ["a mark of the archive", {}, documentLine(["relevo:archive", "s"], { incarnation: "1" })],
    ["a mark of retention", {}, { ...documentLine(["relevo", "retentions"]), session: "s" }],
    ["a document without a place", {}, documentLine(null)],
    ["a session without a name", {}, sessionLine(null)],
    ["a session without an incarnation", {}, sessionLine("s", { incarnation: undefined })],
  ])("refuses %s", async (_, of, line) => {
    const { memory, store } = oneStore();
    const acme = memory.tenant("acme");
    const text = forged(of, line);
    for (const dryRun of [true, false]) {
      const { details } = await failure(acme.import([text], { dryRun }), "corrupt");
      expect(details).toMatchObject({ line: 2 });
    }
    expect((await store.documents.find({ tenant: "acme" }, {})).items).toEqual([]);
    expect((await acme.sessions()).items).toEqual([]);
  });

  it.each([
    ["corrupt", '{"kind":"document" and so on'],
    ["corrupt", '{"kind":{"toString":1}'],
    ["corrupt", "[1"],
    ["invalid-input", JSON.stringify(sessionLine("s", { subject: {} })).slice(0, -1)],
    [
      "too-large",
      JSON.stringify(documentLine(["a"], 0))
        .slice(0, -1)
        .replace('"value":0', `"value":${deep}`),
    ],
  ] as const)("answers %s for a line that is none", async (code, line) => {
    const { memory } = oneStore();
    const end = `{"kind":"end","counts":${JSON.stringify({ ...counts, documents: 1 })}`;
    await failure(memory.tenant("acme").import([raw(header, line, end)]), code);
  });

  it("that began before a person's erasure brings nothing of the person back", async () => {
    const original = oneStore().memory.tenant("acme");
    const session = original.session("chat", { subject: "juan" });
    await session.append(user("I am Juan"));
    await session.user.remember("name", "Juan");
    await session.agent("clerk").remember("learned", "Juan", { tier: "durable" });
    for (const selector of [{ user: "juan" }, {}]) {
      const lines: string[] = [];
      for await (const line of original.export(selector)) lines.push(line);
      const first = lines.findIndex((line) => line.includes('"subject":"juan"')) + 1;
      for (let place = first; place < lines.length; place++) {
        const { memory, errors } = oneStore();
        const acme = memory.tenant("acme");
        const erasing = interrupted(lines, place, async () => void (await acme.erase({ user: "juan" })));
        await failure(acme.import(erasing), "history-lost");
        expect(await left(acme)).toEqual([]);
        expect(errors).toEqual([]);
        // Who imports after the erasure means it.
        await acme.import(lines);
        expect(await left(acme)).toEqual(["chat", "Juan", "Juan"]);
      }
    }
  });
});

async function* interrupted(
  lines: readonly string[],
  before: number,
  act: () => Promise<void>,
): AsyncGenerator<string> {
  for (const [place, line] of lines.entries()) {
    if (place === before) await act();
    yield line;
  }
}

async function left(acme: Tenant): Promise<unknown[]> {
  const sessions = (await acme.sessions()).items.map(({ session }) => session);
  const values = [await acme.user("juan").recall("name"), await acme.agent("clerk").recall("learned")];
  return [...sessions, ...values].filter((value) => value !== undefined);
}
