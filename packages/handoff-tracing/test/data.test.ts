import { defaultLimits, type JsonValue, MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { HandoffRefused, type StandardSchema } from "../src/index.ts";
import { bench, callMessage, rejectionOf, work } from "./support.ts";

const lead = z.object({ score: z.coerce.number().min(0), tags: z.array(z.string()).default([]) });

test("data that is too deep for the event is refused by its own name", async () => {
  const on = bench();
  let data: JsonValue = 1;
  for (let depth = 2; depth < defaultLimits.depth; depth++) data = [data];
  await on.handoffs.run({ ...work, session: on.session, data }, () => 1);
  await (await on.handoffs.start(on.session, { ...work, data })).complete();
  const deeper = { ...work, session: on.session, data: [data] };
  const { session, ...start } = deeper;
  for (const call of [on.handoffs.run(deeper, () => 1), on.handoffs.start(session, start)])
    expect(await rejectionOf(call)).toMatchObject({ code: "too-large", details: { field: "data" } });
});

describe("data with a schema", () => {
  test("reaches the receiver and the log as the schema makes it, with its type", async () => {
    const on = bench();
    const request = { ...work, session: on.session, data: { score: "85" }, schema: lead };
    const next = await on.handoffs.run(request, ({ data }) => data.score + 1 + data.tags.length);
    expect(next).toBe(86);
    expect(await on.records()).toMatchObject([{ data: { score: 85, tags: [] } }, { status: "completed" }]);
  });

  test("is given to the policy as the schema makes it", async () => {
    const on = bench();
    let given: unknown;
    await on.handoffs.run(
      {
        ...work,
        session: on.session,
        data: { score: "1" },
        schema: lead,
        policy: ({ data }) => {
          given = data;
          return [];
        },
      },
      () => undefined,
    );
    expect(given).toEqual({ score: 1, tags: [] });
  });

  test("that the schema does not take is refused before the receiver runs, and the refusal recorded", async () => {
    const on = bench();
    await on.say(callMessage("c1"));
    const request = {
      ...work,
      session: on.session,
      data: { score: -1, tags: [7] },
      schema: lead,
      callId: "c1",
    };
    const error = await rejectionOf(on.handoffs.run(request, () => expect.unreachable()));
    expect(error).toBeInstanceOf(HandoffRefused);
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect(error).toMatchObject({
      refusal: "data",
      details: { issues: [{ path: "score" }, { path: "tags.0" }] },
    });
    expect(await on.records()).toMatchObject([
      { status: "rejected", data: { score: -1, tags: [7] }, error: { name: "HandoffRefused" } },
    ]);
    const { events } = await on.log.read(on.session, { types: ["message"] });
    expect(JSON.stringify(events.at(-1))).toContain("did not take over");
  });

  test("is validated once and asynchronously, also when messages are removed while the handoff starts", async () => {
    let validations = 0;
    const slow: StandardSchema<{ ok: boolean }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async () => {
          await Promise.resolve();
          validations++;
          return { value: { ok: true } };
        },
      },
    };
    const on = bench();
    await on.say("secret", "public");
    let erased = false;
    const ok = await on.handoffs.run(
      {
        ...work,
        session: on.session,
        schema: slow,
        policy: async ({ messages }) => {
          if (!erased) await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
          erased = true;
          return [{ role: "user", content: `of ${messages.length}` }];
        },
      },
      ({ data }) => data.ok,
    );
    expect(ok).toBe(true);
    expect(validations).toBe(1);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("no such table")), "invalid-input"],
    ["makes what JSON cannot hold", async () => ({ value: new Date() }), "invalid-input"],
  ])("of a schema that %s is refused", async (_, validate, code) => {
    const on = bench();
    const schema: StandardSchema = { "~standard": { version: 1, vendor: "test", validate } };
    const request = { ...work, session: on.session, data: 1, schema };
    const error = await rejectionOf(on.handoffs.run(request, () => expect.unreachable()));
    expect(MemoryError.isInstance(error, code as "invalid-input"), String(error)).toBe(true);
    expect(await on.records()).toMatchObject([{ status: "rejected" }]);
  });

  test("needs a schema that is one", async () => {
    const on = bench();
    const request = { ...work, session: on.session, schema: { parse: () => 1 } as never };
    expect(await rejectionOf(on.handoffs.run(request, () => expect.unreachable()))).toMatchObject({
      details: { field: "schema" },
    });
    expect(await on.records()).toEqual([]);
  });
});
