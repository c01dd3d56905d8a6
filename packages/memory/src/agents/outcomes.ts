import type { CallOptions } from "@relevo/core";
import {
  admitCall,
  admitChoice,
  admitFields,
  admitId,
  admitInteger,
  admitOptions,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import type { OpenOrigin } from "../memory-place.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import { durationQuantile } from "./duration-sketch.ts";
import type {
  AgentPerformance,
  HalfLife,
  LearningAgent,
  Outcome,
  PerformanceOptions,
  Recommendation,
  RecommendOptions,
  RecordOutcomeOptions,
  StrategyPerformance,
} from "./outcome.ts";
import { maxFeedback, OutcomeStore } from "./outcome-store.ts";
import { successRate } from "./success-rate.ts";
import { halfLives, sumsAt, type Tally } from "./tally.ts";

const outcomeFields: FieldTable = fieldTable<Outcome>({
  success: "selects",
  strategy: "refines",
  rating: "refines",
  durationMs: "refines",
  task: "refines",
});
const recordFields: FieldTable = fieldTable<RecordOutcomeOptions>({
  signal: "refines",
  operationId: "selects",
});
const recommendFields: FieldTable = fieldTable<RecommendOptions>({
  signal: "refines",
  halfLife: "refines",
  minimumSupport: "refines",
});
const performanceFields: FieldTable = fieldTable<PerformanceOptions>({
  signal: "refines",
  halfLife: "refines",
  minimumSupport: "refines",
  feedback: "refines",
});

const maxRating = 100;
const maxTaskLength = 4_000;

/** `LearningAgent` documents what it promises. `origin` tells where outcomes are recorded, when that is in a session. */
export class Outcomes implements LearningAgent {
  readonly #runtime: Runtime;
  readonly #store: OutcomeStore;
  readonly #origin: OpenOrigin | undefined;

  constructor(runtime: Runtime, tenant: string, agent: string, origin?: OpenOrigin) {
    this.#runtime = runtime;
    this.#store = new OutcomeStore(runtime, tenant, agent);
    this.#origin = origin;
  }

  async recordOutcome(given: Outcome, givenOptions: RecordOutcomeOptions = {}): Promise<void> {
    const options = admitOptions(givenOptions, recordFields);
    const outcome = admitOutcome(this.#runtime, given);
    this.#begin(options);
    await this.#store.record(outcome, await this.#origin?.(signalOf(options)), options);
  }

  async performance(given: PerformanceOptions = {}): Promise<AgentPerformance> {
    const options = admitOptions(given, performanceFields);
    const support = admitSupport(options);
    const limit = admitInteger(options.feedback ?? 10, "options.feedback", 0, maxFeedback);
    this.#begin(options);
    const [tally, feedback] = await Promise.all([
      this.#store.tally(options),
      this.#store.newest(limit, options),
    ]);
    return { ...performanceOf(tally, support, this.#runtime.clock.now()), feedback };
  }

  async recommend(given: RecommendOptions = {}): Promise<Recommendation | undefined> {
    const options = admitOptions(given, recommendFields);
    const support = admitSupport(options);
    this.#begin(options);
    const { strategies } = performanceOf(
      await this.#store.tally(options),
      support,
      this.#runtime.clock.now(),
    );
    const [best, ...others] = strategies;
    const rate = best?.successRate;
    return best?.supported && rate !== undefined ? { ...best, successRate: rate, others } : undefined;
  }

  async clearOutcomes(given?: CallOptions): Promise<void> {
    const options = admitCall(given);
    this.#begin(options);
    await this.#store.clear(options);
  }

  #begin({ signal }: CallOptions): void {
    this.#runtime.requireOpen();
    throwIfAborted(signal);
  }
}

interface Support {
  readonly halfLife: HalfLife | undefined;
  readonly minimum: number;
}

function admitSupport({ halfLife, minimumSupport = 5 }: RecommendOptions): Support {
  if (halfLife !== undefined) admitChoice(halfLife, "options.halfLife", halfLives, "day");
  return { halfLife, minimum: admitInteger(minimumSupport, "options.minimumSupport", 1) };
}

/** A copy without the fields that are undefined. */
function admitOutcome(runtime: Runtime, given: Outcome): Outcome {
  const { success, strategy, rating, durationMs, task } = admitFields(given, "outcome", outcomeFields);
  if (typeof success !== "boolean") throw refuse("outcome.success", "must be true or false.");
  if (task !== undefined && (typeof task !== "string" || task.length > maxTaskLength))
    throw refuse("outcome.task", `must be a text of at most ${maxTaskLength} characters.`);
  return {
    success,
    ...(strategy === undefined ? {} : { strategy: admitId(strategy, "outcome.strategy", runtime.limits) }),
    ...(rating === undefined ? {} : { rating: admitAmount(rating, "outcome.rating", maxRating) }),
    ...(durationMs === undefined
      ? {}
      : { durationMs: admitAmount(durationMs, "outcome.durationMs", Number.MAX_SAFE_INTEGER) }),
    ...(task === undefined ? {} : { task }),
  };
}

function admitAmount(input: unknown, field: string, maximum: number): number {
  if (typeof input !== "number" || !(input >= 0 && input <= maximum))
    throw refuse(field, `must be a number from 0 to ${maximum}.`);
  // No store gives -0 back.
  return input === 0 ? 0 : input;
}

/** What the outcomes say, and in which order the strategies are to be tried. */
function performanceOf(
  { groups, durations }: Tally,
  { halfLife, minimum }: Support,
  now: number,
): Omit<AgentPerformance, "feedback"> {
  const all = { total: 0, succeeded: 0 };
  const weighed = { count: 0, succeeded: 0, rated: 0, ratings: 0 };
  const strategies: StrategyPerformance[] = [];
  for (const group of groups.values()) {
    const { strategy, count, succeeded } = group;
    const sums = sumsAt(group, halfLife, now);
    all.total += count;
    all.succeeded += succeeded;
    weighed.count += sums.count;
    weighed.succeeded += sums.succeeded;
    weighed.rated += sums.rated;
    weighed.ratings += sums.ratings;
    if (strategy === undefined) continue;
    const supported = sums.count >= minimum;
    strategies.push({ strategy, count, succeeded, ...ratesOf(sums), supported });
  }
  const p95 = durationQuantile(durations, 0.95);
  return {
    ...all,
    ...ratesOf(weighed),
    ...(p95 === undefined ? {} : { durationMs: { mean: durations.sum / durations.count, p95 } }),
    strategies: strategies.sort(bySupportAndRate),
  };
}

function ratesOf(sums: {
  readonly count: number;
  readonly succeeded: number;
  readonly rated: number;
  readonly ratings: number;
}): Pick<StrategyPerformance, "successRate" | "rating"> {
  const rate = successRate(sums.succeeded, sums.count);
  return {
    ...(rate === undefined ? {} : { successRate: rate }),
    ...(sums.rated > 0 ? { rating: sums.ratings / sums.rated } : {}),
  };
}

function bySupportAndRate(left: StrategyPerformance, right: StrategyPerformance): number {
  return (
    Number(right.supported) - Number(left.supported) ||
    (right.successRate?.low ?? 0) - (left.successRate?.low ?? 0) ||
    (right.rating ?? 0) - (left.rating ?? 0) ||
    right.count - left.count ||
    (left.strategy < right.strategy ? -1 : 1)
  );
}
