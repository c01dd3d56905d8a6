/** A rule of the cache that is broken, as replacements in its sources. */
export interface CacheMutant {
  readonly name: string;
  /** What a story must find: across a network, or in the process of the store. */
  readonly inProcess?: true;
  /** Of the random stories, where those of seed 1 take hundreds to find it; the others are found by every seed soon. */
  readonly seed?: number;
  readonly changes: readonly (readonly [file: string, from: string, to: string])[];
}

const cache = "cache/session-cache.ts";
const page = "session/newest-page.ts";
const handle = "session/session-handle.ts";

export const cacheMutants: readonly CacheMutant[] = [
  {
    name: "an append is added to whatever is cached",
    changes: [[cache, "cached.page.token !== answer.previousToken", "false"]],
  },
  {
    name: "an append is added when the version is the expected one",
    changes: [
      [cache, "cached.page.token !== answer.previousToken", "cached.page.version !== answer.firstSeq - 1"],
    ],
  },
  {
    name: "a touch moves whatever is cached",
    seed: 2,
    changes: [[cache, " || previousToken !== cached.page.token) return;", ") return;"]],
  },
  {
    name: "what is cached counts as unchanged",
    changes: [[cache, "answer.unchanged === true && known !== undefined", "known !== undefined"]],
  },
  {
    name: "what is cached counts as unchanged while version and removals are the same",
    changes: [
      [
        cache,
        "answer.unchanged === true && known !== undefined",
        "known !== undefined && known.page.version === answer.version && known.page.removalRevision === answer.removalRevision && known.page.incarnation === answer.incarnation",
      ],
    ],
  },
  {
    name: "an append vouches for ever",
    changes: [[handle, "if (this.#vouched === cached) this.#vouched = undefined;", "void cached;"]],
  },
  {
    name: "any append vouches for whatever is cached",
    changes: [
      [cache, "cached !== vouched", "vouched === undefined"],
      [handle, "if (this.#vouched === cached) this.#vouched = undefined;", "void cached;"],
      [handle, "this.#vouched = cached;", "this.#vouched ??= cached;"],
    ],
  },
  {
    name: "a view joins a read that is under way",
    changes: [
      [cache, "    this.#reads.delete(key);\n    const known", "    const known"],
      [cache, "      all.release();\n", "      all.release();\n      this.#reads.delete(key);\n"],
    ],
  },
  {
    name: "a page serves views that need more than it has",
    seed: 4,
    changes: [[cache, "cached.limit >= limit ||", "true ||"]],
  },
  {
    name: "a page does not say that there is more below it",
    changes: [[page, "below, next: oldest.seq }", "below }"]],
  },
  {
    name: "pinned messages that leave the page are forgotten",
    seed: 6,
    changes: [[page, "if (added.length === 0) return below;", "return below;"]],
  },
  {
    name: "what an append retracts stays",
    changes: [
      [page, 'if (event.type === "retraction") return undefined;', ""],
      [
        "session/retract.ts",
        "handle.remove(() => handle.append(turn?.mark(events) ?? events, append))",
        "handle.append(turn?.mark(events) ?? events, append)",
      ],
      [cache, 'if (stored?.some(({ type }) => type === "retraction")) this.forget(address);', ""],
    ],
  },
  {
    name: "an append forgets that something was removed",
    changes: [[page, "removalRevision: page.removalRevision }", "removalRevision: 0 }"]],
  },
  {
    name: "a page keeps its revision",
    changes: [
      [
        page,
        "incarnation, version, revision, removalRevision: page",
        "incarnation, version, revision: page.revision, removalRevision: page",
      ],
    ],
  },
  {
    name: "a page of another life is shown",
    changes: [
      [
        handle,
        "    this.#require(known, page.incarnation);\n    return page;",
        "    void known;\n    return page;",
      ],
    ],
  },
  {
    name: "notes count as messages",
    changes: [
      [
        page,
        'if (event.type === "message" || event.type === "summary") added.push(event);',
        "added.push(event);",
      ],
    ],
  },
  {
    name: "a store in the process is not asked",
    inProcess: true,
    changes: [
      [
        cache,
        "this.#inProcess?.presentToken(address) === cached.page.token",
        "this.#inProcess !== undefined",
      ],
    ],
  },
];
