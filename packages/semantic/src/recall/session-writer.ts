import {
  type CallOptions,
  isEvent,
  type JsonObject,
  type ReadResult,
  type SearchItem,
  type SearchStream,
  type SearchStreamState,
  type SessionHead,
  type StoredEvent,
} from "@relevo/core";
import { createEventLoopPacer, type EventLoopPacer } from "@relevo/core/input";
import { likeliestLanguage } from "../analysis/create-analysis.ts";
import { type LanguageName, languageNames } from "../analysis/language.ts";
import { type Indexing, type Made, madeBy } from "./indexing.ts";
import { embeddedText, itemsOfMessage, type MessageEvent, spokenText } from "./message-items.ts";
import { piecesOf } from "./pieces.ts";

/** How far a session has been indexed, as it is stored with its stream. */
interface Progress extends Partial<Made> {
  /** Every message up to this `seq` is in the index, unless it is removed. */
  readonly through: number;
  /** After a removal: up to this `seq` the index holds no removed message any more. Absent when that is done. */
  readonly checked?: number;
  /** Words that speak for each language, in the first messages. */
  readonly words: { readonly [language: string]: number };
  /** How many messages these words are from, and up to which `seq`. */
  readonly counted: number;
  readonly countedThrough: number;
}

const noProgress: Progress = { through: 0, words: {}, counted: 0, countedThrough: 0 };
const messagesAtOnce = 500;
/** In characters of text. */
const writtenAtOnce = 1_000_000;
/** The language of a session is that of its first messages. */
const guessedFrom = 200;

export type SessionStream = Extract<SearchStream, { readonly kind: "session" }>;

export function progressOf(state: SearchStreamState | undefined): Progress {
  return (state?.progress as unknown as Progress | undefined) ?? noProgress;
}

/** Writes the messages of one session into an index, as long as the session stays as its head was. */
export class SessionWriter {
  readonly #work: Indexing;
  readonly #tenant: string;
  readonly #stream: SessionStream;
  readonly #head: SessionHead;
  /** Other work of the process continues while much is analysed. */
  readonly #pacer: EventLoopPacer = createEventLoopPacer();
  #progress: Progress;
  #language: LanguageName | undefined;

  constructor(
    work: Indexing,
    tenant: string,
    stream: SessionStream,
    head: SessionHead,
    known: SearchStreamState | undefined,
  ) {
    this.#work = work;
    this.#tenant = tenant;
    this.#stream = stream;
    this.#head = head;
    const { unembedded, ...progress } = progressOf(known);
    // What lacks its vectors is written again.
    const again = unembedded !== undefined && work.embedder?.isReady() === true;
    this.#progress = again
      ? { ...progress, through: Math.min(progress.through, unembedded - 1) }
      : progressOf(known);
    this.#language = work.language ?? languageNames.find((name) => name === known?.language);
  }

  /**
   * Takes what was removed out of the index, page by page. The first page already raises the revision, so that nobody adds
   * what was read before the removal. False when the session changed meanwhile.
   */
  async check(fromStart: boolean, call: CallOptions): Promise<boolean> {
    const { through } = this.#progress;
    let after = fromStart ? 0 : (this.#progress.checked ?? 0);
    while (after < through) {
      const page = await this.#read(after, through + 1, call);
      if (page === undefined) return false;
      const end = Math.min(page.next ?? through, through);
      const spoken = page.events.filter((event) => spokenText(event) !== undefined);
      // Its vector also says what was asked in the message before, which may be gone.
      const behindGap = this.#work.embedder === undefined ? [] : spokenBehindGap(page.events);
      const rebuilt = new Set(behindGap.map(({ seq }) => seq));
      const keep = spoken.map(({ seq }) => seq).filter((seq) => !rebuilt.has(seq));
      const items = await this.#itemsOf(behindGap, page.events, after, call);
      this.#progress = { ...this.#progress, checked: end };
      if (!(await this.#write({ after, through: end, keep, items }, call))) return false;
      after = end;
    }
    const { checked: _, ...done } = this.#progress;
    this.#progress = done;
    return await this.#write({ after: through, through, items: [] }, call);
  }

  /** Adds the messages behind those that are indexed. */
  async append(call: CallOptions): Promise<boolean> {
    let page: ReadResult | undefined;
    do {
      const after = this.#progress.through;
      page = await this.#read(after, undefined, call);
      if (page === undefined) return false;
      const end = page.next ?? Math.max(after, page.version);
      const spoken = page.events.filter(
        (event): event is StoredEvent & MessageEvent => spokenText(event) !== undefined,
      );
      if (this.#guessLanguage(spoken) && after > 0) {
        // The first messages were indexed as another language; few, so they are indexed again.
        this.#progress = { ...this.#progress, through: 0 };
        if (!(await this.#write({ items: [] }, call))) return false;
        continue;
      }
      if (!(await this.#appendPage(spoken, page.events, end, call))) return false;
    } while (page.next !== undefined || this.#progress.through < (page?.version ?? 0));
    return true;
  }

  /** Writes the messages of a page, in parts when they are long. */
  async #appendPage(
    spoken: readonly MessageEvent[],
    page: readonly StoredEvent[],
    end: number,
    call: CallOptions,
  ): Promise<boolean> {
    const start = this.#progress.through;
    for (const part of partsOf(spoken)) {
      const after = this.#progress.through;
      const last = part.at(-1)?.seq ?? end;
      const through = last === spoken.at(-1)?.seq ? end : last;
      const items = await this.#itemsOf(part, page, start, call);
      this.#progress = { ...this.#progress, through };
      if (!(await this.#write({ after, through, items }, call))) return false;
    }
    return true;
  }

  /** A page of messages, as long as nothing was removed since the head was read. Removed ones are among them. */
  async #read(after: number, before: number | undefined, call: CallOptions): Promise<ReadResult | undefined> {
    const page = await this.#work.store.log.read(
      { tenant: this.#tenant, session: this.#stream.session },
      {
        after,
        ...(before === undefined ? {} : { before }),
        limit: messagesAtOnce,
        types: ["message"],
        retracted: "include",
        ...call,
      },
    );
    const isSame =
      page.incarnation === this.#stream.incarnation && page.removalRevision === this.#head.removalRevision;
    return isSame ? page : undefined;
  }

  async #write(
    change: {
      readonly after?: number;
      readonly through?: number;
      readonly keep?: readonly number[];
      readonly items: readonly SearchItem[];
    },
    call: CallOptions,
  ): Promise<boolean> {
    const { subject } = this.#head;
    return await this.#work.index.write(
      this.#tenant,
      {
        stream: this.#stream,
        revision: this.#head.removalRevision,
        ...change,
        language: this.#language,
        subject,
        progress: { ...this.#progress, ...madeBy(this.#work) } as unknown as JsonObject,
      },
      call,
    );
  }

  /** True when the language is not the one that was guessed before. */
  #guessLanguage(events: readonly MessageEvent[]): boolean {
    const { analysis, language } = this.#work;
    if (language !== undefined) return false;
    const counts = new Map(languageNames.map((name) => [name, this.#progress.words[name] ?? 0]));
    let { counted, countedThrough } = this.#progress;
    for (const event of events) {
      if (counted >= guessedFrom) break;
      if (event.seq <= countedThrough) continue;
      analysis.countStopWords(spokenText(event) ?? "", counts);
      counted++;
      countedThrough = event.seq;
    }
    this.#progress = { ...this.#progress, words: Object.fromEntries(counts), counted, countedThrough };
    const guessed = likeliestLanguage(counts);
    const changed = this.#language !== undefined && this.#language !== guessed;
    this.#language = guessed;
    return changed;
  }

  async #itemsOf(
    wanted: readonly MessageEvent[],
    page: readonly StoredEvent[],
    after: number,
    call: CallOptions,
  ): Promise<readonly SearchItem[]> {
    const { analysis, embedder } = this.#work;
    const language = this.#language ?? "en";
    const items: SearchItem[] = [];
    for (const event of wanted) {
      for (const item of itemsOfMessage(event, spokenText(event) ?? "", language, analysis)) {
        items.push(item);
        await this.#pacer.next(performance.now());
      }
    }
    const [first] = wanted;
    if (embedder === undefined || first === undefined) return items;
    const vectors = await embedder.embed(await this.#textsToEmbed(wanted, page, after, call), call);
    if (vectors === undefined) {
      const unembedded = Math.min(this.#progress.unembedded ?? first.seq, first.seq);
      this.#progress = { ...this.#progress, unembedded };
    }
    return items.map((item, index) => {
      const vector = vectors?.[index];
      return vector === undefined ? item : { ...item, vector };
    });
  }

  /** One text for each item of the messages. */
  async #textsToEmbed(
    wanted: readonly MessageEvent[],
    page: readonly StoredEvent[],
    after: number,
    call: CallOptions,
  ): Promise<readonly string[]> {
    const before = new Map<number, string>();
    let last = after === 0 ? undefined : await this.#spokenBefore(after + 1, call);
    for (const event of page) {
      const text = spokenText(event);
      if (text === undefined) continue;
      if (last !== undefined) before.set(event.seq, last);
      last = text;
    }
    return wanted.flatMap((event) => {
      const [first = "", ...rest] = piecesOf(spokenText(event) ?? "");
      return [
        embeddedText(before.get(event.seq), first),
        ...rest.map((piece) => embeddedText(undefined, piece)),
      ];
    });
  }

  async #spokenBefore(before: number, call: CallOptions): Promise<string | undefined> {
    const { events } = await this.#work.store.log.read(
      { tenant: this.#tenant, session: this.#stream.session },
      { before, limit: 20, direction: "backward", types: ["message"], ...call },
    );
    for (const event of events) {
      const text = spokenText(event);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

/** Messages in order, with about a million characters in each part; one part without messages when there are none. */
function partsOf(spoken: readonly MessageEvent[]): readonly (readonly MessageEvent[])[] {
  const parts: MessageEvent[][] = [[]];
  let length = 0;
  for (const event of spoken) {
    if (length > writtenAtOnce) {
      parts.push([]);
      length = 0;
    }
    length += spokenText(event)?.length ?? 0;
    parts.at(-1)?.push(event);
  }
  return parts;
}

/** Spoken messages right behind a removed one, and the first of the page. */
function spokenBehindGap(events: readonly StoredEvent[]): readonly MessageEvent[] {
  const found: MessageEvent[] = [];
  let behindGap = true;
  for (const event of events) {
    const isGone = event.erasedAt !== undefined || event.retractedBy !== undefined;
    if (isGone) behindGap = true;
    else if (isEvent(event, "message") && spokenText(event) !== undefined) {
      if (behindGap) found.push(event);
      behindGap = false;
    }
  }
  return found;
}
