const longestSentence = 400;
const longestSlice = 4_000;

/** A fixed locale, so that summaries do not depend on the machine. */
const locale = "en";

/**
 * The sentences of a text, in order, trimmed, none above 400 characters. Lines end sentences, so that lists stay
 * lists; a longer sentence is cut at a space when it has one. Linear: the segmenter sees at most 4,000 characters at
 * once. Lazy, so that a caller can stop or pause.
 */
export function* sentencesOf(text: string): Generator<string, void> {
  const segmenter = new Intl.Segmenter(locale, { granularity: "sentence" });
  for (const line of linesOf(text)) {
    for (const slice of slicesOf(line, longestSlice)) {
      for (const { segment } of joinBroken(segmenter.segment(slice))) {
        for (const piece of slicesOf(segment.trim(), longestSentence)) if (piece !== "") yield piece;
      }
    }
  }
}

/** Lines without white space around them; empty ones are left out. */
function* linesOf(text: string): Generator<string, void> {
  const ends = /\r\n|[\r\n\u2028\u2029]/g;
  let begin = 0;
  for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
    const line = text.slice(begin, end.index).trim();
    if (line !== "") yield line;
    begin = ends.lastIndex;
  }
  const last = text.slice(begin).trim();
  if (last !== "") yield last;
}

const abbreviation =
  /(?:^|\s)(?:Dr|Dra|Mr|Mrs|Ms|Sr|Sra|Srta|Lic|Ing|No|Núm|Av|vs|etc|e\.g|i\.e|p\.ej|[A-Z])\.\s*$/;

/** The segmenter ends a sentence at the point of `Dr. Ruiz`. */
function* joinBroken(
  segments: Iterable<{ readonly segment: string }>,
): Iterable<{ readonly segment: string }> {
  let open = "";
  for (const { segment } of segments) {
    open += segment;
    // Only the end decides; scanning all of it repeatedly would be quadratic.
    if (open.length < longestSentence && abbreviation.test(open.slice(-12))) continue;
    yield { segment: open };
    open = "";
  }
  if (open !== "") yield { segment: open };
}

function* slicesOf(text: string, longest: number): Iterable<string> {
  let rest = 0;
  while (text.length - rest > longest) {
    // Only this slice is searched: a text without spaces would be searched to its start for each slice.
    const space = rest + text.slice(rest, rest + longest + 1).lastIndexOf(" ");
    let end = space > rest + longest / 2 ? space : rest + longest;
    if (/[\uDC00-\uDFFF]/.test(text.charAt(end))) end -= 1;
    yield text.slice(rest, end).trim();
    rest = end;
  }
  yield text.slice(rest).trim();
}
