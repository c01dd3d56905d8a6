import { alignColumns } from "../align-columns.ts";
import type { Shape, TurnFigures } from "./turn-figures.ts";

/** The figures of one group as tables for people. */
export function formatTurns(figures: readonly TurnFigures[]): string {
  const shapes = distinct(figures.flatMap(({ shape }) => (shape.sessions === 1 ? [] : [labelOf(shape)])));
  const ofShape = (label: string): TurnFigures[] => figures.filter(({ shape }) => labelOf(shape) === label);
  const alone = figures.filter(({ shape }) => shape.sessions === 1 && shape.processes === 1);
  const together = figures.filter(({ shape }) => shape.processes === 1);
  const most = Math.max(...together.map(({ shape }) => shape.sessions));
  const crowd = together.filter(({ shape }) => shape.sessions === most);
  const parts: string[] = [];
  if (alone.length > 0 && crowd.length > 0) {
    const cell = (one: TurnFigures | undefined, beside: TurnFigures | undefined): string =>
      `${latencyOf(one)}, ${shareOf(beside)}`;
    parts.push(
      titled(
        `latency as a multiple of the first row's; share of its throughput with ${most} sessions at once`,
        byHistory(figures, (subject, history) =>
          cell(find(alone, subject, history), find(crowd, subject, history)),
        ),
      ),
    );
  }
  if (alone.length > 0)
    parts.push(
      titled(
        "one session: ms of a turn, median / processor time of the client / of the server",
        byHistory(figures, (subject, history) => timesOf(find(alone, subject, history))),
      ),
    );
  for (const label of shapes)
    parts.push(
      titled(
        `${label}: turns a second (share); ms of processor time of the client / of the server`,
        byHistory(figures, (subject, history) => throughputOf(find(ofShape(label), subject, history))),
      ),
    );
  return parts.join("\n\n");
}

function titled(title: string, table: string): string {
  return `${title}\n\n${table}`;
}

/** A row for each subject and a column for each length of conversation. */
function byHistory(
  figures: readonly TurnFigures[],
  cell: (subject: string, history: number) => string,
): string {
  const histories = distinct(figures.map(({ history }) => history));
  const header = ["messages", ...histories.map((history) => history.toLocaleString("en"))];
  const rows = distinct(figures.map(({ subject }) => subject)).map((subject) => [
    subject,
    ...histories.map((history) => cell(subject, history)),
  ]);
  return alignColumns(header, rows, 1);
}

function find(figures: readonly TurnFigures[], subject: string, history: number): TurnFigures | undefined {
  return figures.find((one) => one.subject === subject && one.history === history);
}

function labelOf({ sessions, processes }: Shape): string {
  return `${sessions} sessions at once, ${processes === 1 ? "one process" : `${processes} processes`}`;
}

function latencyOf(figures: TurnFigures | undefined): string {
  return figures === undefined ? "–" : `${figures.latency.toFixed(1)} x`;
}

function shareOf(figures: TurnFigures | undefined): string {
  return figures === undefined ? "–" : figures.share.toFixed(2);
}

function timesOf(figures: TurnFigures | undefined): string {
  if (figures === undefined) return "–";
  return `${milliseconds(figures.medianMs)} / ${processorOf(figures)}`;
}

function throughputOf(figures: TurnFigures | undefined): string {
  if (figures === undefined) return "–";
  const perSecond = Math.round(figures.turnsPerSecond).toLocaleString("en");
  return `${perSecond} (${shareOf(figures)}); ${processorOf(figures)}`;
}

function processorOf({ clientMs, serverMs }: TurnFigures): string {
  return `${milliseconds(clientMs)} / ${serverMs === undefined ? "–" : milliseconds(serverMs)}`;
}

function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function distinct<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}
