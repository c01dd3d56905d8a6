import fc from "fast-check";

/** One step of a random story. Numbers are relative to the state that it meets, so that shrinking keeps a sense. */
export type LogCommand =
  | {
      readonly kind: "append";
      readonly types: readonly ("message" | "summary" | "handoff" | "retraction")[];
      /** Where derived events and retractions begin and end, as shares of the log's length; above 1 is beyond it. */
      readonly span: readonly [number, number];
      readonly agent: string | undefined;
      readonly operation: { readonly id: number; readonly request: number } | undefined;
      readonly expected: "none" | "current" | "stale" | "zero";
      readonly incarnation: "none" | "current" | "previous";
      readonly fence: "none" | "newest" | "older";
      /** Which state the writer of derived events read: the present one, or one before some of the removals. */
      readonly seen: "unsaid" | "now" | "earlier" | "ahead";
    }
  | {
      readonly kind: "read";
      readonly after: number | undefined;
      readonly before: number | undefined;
      readonly limit: number;
      readonly direction: "forward" | "backward";
      readonly types: readonly ("message" | "summary" | "handoff" | "retraction")[] | undefined;
      readonly agent: string | undefined;
      readonly retracted: "exclude" | "include" | "only";
      readonly atVersion: number | undefined;
    }
  | { readonly kind: "erase"; readonly span: readonly [number, number]; readonly keeps: boolean }
  | { readonly kind: "trim"; readonly span: readonly [number, number] }
  | { readonly kind: "delete"; readonly expected: "none" | "current" | "stale" }
  | { readonly kind: "expire" | "acquire" | "seal" | "unseal" };

/** A command with the handle, tenant and session that it goes to. */
export interface LogStep {
  readonly handle: 0 | 1;
  readonly tenant: 0 | 1;
  readonly session: 0 | 1;
  readonly command: LogCommand;
}

/** Of 1. Doubles would be drawn by their bits, nearly all of them close to 0. */
const share = fc.nat(60).map((part) => part / 60);
const types = fc.constantFrom("message", "message", "message", "summary", "handoff", "retraction");
const agent = fc.option(fc.constantFrom("writer", "writer2"), { nil: undefined });
const span = fc.tuple(share, share);

const append: fc.Arbitrary<LogCommand> = fc.record({
  kind: fc.constant("append"),
  types: fc.array(types, { minLength: 1, maxLength: 4 }),
  span: fc.tuple(
    share,
    fc.oneof({ weight: 9, arbitrary: share }, { weight: 1, arbitrary: fc.constant(1.5) }),
  ),
  agent,
  operation: fc.option(fc.record({ id: fc.nat(2), request: fc.nat(1) }), { nil: undefined }),
  expected: fc.constantFrom("none", "none", "none", "current", "stale", "zero"),
  incarnation: fc.constantFrom("none", "none", "none", "current", "previous"),
  fence: fc.constantFrom("none", "none", "none", "newest", "older"),
  seen: fc.constantFrom("unsaid", "now", "now", "now", "earlier", "earlier", "ahead"),
});

const read: fc.Arbitrary<LogCommand> = fc.record({
  kind: fc.constant("read"),
  after: fc.option(share, { nil: undefined }),
  before: fc.option(share, { nil: undefined }),
  limit: fc.constantFrom(1, 2, 5, 100),
  direction: fc.constantFrom("forward", "backward"),
  types: fc.option(fc.uniqueArray(types, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  agent,
  retracted: fc.constantFrom("exclude", "include", "only"),
  atVersion: fc.option(share, { nil: undefined }),
});

const rest: fc.Arbitrary<LogCommand> = fc.oneof(
  fc.record({ kind: fc.constant("erase" as const), span, keeps: fc.constantFrom(false, false, true) }),
  fc.record({ kind: fc.constant("trim" as const), span }),
  fc.record({ kind: fc.constant("delete" as const), expected: fc.constantFrom("none", "current", "stale") }),
  fc.record({ kind: fc.constantFrom("expire", "acquire", "acquire", "seal", "unseal", "unseal") }),
);

/**
 * Random stories of up to `maxSteps` steps over two handles, two tenants and two sessions each. Most steps go to one
 * session, so that it lives through something; the others are there to be left alone.
 */
export function logStories(maxSteps: number): fc.Arbitrary<LogStep[]> {
  const handle = fc.constantFrom<0 | 1>(0, 1);
  const place = fc.constantFrom<0 | 1>(0, 0, 0, 0, 0, 1);
  const command = fc.oneof(
    { weight: 6, arbitrary: append },
    { weight: 4, arbitrary: read },
    { weight: 3, arbitrary: rest },
  );
  return fc.array(fc.record({ handle, tenant: place, session: place, command }), {
    minLength: 1,
    maxLength: maxSteps,
    size: "max",
  });
}
