import type { SuccessRate } from "@relevo/memory";
import type { Lessons } from "../workflow/lessons.ts";
import { counted } from "./lead-table.ts";
import type { Screen } from "./screen.ts";
import { fit, oneLine, wrap } from "./terminal-text.ts";

/** What the agents have learned over all runs: how often leads were won, by the way that each agent took with them. */
export function drawLessons(lessons: readonly Lessons[], { paint, columns }: Screen): string {
  const say = (text: string): string => wrap(`  ${text}`, columns, "  ", 8);
  const lines = [paint("bold", wrap("What the agents have learned, over all runs", columns, "  ", 4))];
  // Every lead that teaches something goes through the first agent.
  const { total = 0, succeeded = 0 } = lessons[0]?.performance ?? {};
  if (total === 0) return [...lines, say("Nothing yet: no lead was worked to an end of its own.")].join("\n");
  lines.push(
    say(
      `${counted(total, "lead")} worked to an end, ${succeeded} won: a meeting is booked, a message is drafted, or a person is ` +
        "to go on. Spam, repetitions and what was stopped do not count. In brackets: where the true share lies, 19 times out " +
        "of 20.",
    ),
  );
  for (const { agent, performance, recommended } of lessons) {
    const { strategies, successRate } = performance;
    if (successRate === undefined) continue;
    lines.push("", paint("bold", row(fit(words(agent), 28), performance.total, successRate)));
    for (const { strategy, count, successRate: rate, supported } of strategies) {
      if (rate === undefined) continue;
      // A grade is found and not chosen, and of one way nobody can say that it is the best.
      const isChosen = agent !== "lead_qualifier" && strategies.length > 1;
      const isBest = isChosen && strategy === recommended?.strategy;
      const remark = isBest ? "best so far" : supported ? "" : "too few to tell";
      const line = row(`  ${isBest ? "›" : "·"} ${fit(words(strategy), 24)}`, count, rate, remark);
      lines.push(isBest ? paint("green", line) : line);
    }
  }
  return lines.join("\n");

  function row(name: string, count: number, { value, low, high }: SuccessRate, remark = ""): string {
    const share = `${percent(value).padStart(3)} % (${percent(low)} to ${percent(high)})`;
    const text = `  ${name} ${counted(count, "lead").padStart(9)}   won ${share.padEnd(17)} ${remark}`;
    return wrap(text.trimEnd(), columns, "      ", 3);
  }
}

function words(name: string): string {
  return oneLine(name.replaceAll("_", " "));
}

function percent(share: number): string {
  return `${Math.round(share * 100)}`;
}
