import { recalledNamespaces } from "@relevo/core/input";

/**
 * Where this package keeps documents, as lists of elements that are never joined into one string. First elements that are
 * `relevo` or begin with `relevo:` are reserved: an application that writes documents to the same store must use others.
 */
export const namespaces: Readonly<
  Record<
    | "working"
    | "sessionAgents"
    | "views"
    | "forks"
    | "sessionRecalls"
    | "agents"
    | "outcomes"
    | "archive"
    | "retentions"
    | "users"
    | "knowledge"
    | "recalls"
    | "workspaces"
    | "erasures"
    | "erasing"
    | "holds"
    | "stats",
    readonly string[]
  >
> = {
  /** Session documents: the working memory of one session. */
  working: ["relevo", "working"],
  /** Session documents: what one agent remembers within one session; the agent's name follows. */
  sessionAgents: ["relevo", "agents"],
  /** Session documents: what models were shown. */
  views: ["relevo", "views"],
  /** Session documents: the sessions that were forked from this one, by their ids. */
  forks: ["relevo", "forks"],
  /** Session documents: what was searched in the session. */
  sessionRecalls: ["relevo", "recalls"],
  /** Stand-alone documents: what agents remember across sessions; the tier and the agent's name follow. */
  agents: ["relevo", "agents"],
  /** Stand-alone documents: how an agent's work ended; the agent's name follows, so that each is an owner of its own. */
  outcomes: ["relevo:outcomes"],
  /** Stand-alone documents of an archive: which copies are complete; the session's id follows. */
  archive: ["relevo:archive"],
  /** Stand-alone documents: what retention has removed, and by which policies. Of a session: how far its log is cleared. */
  retentions: ["relevo", "retentions"],
  /**
   * Stand-alone documents: all that is kept about one person; the person's id follows. Each person is an owner of their own
   * (see `unitOf`), so that writes about two people do not wait for each other, and one prefix names everything.
   */
  users: recalledNamespaces.users,
  /** Stand-alone documents: texts that agents may be told; the name of the collection follows. */
  knowledge: recalledNamespaces.knowledge,
  /** Stand-alone documents: what was searched outside of sessions, and about nobody. */
  recalls: ["relevo:recalls"],
  /** Stand-alone documents: workspaces, each an owner of its own; the name follows. */
  workspaces: ["relevo:workspace"],
  /** Stand-alone documents: erasures under way, and the records of those that have ended. */
  erasures: ["relevo", "erasures"],
  /** Stand-alone documents: which person is being erased, or was a short time ago; the person's id follows. */
  erasing: ["relevo:erasing"],
  /** Stand-alone documents: what must not be erased. */
  holds: ["relevo", "holds"],
  /** Stand-alone documents: what was counted, by how the stores are arranged; then what each unit adds, by its hash. */
  stats: ["relevo:stats"],
};

/** The namespace of an agent's memory in one tier, across sessions. */
export function agentNamespace(tier: "volatile" | "durable", agent: string): readonly string[] {
  return [...namespaces.agents, tier, agent];
}

/** The namespace of an agent's memory among the documents of a session. */
export function sessionAgentNamespace(agent: string): readonly string[] {
  return [...namespaces.sessionAgents, agent];
}

/** What all documents about this person begin with. */
export function userNamespace(user: string): readonly string[] {
  return [...namespaces.users, user];
}

/** The namespace of a person's own memory in one tier. */
export function userMemoryNamespace(user: string, tier: "volatile" | "durable"): readonly string[] {
  return [...namespaces.users, user, "memory", tier];
}

/** The namespace of what an agent keeps about a person in one tier. */
export function userAgentNamespace(
  user: string,
  tier: "volatile" | "durable",
  agent: string,
): readonly string[] {
  return [...namespaces.users, user, "agents", tier, agent];
}

/** The namespace of one collection of knowledge. */
export function knowledgeNamespace(collection: string): readonly string[] {
  return [...namespaces.knowledge, collection];
}

/** What all documents of this workspace begin with. */
export function workspaceNamespace(name: string): readonly string[] {
  return [...namespaces.workspaces, name];
}

/** The namespace of the entries of a workspace in one tier. */
export function workspaceEntriesNamespace(name: string, tier: "volatile" | "durable"): readonly string[] {
  return [...namespaces.workspaces, name, "entries", tier];
}
