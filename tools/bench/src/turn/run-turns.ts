import { forkTurns } from "./fork-turns.ts";
import { measureTurns } from "./measure-turns.ts";
import { serverProcessorTime } from "./server-processor-time.ts";
import type { TurnFigures } from "./turn-figures.ts";
import type { TurnOptions } from "./turn-options.ts";
import type { TurnProcess } from "./turn-process.ts";
import type { TurnGroup } from "./turn-subject.ts";
import { formatTurns } from "./turn-table.ts";

/** The script of a client process, which calls `serveTurns` on the same groups; gets the prefix of its sessions. */
export interface ClientScript {
  readonly file: string;
  readonly args: readonly string[];
}

/** Measures the groups one after the other, and prints the tables of each when it is done. */
export async function runTurns(
  groups: readonly TurnGroup[],
  options: TurnOptions,
  script: ClientScript,
): Promise<void> {
  const all: TurnFigures[] = [];
  for (const group of groups) {
    const figures = await measureGroup(group, options, script);
    all.push(...figures);
    if (!options.json && figures.length > 0) console.log(`\n## ${group.title}\n\n${formatTurns(figures)}`);
  }
  if (options.json) console.log(JSON.stringify(all, null, 2));
}

async function measureGroup(
  group: TurnGroup,
  options: TurnOptions,
  { file, args }: ClientScript,
): Promise<readonly TurnFigures[]> {
  const { title } = group;
  const shapes = options.shapes.filter(({ processes }) => group.shared || processes === 1);
  if (shapes.length === 0) return [];
  const server = await group.start();
  if (typeof server === "string") {
    console.error(`${title}: not measured. ${server}`);
    return [];
  }
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  const { url, pid, settle } = server;
  const processes: TurnProcess[] = [];
  let subjects: readonly string[] = [];
  for (let index = 0; index < Math.max(...shapes.map((shape) => shape.processes)); index++) {
    const turns = stack.use(forkTurns(file, [...args, `client-${index}`]));
    // One after the other: libraries make their tables when they open.
    subjects = await turns.open(title, url);
    stack.defer(() => turns.close());
    processes.push(turns);
  }
  const { only } = options;
  return await measureTurns(
    {
      title,
      subjects,
      processes,
      ...(pid === undefined ? {} : { serverTime: () => serverProcessorTime(pid) }),
      ...(settle === undefined ? {} : { settle }),
    },
    {
      ...options,
      shapes,
      chosen: (name) => only.length === 0 || only.some((word) => name.toLowerCase().includes(word)),
    },
    (line) => console.error(`… ${line}`),
  );
}
