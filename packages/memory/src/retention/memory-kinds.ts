import type { Document } from "@relevo/core";
import { pastElement } from "@relevo/core/input";
import { pastFacts } from "../history/past-values.ts";
import { agentNamespace, namespaces, userNamespace, workspaceNamespace } from "../namespaces.ts";

/** A kind of memory across sessions: where its durable documents are, and their past values and volatile copies. */
export interface MemoryKind {
  /** What the namespaces of its durable documents begin with, among others: of all, or of one. */
  prefix(name: string | undefined): readonly string[];
  /** The namespace of the volatile copy; `undefined` when this is not one of its durable memories. */
  copyOf(namespace: readonly string[]): readonly string[] | undefined;
  pastPrefix(name: string | undefined): readonly string[];
  /** Whether this past value is of that one. */
  isPastOf(document: Document, name: string | undefined): boolean;
}

/** A memory in the durable tier, and the namespace of its copy in the volatile one. */
export interface DueMemory {
  readonly kind: "memory";
  readonly copyNamespace: readonly string[];
  readonly document: Document;
}

const { agents, users, workspaces } = namespaces;

export const memoryKinds: Readonly<Record<"agents" | "users" | "workspaces", MemoryKind>> = {
  agents: {
    prefix: (name) => (name === undefined ? [...agents, "durable"] : agentNamespace("durable", name)),
    copyOf: (namespace) => (namespace.length === 4 ? volatileAt(namespace, 2) : undefined),
    pastPrefix: () => [...agents, pastElement],
    // Tier, agent, key.
    isPastOf: (document, name) => name === undefined || pastFacts(document)?.of[1] === name,
  },
  users: {
    prefix: (name) => (name === undefined ? users : userNamespace(name)),
    copyOf(namespace) {
      const [, , place] = namespace;
      const isMemory = place === "memory" && namespace.length === 4;
      const isNote = place === "agents" && namespace.length === 5;
      return isMemory || isNote ? volatileAt(namespace, 3) : undefined;
    },
    ...ownedPast(users),
  },
  workspaces: {
    prefix: (name) => (name === undefined ? workspaces : workspaceNamespace(name)),
    copyOf: (namespace) =>
      namespace[2] === "entries" && namespace.length === 4 ? volatileAt(namespace, 3) : undefined,
    ...ownedPast(workspaces),
  },
};

function volatileAt(namespace: readonly string[], tier: number): readonly string[] | undefined {
  return namespace[tier] === "durable" ? namespace.with(tier, "volatile") : undefined;
}

/** Past values of what has a name in its namespace, as its second element. */
function ownedPast(first: readonly string[]): Pick<MemoryKind, "pastPrefix" | "isPastOf"> {
  return {
    pastPrefix: (name) => (name === undefined ? first : [...first, name, pastElement]),
    isPastOf: ({ namespace }) => namespace[2] === pastElement,
  };
}
