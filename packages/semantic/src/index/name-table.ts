/** Numbers for names that are in use. A name that nobody uses any more is forgotten. */
export class NameTable {
  readonly #numbers: Map<string, number> = new Map();
  readonly #names: (string | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** The number of the name, −1 when it is not in use. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  nameOf(number: number): string | undefined {
    return this.#names[number];
  }

  use(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#names.length;
      this.#numbers.set(name, number);
      this.#names[number] = name;
      this.#uses[number] = 0;
    }
    this.#uses[number] = (this.#uses[number] ?? 0) + 1;
    return number;
  }

  release(number: number): void {
    const name = this.#names[number];
    const uses = (this.#uses[number] ?? 0) - 1;
    this.#uses[number] = uses;
    if (name === undefined || uses > 0) return;
    this.#numbers.delete(name);
    this.#names[number] = undefined;
    this.#free.push(number);
  }
}
