import { type Document, defaultLimits, fingerprint, type RecallPlace } from "@relevo/core";
import {
  admitFields,
  admitNamespace,
  type FieldTable,
  fieldTable,
  maxPageSize,
  pastElement,
  readArray,
  recalledNamespaces,
  refuse,
} from "@relevo/core/input";

type Namespaces = readonly (readonly string[])[];

/**
 * What can be found. Never indexed: system messages, tool calls and their results, handoffs, executions, summaries, the
 * volatile memories of people and agents, and whatever is not named here.
 */
export interface IndexingPolicy {
  /** What users and assistants say; true when left out. */
  readonly messages?: boolean | undefined;
  /** What `tenant.knowledge` keeps; true when left out. */
  readonly knowledge?: boolean | undefined;
  /** Facts that `createFacts` wrote; false when left out. */
  readonly facts?: boolean | undefined;
  /** The durable memories of people and agents, and what agents keep about people; false when left out. */
  readonly memories?: boolean | undefined;
  /** Documents of the application that stand alone below these namespaces; none when left out. */
  readonly documents?: Namespaces | undefined;
  /** Documents of sessions below these namespaces, such as `["relevo", "working"]`; none when left out. */
  readonly sessionDocuments?: Namespaces | undefined;
  /** Below these namespaces nothing is indexed, whatever the rest says. */
  readonly except?: Namespaces | undefined;
}

/** A policy with every part, as namespaces. */
export interface AdmittedPolicy {
  readonly messages: boolean;
  /** Of documents that stand alone. */
  readonly alone: Namespaces;
  readonly inSessions: Namespaces;
  readonly except: Namespaces;
  readonly places: { readonly [Place in Exclude<RecallPlace, "messages">]: Namespaces };
  /** Equal for policies that index the same. */
  readonly fingerprint: string;
}

const policyFields: FieldTable = fieldTable<IndexingPolicy>({
  messages: "refines",
  knowledge: "refines",
  facts: "refines",
  memories: "refines",
  documents: "refines",
  sessionDocuments: "refines",
  except: "refines",
});

const memoryPlaces: Namespaces = [recalledNamespaces.users, recalledNamespaces.agents];

/** @throws `invalid-input` that names the field. */
export function admitPolicy(given: IndexingPolicy | undefined, field: string): AdmittedPolicy {
  const policy = admitFields(given ?? {}, field, policyFields);
  const isOn = (name: "messages" | "knowledge" | "facts" | "memories", byDefault: boolean): boolean => {
    const on = policy[name] ?? byDefault;
    if (typeof on !== "boolean") throw refuse(`${field}.${name}`, "must be true or false.");
    return on;
  };
  const listOf = (name: "documents" | "sessionDocuments" | "except"): Namespaces =>
    readArray(policy[name] ?? [], `${field}.${name}`, "an array of namespaces", maxPageSize).map(
      (one, index) => admitNamespace(one, `${field}.${name}[${index}]`, defaultLimits),
    );
  const messages = isOn("messages", true);
  const documents = listOf("documents");
  // It would let in what is shared by grants alone, and what this package works by.
  const all = documents.findIndex(({ length }) => length === 0);
  if (all !== -1)
    throw refuse(`${field}.documents[${all}]`, "must have an element: an empty one is everything.");
  const sessionDocuments = listOf("sessionDocuments");
  const places = {
    knowledge: isOn("knowledge", true) ? [recalledNamespaces.knowledge] : [],
    facts: isOn("facts", false) ? [recalledNamespaces.facts] : [],
    memories: isOn("memories", false) ? memoryPlaces : [],
    documents: [...documents, ...sessionDocuments],
  };
  const alone = [...places.knowledge, ...places.memories, ...documents];
  const inSessions = [...places.facts, ...sessionDocuments];
  const except = listOf("except");
  return {
    messages,
    alone,
    inSessions,
    except,
    places,
    fingerprint: fingerprint({ messages, alone, inSessions, except }),
  };
}

/** Whether the document can be found at all. */
export function isIndexed(
  { alone, inSessions, except }: AdmittedPolicy,
  { namespace, incarnation }: Document,
): boolean {
  const allowed = incarnation === undefined ? alone : inSessions;
  const isAllowed = (prefix: readonly string[]): boolean => isBelow(prefix, namespace);
  if (!allowed.some(isAllowed) || except.some(isAllowed)) return false;
  const [first, , kind, tier] = namespace;
  // What a document was is not what it is.
  if (incarnation === undefined && kind === pastElement) return false;
  // The volatile tier of a person's memory may be in the same store.
  if (incarnation !== undefined || first !== recalledNamespaces.users[0]) return true;
  return (kind === "memory" || kind === "agents") && tier === "durable";
}

export function isBelow(prefix: readonly string[], namespace: readonly string[]): boolean {
  return prefix.length <= namespace.length && prefix.every((element, index) => namespace[index] === element);
}

/** Whether one is below the other. */
export function areRelated(left: readonly string[], right: readonly string[]): boolean {
  return isBelow(left, right) || isBelow(right, left);
}
