/** The four agents, in the order in which a lead usually meets them. */
export const agentNames = ["coordinator", "lead_qualifier", "outbound_contact", "meeting_scheduler"] as const;
export type AgentName = (typeof agentNames)[number];

export function isAgentName(name: unknown): name is AgentName {
  return agentNames.includes(name as AgentName);
}

/** To whom each agent may hand over. Nobody hands back: the chain of a lead ends. */
export const reachable: Readonly<Record<AgentName, readonly AgentName[]>> = {
  coordinator: ["lead_qualifier", "outbound_contact"],
  lead_qualifier: ["outbound_contact", "meeting_scheduler"],
  outbound_contact: ["meeting_scheduler"],
  meeting_scheduler: [],
};

const transferPrefix = "transfer_to_";

/** The name of the tool that hands over to this agent. */
export function transferToolName(agent: AgentName): string {
  return `${transferPrefix}${agent}`;
}

/** The agent that a tool of this name hands over to, `undefined` for any other tool. */
export function transferTarget(toolName: string): AgentName | undefined {
  const agent = toolName.startsWith(transferPrefix) ? toolName.slice(transferPrefix.length) : undefined;
  return isAgentName(agent) ? agent : undefined;
}
