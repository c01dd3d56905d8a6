/**
 * Where this package keeps documents, as lists of elements that are never joined into one string. The first element is
 * reserved: an application that writes documents to the same store must use another one.
 */
export const namespaces: Readonly<
  Record<"working" | "sessionAgents" | "views" | "agents", readonly string[]>
> = {
  /** Session documents: the working memory of one session. */
  working: ["relevo", "working"],
  /** Session documents: what one agent remembers within one session; the agent's name follows. */
  sessionAgents: ["relevo", "agents"],
  /** Session documents: what models were shown. */
  views: ["relevo", "views"],
  /** Stand-alone documents: what agents remember across sessions; the tier and the agent's name follow. */
  agents: ["relevo", "agents"],
};

/** The namespace of an agent's memory in one tier, across sessions. */
export function agentNamespace(tier: "volatile" | "durable", agent: string): readonly string[] {
  return [...namespaces.agents, tier, agent];
}

/** The namespace of an agent's memory among the documents of a session. */
export function sessionAgentNamespace(agent: string): readonly string[] {
  return [...namespaces.sessionAgents, agent];
}
