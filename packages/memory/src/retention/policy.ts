import type { CallOptions, FindOptions } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitId,
  admitInteger,
  admitNamespace,
  admitTags,
  type FieldTable,
  fieldTable,
  readArray,
  refuse,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";

/** Which documents go: those for which all of these hold, and one of the first three at least is given. */
export interface DocumentSelection {
  /** Written so long ago, or longer. In milliseconds. */
  readonly olderThanMs?: number;
  /** All but so many of each namespace, the newest by their last write. */
  readonly keep?: number;
  /** Less important than this, from 0 to 1; see `createMemory({ importance })`. */
  readonly belowImportance?: number;
  readonly tags?: NonNullable<FindOptions["tags"]>;
}

/**
 * What is not to be kept. Nothing that is under a legal hold goes, nor a document with the tag `pinned`, nor an event from
 * the first pinned one of a session on.
 */
export type RetentionPolicy =
  /** Sessions that were last written so long ago: archived, or erased with forks and what was learned in them. */
  | {
      readonly sessions: { readonly idleMs: number; readonly subject?: string };
      readonly action: "archive" | "erase";
    }
  /** The oldest events of each session. */
  | { readonly events: EventSelection }
  /**
   * What agents remember across sessions: all agents, or one. By `olderThanMs` alone, past values that were written so long
   * ago, too; otherwise those go with their value.
   */
  | { readonly memories: DocumentSelection & { readonly agent?: string } }
  /** Documents of the application whose namespace begins with these elements, one at least. */
  | { readonly documents: DocumentSelection & { readonly namespacePrefix: readonly string[] } };

/** The oldest events of a session: those recorded so long ago, or all but the newest so many. */
export type EventSelection = ({ readonly olderThanMs: number } | { readonly keep: number }) & {
  /**
   * What was derived from them, such as summaries and facts: `erase`d with them, which is the default, or `keep`, so that a
   * summary takes the place of what it covers.
   */
  readonly derived?: "erase" | "keep" | undefined;
};

const policyFields: FieldTable = new Map([
  ["sessions", "selects"],
  ["events", "selects"],
  ["memories", "selects"],
  ["documents", "selects"],
  ["action", "selects"],
] as const);
const sessionFields: FieldTable = fieldTable<{ idleMs: number; subject: string }>({
  idleMs: "selects",
  subject: "selects",
});
const eventFields: FieldTable = fieldTable<EventSelection>({
  olderThanMs: "selects",
  keep: "selects",
  derived: "refines",
});
const selection = {
  olderThanMs: "selects",
  keep: "selects",
  belowImportance: "selects",
  tags: "selects",
} as const;
const memoryFields: FieldTable = new Map(Object.entries({ ...selection, agent: "selects" } as const));
const documentFields: FieldTable = new Map(
  Object.entries({ ...selection, namespacePrefix: "selects" } as const),
);

export interface ApplyOptions extends CallOptions {
  /** The most sessions, trims and documents that this call removes; 1,000 when left out. */
  readonly limit?: number | undefined;
}

/**
 * Copies of the policies.
 *
 * @throws `invalid-input` for one that says nothing, or would remove everything.
 */
export function admitPolicies(
  runtime: Runtime,
  given: readonly RetentionPolicy[],
): readonly RetentionPolicy[] {
  const policies = readArray(given, "policies", "an array of policies", 100);
  if (policies.length === 0) throw refuse("policies", "has no policy.");
  return policies.map((policy, index) => admitPolicy(runtime, policy as object, `policies[${index}]`));
}

function admitPolicy(runtime: Runtime, given: object, at: string): RetentionPolicy {
  const policy = fieldsOf(given, at, policyFields);
  const kinds = ["sessions", "events", "memories", "documents"].filter((kind) => kind in policy);
  if (kinds.length !== 1)
    throw refuse(at, "must name exactly one of sessions, events, memories and documents.");
  if (!("sessions" in policy) && "action" in policy) throw refuse(`${at}.action`, "is for sessions alone.");
  if ("sessions" in policy) {
    const { idleMs, subject }: { readonly idleMs?: unknown; readonly subject?: unknown } = admitFields(
      policy.sessions as object,
      `${at}.sessions`,
      sessionFields,
    );
    if (policy.action === undefined) throw refuse(`${at}.action`, "is missing: archive or erase.");
    return {
      sessions: {
        idleMs: admitAge(idleMs, `${at}.sessions.idleMs`),
        ...(subject === undefined
          ? {}
          : { subject: admitId(subject, `${at}.sessions.subject`, runtime.limits) }),
      },
      action: admitChoice(policy.action, `${at}.action`, ["archive", "erase"], "archive"),
    };
  }
  if ("events" in policy) return { events: admitEvents(policy.events as object, `${at}.events`) };
  if ("memories" in policy) {
    const { agent, ...rest } = fieldsOf(policy.memories, `${at}.memories`, memoryFields);
    return {
      memories: {
        ...admitSelection(runtime, rest, `${at}.memories`),
        ...(agent === undefined ? {} : { agent: admitId(agent, `${at}.memories.agent`, runtime.limits) }),
      },
    };
  }
  const { namespacePrefix, ...rest } = fieldsOf(policy.documents, `${at}.documents`, documentFields);
  const field = `${at}.documents.namespacePrefix`;
  const prefix = admitNamespace(namespacePrefix, field, runtime.limits);
  const [first] = prefix;
  if (first === undefined) throw refuse(field, "must have an element: an empty one would select everything.");
  if (first === "relevo" || first.startsWith("relevo:")) throw refuse(field, "is reserved.");
  return {
    documents: { ...admitSelection(runtime, rest, `${at}.documents`), namespacePrefix: prefix },
  };
}

function admitEvents(given: object, at: string): EventSelection {
  const events = fieldsOf(given, at, eventFields);
  const derived = admitChoice(events.derived, `${at}.derived`, ["erase", "keep"], "erase");
  if ((events.olderThanMs === undefined) === (events.keep === undefined))
    throw refuse(at, "must have exactly one of olderThanMs and keep.");
  return events.keep === undefined
    ? { derived, olderThanMs: admitAge(events.olderThanMs, `${at}.olderThanMs`) }
    : { derived, keep: admitInteger(events.keep, `${at}.keep`, 1) };
}

function admitSelection(
  runtime: Runtime,
  { olderThanMs, keep, belowImportance, tags }: Readonly<Record<string, unknown>>,
  at: string,
): DocumentSelection {
  if (olderThanMs === undefined && keep === undefined && belowImportance === undefined)
    throw refuse(at, "would select everything: give olderThanMs, keep or belowImportance.");
  if (
    belowImportance !== undefined &&
    (typeof belowImportance !== "number" || !(belowImportance > 0 && belowImportance <= 1))
  )
    throw refuse(`${at}.belowImportance`, "must be a number above 0 and at most 1.");
  return {
    ...(olderThanMs === undefined ? {} : { olderThanMs: admitAge(olderThanMs, `${at}.olderThanMs`) }),
    ...(keep === undefined ? {} : { keep: admitInteger(keep, `${at}.keep`, 1) }),
    ...(belowImportance === undefined ? {} : { belowImportance }),
    ...(tags === undefined ? {} : { tags: admitTagFilter(runtime, tags as object, `${at}.tags`) }),
  };
}

const tagFields: FieldTable = fieldTable<{ any: readonly string[]; all: readonly string[] }>({
  any: "selects",
  all: "selects",
});

function admitTagFilter({ limits }: Runtime, given: object, at: string): NonNullable<FindOptions["tags"]> {
  const { any, all }: { readonly any?: readonly string[]; readonly all?: readonly string[] } = admitFields(
    given,
    at,
    tagFields,
  );
  return {
    ...(any === undefined ? {} : { any: admitTags(any, `${at}.any`, limits) }),
    ...(all === undefined ? {} : { all: admitTags(all, `${at}.all`, limits) }),
  };
}

/** A copy of an object whose fields are not checked yet. */
function fieldsOf(given: unknown, field: string, table: FieldTable): Readonly<Record<string, unknown>> {
  return admitFields(given as Readonly<Record<string, unknown>>, field, table);
}

/** Of 0 everything would be too old. */
function admitAge(input: unknown, field: string): number {
  return admitInteger(input, field, 1);
}
