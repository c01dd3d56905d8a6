import { parseArgs } from "node:util";
import type { Shape } from "./turn-figures.ts";

export const usage = `bench:turn [--quick] [--store NAME,…] [--only WORD,…] [--no-peers] [--history N,…] [--sessions N,…]
           [--processes N,…] [--rounds N] [--slice-ms N] [--json]

--store     process, redis, postgres; all when left out
--only      subjects whose name holds one of the words; raw statements are always measured
--no-peers  without other libraries, which are otherwise installed beside the benchmark (330 MB)
--history   messages in a conversation: 20,100,1000,10000
--sessions  sessions at once: 1,8,32
--processes client processes that share them: 1,2
--rounds    rounds that count: 7
--slice-ms  how long each subject runs in a round: 400
--quick     histories of 20 and 100, 1 and 32 sessions, one process, 3 rounds of 100 ms`;

export interface TurnOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly peers: boolean;
  readonly stores: readonly string[];
  readonly only: readonly string[];
  readonly histories: readonly number[];
  /** Those with at least a session for each process. */
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
}

/** @throws `TypeError` that names the option. */
export function turnOptions(args: readonly string[]): TurnOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean" },
      json: { type: "boolean" },
      quick: { type: "boolean" },
      "no-peers": { type: "boolean" },
      store: { type: "string" },
      only: { type: "string" },
      history: { type: "string" },
      sessions: { type: "string" },
      processes: { type: "string" },
      rounds: { type: "string" },
      "slice-ms": { type: "string" },
    },
  });
  const quick = values.quick === true;
  const sessions = numbers("sessions", values.sessions ?? (quick ? "1,32" : "1,8,32"));
  const processes = numbers("processes", values.processes ?? (quick ? "1" : "1,2"));
  const stores = list(values.store ?? storeNames.join(","));
  const unknown = stores.find((name) => !storeNames.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`--store has no ${unknown}; it has ${storeNames.join(", ")}.`);
  const shapes = processes.flatMap((count) =>
    sessions.flatMap((each) => (each < count ? [] : [{ sessions: each, processes: count }])),
  );
  if (shapes.length === 0) throw new TypeError("--sessions must be at least --processes.");
  return {
    help: values.help === true,
    json: values.json === true,
    peers: values["no-peers"] !== true,
    stores,
    only: list(values.only ?? "").map((word) => word.toLowerCase()),
    histories: numbers("history", values.history ?? (quick ? "20,100" : "20,100,1000,10000")),
    shapes,
    rounds: wholeNumber("rounds", values.rounds ?? (quick ? "3" : "7")),
    sliceMs: wholeNumber("slice-ms", values["slice-ms"] ?? (quick ? "100" : "400")),
    warmUpMs: quick ? 300 : 2000,
  };
}

/** What `read` gives, or the end of the program with the option that it refuses. */
export function admitted<Options>(read: () => Options): Options {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

export const storeNames: readonly string[] = ["process", "redis", "postgres"];

function list(text: string): readonly string[] {
  return text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}

function numbers(name: string, text: string): readonly number[] {
  const all = list(text).map((part) => wholeNumber(name, part));
  if (all.length === 0) throw new TypeError(`--${name} must name a number.`);
  return all;
}

/** @throws `TypeError` that names the option. */
export function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`--${name} must be a positive whole number, not ${text}.`);
  return value;
}
