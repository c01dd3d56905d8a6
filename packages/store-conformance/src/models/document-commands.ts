import fc from "fast-check";

/** The version, incarnation or fence that a write names, relative to the state that it meets. */
export interface DocumentGuard {
  readonly incarnation: "none" | "none" | "current" | "previous";
  readonly fence: "none" | "newest" | "older";
}

/**
 * One of six places of a scope: a namespace and a key. Where documents are removed or touched it counts those that
 * are there, so that there mostly is one.
 */
export type Place = 0 | 1 | 2 | 3 | 4 | 5;

export interface StoryWrite {
  readonly place: Place;
  readonly value: number;
  readonly tags: readonly string[];
  readonly expected: "none" | "current" | "stale" | "zero";
}

export interface StoryFind {
  readonly prefix: number;
  readonly any: readonly string[];
  readonly all: readonly string[];
  readonly least: number | undefined;
  readonly text: string | undefined;
  readonly direction: "forward" | "backward";
  readonly limit: number;
}

/** One step of a random story of documents. */
export type DocumentCommand =
  | { readonly kind: "put"; readonly write: StoryWrite; readonly guard: DocumentGuard }
  | { readonly kind: "putMany"; readonly writes: readonly StoryWrite[]; readonly guard: DocumentGuard }
  | { readonly kind: "delete"; readonly write: StoryWrite; readonly guard: DocumentGuard }
  | { readonly kind: "deleteMany"; readonly writes: readonly StoryWrite[]; readonly guard: DocumentGuard }
  | { readonly kind: "touch" | "expireDocument"; readonly place: Place }
  | { readonly kind: "find"; readonly find: StoryFind }
  | { readonly kind: "append" | "deleteSession" | "expireSession" | "acquire" | "seal" | "unseal" };

/** A command with the handle, the tenant and the scope that it goes to: 0 stands alone, 1 and 2 are sessions. */
export interface DocumentStep {
  readonly handle: 0 | 1;
  readonly tenant: 0 | 1;
  readonly scope: 0 | 1 | 2;
  readonly command: DocumentCommand;
}

const place = fc.constantFrom<Place>(0, 0, 0, 1, 2, 3, 4, 5);
const tags = fc.uniqueArray(fc.constantFrom("a", "ab", "b"), { maxLength: 2 });
/** Mostly none: a filter that selects nothing shows little. */
const someTags = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: tags });
const write: fc.Arbitrary<StoryWrite> = fc.record({
  place,
  value: fc.nat(20),
  tags,
  expected: fc.constantFrom("none", "none", "none", "current", "current", "current", "stale", "zero"),
});
const writes = fc.uniqueArray(write, { selector: (one) => one.place, minLength: 1, maxLength: 4 });
const guard: fc.Arbitrary<DocumentGuard> = fc.record({
  incarnation: fc.constantFrom("none", "none", "current", "current", "previous"),
  fence: fc.constantFrom("none", "none", "newest", "newest", "older"),
});

const changes: fc.Arbitrary<DocumentCommand> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("put" as const), write, guard }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("putMany" as const), writes, guard }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), write, guard }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("deleteMany" as const), writes, guard }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("touch" as const, "expireDocument" as const), place }),
  },
);

const finds: fc.Arbitrary<DocumentCommand> = fc.record({
  kind: fc.constant("find" as const),
  find: fc.record({
    prefix: fc.constantFrom(3, 3, 0, 1, 2),
    any: someTags,
    all: someTags,
    least: fc.option(fc.nat(20), { nil: undefined, freq: 2 }),
    text: fc.option(fc.constantFrom("NUMBER 1", "number", "1", "%"), { nil: undefined }),
    direction: fc.constantFrom<("forward" | "backward")[]>("forward", "backward"),
    limit: fc.constantFrom(1, 2, 100),
  }),
});

const sessionCommands: fc.Arbitrary<DocumentCommand> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant("acquire" as const) },
    { weight: 3, arbitrary: fc.constantFrom("append" as const, "unseal" as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("seal" as const, "deleteSession" as const, "expireSession" as const),
    },
  ),
});

/**
 * Random stories of up to `maxSteps` steps over two handles, two tenants and three scopes each. Most steps go to one
 * tenant and one place, so that documents live through something.
 */
export function documentStories(maxSteps: number): fc.Arbitrary<DocumentStep[]> {
  const step = fc.record({
    handle: fc.constantFrom<(0 | 1)[]>(0, 1),
    tenant: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 1),
    scope: fc.constantFrom<(0 | 1 | 2)[]>(0, 0, 1, 1, 1, 2),
    command: fc.oneof(
      { weight: 6, arbitrary: changes },
      { weight: 2, arbitrary: finds },
      { weight: 2, arbitrary: sessionCommands },
    ),
  });
  return fc.array(step, { minLength: 1, maxLength: maxSteps, size: "max" });
}
