import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentAddress,
  fingerprint,
  type JsonValue,
  type Page,
  type PageOptions,
} from "@relevo/core";
import { admitFields, admitId, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { aboutTag, isSourceTag, madeInTag, manySourcesTag } from "../entries/entry.ts";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type { Hold, HoldSelector } from "./erase-report.ts";

export interface HoldOptions extends CallOptions {
  /** Why: who reads the report of an erasure is told. */
  readonly reason: string;
}

export const holdOptionFields: FieldTable = fieldTable<HoldOptions>({ signal: "refines", reason: "selects" });

const holdFields: FieldTable = fieldTable<{ readonly user: string; readonly session: string }>({
  user: "selects",
  session: "selects",
});

/** @throws `invalid-input` for what is not exactly one person or one session. */
export function admitHoldSelector(runtime: Runtime, given: HoldSelector): HoldSelector {
  const { user, session } = admitFields<{ readonly user?: string; readonly session?: string }>(
    given,
    "selector",
    holdFields,
  );
  if ((user === undefined) === (session === undefined))
    throw refuse("selector", "must name exactly one of user and session.");
  return user === undefined
    ? { session: admitId(session, "selector.session", runtime.limits) }
    : { user: admitId(user, "selector.user", runtime.limits) };
}

/** Sets a hold, or gives it another reason. */
export async function setHold(
  runtime: Runtime,
  tenant: string,
  selector: HoldSelector,
  reason: string,
  options: CallOptions,
): Promise<Hold> {
  const hold: Hold = { selector, reason, at: runtime.clock.now() };
  await runtime.durable.documents.put(
    addressOf(tenant, selector),
    { value: hold as unknown as JsonValue, tags: [tagOf(selector)] },
    signalOf(options),
  );
  return hold;
}

export function releaseHold(
  runtime: Runtime,
  tenant: string,
  selector: HoldSelector,
  options: CallOptions,
): Promise<boolean> {
  return runtime.durable.documents.delete(addressOf(tenant, selector), signalOf(options));
}

export async function listHolds(runtime: Runtime, tenant: string, options: PageOptions): Promise<Page<Hold>> {
  const page = await runtime.durable.documents.find({ tenant }, { ...options, namespace: namespaces.holds });
  const items = page.items.map(({ value }) => value as unknown as Hold);
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
}

/** The holds among those that these selectors name. */
export async function holdsOn(
  runtime: Runtime,
  tenant: string,
  selectors: readonly HoldSelector[],
  options: CallOptions,
): Promise<readonly Hold[]> {
  if (selectors.length === 0) return [];
  const addresses = selectors.map((selector) => addressOf(tenant, selector));
  const found = await runtime.durable.documents.getMany(addresses, signalOf(options));
  return found.flatMap((document) => (document === undefined ? [] : [document.value as unknown as Hold]));
}

/** The holds by the tags of memories that come from what is held. */
export async function heldTags(
  runtime: Runtime,
  tenant: string,
  options: CallOptions,
): Promise<ReadonlyMap<string, Hold>> {
  const tags = new Map<string, Hold>();
  const pages = allPages((cursor) => listHolds(runtime, tenant, { ...cursor, ...signalOf(options) }));
  for await (const hold of pages) tags.set(tagOf(hold.selector), hold);
  return tags;
}

/**
 * Whether a document comes from what is held now, or belongs to a person who is. No call for one that comes from nobody.
 */
export async function isHeldDocument(
  { durable: { documents } }: Runtime,
  tenant: string,
  { namespace, tags }: Document,
  options: CallOptions,
): Promise<boolean> {
  const isPersons = namespaces.users.every((element, index) => element === namespace[index]);
  const [, person] = namespace;
  const sources = tags.filter(isSourceTag);
  if (isPersons && person !== undefined) sources.push(aboutTag(person));
  if (sources.length === 0) return false;
  // What comes from more than it can name may come from what is held.
  const filter = sources.includes(manySourcesTag) ? {} : { tags: { any: sources } };
  const query = { namespace: namespaces.holds, limit: 1, ...filter, ...signalOf(options) };
  return (await documents.find({ tenant }, query)).items.length > 0;
}

/** The tag of memories that come from what is held; a hold has it, too. */
function tagOf(selector: HoldSelector): string {
  return "user" in selector ? aboutTag(selector.user) : madeInTag(selector.session);
}

/** An id may be as long as a key: the two would not fit together. */
function addressOf(tenant: string, selector: HoldSelector): DocumentAddress {
  return { tenant, namespace: namespaces.holds, key: fingerprint(selector) };
}
