import { renderRecalled, textOf, type View } from "@relevo/core";
import { renderContext } from "@relevo/memory";
import type { AgentSettings, ContextSettings, RecallSettings } from "./agent-options.ts";
import type { AddedTexts, AgentTurn } from "./agent-turn.ts";

/** Does the work, or answers `undefined` when it may fail. */
export type Attempt = <Result>(work: () => Promise<Result>) => Promise<Result | undefined>;

/** Read once for each run: the texts must not change between its model calls, or nothing after them would be cached. */
export async function addedTexts(
  turn: AgentTurn,
  settings: AgentSettings,
  view: View,
  attempt: Attempt,
): Promise<AddedTexts> {
  turn.added ??= readTexts(turn, settings, view, attempt).catch((error: unknown) => {
    // Another middleware may call the model again.
    turn.added = undefined;
    throw error;
  });
  return await turn.added;
}

async function readTexts(
  turn: AgentTurn,
  settings: AgentSettings,
  view: View,
  attempt: Attempt,
): Promise<AddedTexts> {
  const { context, recall } = settings;
  const [known, recalled = ""] = await Promise.all([
    context && attempt(() => contextTexts(turn, context)),
    recall && attempt(() => recalledText(turn, recall, view, settings)),
  ]);
  return { stable: known?.stable ?? "", changing: `${known?.changing ?? ""}${recalled}` };
}

async function contextTexts({ tenant, session }: AgentTurn, settings: ContextSettings): Promise<AddedTexts> {
  return renderContext(await tenant.context({ ...settings, session }));
}

async function recalledText(
  { tenant, session, subject }: AgentTurn,
  { limit, maxTokens, messages, query }: RecallSettings,
  view: View,
  { tellMissing }: Pick<AgentSettings, "tellMissing">,
): Promise<string> {
  const asked = view.messages.filter(({ role }) => role === "user" || role === "assistant").slice(-messages);
  const text = asked.map(textOf).filter(Boolean).join("\n").trim();
  if (text === "") return "";
  const whose = query ?? (subject === undefined ? { sessions: [session.id] } : { users: [subject] });
  const shown = new Set(view.seqs);
  const found = await tenant.search({ ...whose, text, limit: limit + asked.length });
  tellMissing(found);
  const unseen = found.hits.filter(
    ({ source }) => source.kind !== "event" || source.session !== session.id || !shown.has(source.seq),
  );
  return renderRecalled(unseen.slice(0, limit), { maxTokens }).text;
}
