import { defaultLimits, type RecallQuery, type Recency } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitId,
  admitInteger,
  admitNamespace,
  admitTime,
  admitWhere,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
  recallKinds,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";

const queryFields: FieldTable = fieldTable<RecallQuery>(recallKinds);

const places = ["messages", "facts", "knowledge", "memories", "documents"] as const;
/** Of a longer question only the beginning counts. */
const mostText = 8192;
/** More would leave nothing of what the words say. */
const mostWeight = 100;
const recencyFields: FieldTable = fieldTable<Recency>({ weight: "selects", halfLifeMs: "refines" });
export const defaultHalfLifeMs: number = 30 * 24 * 3600 * 1000;
const mostNames = 10_000;
const mostNeighbours = 20;

/**
 * A copy of the query with every field checked.
 *
 * @throws `invalid-input`; `too-large`; `aborted`.
 */
export function admitQuery(given: RecallQuery): RecallQuery {
  const query = admitFields(given, "query", queryFields);
  throwIfAborted(query.signal);
  if (typeof query.text !== "string") throw refuse("query.text", "must be a string.");
  const where = admitWhere(query.where, defaultLimits);
  if (query.explain !== undefined && typeof query.explain !== "boolean")
    throw refuse("query.explain", "must be true or false.");
  return {
    ...query,
    text: query.text.slice(0, mostText).toWellFormed(),
    recency: query.recency && admitRecency(query.recency),
    importance: admitWeight(query.importance ?? 0, "query.importance"),
    limit: admitInteger(query.limit ?? 10, "query.limit", 1, maxPageSize),
    neighbours: admitInteger(query.neighbours ?? 0, "query.neighbours", 0, mostNeighbours),
    ...admitted("in", query.in, (one, field) => admitChoice(one, field, places, "messages")),
    ...admitted("sessions", query.sessions, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted("agents", query.agents, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted("users", query.users, (one, field) => admitId(one, field, defaultLimits)),
    ...admitted("namespaces", query.namespaces, (one, field) => admitNamespace(one, field, defaultLimits)),
    ...(where === undefined ? {} : { where }),
    ...(query.since === undefined ? {} : { since: admitTime(query.since, "query.since") as number }),
    ...(query.until === undefined ? {} : { until: admitTime(query.until, "query.until") as number }),
    ...(query.now === undefined ? {} : { now: admitTime(query.now, "query.now") as number }),
    ...(query.asker === undefined ? {} : { asker: admitId(query.asker, "query.asker", defaultLimits) }),
  };
}

function admitRecency(given: Recency): Recency {
  const { weight, halfLifeMs = defaultHalfLifeMs } = admitFields(given, "query.recency", recencyFields);
  return {
    weight: admitWeight(weight, "query.recency.weight"),
    halfLifeMs: admitInteger(halfLifeMs, "query.recency.halfLifeMs", 1),
  };
}

function admitWeight(weight: unknown, field: string): number {
  if (typeof weight !== "number" || !(weight >= 0 && weight <= mostWeight))
    throw refuse(field, `must be a number from 0 to ${mostWeight}.`);
  return weight;
}

function admitted<Name extends string, One>(
  name: Name,
  given: readonly unknown[] | undefined,
  admit: (one: unknown, field: string) => One,
): { readonly [Field in Name]?: readonly One[] } {
  if (given === undefined) return {};
  const field = `query.${name}`;
  const elements = readArray(given, field, "an array", mostNames);
  const copy = elements.map((one, index) => admit(one, `${field}[${index}]`));
  return { [name]: copy } as unknown as { readonly [Field in Name]?: readonly One[] };
}
