/** Kinds of questions, by what they ask for. The order is stored in the marks of items: add at the end. */
export const questionKinds = ["when", "where", "who", "why", "many", "feel", "name"] as const;

export type QuestionKind = (typeof questionKinds)[number];

/** How a language names days relative to today. All words in lower case, without accents. */
export interface RelativeTimes {
  /** Days from today, by phrase; of one or two words. */
  readonly days: { readonly [phrase: string]: number };
  /** Words beside a unit or a weekday that point back, to now, or ahead. */
  readonly last: string;
  readonly current: string;
  readonly next: string;
  readonly units: { readonly day: string; readonly week: string; readonly weekend: string } & {
    readonly month: string;
    readonly year: string;
  };
  /** Words before or after "two weeks" that say how long ago. */
  readonly agoBefore: string;
  readonly agoAfter: string;
  readonly counts: { readonly [word: string]: number };
}

/** What the analysis knows of a language, as data. Lists of words are separated by spaces. */
export interface LanguageData {
  /** The name of the Snowball stemmer. */
  readonly stemmer: string;
  /** Words without a meaning of their own: not searched for. */
  readonly stop: string;
  /** Words that put a question rather than say what it is about. */
  readonly frame: string;
  /** The words of `stop` with which people speak of themselves. */
  readonly self: string;
  /** Which question a text asks. Tried in order, each on at most 400 characters. */
  readonly kinds: { readonly [kind in QuestionKind]?: RegExp };
  /** Prepositions that make the name behind them an object. */
  readonly prepositions: string;
  /** Words between two names that join them. */
  readonly joiners: string;
  /** Words that say that two are meant, wherever they stand. */
  readonly both: string;
  /** Irregular and everyday forms: a line for each base form, which comes first. */
  readonly forms: string;
  /** Whether a capital inside a sentence says that a word is a name. */
  readonly capitalsAreNames: boolean;
  readonly relativeTimes: RelativeTimes;
}
