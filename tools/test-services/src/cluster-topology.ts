import type { RespValue } from "./resp-client.ts";

/** One line of `CLUSTER NODES`: a node as another node sees it. */
export interface ClusterNodeView {
  readonly id: string;
  readonly port: number;
  readonly flags: ReadonlySet<string>;
  /** The id of its master; `undefined` for a master. */
  readonly masterId: string | undefined;
  readonly linked: boolean;
  /** First and last slot of each range; slots on the way in or out are not among them. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

export const slotCount = 16_384;

/** Reads the answer of `CLUSTER NODES`. */
export function parseClusterNodes(answer: RespValue): readonly ClusterNodeView[] {
  return `${answer}`
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id = "", address = "", flags = "", master = "-", , , , link, ...slots] = line.split(" ");
      return {
        id,
        port: Number(/:(?<port>\d+)@/u.exec(address)?.groups?.port),
        flags: new Set(flags.split(",")),
        masterId: master === "-" ? undefined : master,
        linked: link === "connected",
        ranges: slots.filter((range) => !range.startsWith("[")).map(parseRange),
      };
    });
}

/** The node that this view holds for the owner of the slot. */
export function ownerOf(view: readonly ClusterNodeView[], slot: number): ClusterNodeView | undefined {
  return view.find(({ ranges }) => ranges.some(([first, last]) => first <= slot && slot <= last));
}

/** The slots of each of `masters` nodes, as even as they go. */
export function evenSlots(masters: number): readonly (readonly number[])[] {
  return Array.from({ length: masters }, (_, index) => {
    const first = Math.ceil((index * slotCount) / masters);
    const end = Math.ceil(((index + 1) * slotCount) / masters);
    return Array.from({ length: end - first }, (_slot, offset) => first + offset);
  });
}

function parseRange(range: string): readonly [number, number] {
  const [first = Number.NaN, last = first] = range.split("-").map(Number);
  return [first, last];
}
