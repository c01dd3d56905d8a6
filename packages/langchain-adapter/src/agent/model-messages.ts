import { type BaseMessage, HumanMessage, type SystemMessage } from "@langchain/core/messages";
import { renderRecalled, textOf, type View } from "@relevo/core";
import { toLangChain } from "../messages/convert-messages.ts";
import type { AgentSettings, RecallSettings } from "./agent-options.ts";
import type { AgentTurn } from "./agent-turn.ts";

export interface ModelMessages {
  readonly messages: BaseMessage[];
  /** What the session says to the system, behind what the agent says. */
  readonly system: string;
}

/** What a model is shown: the view of the session, with what was recalled before the newest question. */
export async function modelMessages(turn: AgentTurn, settings: AgentSettings): Promise<ModelMessages> {
  const view = await turn.session.view({
    ...(settings.view === undefined ? {} : { strategy: settings.view }),
    ...(settings.for === undefined ? {} : { for: settings.for }),
  });
  const system = view.messages.filter(({ role }) => role === "system");
  const messages = toLangChain(view.messages.filter(({ role }) => role !== "system"));
  turn.recalled ??=
    settings.recall === undefined ? Promise.resolve("") : recallBlock(turn, settings.recall, view);
  const block = await turn.recalled;
  if (block !== "") {
    // Behind what a provider has cached, and before the newest turn. The place stays during a run.
    const last = messages.findLastIndex(({ type }) => type === "human");
    messages.splice(
      Math.max(last, 0),
      0,
      new HumanMessage({ content: block, additional_kwargs: { lc_source: "relevo" } }),
    );
  }
  return { messages, system: system.map(textOf).join("\n\n") };
}

async function recallBlock(
  { tenant, session, subject }: AgentTurn,
  { limit, maxTokens, messages, query }: RecallSettings,
  view: View,
): Promise<string> {
  const asked = view.messages.filter(({ role }) => role === "user" || role === "assistant").slice(-messages);
  const text = asked.map(textOf).filter(Boolean).join("\n").trim();
  if (text === "") return "";
  const whose = query ?? (subject === undefined ? { sessions: [session.id] } : { users: [subject] });
  const shown = new Set(view.seqs);
  const { hits } = await tenant.search({ ...whose, text, limit: limit + asked.length });
  const unseen = hits.filter(
    ({ source }) => source.kind !== "event" || source.session !== session.id || !shown.has(source.seq),
  );
  return renderRecalled(unseen.slice(0, limit), { maxTokens }).text;
}

export function withSystem(message: SystemMessage, text: string): SystemMessage {
  return text === "" ? message : message.concat(message.text === "" ? text : `\n\n${text}`);
}
