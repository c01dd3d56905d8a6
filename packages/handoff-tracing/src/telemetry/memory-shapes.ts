import type { CallOptions, ReadResult, SessionAddress, View } from "@relevo/core";

/** The parts of `@relevo/memory` that spans look at. Whatever has these members can be traced. */
export interface MemoryShape {
  tenant(id: string): TenantShape;
}

export interface TenantShape {
  readonly id: string;
  session(id?: string, options?: never): SessionShape;
  agent(name: string): AgentShape;
  user?(id: string): UserShape;
  context(options: never): Promise<object>;
  sessions(options?: never): Promise<PageShape>;
  users?(options?: never): Promise<PageShape>;
  agents?(options?: never): Promise<PageShape>;
  erase?(selector: never, options?: never): Promise<object>;
  resumeErasures?(options?: never): Promise<readonly object[]>;
  hold?(selector: never, options: never): Promise<object>;
  release?(selector: never, options?: never): Promise<boolean>;
  holds?(options?: never): Promise<PageShape>;
  export?(...args: never[]): AsyncIterable<string>;
  exportExecutions?(options?: never): AsyncIterable<string>;
  archive?(session: string, options?: never): Promise<object>;
  restore?(session: string, options?: never): Promise<object>;
  archived?(options?: never): Promise<PageShape>;
  archiveIdle?(options: never): Promise<{ readonly archived: readonly object[] }>;
  stats?(options?: never): Promise<{ readonly sessions: number }>;
  retention?(policies: never): RetentionShape;
  retentionRecords?(options?: never): Promise<PageShape>;
  import?(source: never, options?: never): Promise<object>;
  executions?(options?: never): Promise<PageShape>;
  workspace?(name: string): WorkspaceShape;
  workspaces?(options?: never): Promise<PageShape>;
  sharedWorkspace?(owner: string, name: string): SharedShape;
  search?(query: never): Promise<FoundShape>;
  recalls?(options?: never): Promise<PageShape>;
  readonly knowledge?: KnowledgeShape;
}

interface FoundShape {
  readonly hits: readonly unknown[];
  readonly missing: readonly string[];
}

/** A collection of knowledge. */
export interface KnowledgeShape {
  collection(name: string): KnowledgeShape;
  add(texts: never, options?: never): Promise<readonly unknown[]>;
  get(id: string, options?: never): Promise<unknown>;
  remove(ids: never, options?: never): Promise<number>;
  clear(options?: never): Promise<number>;
  entries(options?: never): Promise<PageShape>;
  similar(id: string, options?: never): Promise<FoundShape>;
}

export interface RetentionShape {
  plan(options?: never): Promise<{ readonly documents: number }>;
  apply(options?: never): Promise<{ readonly documents: number }>;
}

interface PageShape {
  readonly items: readonly unknown[];
}

export interface Appended {
  readonly version: number;
  readonly incarnation: string;
  readonly replayed: boolean;
}

export interface SessionShape {
  readonly address: SessionAddress;
  readonly fence: number | undefined;
  readonly working: DocumentsShape;
  readonly user?: DocumentsShape;
  agent(name: string): AgentShape;
  append(input: unknown, options?: { readonly fence?: number }): Promise<Appended>;
  messages(options?: CallOptions): Promise<readonly unknown[]>;
  events(options?: CallOptions): Promise<ReadResult>;
  view(options?: { readonly strategy?: { readonly name: string } | undefined }): Promise<View>;
  undo(count?: number, options?: never): Promise<readonly unknown[]>;
  popMessage(options?: never): Promise<unknown>;
  clear(options?: never): Promise<unknown>;
  erase(options: never): Promise<{ readonly erased: readonly number[] }>;
  trim(options: never): Promise<number>;
  delete(options?: never): Promise<boolean>;
  archive?(options?: never): Promise<object>;
  head(options?: never): Promise<unknown>;
  touch(options?: never): Promise<unknown>;
  retract?(options: never): Promise<readonly unknown[]>;
  replaceFrom?(message: never, input: never, options?: never): Promise<Appended>;
  fork?(options?: never): Promise<SessionShape>;
  forks?(options?: never): Promise<PageShape>;
  origin?(options?: never): Promise<object | undefined>;
  stream?(pieces: never, options?: never): AsyncGenerator<unknown, Appended | undefined, void>;
  explain?(seq: number, options?: never): Promise<object | undefined>;
  recordExecution(execution: never, options?: never): Promise<unknown>;
  activity(options?: never): Promise<unknown>;
  lease(options?: never): Promise<{ readonly fence: number }>;
  turn<Result>(
    work: (session: SessionShape, ...rest: readonly never[]) => Promise<Result>,
    options?: never,
  ): Promise<Result>;
  beginTurn?(options?: never): Promise<OpenTurnShape>;
}

export interface OpenTurnShape {
  readonly session: SessionShape;
  commit(result?: never): Promise<unknown>;
  abandon(options?: never): Promise<void>;
}

export interface AgentShape extends DocumentsShape {
  /** What the agent keeps about a person, who is named by an id or by an object of the memory. */
  for?(user: unknown): DocumentsShape;
}

export interface UserShape extends DocumentsShape {
  sessions(options?: never): Promise<PageShape>;
  erase(options?: never): Promise<object>;
  export?(options?: never): AsyncIterable<string>;
}

/** The memory of a session, or of an agent. */
export interface DocumentsShape {
  readonly name?: string;
  remember(
    key: string,
    value: unknown,
    options?: { readonly tier?: string },
  ): Promise<{ readonly version: number }>;
  recall(key: string, options?: { readonly tier?: string }): Promise<unknown>;
  entry(key: string, options?: { readonly tier?: string }): Promise<{ readonly version: number } | undefined>;
  forget(key: string, options?: { readonly tier?: string }): Promise<boolean>;
  entries(options?: { readonly tier?: string }): Promise<{ readonly items: readonly unknown[] }>;
  update(key: string, change: unknown, options?: { readonly tier?: string }): Promise<unknown>;
  rememberMany?(entries: never, options?: never): Promise<readonly unknown[]>;
  history?(key: string, options?: never): Promise<readonly unknown[]>;
  diff?(key: string, from: number, to?: number, options?: never): Promise<readonly unknown[]>;
  revert?(key: string, version: number, options?: never): Promise<{ readonly version: number }>;
  clear?(options?: never): Promise<number>;
  /** Of an agent. */
  recordOutcome?(outcome: never, options?: never): Promise<void>;
  performance?(options?: never): Promise<{ readonly total: number }>;
  recommend?(options?: never): Promise<object | undefined>;
  clearOutcomes?(options?: never): Promise<void>;
}

/** A workspace, as somebody may use it. */
export interface SharedShape extends DocumentsShape {
  import?(source: never, options?: never): Promise<object>;
  categories?(options?: never): Promise<PageShape>;
}

/** A workspace, as its owner may use it. */
export interface WorkspaceShape extends SharedShape {
  as(actor: never): SharedShape;
  grant(to: never, access: never, options?: never): Promise<object>;
  revoke(from: never, options?: never): Promise<boolean>;
  grants(options?: never): Promise<PageShape>;
  refusals(options?: never): Promise<PageShape>;
}
