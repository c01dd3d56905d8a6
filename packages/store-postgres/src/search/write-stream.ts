import type { SearchChange } from "@relevo/core";
import { tooLarge } from "@relevo/core/input";
import { searchStreamKey } from "@relevo/core/store";
import type { Run } from "../database/database.ts";
import { functionCall } from "../schema/function-call.ts";
import { type ChangePlan, namesOf, type OpenedStream, planChange } from "./change-plan.ts";
import { nameKey, placeOfKey } from "./keys.ts";
import { type PostingsRow, withoutItems } from "./postings.ts";
import { dimensionsOf, requireDimensions } from "./vectors.ts";

/** Of a tenant with the place of a stream: an index entry of PostgreSQL ends at 2,704. */
const longestPlace = 2600;

/** Applies a change within a transaction. False when the index knows a newer state. */
export async function writeStream(
  run: Run,
  schema: string,
  tenant: string,
  change: SearchChange,
): Promise<boolean> {
  const place = placeOfKey(searchStreamKey(change.stream));
  const bytes = place.length / 2 + Buffer.byteLength(tenant);
  if (bytes > longestPlace) throw tooLarge("change.stream", "addressBytes", longestPlace, bytes);
  const incarnation = change.stream.kind === "session" ? change.stream.incarnation : "";
  const { after, through } = change;
  const names = namesOf(change.items);
  const opened = await open(run, schema, tenant, { place, incarnation, after, through, names });
  const dimensions = dimensionsOf(change.items);
  // A database without vectors refuses also the change that is too late to be applied: whoever writes learns it at once.
  const present = dimensions === undefined ? null : await ask(run, schema, "search_dimensions", { tenant });
  if (isOlder(change, incarnation, opened.stream)) return false;
  if (dimensions !== undefined && present !== null) requireDimensions(dimensions, Number(present));
  await apply(run, schema, tenant, planChange(opened, { ...change, place, incarnation }, names));
  return true;
}

/** Removes the stream at a place, and answers how many items it had. */
export async function removeStream(run: Run, schema: string, tenant: string, place: string): Promise<number> {
  const opened = await open(run, schema, tenant, { place, incarnation: "", names: [] });
  if (opened.stream === null) return 0;
  await apply(run, schema, tenant, planChange(opened, undefined, []));
  return opened.stream.items;
}

interface OpenedRange {
  readonly place: string;
  readonly incarnation: string;
  readonly after?: number | undefined;
  readonly through?: number | undefined;
  readonly names: readonly string[];
}

async function open(
  run: Run,
  schema: string,
  tenant: string,
  {
    place,
    incarnation,
    after = Number.NEGATIVE_INFINITY,
    through = Number.POSITIVE_INFINITY,
    names,
  }: OpenedRange,
): Promise<OpenedStream> {
  const answer = await ask(run, schema, "open_search_stream", {
    tenant,
    place,
    incarnation,
    after: `${after}`,
    through: `${through}`,
    keys: JSON.stringify(names.map(nameKey)),
  });
  return answer as unknown as OpenedStream;
}

async function apply(run: Run, schema: string, tenant: string, plan: ChangePlan): Promise<void> {
  const { stream, removedItems, vectors, rows } = plan;
  const held =
    removedItems.length === 0
      ? []
      : await ask(run, schema, "read_search_postings", {
          tenant,
          stream,
          items: JSON.stringify(removedItems),
        });
  const removed = withoutItems((held ?? []) as unknown as readonly PostingsRow[], new Set(removedItems));
  await ask(run, schema, "write_search_stream", {
    tenant,
    stream,
    change: JSON.stringify({ ...rows, ...removed }),
  });
  if (vectors.length > 0)
    await ask(run, schema, "write_search_vectors", { tenant, stream, vectors: JSON.stringify(vectors) });
}

/** Calls a function of the schema that answers with JSON, or with nothing. */
async function ask(
  run: Run,
  schema: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
): Promise<object | number | null> {
  const { call, values } = functionCall(schema, name, given);
  const [row] = await run<{ readonly answer: string | null }>(`select ${call()}::text as answer`, values);
  return row?.answer ? (JSON.parse(row.answer) as object | number) : null;
}

/** Incarnations are UUIDv7, whose order is that of their creation. */
function isOlder({ revision }: SearchChange, incarnation: string, known: OpenedStream["stream"]): boolean {
  if (known === null) return false;
  return known.incarnation === incarnation ? revision < known.revision : incarnation < known.incarnation;
}
