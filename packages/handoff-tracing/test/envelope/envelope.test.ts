import { createManualClock, MemoryError } from "@relevo/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createEnvelopes, type Envelope } from "../../src/envelope/index.ts";

const secret = (name: string) => name.repeat(32).slice(0, 32);
const keys = { current: "b", keys: { a: secret("a"), b: secret("b") } };
const envelope: Envelope = {
  tenant: "acme",
  session: "lead-1",
  incarnation: "i-1",
  branch: "qualifier",
  version: 7,
  handoff: {
    handoffId: "h-1",
    depth: 1,
    from: "qualifier",
    to: "scheduler",
    reason: "qualified",
    mode: "transfer",
    priority: "high",
    data: { score: 85 },
    passed: [{ from: 1, to: 5 }],
    messages: [{ role: "user", content: "Hello" }],
    documents: [["relevo", "working", "step"]],
  },
  trace: {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "vendor=1",
    baggage: "plan=pro",
  },
};

const reasonOf = (error: unknown) =>
  MemoryError.isInstance(error) ? (error.details.reason ?? error.code) : String(error);
const outcome = async (work: Promise<unknown>) => await work.then(() => "opened", reasonOf);

it("brings everything over, unsigned and signed", async () => {
  const clock = createManualClock(1000);
  const plain = createEnvelopes({ clock });
  expect(await plain.open(plain.seal(envelope))).toEqual({
    ...envelope,
    id: expect.any(String),
    at: 1000,
    isSigned: false,
  });
  const signed = createEnvelopes({ clock, keys });
  const text = signed.seal(envelope);
  expect(await signed.open(Buffer.from(text))).toMatchObject({ ...envelope, isSigned: true });
  const least: Envelope = {
    tenant: "t",
    session: "s",
    handoff: { handoffId: "h", depth: 0, from: "a", to: "b", reason: "" },
  };
  expect(await plain.open(plain.seal(least))).toMatchObject(least);
  expect(JSON.parse(plain.seal(least)).body).toEqual(least);
});

it("accepts every known key while they rotate, and signs with the current one", async () => {
  const old = createEnvelopes({ keys: { current: "a", keys: { a: secret("a") } } });
  const both = createEnvelopes({ keys });
  const next = createEnvelopes({ keys: { current: "b", keys: { b: secret("b") } } });
  expect(await outcome(both.open(old.seal(envelope)))).toBe("opened");
  expect(await outcome(next.open(both.seal(envelope)))).toBe("opened");
  expect(await outcome(next.open(old.seal(envelope)))).toBe("unknown-key");
  expect(await outcome(both.open(createEnvelopes().seal(envelope)))).toBe("unsigned");
  const forged = createEnvelopes({ keys: { current: "b", keys: { b: secret("x") } } });
  expect(await outcome(both.open(forged.seal(envelope)))).toBe("signature");
});

it("notices every change of a signed envelope: property", async () => {
  const envelopes = createEnvelopes({ keys, replays: "allowed" });
  const text = envelopes.seal(envelope);
  const original = JSON.stringify(sortedParse(text));
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), async (at, put) => {
      const changed = text.slice(0, at) + put + text.slice(at + put.length);
      let same = false;
      try {
        same = JSON.stringify(sortedParse(changed)) === original;
      } catch {
        // No JSON any more.
      }
      if (!same) expect(await outcome(envelopes.open(changed))).not.toBe("opened");
    }),
    { numRuns: 500 },
  );
});

function sortedParse(text: string): unknown {
  return JSON.parse(text);
}

it("lets a signed envelope in once, within its window, and never twice at its edge", async () => {
  const clock = createManualClock(1_000_000);
  const envelopes = createEnvelopes({ keys, clock, windowMs: 1000 });
  const text = envelopes.seal(envelope);
  expect(await outcome(envelopes.open(text))).toBe("opened");
  expect(await outcome(envelopes.open(text))).toBe("replay");
  clock.advance(1000);
  expect(await outcome(envelopes.open(text))).toBe("replay");
  clock.advance(1);
  expect(await outcome(envelopes.open(text))).toBe("time");
  const early = createEnvelopes({ keys, clock: createManualClock(clock.now() + 1001) }).seal(envelope);
  expect(await outcome(envelopes.open(early))).toBe("time");
  const again = createEnvelopes({ keys, clock, windowMs: 1000, replays: "allowed" });
  const other = again.seal(envelope);
  expect([await outcome(again.open(other)), await outcome(again.open(other))]).toEqual(["opened", "opened"]);
});

it("does not remember what it refused, and remembers for all receivers through `remember`", async () => {
  const shared = new Map<string, number>();
  const remember = async (id: string, until: number) =>
    !shared.has(id) && shared.set(id, until) !== undefined;
  const one = createEnvelopes({ keys, remember });
  const two = createEnvelopes({ keys, remember });
  const text = one.seal(envelope);
  const broken = text.replace("lead-1", "lead-2");
  expect(await outcome(one.open(broken))).toBe("signature");
  expect(shared.size).toBe(0);
  expect(await outcome(one.open(text))).toBe("opened");
  expect(await outcome(two.open(text))).toBe("replay");
});

it("forgets ids when their time is over, so that a busy receiver does not grow", async () => {
  const clock = createManualClock(0);
  const envelopes = createEnvelopes({ keys, clock, windowMs: 10 });
  for (let index = 0; index < 1100; index++) {
    clock.advance(1);
    const text = envelopes.seal(envelope);
    expect(await outcome(envelopes.open(text))).toBe("opened");
    if (index % 500 === 0) expect(await outcome(envelopes.open(text))).toBe("replay");
  }
});

it("refuses hostile input with a typed error", async () => {
  const { open, seal } = createEnvelopes({ maxBytes: 2000 });
  const text = seal(envelope);
  const edited = (
    edit: (sealed: { [name: string]: never } & { body: { [name: string]: unknown } }) => void,
  ) => {
    const sealed = JSON.parse(text);
    edit(sealed);
    return JSON.stringify(sealed);
  };
  const cases: [string | Uint8Array, string][] = [
    ["", "invalid-input"],
    ["null", "invalid-input"],
    ["[]", "invalid-input"],
    ["{}", "invalid-input"],
    ["[".repeat(1999), "invalid-input"],
    [`{"relevo":1,"id":"x","at":1,"body":${"[".repeat(200)}${"]".repeat(200)}}`, "too-large"],
    ["x".repeat(2001), "too-large"],
    ["é".repeat(1500), "too-large"],
    [new Uint8Array([0x7b, 0xff]), "invalid-input"],
    [edited((sealed) => Object.assign(sealed, { relevo: 2 })), "unsupported"],
    [edited((sealed) => Object.assign(sealed, { relevo: "1" })), "invalid-input"],
    [edited((sealed) => Object.assign(sealed, { more: 1 })), "invalid-input"],
    [edited(({ body }) => Object.assign(body, { tenant: "" })), "invalid-input"],
    [edited(({ body }) => Object.assign(body, { tenant: "a\0" })), "invalid-input"],
    [edited(({ body }) => Object.assign(body, { other: 1 })), "invalid-input"],
    [edited(({ body }) => Object.assign(body, { version: -1 })), "invalid-input"],
    [edited(({ body }) => Object.assign(body.handoff as object, { depth: 1.5 })), "invalid-input"],
    [edited(({ body }) => Object.assign(body.handoff as object, { mode: "both" })), "invalid-input"],
    [
      edited(({ body }) => Object.assign(body.handoff as object, { messages: [{ role: "root" }] })),
      "invalid-input",
    ],
    [edited(({ body }) => Object.assign(body.trace as object, { traceparent: "00-x" })), "invalid-input"],
    [edited(({ body }) => Object.assign(body.trace as object, { baggage: "a=b\r\nx: y" })), "invalid-input"],
    [text.replace('"tenant"', '"__proto__"'), "invalid-input"],
    [undefined as never, "invalid-input"],
    [7 as never, "invalid-input"],
  ];
  for (const [input, code] of cases) {
    const error = await open(input).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect([String(input).slice(0, 60), (error as MemoryError | undefined)?.code]).toEqual([
      String(input).slice(0, 60),
      code,
    ]);
  }
});

it("opens no random bytes, and throws nothing else but its typed errors: property", async () => {
  const { open } = createEnvelopes({ keys });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), async (input) => {
      const error = await open(input).catch((thrown: unknown) => thrown);
      expect(MemoryError.isInstance(error)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it("refuses keys that are too short or missing, and envelopes that are too large to seal", () => {
  expect(() => createEnvelopes({ keys: { current: "a", keys: { a: "short" } } })).toThrow(/32 bytes/u);
  expect(() => createEnvelopes({ keys: { current: "c", keys: keys.keys } })).toThrow(/current/u);
  expect(() => createEnvelopes({ replays: "no" as never })).toThrow(/replays/u);
  expect(() => createEnvelopes({ maxBytes: 100 }).seal(envelope)).toThrow(/maxBytes/u);
  expect(() => createEnvelopes().seal({ ...envelope, tenant: undefined as never })).toThrow(/tenant/u);
});
