import {
  defaultLimits,
  type HandoffArrangement,
  type HandoffContext,
  type Message,
  type SeqRange,
} from "@relevo/core";
import { rangesOf } from "@relevo/core/input";
import { type ArrangedMessage, admitInline, type ChosenEntry } from "./arrange-context.ts";

/** The recorded context, and what its inline messages repeat. */
export interface RecordedPlaces {
  readonly places: Pick<HandoffContext, "passed" | "reshaped" | "inline" | "inlineAt" | "arrangement">;
  readonly origins: ReadonlySet<readonly SeqRange[]>;
}

/** The record of what is shown, which does not depend on the arrangement rules. */
export interface RecordedMessages extends RecordedPlaces {
  /** What the receiver gets, exactly as it is recorded. */
  readonly messages: Message[];
  /** The size of the inline messages as JSON. */
  readonly bytes: number;
}

const unbounded = { ...defaultLimits, valueBytes: Number.MAX_SAFE_INTEGER };

/** Records messages of the log by `seq`, in the order in which they are shown, and all others whole. */
export function recordShown(arranged: readonly ArrangedMessage[]): RecordedMessages {
  const messages: Message[] = [];
  const passed = new Set<number>();
  const inline: Message[] = [];
  const inlineAt: number[] = [];
  const reshaped: number[] = [];
  const origins = new Set<readonly SeqRange[]>();
  let total = 0;
  for (const { message, seq, from, isMade } of arranged) {
    if (seq !== undefined && !passed.has(seq)) {
      passed.add(seq);
      messages.push(message);
      continue;
    }
    const made = admitInline(message, `messages[${messages.length}]`, unbounded);
    total += made.bytes;
    inline.push(made.message);
    inlineAt.push(messages.length);
    messages.push(made.message);
    for (const origin of from) {
      for (const ranges of origin.derivedFrom) origins.add(ranges);
      const place = origin.seq ?? origin.formOf;
      if (place === undefined) continue;
      origins.add([{ from: place, to: place }]);
      if (!isMade) reshaped.push(place);
    }
  }
  const others = reshaped.filter((seq) => !passed.has(seq));
  return {
    messages,
    bytes: total,
    origins,
    places: {
      passed: runsOf(passed),
      ...(others.length === 0 ? {} : { reshaped: rangesOf(others) }),
      ...(inline.length === 0 ? {} : { inline, inlineAt }),
    },
  };
}

/**
 * Records what was chosen and how it was arranged, which is small however much was repaired. When a message was chosen
 * twice, which ranges cannot express, what was shown is recorded.
 */
export function recordChosen(
  chosen: readonly ChosenEntry[],
  shown: RecordedMessages,
  arrangement: HandoffArrangement,
): RecordedPlaces {
  const passed = new Set<number>();
  const inline: Message[] = [];
  const inlineAt: number[] = [];
  const origins = new Set<readonly SeqRange[]>();
  for (const [index, { message, seq, formOf, derivedFrom }] of chosen.entries()) {
    if (seq !== undefined) {
      if (passed.has(seq)) return shown;
      passed.add(seq);
      continue;
    }
    inline.push(message);
    inlineAt.push(index);
    for (const ranges of derivedFrom) origins.add(ranges);
    if (formOf !== undefined) origins.add([{ from: formOf, to: formOf }]);
  }
  const places = {
    passed: runsOf(passed),
    arrangement,
    ...(inline.length === 0 ? {} : { inline, inlineAt }),
  };
  return { places, origins };
}

/** The numbers as ranges of neighbours, in the given order. */
function runsOf(seqs: Iterable<number>): readonly SeqRange[] {
  const runs: { from: number; to: number }[] = [];
  for (const seq of seqs) {
    const last = runs.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else runs.push({ from: seq, to: seq });
  }
  return runs;
}
