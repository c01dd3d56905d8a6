/** What a benchmark runs, made anew for each run of the command. */
export interface Work extends Partial<Disposable>, Partial<AsyncDisposable> {
  /** The least that the same job can cost: a raw client, a plain copy. */
  floor(): unknown;
  subject(): unknown;
}

/** What the figures are held against. A missed target is shown, and never fails anything: machines differ. */
export type Target =
  /** The subject's time divided by the floor's. */
  | { readonly ratio: number }
  /** The subject's own time, in microseconds. */
  | { readonly micros: number }
  /** What the subject takes beyond the floor, in microseconds. */
  | { readonly beyondFloorMicros: number };

export interface Benchmark {
  readonly name: string;
  /** What the floor is, in a few words. */
  readonly floor: string;
  readonly target?: Target;
  /** How many operations one call of the work does; 1 when left out. */
  readonly operations?: number;
  setup(): Work | Promise<Work>;
}

/** Benchmarks that stand together in one table. */
export interface Suite {
  readonly title: string;
  /** How long each side of a round is meant to take, in milliseconds; longer where a network is in between. */
  readonly roundMs?: number;
  /** Milliseconds that only go forward: the processor time of the thread, say, which a busy machine moves less. */
  readonly now?: () => number;
  /** Starts what the benchmarks need. A string instead says why they cannot run here. */
  open(): Promise<OpenSuite | string>;
}

export interface OpenSuite extends Partial<AsyncDisposable> {
  readonly benchmarks: readonly Benchmark[];
}
