import { compareUtf8 } from "@relevo/core/input";
import type { AdmittedFind, FindBounds } from "@relevo/core/store";
import type { RedisArgument } from "../connection/client.ts";
import type { StoreContext } from "../context.ts";
import { type DocumentUnit, requireKnownFormat } from "./document-unit.ts";

/** A document that an index names. */
export interface Candidate {
  readonly sortKey: string;
  readonly unit: DocumentUnit;
}

/** An index that holds every document that is asked for: the order, or one tag. */
export interface Source {
  readonly kind: "order" | "tag";
  /** What stands before the sort key in the index. */
  readonly begins: string;
}

/** The tag that the fewest documents carry, the tags of which any may be there, or the whole order. */
export async function chooseSources(
  context: StoreContext,
  units: readonly DocumentUnit[],
  { allTags, anyTags }: AdmittedFind,
  bounds: FindBounds,
  signal: AbortSignal | undefined,
): Promise<readonly Source[]> {
  const tag = (text: string): Source => ({ kind: "tag", begins: `${encodeURIComponent(text)}\0` });
  const choices = [
    ...allTags.map((text) => [tag(text)]),
    ...(anyTags.length === 0 ? [] : [anyTags.map(tag)]),
  ];
  const [only] = choices;
  if (only === undefined) return [{ kind: "order", begins: "" }];
  if (choices.length === 1) return only;
  const counts = await Promise.all(
    choices.map(async (sources) => {
      const parts = await Promise.all(
        units.flatMap((unit) =>
          sources.map(({ begins }) => {
            const key = unit.keys.documentTags;
            const [low, high] = range(begins, bounds, undefined, true);
            return context.connection.read(key, ["ZLEXCOUNT", key, low, high], { signal });
          }),
        ),
      );
      return parts.reduce<number>((sum, part) => sum + Number(part), 0);
    }),
  );
  return choices[counts.indexOf(Math.min(...counts))] ?? only;
}

/** Where to go on, and how many sort keys to take from each index. */
export interface Place {
  readonly bounds: FindBounds;
  readonly after: string | undefined;
  readonly forward: boolean;
  readonly chunk: number;
}

/** The next sort keys of all units in their order. Behind the end of a full list may be others, so the merge stops there. */
export async function nextCandidates(
  { connection }: StoreContext,
  units: readonly DocumentUnit[],
  sources: readonly Source[],
  { bounds, after, forward, chunk }: Place,
  signal: AbortSignal | undefined,
): Promise<{ readonly candidates: readonly Candidate[]; readonly more: boolean }> {
  const order = (left: string, right: string): number => (forward ? 1 : -1) * compareUtf8(left, right);
  const lists = await Promise.all(
    units.flatMap((unit) =>
      sources.map(async ({ kind, begins }) => {
        const key = kind === "order" ? unit.keys.documentOrder : unit.keys.documentTags;
        const [low, high] = range(begins, bounds, after, forward);
        const args: RedisArgument[] = forward
          ? ["ZRANGEBYLEX", key, low, high]
          : ["ZREVRANGEBYLEX", key, high, low];
        args.push("LIMIT", "0", `${chunk}`);
        const members = (await connection.read(key, args, { signal })) as readonly string[];
        // An empty index may be one of a newer format; where there are documents, reading them tells.
        if (members.length === 0) await requireKnownFormat(connection, unit.keys, signal);
        return members.map((member): Candidate => ({ sortKey: member.slice(begins.length), unit }));
      }),
    ),
  );
  let end: string | undefined;
  for (const list of lists) {
    const last = list.at(-1)?.sortKey;
    if (list.length === chunk && last !== undefined && (end === undefined || order(last, end) < 0))
      end = last;
  }
  const bound = end;
  const unique = new Map<string, Candidate>();
  for (const candidate of lists.flat()) {
    if (bound === undefined || order(candidate.sortKey, bound) <= 0) unique.set(candidate.sortKey, candidate);
  }
  const candidates = [...unique.values()].sort((left, right) => order(left.sortKey, right.sortKey));
  return { candidates, more: bound !== undefined };
}

/** Both ends of what is still to be looked at in an index, for ZRANGEBYLEX. */
export function range(
  begins: string,
  { low, high }: FindBounds,
  after: string | undefined,
  forward: boolean,
): readonly [RedisArgument, RedisArgument] {
  const useAfter = (edge: string | undefined): boolean =>
    after !== undefined && (edge === undefined || (forward ? 1 : -1) * compareUtf8(after, edge) >= 0);
  let from: RedisArgument = begins + low === "" ? "-" : `[${begins}${low}`;
  // No byte of UTF-8 is 0xff: it stands behind everything that begins so.
  let to: RedisArgument =
    high !== undefined
      ? `(${begins}${high}`
      : begins === ""
        ? "+"
        : Buffer.concat([Buffer.from(`(${begins}`), Buffer.from([0xff])]);
  if (forward && useAfter(low)) from = `(${begins}${after}`;
  if (!forward && useAfter(high)) to = `(${begins}${after}`;
  return [from, to];
}
