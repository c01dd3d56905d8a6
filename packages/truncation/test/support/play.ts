import {
  type EventInput,
  type EventLog,
  isEvent,
  MemoryError,
  type Message,
  type Provider,
  type TokenCounter,
  type View,
  type ViewForm,
} from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";
import { createMemory, type Session } from "@relevo/memory";
import { providers } from "@relevo/messages";
import { createMemoryStore } from "@relevo/store-memory";
import { expand, type Strategy } from "../../src/index.ts";
import { customCounter } from "../../src/tokens/custom-counter.ts";
import { faultsOf, formFaultsOf, type Promises, prefixFaults } from "./check-view.ts";
import { type History, type Step, Writer } from "./histories.ts";
import { say } from "./say.ts";
import { type Truth, truthOf } from "./truth.ts";

/** How often the checks had something to look at: a property that never applies holds for nothing. */
export interface Tally {
  views: number;
  exceeded: number;
  compacted: number;
  summarized: number;
  continued: number;
  fallbacks: number;
  forOne: number;
}

export function newTally(): Tally {
  return { views: 0, exceeded: 0, compacted: 0, summarized: 0, continued: 0, fallbacks: 0, forOne: 0 };
}

/** Four characters a token: cheap, and what it says is held to. */
export const counter: TokenCounter = customCounter("quarter", (text) => Math.ceil(text.length / 4));

export interface Player {
  /** Lives one history and throws what does not hold in it. */
  play(history: History, strategy: Strategy, promises: Promises): Promise<void>;
  readonly tally: Tally;
  close(): Promise<void>;
}

/** One store for all histories, each in a session of its own. */
export function createPlayer(): Player {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const here = createMemory({ store });
  const elsewhere = createMemory({ store });
  const tally = newTally();
  let played = 0;
  return {
    tally,
    async play(history, strategy, promises) {
      const id = `history-${played++}`;
      const session = here.tenant("acme").session(id);
      try {
        const game = new Game(
          session,
          () => elsewhere.tenant("acme").session(id),
          store.log,
          strategy,
          promises,
          tally,
        );
        await game.play(history);
      } finally {
        await session.delete();
      }
    },
    async close() {
      await here.close();
      await elsewhere.close();
      await store.close();
    },
  };
}

interface Seen {
  readonly view: View;
  readonly truth: Truth;
}

class Game {
  readonly #session: Session;
  readonly #another: () => Session;
  readonly #log: EventLog;
  readonly #strategy: Strategy;
  readonly #promises: Promises;
  readonly #tally: Tally;
  #earlier: Seen | undefined;

  constructor(
    session: Session,
    another: () => Session,
    log: EventLog,
    strategy: Strategy,
    promises: Promises,
    tally: Tally,
  ) {
    this.#session = session;
    this.#another = another;
    this.#log = log;
    this.#strategy = strategy;
    this.#promises = promises;
    this.#tally = tally;
  }

  async play({ steps, uniqueIds }: History): Promise<void> {
    const writer = new Writer(uniqueIds);
    for (const step of steps) {
      if (step.do === "view") await this.#look(uniqueIds);
      else await this.#live(step, writer);
    }
  }

  async #live(step: Exclude<Step, { do: "view" }>, writer: Writer): Promise<void> {
    if (step.do === "say") {
      const events = step.messages.map(
        (draft): EventInput => ({ type: "message", body: writer.write(draft), pinned: draft.pinned }),
      );
      if (events.length > 0) await say(this.#session, this.#log, events);
      return;
    }
    if (step.do === "fill") {
      await this.#session.append(
        Array.from({ length: step.turns }, (_, index) => [
          { role: "user" as const, content: `Question ${index}?` },
          { role: "assistant" as const, content: `Answer ${index}, and some more to say about it.` },
        ]).flat(),
      );
      return;
    }
    const version = (await this.#session.head())?.version ?? 0;
    if (version === 0) return;
    this.#earlier = undefined;
    const from = 1 + Math.floor(step.at * version);
    if (step.do === "erase") await this.#session.erase({ seqs: [from] });
    else {
      const ranges = [{ from, to: Math.min(version, from + step.length - 1) }];
      await this.#session.append({ type: "retraction", body: { ranges, reason: "undo" } });
    }
  }

  async #look(uniqueIds: boolean): Promise<void> {
    const tally = this.#tally;
    const truth = await truthOf(this.#session);
    tally.views++;
    const view = await viewOf(this.#session, this.#strategy);
    if (view === undefined) {
      if (this.#promises.maxTokens === undefined) fail(["budget-exceeded without a budget"], view);
      tally.exceeded++;
      this.#earlier = undefined;
      return;
    }
    if (view.compacted) tally.compacted++;
    if (view.summarized.length > 0) tally.summarized++;
    if (view.notices !== undefined) tally.fallbacks++;
    const faults = faultsOf(view, truth, this.#promises, uniqueIds);
    faults.push(...(await this.#lost(view, truth)));
    const { version } = await truthOf(this.#session);
    const again = await viewOf(this.#another(), this.#strategy);
    // A summarizer that failed is asked again, and one that had much to do goes on: then there is another summary.
    const unfinished = this.#promises.finishes === false && (await truthOf(this.#session)).version > version;
    // Where ids are reused, which call a result belongs to changes when one of the calls is summarized.
    const ambiguous = !uniqueIds && this.#promises.summarizes === true && view.summarized.length > 0;
    if (!unfinished && !ambiguous && (again === undefined || shown(again) !== shown(view)))
      faults.push("another handle sees another view");
    const earlier = this.#earlier;
    if (earlier !== undefined) {
      const found = prefixFaults(earlier.view, view, earlier.truth, truth);
      if (found.continues) tally.continued++;
      faults.push(...found.faults);
    }
    fail(faults, view);
    this.#earlier = { view, truth };
    await this.#lookFor(providers[tally.views % providers.length], uniqueIds);
  }

  /** A view for one provider keeps that one's rules, also those about its end. */
  async #lookFor(provider: Provider | undefined, uniqueIds: boolean): Promise<void> {
    const prefill = this.#tally.views % 3 === 0 ? "refused" : "continued";
    const view = await viewOf(this.#session, this.#strategy, { for: provider, prefill });
    const truth = await truthOf(this.#session);
    // A summarizer that failed before was asked again.
    if (truth.version !== this.#earlier?.truth.version) this.#earlier = undefined;
    if (view === undefined) return;
    this.#tally.forOne++;
    fail(formFaultsOf(view, truth, this.#promises, { for: provider, prefill }, uniqueIds), view);
  }

  /** What summaries stand for and do not give back. */
  async #lost(view: View, { entries }: Truth): Promise<string[]> {
    const messages = new Set(entries.map(({ seq }) => seq));
    const summaries = view.seqs.filter((seq) => seq !== undefined && !messages.has(seq));
    const originals = new Map<number, string>();
    for (const seq of summaries) {
      if (seq === undefined) continue;
      for (const event of await expand(this.#log, this.#session, seq)) {
        if (isEvent(event, "message")) originals.set(event.seq, JSON.stringify(event.body));
      }
    }
    return entries.flatMap(({ seq, message }) => {
      if (!rangesInclude(view.summarized, seq) || isReasoning(message)) return [];
      if (summaries.length === 0) return [`seq ${seq} is said to be summarized, and there is no summary`];
      return originals.get(seq) === JSON.stringify(message) ? [] : [`seq ${seq} cannot be expanded`];
    });
  }
}

/** A message of which only reasoning can be shown stands within the message that the reasoning led to. */
function isReasoning({ role, content }: Message): boolean {
  if (role !== "assistant" || typeof content === "string") return false;
  const said = content.some(
    (part) => part.type === "tool-call" || (part.type === "text" && part.text.trim() !== ""),
  );
  return !said && content.some(({ type }) => type === "reasoning");
}

/** `undefined` when the least does not fit. */
async function viewOf(session: Session, strategy: Strategy, form: ViewForm = {}): Promise<View | undefined> {
  try {
    return await session.view({ strategy, ...form });
  } catch (error) {
    if (MemoryError.isInstance(error) && error.code === "budget-exceeded") return undefined;
    throw error;
  }
}

function shown({ messages, seqs }: View): string {
  return JSON.stringify([messages, seqs]);
}

function fail(faults: readonly string[], view: View | undefined): void {
  if (faults.length > 0) throw new Error(`${faults.join("\n")}\n${JSON.stringify(view)}`);
}
