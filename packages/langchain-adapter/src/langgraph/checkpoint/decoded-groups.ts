import { BaseMessage } from "@langchain/core/messages";
import type { ElementWatch } from "./list-groups.ts";

/** About 20 MB of messages. */
const mostElements = 20_000;

/**
 * The elements of groups that this process has read or written, so that a run does not decode the whole conversation again: at
 * 1,000 messages that was two thirds of a turn. Given out are copies, which share what is inside their fields; when somebody
 * has changed that in place, it is noticed, and the group is decoded again.
 */
export class DecodedGroups {
  readonly #groups: Map<string, readonly object[]> = new Map();
  readonly #watch: ElementWatch;
  #elements = 0;

  constructor(watch: ElementWatch) {
    this.#watch = watch;
  }

  /** Copies of the elements; `undefined` when they are not known, or not as they were stored. */
  get(key: string): object[] | undefined {
    const group = this.#groups.get(key);
    if (group === undefined) return undefined;
    this.#drop(key, group);
    if (!group.every((element) => this.#watch.isUnchanged(element))) return undefined;
    this.#keep(key, group);
    return group.map(copyOf);
  }

  /** Keeps copies of the elements as they are now, unless one of them cannot be copied. */
  set(key: string, elements: readonly unknown[]): void {
    if (this.#groups.has(key) || !elements.every(isCopyable)) return;
    const group = elements.map(copyOf);
    for (const element of group) this.#watch.note(element);
    this.#keep(key, group);
    for (const [oldest, old] of this.#groups) {
      if (this.#elements <= mostElements) break;
      this.#drop(oldest, old);
    }
  }

  #keep(key: string, group: readonly object[]): void {
    this.#groups.set(key, group);
    this.#elements += group.length;
  }

  #drop(key: string, group: readonly object[]): void {
    this.#groups.delete(key);
    this.#elements -= group.length;
  }
}

/** Instances of other classes may hold what a copy of their fields would not have. */
function isCopyable(element: unknown): element is object {
  if (typeof element !== "object" || element === null) return false;
  return Object.getPrototypeOf(element) === Object.prototype || BaseMessage.isInstance(element);
}

function copyOf(element: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(element)), element);
}
