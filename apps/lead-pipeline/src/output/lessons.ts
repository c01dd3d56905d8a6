import type { SuccessRate } from "@relevo/memory";
import type { Lessons } from "../workflow/lessons.ts";
import { counted, formatDuration } from "./lead-table.ts";
import type { Screen } from "./screen.ts";
import { oneLine, wrap } from "./terminal-text.ts";

/** What the agents have learned over all runs: how often their work won, by the way that they took. */
export function drawLessons(lessons: readonly Lessons[], { paint, columns }: Screen): string {
  const lines = [paint("bold", "What the agents have learned, over all runs")];
  for (const { agent, performance, recommended } of lessons) {
    const { total, successRate, durationMs, strategies } = performance;
    const name = oneLine(agent.replaceAll("_", " "));
    if (successRate === undefined) {
      lines.push(wrap(`  ${name}: nothing yet`, columns, "    ", 3));
      continue;
    }
    const time = durationMs === undefined ? "" : `, 95 % within ${formatDuration(durationMs.p95)}`;
    lines.push(
      wrap(`  ${name}: ${counted(total, "lead")}, won ${percent(successRate)}${time}`, columns, "    ", 3),
    );
    for (const { strategy, count, successRate: rate, supported } of strategies) {
      const few = supported ? "" : ", too few to tell";
      const share = rate === undefined ? "" : `, won ${percent(rate)}`;
      const best = strategy === recommended?.strategy;
      const line = wrap(
        `    ${best ? "›" : "·"} ${oneLine(strategy)}: ${count}${share}${few}`,
        columns,
        "      ",
        3,
      );
      lines.push(best ? paint("green", line) : line);
    }
  }
  return lines.join("\n");
}

function percent({ value, low, high }: SuccessRate): string {
  const whole = (share: number): string => `${Math.round(share * 100)}`;
  return `${whole(value)} % (${whole(low)} to ${whole(high)})`;
}
