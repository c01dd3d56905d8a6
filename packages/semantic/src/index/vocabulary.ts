import { isSimilarTerm, mostSimilarTerms } from "@relevo/core/store";
import { PostingList } from "./posting-list.ts";

/** The terms of a tenant with their postings. A term that no item holds is forgotten at once. */
export class Vocabulary {
  readonly #numbers: Map<string, number> = new Map();
  readonly #terms: (string | undefined)[] = [];
  readonly #lists: (PostingList | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#numbers.size;
  }

  list(term: string): PostingList | undefined {
    const number = this.#numbers.get(term);
    return number === undefined ? undefined : this.#lists[number];
  }

  /** Adds the item to the term's postings, and answers the term's number. */
  add(term: string, item: number, counts: number): number {
    let number = this.#numbers.get(term);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#terms.length;
      this.#numbers.set(term, number);
      this.#terms[number] = term;
      this.#lists[number] = new PostingList();
    }
    this.#lists[number]?.add(item, counts);
    return number;
  }

  remove(number: number, item: number): void {
    const list = this.#lists[number];
    const term = this.#terms[number];
    if (list === undefined || term === undefined) return;
    list.remove(item);
    if (list.holders > 0) return;
    this.#numbers.delete(term);
    this.#terms[number] = undefined;
    this.#lists[number] = undefined;
    this.#free.push(number);
  }

  /** The term with its counts in the item. */
  termOf(number: number, item: number): readonly [term: string, counts: number] {
    return [this.#terms[number] ?? "", this.#lists[number]?.countsOf(item) ?? 0];
  }

  renumber(numberOf: (item: number) => number): void {
    for (const list of this.#lists) list?.renumber(numberOf);
  }

  /** See `SearchIndex.lookup`. Looks at every term when none of the words is one. */
  lookup(words: readonly string[]): readonly string[] | undefined {
    if (words.some((word) => this.#numbers.has(word))) return undefined;
    const found: string[] = [];
    for (const term of this.#numbers.keys())
      if (words.some((word) => isSimilarTerm(word, term))) found.push(term);
    return found.sort().slice(0, mostSimilarTerms);
  }
}
