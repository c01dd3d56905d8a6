import { MemoryError, type Message, type TokenCounter } from "@relevo/core";
import { admitFields, type FieldTable, fieldTable } from "@relevo/core/input";
import { type CachedCounter, cachedCounter } from "./cached-counter.ts";

/** The estimate for a request, and the usage that the provider reported for it. */
export interface UsageObservation {
  readonly model: string;
  /** Tokens of the whole request by the counter before calibration: `countRequest(counter.uncalibrated, request)`. */
  readonly estimated: number;
  /** Input tokens that the provider reported, those read from its cache included. */
  readonly actual: number;
}

/** The last observed ratios, by model; plain JSON. */
export interface CalibrationState {
  readonly version: 1;
  readonly models: readonly { readonly model: string; readonly ratios: readonly number[] }[];
}

export interface CalibrationOptions {
  /** The model whose factor this counter uses; other models' through `forModel`. */
  readonly model: string;
  /** Smallest and largest factor, whatever is observed; [0.5, 2] when left out. */
  readonly bounds?: readonly [number, number] | undefined;
  /**
   * Makes counts an upper bound: the share of requests, between 0 and 1, that may be counted too low. Left out, counts
   * are right in the median.
   */
  readonly upper?: number | undefined;
  /** The result of `state()` of an earlier counter. */
  readonly state?: CalibrationState | undefined;
}

export interface CalibratedCounter extends CachedCounter {
  /** The counter before calibration. Its counts are the ones to store and to observe. */
  readonly uncalibrated: CachedCounter;
  /** @throws `invalid-input` when `estimated` is not above 0 or `actual` not a count. */
  observe(observation: UsageObservation): void;
  /** The current factor for a model. */
  factor(model?: string): number;
  /** The same counter for another model; both learn from the same observations. */
  forModel(model: string): CalibratedCounter;
  state(): CalibrationState;
}

const fields: FieldTable = fieldTable<CalibrationOptions>({
  model: "selects",
  bounds: "refines",
  upper: "refines",
  state: "refines",
});

const window = 64;
const maxModels = 100;
const enoughForMedian = 3;

/**
 * The counter times a factor for each model, which is learned from the usage that the provider reports.
 *
 * The factor comes from the ratios of the last 64 requests of the model, within `bounds`: their median, which up to
 * half of them being wild does not move far, and 1 before the third; or with `upper`, the ratio that only this share of
 * them passes, counted so that the next request is covered too (a conformal quantile: it assumes that the next request
 * is like the last 64). While that many were not yet observed (19 for 0.05), the upper bound is `bounds[1]`. Shares
 * below 1/65 stay there.
 *
 * Counts change as it learns, so they are never stored: `tokensFor` and stored counts are those before calibration.
 * Models observed longest ago are forgotten above 100.
 *
 * @throws `invalid-input` for bounds, shares or a state that cannot be.
 */
export function calibratedCounter(counter: TokenCounter, given: CalibrationOptions): CalibratedCounter {
  const options = admitFields(given, "options", fields);
  const bounds = options.bounds ?? [0.5, 2];
  if (!(bounds[0] > 0 && bounds[0] <= bounds[1] && Number.isFinite(bounds[1]))) {
    throw new MemoryError("invalid-input", "The bounds of a calibration must be 0 < smallest <= largest.");
  }
  if (options.upper !== undefined && !(options.upper > 0 && options.upper < 1)) {
    throw new MemoryError("invalid-input", "The share of an upper bound must lie between 0 and 1.");
  }
  const ratios = restore(options.state);
  const uncalibrated = cachedCounter(counter);
  const factorOf = (model: string): number => {
    const seen = ratios.get(model) ?? [];
    const factor = options.upper === undefined ? median(seen) : upperQuantile(seen, options.upper, bounds[1]);
    return Math.min(bounds[1], Math.max(bounds[0], factor));
  };
  const counterFor = (own: string): CalibratedCounter => {
    const scale = (tokens: number): number => {
      const scaled = tokens * factorOf(own);
      return options.upper === undefined ? Math.round(scaled) : Math.ceil(scaled);
    };
    return {
      name: `${uncalibrated.name}:calibrated`,
      uncalibrated,
      countText: (text) => scale(uncalibrated.countText(text)),
      countMessage: (message) => scale(uncalibrated.countMessage(message)),
      countStored: (message, stored) => scale(uncalibrated.countStored(message, stored)),
      tokensFor: (message: Message) => uncalibrated.tokensFor(message),
      observe: (observation) => remember(ratios, observation),
      factor: (model = own) => factorOf(model),
      forModel: counterFor,
      state: () => ({
        version: 1,
        models: [...ratios].map(([model, seen]) => ({ model, ratios: [...seen] })),
      }),
    };
  };
  return counterFor(options.model);
}

function remember(ratios: Map<string, readonly number[]>, observation: UsageObservation): void {
  const { model, estimated, actual } = observation;
  const ratio = actual / estimated;
  if (!(estimated > 0 && actual >= 0 && Number.isFinite(ratio))) {
    throw new MemoryError("invalid-input", "An observation needs estimated > 0 and actual >= 0.", {
      details: { model },
    });
  }
  const seen = [...(ratios.get(model) ?? []), ratio].slice(-window);
  // Maps keep the order of insertion: deleting first makes this model the youngest.
  ratios.delete(model);
  ratios.set(model, seen);
  const oldest = ratios.size > maxModels ? ratios.keys().next().value : undefined;
  if (oldest !== undefined) ratios.delete(oldest);
}

function restore(state: CalibrationState | undefined): Map<string, readonly number[]> {
  if (state === undefined) return new Map();
  const valid =
    state.version === 1 &&
    Array.isArray(state.models) &&
    state.models.every(
      (entry) =>
        typeof entry?.model === "string" &&
        Array.isArray(entry.ratios) &&
        entry.ratios.every((ratio: unknown) => Number.isFinite(ratio) && Number(ratio) >= 0),
    );
  if (!valid) throw new MemoryError("invalid-input", "This is not the state of a calibration.");
  return new Map(
    state.models.slice(-maxModels).map(({ model, ratios }) => [model, ratios.slice(-window)] as const),
  );
}

function median(ratios: readonly number[]): number {
  if (ratios.length < enoughForMedian) return 1;
  const sorted = ratios.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? 1;
  const high = sorted[Math.floor(middle)] ?? 1;
  return (low + high) / 2;
}

/** The smallest ratio that covers the next one with probability `1 - share`; `none` when too few are known to say. */
function upperQuantile(ratios: readonly number[], share: number, none: number): number {
  const rank = Math.ceil((ratios.length + 1) * (1 - share) - 1e-9);
  if (rank > ratios.length) return none;
  return ratios.toSorted((one, other) => one - other)[Math.max(0, rank - 1)] ?? none;
}
