import { alignColumns } from "../align-columns.ts";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

/** What V8 writes (`node --cpu-prof`, the inspector), with the number of turns that it covers. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[] | undefined;
  }[];
  /** The node that was running, at each sample. */
  readonly samples?: readonly number[] | undefined;
  /** Microseconds from the sample before to this one. */
  readonly timeDeltas?: readonly number[] | undefined;
  readonly turns?: number;
  /** Processor time of the process meanwhile, the work of profiling included. */
  readonly processorMs?: number;
}

/** Microseconds of self time by name. */
export type SelfTimes = ReadonlyMap<string, number>;

const parts: readonly (readonly [url: RegExp, part: string])[] = [
  [/\/packages\/core\/dist\/fingerprint\b/u, "core: fingerprint"],
  [/\/packages\/core\/dist\/(?:input\/|address|events|json|limits|message\b|where)/u, "core: admission"],
  [/\/packages\/core\/dist\/store\//u, "core: createStore"],
  [/\/packages\/core\//u, "core: other"],
  [/\/packages\/(store-[\w-]+)\/dist\/.*(?:codec|rows|answers|json-size|exact-number|text)\./u, "$1: codec"],
  [/\/packages\/(store-[\w-]+)\//u, "$1: driver"],
  [/\/packages\/([\w-]+)\//u, "$1"],
  [/\/tools\/bench/u, "benchmark"],
];
const library = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//u;

/** Where the code of a frame belongs; `undefined` for Node.js itself, which works for its caller. */
export function partOf({ functionName, url }: CallFrame): string | undefined {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (functionName === "(program)") return "outside of JavaScript";
  const installed = library.exec(url)?.[1];
  if (installed !== undefined) return `library: ${installed}`;
  for (const [pattern, part] of parts) {
    const found = pattern.exec(url);
    if (found !== null) return part.replace("$1", found[1] ?? "");
  }
  return undefined;
}

/**
 * Self time by part. What runs in Node.js itself counts for the nearest caller that does not; what nothing of ours called,
 * such as reading from a socket, is "Node.js". Idle time is left out.
 */
export function selfTimeByPart(profile: CpuProfile): SelfTimes {
  const partOfNode = new Map<number, string>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  const open = root === undefined ? [] : [{ id: root.id, caller: "Node.js" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = byId.get(next.id);
    if (node === undefined) continue;
    const part = partOf(node.callFrame) ?? next.caller;
    partOfNode.set(node.id, part);
    for (const id of node.children ?? []) open.push({ id, caller: part });
  }
  return selfTimes(profile, ({ id }) => partOfNode.get(id) ?? "Node.js");
}

/** Self time by function, with its file. */
export function selfTimeByFunction(profile: CpuProfile): SelfTimes {
  return selfTimes(profile, ({ callFrame: { functionName, url } }) => {
    const file = url.replace(/^.*\/(?=packages\/|tools\/)/u, "").replace(/^.*\/node_modules\//u, "");
    return `${functionName === "" ? "(anonymous)" : functionName}${file === "" ? "" : `  ${file}`}`;
  });
}

function selfTimes(profile: CpuProfile, nameOf: (node: CpuProfile["nodes"][number]) => string): SelfTimes {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const names = new Map(
    nodes.map((node) => [node.id, node.callFrame.functionName === "(idle)" ? undefined : nameOf(node)]),
  );
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id);
    // A node runs until the next sample.
    if (name !== undefined) times.set(name, (times.get(name) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  });
  return times;
}

export interface ProfileTableOptions {
  /** An earlier profile to print beside it. */
  readonly before?: CpuProfile;
  /** How many functions; 15 when left out. */
  readonly top?: number;
}

/** Self time by part, and the functions that take most: of a turn, or in all where the number of turns is not known. */
export function formatProfile(profile: CpuProfile, { before, top = 15 }: ProfileTableOptions = {}): string {
  const { turns, processorMs } = profile;
  const unit = turns === undefined ? "µs" : "µs a turn";
  const table = (title: string, timesOf: (profile: CpuProfile) => SelfTimes, rows: number): string =>
    timesTable([title, unit], perTurn(profile, timesOf), before && perTurn(before, timesOf), rows);
  const processor =
    processorMs === undefined
      ? []
      : [
          `processor time of the process: ${((processorMs * 1000) / (turns ?? 1)).toFixed(0)} ${unit}, with profiling`,
        ];
  return [
    ...processor,
    table("part", selfTimeByPart, Number.POSITIVE_INFINITY),
    table("function", selfTimeByFunction, top),
  ].join("\n\n");
}

function timesTable(
  [title, unit]: readonly [string, string],
  now: SelfTimes,
  before: SelfTimes | undefined,
  rows: number,
): string {
  const largest = (name: string): number => Math.max(now.get(name) ?? 0, before?.get(name) ?? 0);
  const names = [...new Set([...now.keys(), ...(before?.keys() ?? [])])]
    .sort((a, b) => largest(b) - largest(a))
    .slice(0, rows);
  const total = sum(now);
  const micros = (value: number | undefined): string => (value ?? 0).toFixed(1);
  const row = (name: string, time: number | undefined, earlier: number | undefined): string[] => [
    name,
    ...(before === undefined ? [] : [micros(earlier)]),
    micros(time),
    `${total === 0 ? 0 : Math.round(((time ?? 0) / total) * 100)} %`,
  ];
  const header = [title, ...(before === undefined ? [] : [`${unit} before`]), unit, "share"];
  const body = names.map((name) => row(name, now.get(name), before?.get(name)));
  return alignColumns(header, [...body, row("all", total, before && sum(before))], 1);
}

function perTurn(profile: CpuProfile, timesOf: (profile: CpuProfile) => SelfTimes): SelfTimes {
  const { turns = 1 } = profile;
  return new Map([...timesOf(profile)].map(([name, time]) => [name, time / turns]));
}

function sum(times: SelfTimes): number {
  return [...times.values()].reduce((total, time) => total + time, 0);
}
