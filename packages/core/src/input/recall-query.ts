import { defaultLimits } from "../limits.ts";
import type { RecallQuery, Recency } from "../ports/recall.ts";
import { admitFields, type FieldTable, fieldTable } from "./fields.ts";
import { admitId, admitNamespace } from "./ids.ts";
import { admitChoice, admitInteger, admitTime, maxPageSize, throwIfAborted } from "./numbers.ts";
import { recallKinds } from "./option-kinds.ts";
import { readArray } from "./read-array.ts";
import { refuse } from "./refuse.ts";
import { admitWhere } from "./where.ts";

const queryFields: FieldTable = fieldTable<RecallQuery>(recallKinds);

const places = ["messages", "facts", "knowledge", "memories", "documents"] as const;
/** Of a longer question only the beginning counts. */
const mostText = 8192;
/** More would leave nothing of what the words say. */
const mostWeight = 100;
const recencyFields: FieldTable = fieldTable<Recency>({ weight: "selects", halfLifeMs: "refines" });
/** Of the recency of a query that names none. */
export const defaultHalfLifeMs: number = 30 * 24 * 3600 * 1000;
const mostNames = 10_000;
const mostNeighbours = 20;

/**
 * A copy of the query with every field checked. Code that keeps a query for later passes it with an empty text, and how its
 * option is called.
 *
 * @throws `invalid-input`; `too-large`; `aborted`.
 */
export function admitRecallQuery(given: RecallQuery, name: string = "query"): RecallQuery {
  const query = admitFields(given, name, queryFields);
  throwIfAborted(query.signal);
  if (typeof query.text !== "string") throw refuse(`${name}.text`, "must be a string.");
  const where = admitWhere(query.where, defaultLimits, `${name}.where`);
  if (query.explain !== undefined && typeof query.explain !== "boolean")
    throw refuse(`${name}.explain`, "must be true or false.");
  return {
    ...query,
    text: query.text.slice(0, mostText).toWellFormed(),
    recency: query.recency === undefined ? undefined : admitRecency(query.recency, `${name}.recency`),
    importance: admitWeight(query.importance ?? 0, `${name}.importance`),
    limit: admitInteger(query.limit ?? 10, `${name}.limit`, 1, maxPageSize),
    neighbours: admitInteger(query.neighbours ?? 0, `${name}.neighbours`, 0, mostNeighbours),
    ...admitted(name, "in", query.in, (one, field) => admitChoice(one, field, places, "messages")),
    ...admitted(name, "sessions", query.sessions, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted(name, "agents", query.agents, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted(name, "users", query.users, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted(name, "namespaces", query.namespaces, (one, field) =>
      admitNamespace(one, field, defaultLimits),
    ),
    ...(where === undefined ? {} : { where }),
    ...(query.since === undefined ? {} : { since: admitTime(query.since, `${name}.since`) as number }),
    ...(query.until === undefined ? {} : { until: admitTime(query.until, `${name}.until`) as number }),
    ...(query.now === undefined ? {} : { now: admitTime(query.now, `${name}.now`) as number }),
    ...(query.asker === undefined ? {} : { asker: admitId(query.asker, `${name}.asker`, defaultLimits) }),
  };
}

function admitRecency(given: Recency, name: string): Recency {
  const { weight, halfLifeMs = defaultHalfLifeMs } = admitFields(given, name, recencyFields);
  return {
    weight: admitWeight(weight, `${name}.weight`),
    halfLifeMs: admitInteger(halfLifeMs, `${name}.halfLifeMs`, 1),
  };
}

function admitWeight(weight: unknown, field: string): number {
  if (typeof weight !== "number" || !(weight >= 0 && weight <= mostWeight))
    throw refuse(field, `must be a number from 0 to ${mostWeight}.`);
  return weight;
}

function admitted<Name extends string, One>(
  of: string,
  name: Name,
  given: readonly unknown[] | undefined,
  admit: (one: unknown, field: string) => One,
): { readonly [Field in Name]?: readonly One[] } {
  if (given === undefined) return {};
  const field = `${of}.${name}`;
  const elements = readArray(given, field, "an array", mostNames);
  const copy = elements.map((one, index) => admit(one, `${field}[${index}]`));
  return { [name]: copy } as unknown as { readonly [Field in Name]?: readonly One[] };
}
