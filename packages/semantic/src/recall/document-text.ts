import type { Document, JsonObject, JsonValue, RecallPlace, SupersedingDocument } from "@relevo/core";
import { readInput, recalledNamespaces, refuse, supersededByName } from "@relevo/core/input";
import { type AdmittedPolicy, isBelow, isIndexed } from "./policy.ts";

/** How documents are turned into text. */
export interface DocumentTexts {
  readonly policy: AdmittedPolicy;
  /** Of a memory or a document of the application. */
  readonly textOf?: ((document: Document) => string | undefined) | undefined;
}

/** What knowledge and facts have as their value. */
interface Written {
  readonly text?: unknown;
  readonly at?: unknown;
}

/** The text by which a document is found; `undefined` for one that is not. */
export function textOfDocument(document: Document, { policy, textOf }: DocumentTexts): string | undefined {
  if (!isIndexed(policy, document)) return undefined;
  const text = writtenIn(document)?.text;
  const found = typeof text === "string" ? text : textBy(textOf, document);
  return found === undefined || found.trim() === "" ? undefined : found;
}

/** @throws `invalid-input` for a function that throws, or answers something else than a text. */
function textBy(textOf: DocumentTexts["textOf"], document: Document): string | undefined {
  if (textOf === undefined) return stringsOf(document.value).join("\n");
  const { namespace, key } = document;
  const field = `options.textOf of ${JSON.stringify([...namespace, key])}`;
  const text: unknown = readInput(field, () => textOf(document));
  if (text !== undefined && typeof text !== "string") throw refuse(field, "must be a text or undefined.");
  return text;
}

/** When it was said or written. */
export function timeOfDocument(document: Document): number {
  const at = writtenIn(document)?.at;
  return typeof at === "number" ? at : document.updatedAt;
}

/** The person it is about, and the agent that keeps it, as its namespace says. */
export function ownerOf({ namespace, incarnation }: Document): {
  readonly subject?: string | undefined;
  readonly agent?: string | undefined;
} {
  if (incarnation !== undefined) return {};
  const [first, second, kind, , name] = namespace;
  if (first === recalledNamespaces.users[0])
    return { subject: second, agent: kind === "agents" ? name : undefined };
  return isBelow(recalledNamespaces.agents, namespace)
    ? { agent: namespace[recalledNamespaces.agents.length] }
    : {};
}

/** What kind of text a document is. */
export function placeOfDocument({ namespace, incarnation }: Document): Exclude<RecallPlace, "messages"> {
  const { knowledge, users, agents, facts } = recalledNamespaces;
  if (incarnation !== undefined) return isBelow(facts, namespace) ? "facts" : "documents";
  if (isBelow(knowledge, namespace)) return "knowledge";
  return isBelow(users, namespace) || isBelow(agents, namespace) ? "memories" : "documents";
}

/** Without the notes of `@relevo/memory`. */
export function publicMetadata(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !name.startsWith("relevo:")));
}

/** From 0 to 1; 0 when nothing is said. */
export function importanceOf(metadata: JsonObject): number {
  const { importance } = metadata;
  return typeof importance === "number" ? Math.min(1, Math.max(0, importance)) : 0;
}

/** What supersedes a document, as its metadata say. */
export function supersedersOf({ metadata }: Document): readonly SupersedingDocument[] {
  const noted: JsonValue | undefined = metadata[supersededByName];
  if (!Array.isArray(noted)) return [];
  return noted.filter(isReference).map(({ session, namespace, key }) => ({
    ...(session === undefined ? {} : { session }),
    namespace,
    key,
  }));
}

function isReference(noted: unknown): noted is SupersedingDocument {
  const { session, namespace, key } = (noted ?? {}) as Partial<Record<keyof SupersedingDocument, unknown>>;
  return (
    typeof key === "string" &&
    Array.isArray(namespace) &&
    namespace.every((element) => typeof element === "string") &&
    (session === undefined || typeof session === "string")
  );
}

function writtenIn({ namespace, incarnation, value }: Document): Written | undefined {
  const place = incarnation === undefined ? recalledNamespaces.knowledge : recalledNamespaces.facts;
  return isBelow(place, namespace) ? ((value ?? {}) as Written) : undefined;
}

function stringsOf(value: JsonValue): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}
