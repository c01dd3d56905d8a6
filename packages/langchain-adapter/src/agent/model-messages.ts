import { type BaseMessage, HumanMessage, type SystemMessage } from "@langchain/core/messages";
import { isEvent, type Message, readPages, textOf, type View } from "@relevo/core";
import { arrangeGroups, groupEntries } from "@relevo/messages";
import { toLangChain } from "../messages/convert-messages.ts";
import { type Attempt, addedTexts } from "./added-texts.ts";
import type { ReceivedHandoff } from "./agent-handoffs.ts";
import type { AgentSettings } from "./agent-options.ts";
import type { AgentTurn } from "./agent-turn.ts";

export interface ModelMessages {
  readonly messages: BaseMessage[];
  /** What the session says to the system, behind what the agent says. */
  readonly system: string;
}

/** What a model is shown: the view of the session, with memories behind the system's words and before the newest question. */
export async function modelMessages(
  turn: AgentTurn,
  settings: AgentSettings,
  attempt: Attempt,
): Promise<ModelMessages> {
  const view = await turn.session.view({
    ...(settings.view === undefined ? {} : { strategy: settings.view }),
    ...(settings.for === undefined ? {} : { for: settings.for }),
  });
  const said =
    turn.received === undefined ? view.messages : await receivedMessages(turn, turn.received, view, settings);
  const system = said.filter(({ role }) => role === "system");
  const messages = toLangChain(said.filter(({ role }) => role !== "system"));
  const { stable, changing } = await addedTexts(turn, settings, view, attempt);
  if (changing !== "") {
    // Behind what a provider has cached, and before the newest turn. The place stays during a run.
    const last = messages.findLastIndex(({ type }) => type === "human");
    messages.splice(
      Math.max(last, 0),
      0,
      new HumanMessage({ content: changing, additional_kwargs: { lc_source: "relevo" } }),
    );
  }
  return { messages, system: [...system.map(textOf), stable].filter(Boolean).join("\n\n") };
}

/** What a handoff passed, who passed it and why, and what was said since. */
async function receivedMessages(
  { session }: AgentTurn,
  { messages, from, reason, data, version }: ReceivedHandoff,
  view: View,
  settings: AgentSettings,
): Promise<readonly Message[]> {
  const why = `${from} handed the conversation over to you. Reason: ${reason}`;
  const told: Message = {
    role: "user",
    content: data === undefined ? why : `${why}\nData: ${JSON.stringify(data)}`,
  };
  // The view has also what was said since.
  if (messages === undefined) return [...view.messages, told];
  const since: Message[] = [];
  const pages = readPages((page) => session.events(page), { after: version, types: ["message"] });
  for await (const { events } of pages)
    for (const event of events) if (isEvent(event, "message")) since.push(event.body);
  const all = [...messages, told, ...since];
  const form = settings.for === undefined ? {} : { for: settings.for };
  const { groups } = groupEntries(
    all.map((message, index) => ({ seq: index + 1, message, pinned: false })),
    form,
  );
  return arrangeGroups(groups, form).map(({ message }) => message);
}

export function withSystem(message: SystemMessage, text: string): SystemMessage {
  return text === "" ? message : message.concat(message.text === "" ? text : `\n\n${text}`);
}
