import type { Message, View, ViewAllowance, ViewRequest, ViewStrategy } from "@relevo/core";
import {
  admitFields,
  admitInteger,
  admitOptions,
  admitViewForm,
  callKinds,
  type FieldKinds,
  type FieldTable,
  fieldTable,
} from "@relevo/core/input";
import { type ArrayOptions, arraySource } from "../history/array-source.ts";
import { History } from "../history/history.ts";
import { assemble } from "../view/assemble.ts";
import { describedSource } from "../view/described-source.ts";
import { TokenMeter } from "../view/token-meter.ts";
import type { Stage, ViewState } from "../view/view-state.ts";
import { admitCounter } from "./admit-counter.ts";
import { fitBudget } from "./fit-budget.ts";

/** A strategy for the views of sessions, and for plain arrays of messages. */
export interface Strategy extends ViewStrategy {
  /**
   * The view of a plain array: `seq` is the index plus one, system messages are pinned.
   *
   * @throws `invalid-input` for what is no array of messages; `budget-exceeded`; `aborted`.
   */
  apply(messages: readonly Message[], options?: ArrayOptions & ViewRequest): Promise<View>;
}

const viewKinds: FieldKinds<ViewRequest> = {
  ...callKinds,
  for: "refines",
  prefill: "refines",
  within: "refines",
};
const viewFields: FieldTable = fieldTable<ViewRequest>(viewKinds);
const withinFields: FieldTable = fieldTable<ViewAllowance>({ maxTokens: "selects", counter: "selects" });
const applyFields: FieldTable = fieldTable<ArrayOptions & ViewRequest>({
  ...viewKinds,
  pinned: "refines",
});

/** The steps of a strategy, from which others are composed. */
const partsKey: unique symbol = Symbol("parts");

export interface StrategyParts {
  readonly name: string;
  readonly stages: readonly Stage[];
  /** How many of the newest messages and summaries the first read should bring. */
  readonly firstPage: number;
  /** Whether summaries replace what they cover. */
  readonly readsSummaries: boolean;
  /** Whether data URLs in texts are described instead of shown. */
  readonly describesDataUrls?: boolean;
}

export function strategyOf(parts: StrategyParts): Strategy {
  const described = new WeakMap<Message, Message>();
  const view: ViewStrategy["view"] = async (log, given) => {
    const { signal, within, ...options } = admitOptions(given, viewFields);
    const call = { signal };
    const form = admitViewForm(options);
    const source = parts.describesDataUrls === true ? describedSource(log, described) : log;
    const state: ViewState = {
      history: new History(source, {
        readsSummaries: parts.readsSummaries,
        for: form.for,
        firstPage: parts.firstPage,
        ...call,
      }),
      form,
      cuts: [],
      showsSummaries: true,
      notices: [],
      meter: undefined,
      call,
    };
    const stages = within === undefined ? parts.stages : [...parts.stages, keepWithin(within)];
    for (const stage of stages) await stage(state);
    return assemble(state);
  };
  return Object.freeze({
    name: parts.name,
    reads: Object.freeze({ messages: parts.firstPage }),
    view,
    apply: async (messages, given) => {
      const { pinned, ...options } = admitOptions(given, applyFields);
      return view(arraySource(messages, { pinned }), options);
    },
    [partsKey]: parts,
  } satisfies Strategy & WithParts);
}

/** A last cut, as a token budget makes it. */
function keepWithin(given: ViewAllowance): Stage {
  const within = admitFields(given, "options.within", withinFields);
  const maxTokens = admitInteger(within.maxTokens, "options.within.maxTokens", 1);
  const meter = new TokenMeter(admitCounter(within.counter, "options.within.counter"));
  const budget = {
    maxTokens,
    available: maxTokens,
    low: Math.ceil(maxTokens / 2),
    systemMessages: undefined,
  };
  return (state) => fitBudget(state, { ...budget, meter });
}

interface WithParts {
  readonly [partsKey]: StrategyParts;
}

/** The definition of a strategy of this package; `undefined` for other strategies. */
export function partsOfStrategy(strategy: unknown): StrategyParts | undefined {
  if (typeof strategy !== "object" || strategy === null || !(partsKey in strategy)) return undefined;
  return (strategy as WithParts)[partsKey];
}
