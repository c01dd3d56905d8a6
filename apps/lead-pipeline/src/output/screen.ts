export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** Where the run is shown. */
export interface Screen {
  readonly paint: Paint;
  /** No line is wider. `Infinity` where nobody looks at a terminal: then nothing is cut. */
  readonly columns: number;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Environment {
  readonly [name: string]: string | undefined;
}

/** `COLUMNS` decides the width, then the terminal. */
export function createScreen(stream: Output, environment: Environment): Screen {
  return { paint: createPaint(stream, environment), columns: columnsOf(stream, environment) };
}

function columnsOf(stream: Output, environment: Environment): number {
  const asked = Number(environment.COLUMNS?.trim() || Number.NaN);
  if (Number.isSafeInteger(asked) && asked > 0) return Math.max(asked, leastColumns);
  if (stream.isTTY !== true) return Number.POSITIVE_INFINITY;
  const { columns = 0 } = stream;
  return columns > 0 ? Math.max(columns, leastColumns) : 80;
}

/** Below this a line says nothing; terminals in tests and editors report a width of 0 or 1. */
const leastColumns = 20;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<Style, readonly [number, number]>;

/** Paints, or leaves texts as they are: on a terminal only, and never against `NO_COLOR` (https://no-color.org). */
export function createPaint(stream: Output, environment: Environment): Paint {
  const enabled = stream.isTTY === true && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
  if (!enabled) return (_style, text) => text;
  // Line by line, so that a pager or a reader of single lines sees each in its colour.
  return (style, text) =>
    text
      .split("\n")
      .map((line) => `\u001b[${codes[style][0]}m${line}\u001b[${codes[style][1]}m`)
      .join("\n");
}
