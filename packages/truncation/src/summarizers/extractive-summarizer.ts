import { MemoryError, type Summarizer, type SummaryRequest, type TokenCounter } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable, throwIfAborted } from "@relevo/core/input";
import { estimateCounter } from "../tokens/estimate-counter.ts";
import { type CandidateLine, candidateLines } from "./candidate-lines.ts";
import { type Gist, gistOf, isNearDuplicate } from "./near-duplicate.ts";
import { createPace, type Pace } from "./pace.ts";

export interface ExtractiveSummarizerOptions {
  /** The most lines of a summary; 24 when left out. */
  readonly maxSentences?: number | undefined;
  /** Counts against `maxTokens`; `estimateCounter()` when left out. */
  readonly counter?: TokenCounter | undefined;
}

const fields: FieldTable = fieldTable<ExtractiveSummarizerOptions>({
  maxSentences: "refines",
  counter: "refines",
});

/**
 * Summarizes without a model: the most important sentences, verbatim, one per line, each with its speaker.
 *
 * A sentence scores higher for names, numbers, dates and amounts, decisions, preferences, commitments, open questions
 * and facts that people state about themselves, in English and Spanish (`scoreOf`). The best are taken until
 * `maxSentences` or `maxTokens` is reached, near duplicates once, of equal ones the later; they stand in the order in
 * which they were said. The lines of `previous` compete with a small advantage and come first, so important ones remain
 * through any number of summaries. Deterministic. Of a text above 200,000 characters the start and the end are read.
 * The time is linear in the text, also for hostile text; the event loop runs in between, and the signal is obeyed.
 *
 * The text never exceeds `maxTokens`; it is empty only when there is no text, or when not even one word fits.
 *
 * @example
 * ```ts
 * const summarizer = extractiveSummarizer({ maxSentences: 8 });
 * const text = await summarizer.summarize({ messages, maxTokens: 300 });
 * ```
 */
export function extractiveSummarizer(options?: ExtractiveSummarizerOptions): Summarizer {
  const { maxSentences = 24, counter = estimateCounter() } = admitOptions(options, fields);
  if (!Number.isSafeInteger(maxSentences) || maxSentences < 1) {
    throw new MemoryError("invalid-input", "maxSentences must be a whole number above 0.");
  }
  return {
    name: `extractive(${maxSentences})`,
    async summarize(request: SummaryRequest) {
      throwIfAborted(request.signal);
      const pace = createPace(request);
      const all: CandidateLine[] = [];
      for (const line of candidateLines(request.previous ?? "", request.messages)) {
        all.push(line);
        await pace.step();
      }
      const worthy = all.filter(({ score }) => score > 0);
      // When no sentence scores, unimportant ones are better than nothing.
      const lines = worthy.length > 0 ? worthy : all;
      const chosen = await choose(lines, maxSentences, request.maxTokens, counter, pace);
      if (chosen.length > 0) return fitted(chosen, request.maxTokens, counter);
      return lines.length === 0 ? "" : beginOf(best(lines).text, request.maxTokens, counter);
    },
  };
}

const mostMisfits = 50;

interface Chosen {
  readonly index: number;
  readonly line: CandidateLine;
}

/** The best lines that fit together, best first. */
async function choose(
  lines: readonly CandidateLine[],
  maxSentences: number,
  maxTokens: number,
  counter: TokenCounter,
  pace: Pace,
): Promise<readonly Chosen[]> {
  // Of lines with the same score the later one wins: it is closer to what follows.
  const ranked = lines
    .map((line, index): Chosen => ({ line, index }))
    .toSorted((one, other) => other.line.score - one.line.score || other.index - one.index);
  const chosen: Chosen[] = [];
  const gists: Gist[] = [];
  const seen = new Set<string>();
  let tokens = 0;
  let misfits = 0;
  for (const candidate of ranked) {
    if (chosen.length === maxSentences) break;
    const { said, text } = candidate.line;
    // A sentence that is repeated a thousand times must not be compared a thousand times.
    if (seen.has(said) || seen.size === seen.add(said).size) continue;
    // Trying ever smaller lines with a full budget would count every line of a long history.
    if (misfits === mostMisfits) break;
    await pace.step();
    const gist = gistOf(said);
    if (gists.some((other) => isNearDuplicate(gist, other))) continue;
    const cost = counter.countText(text) + 1;
    // The last line has no trailing line feed.
    if (tokens + cost > maxTokens + 1) {
      misfits += 1;
      continue;
    }
    tokens += cost;
    chosen.push(candidate);
    gists.push(gist);
  }
  return chosen;
}

/** In the order of the conversation; the worst are removed while the whole costs more tokens than its lines did. */
function fitted(chosen: readonly Chosen[], maxTokens: number, counter: TokenCounter): string {
  for (let count = chosen.length; count > 0; count -= 1) {
    const text = chosen
      .slice(0, count)
      .toSorted((one, other) => one.index - other.index)
      .map(({ line }) => line.text)
      .join("\n");
    if (counter.countText(text) <= maxTokens) return text;
  }
  return "";
}

function best(lines: readonly CandidateLine[]): CandidateLine {
  return lines.reduce((one, other) => (other.score >= one.score ? other : one));
}

/** As many words of a line as fit, because an empty text would mean no summary. */
function beginOf(line: string, maxTokens: number, counter: TokenCounter): string {
  const words = line.split(" ");
  for (let count = words.length - 1; count > 0; count -= 1) {
    const text = `${words.slice(0, count).join(" ")}…`;
    if (counter.countText(text) <= maxTokens) return text;
  }
  return "";
}
