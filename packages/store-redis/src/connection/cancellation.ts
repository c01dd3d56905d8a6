import type { CommandSignal } from "./client.ts";

/** Takes the commands of one call back that were not sent yet. */
export class Cancellation implements CommandSignal {
  aborted = false;
  /** A call sends one command at a time, and few in all. */
  #listeners: readonly (() => void)[] = [];

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }

  abort(): void {
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
