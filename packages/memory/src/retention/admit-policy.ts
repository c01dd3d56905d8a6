import { canonicalJson, type FindOptions, MemoryError } from "@relevo/core";
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
import { archiveOf } from "../archive/archive-session.ts";
import type { Runtime } from "../runtime.ts";
import type { DocumentSelection, EventSelection, RemovalOptions, RetentionPolicy } from "./policy.ts";

const kinds = ["sessions", "events", "agents", "users", "workspaces", "documents"] as const;
/** How one of a kind is named. */
const names = { agents: "agent", users: "user", workspaces: "workspace" } as const;

const policyFields: FieldTable = new Map([
  ...kinds.map((kind) => [kind, "selects"] as const),
  ["action", "refines"],
  ["maxTokens", "refines"],
]);
const sessionFields: FieldTable = fieldTable<{ idleMs: number; subject: string }>({
  idleMs: "selects",
  subject: "selects",
});
const eventFields: FieldTable = fieldTable<EventSelection>({
  olderThanMs: "selects",
  keep: "selects",
  derived: "refines",
});
const selectionFields = ["olderThanMs", "keep", "belowImportance", "tags"];

/**
 * Copies of the policies.
 *
 * @throws `invalid-input` for one that says nothing, would remove everything, or contradicts another one; `unsupported` for
 *   one that needs an archive or a summarizer that is not there.
 */
export function admitPolicies(
  runtime: Runtime,
  given: readonly RetentionPolicy[],
): readonly RetentionPolicy[] {
  const list = readArray(given, "policies", "an array of policies", 100);
  if (list.length === 0) throw refuse("policies", "has no policy.");
  const policies = list.map((policy, index) => admitPolicy(runtime, policy as object, `policies[${index}]`));
  refuseContradictions(policies);
  if (policies.some((policy) => "sessions" in policy && policy.action === "archive")) archiveOf(runtime);
  const summarizes = policies.some((policy) => "action" in policy && policy.action === "summarize");
  if (summarizes && runtime.summarizer === undefined)
    throw new MemoryError(
      "unsupported",
      "This memory has no summarizer. Pass createMemory({ summarizer }), such as extractiveSummarizer() of @relevo/truncation.",
    );
  return policies;
}

function admitPolicy(runtime: Runtime, given: object, at: string): RetentionPolicy {
  const policy = fieldsOf(given, at, policyFields);
  const named = kinds.filter((kind) => kind in policy);
  const [kind] = named;
  if (kind === undefined || named.length > 1)
    throw refuse(at, `must name exactly one of ${kinds.join(", ")}.`);
  const { action, maxTokens } = policy;
  const field = `${at}.${kind}`;
  if (kind === "sessions") {
    if (maxTokens !== undefined) throw refuse(`${at}.maxTokens`, "is for summaries.");
    const { idleMs, subject } = fieldsOf(policy.sessions, field, sessionFields);
    if (action === undefined) throw refuse(`${at}.action`, "is missing: archive or erase.");
    return {
      sessions: {
        idleMs: admitAge(idleMs, `${field}.idleMs`),
        ...(subject === undefined ? {} : { subject: admitId(subject, `${field}.subject`, runtime.limits) }),
      },
      action: admitChoice<"archive" | "erase">(action, `${at}.action`, ["archive", "erase"], "archive"),
    };
  }
  if (kind === "documents") {
    if (action !== undefined || maxTokens !== undefined)
      throw refuse(at, "has no action: documents of the application are removed.");
    const { namespacePrefix, ...selection } = fieldsOf(
      policy.documents,
      field,
      selectionTable("namespacePrefix"),
    );
    const prefix = admitNamespace(namespacePrefix, `${field}.namespacePrefix`, runtime.limits);
    const [first] = prefix;
    if (first === undefined)
      throw refuse(`${field}.namespacePrefix`, "must have an element: an empty one would select everything.");
    if (first === "relevo" || first.startsWith("relevo:"))
      throw refuse(`${field}.namespacePrefix`, "is reserved.");
    return { documents: { ...admitSelection(runtime, selection, field), namespacePrefix: prefix } };
  }
  const removal = admitRemoval(action, maxTokens, at);
  if (kind === "events") return { events: admitEvents(policy.events, field, removal), ...removal };
  const { [names[kind]]: name, ...selection } = fieldsOf(policy[kind], field, selectionTable(names[kind]));
  const admitted = {
    ...admitSelection(runtime, selection, field),
    ...(name === undefined
      ? {}
      : { [names[kind]]: admitId(name, `${field}.${names[kind]}`, runtime.limits) }),
  };
  return { [kind]: admitted, ...removal } as unknown as RetentionPolicy;
}

function admitRemoval(given: unknown, maxTokens: unknown, at: string): RemovalOptions {
  const action = admitChoice(given as "remove", `${at}.action`, ["remove", "summarize"], "remove");
  if (maxTokens === undefined) return { action };
  if (action === "remove") throw refuse(`${at}.maxTokens`, 'is for action "summarize".');
  return { action, maxTokens: admitInteger(maxTokens, `${at}.maxTokens`, 1) };
}

function admitEvents(given: unknown, at: string, { action }: RemovalOptions): EventSelection {
  const events = fieldsOf(given, at, eventFields);
  if (action === "summarize" && events.derived === "erase")
    throw refuse(`${at}.derived`, 'must be "keep" or left out: the summary is derived from the events, too.');
  const choice = admitChoice(events.derived as "keep", `${at}.derived`, ["erase", "keep"], "erase");
  const derived = action === "summarize" ? "keep" : choice;
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

/**
 * Two policies of which one leaves the other nothing to do its own way: their author expects something else.
 *
 * @throws `invalid-input` that names both.
 */
function refuseContradictions(policies: readonly RetentionPolicy[]): void {
  for (const [index, policy] of policies.entries())
    for (const [earlier, other] of policies.slice(0, index).entries()) {
      const [gentle, hard] = isGentle(policy) ? [policy, other] : [other, policy];
      if (!isGentle(gentle) || isGentle(hard) || !leavesNothing(hard, gentle)) continue;
      throw refuse(
        `policies[${index}]`,
        `contradicts policies[${earlier}]: what one is to archive or summarize, the other one erases or removes no later.`,
      );
    }
}

/** It keeps what it selects in another form. */
function isGentle(policy: RetentionPolicy): boolean {
  return "action" in policy && (policy.action === "archive" || policy.action === "summarize");
}

function leavesNothing(hard: RetentionPolicy, gentle: RetentionPolicy): boolean {
  if ("sessions" in hard && "sessions" in gentle)
    return (
      hard.sessions.idleMs <= gentle.sessions.idleMs &&
      (hard.sessions.subject === undefined || hard.sessions.subject === gentle.sessions.subject)
    );
  if ("events" in hard && "events" in gentle)
    return bound(hard.events) <= bound(gentle.events) && sameUnit(hard.events, gentle.events);
  for (const kind of ["agents", "users", "workspaces"] as const)
    if (kind in hard && kind in gentle) return selectionOf(hard, kind) === selectionOf(gentle, kind);
  return false;
}

function bound(events: EventSelection): number {
  return "keep" in events ? events.keep : events.olderThanMs;
}

function sameUnit(left: EventSelection, right: EventSelection): boolean {
  return "keep" in left === "keep" in right;
}

function selectionOf(policy: RetentionPolicy, kind: "agents" | "users" | "workspaces"): string {
  return canonicalJson(
    (policy as unknown as Record<string, Parameters<typeof canonicalJson>[0]>)[kind] ?? null,
  );
}

function selectionTable(name: string): FieldTable {
  return new Map([...selectionFields, name].map((field) => [field, "selects"] as const));
}

/** A copy of an object whose fields are not checked yet. */
function fieldsOf(given: unknown, field: string, table: FieldTable): Readonly<Record<string, unknown>> {
  return admitFields(given as Readonly<Record<string, unknown>>, field, table);
}

/** Of 0 everything would be too old. */
function admitAge(input: unknown, field: string): number {
  return admitInteger(input, field, 1);
}
