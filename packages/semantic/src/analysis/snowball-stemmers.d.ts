/** Snowball's stemmers as JavaScript. The package has no types of its own. */
declare module "snowball-stemmers" {
  interface Stemmer {
    stem(word: string): string;
  }
  const snowball: { newStemmer(language: string): Stemmer };
  // biome-ignore lint/style/noDefaultExport: a CommonJS module is imported as one value.
  export default snowball;
}
