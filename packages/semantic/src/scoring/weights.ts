/** What parts of a score weigh. Fitted together: a change of one is measured with all. */
export const usualWeights = {
  /** Saturation of repeated words. */
  k1: 1.2,
  /** How much longer messages are discounted. */
  b: 0.15,
  /**
   * What a word counts for the message that says it and for its neighbours. A question's words count little for the
   * question and most for the answer to it. All are above 0: a message with 0 counts as one that holds no word.
   */
  own: { statement: 1, question: 0.4 },
  afterOne: { statement: 0.1, question: 1 },
  afterTwo: { statement: 0.2, question: 0.1 },
  before: { statement: 0.1, question: 0.1 },

  /** A whole session as one text, relative to the best one. */
  session: 0.3,
  sessionB: 0.75,
  /** Of a session that scores at least this share of the best, every message is considered. */
  wholeSession: 0.5,
  /** What is said around a message, fading with the distance, relative to the best. */
  around: 0.2,
  aroundMessages: 4,
  /** Said at the time that the question names; less when it was said later or earlier. */
  date: 1.2,
  dateAfter: 0.8,
  dateBefore: 0.3,
  dateDays: 14,
  dateInYear: 0.2,
  /** About the time that the question names. */
  event: 0.9,
  /** Nearness of meaning, where there are vectors. */
  vector: 0.6,

  /** These multiply the sum of those above. */
  subject: 0.2,
  asks: -0.15,
  /** Among the first two of its session: people begin with what is new. */
  opening: 0.05,
  answersKind: 0.5,
  tellsWhen: 0.8,
  tellsName: 0.5,
} as const;

/** Other numbers in the same places, to be tried out. */
export type Weights = Widened<typeof usualWeights>;

type Widened<Value> = Value extends number
  ? number
  : { readonly [Name in keyof Value]: Widened<Value[Name]> };
