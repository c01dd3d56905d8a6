const longestSentence = 400;
const longestSlice = 4_000;

/**
 * The sentences of a text, in order, trimmed, none above 400 characters. Lines end sentences, so that lists stay
 * lists; a longer sentence is cut at a space when it has one. Linear: the segmenter sees at most 4,000 characters at once.
 */
export function sentencesOf(text: string): readonly string[] {
  // A fixed locale: the machine's own would make summaries differ between machines.
  const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  const sentences: string[] = [];
  for (const line of text.split(/\r\n|[\r\n\u2028\u2029]/)) {
    for (const slice of slicesOf(line.trim(), longestSlice)) {
      for (const { segment } of joinBroken(segmenter.segment(slice))) {
        for (const piece of slicesOf(segment.trim(), longestSentence))
          if (piece !== "") sentences.push(piece);
      }
    }
  }
  return sentences;
}

const abbreviation =
  /(?:^|\s)(?:Dr|Dra|Mr|Mrs|Ms|Sr|Sra|Srta|Lic|Ing|No|Núm|Av|vs|etc|e\.g|i\.e|p\.ej|[A-Z])\.\s*$/;

/** The segmenter takes the point of `Dr. Ruiz` for an end. */
function* joinBroken(
  segments: Iterable<{ readonly segment: string }>,
): Iterable<{ readonly segment: string }> {
  let open = "";
  for (const { segment } of segments) {
    open += segment;
    // Only the end decides; looking at all of it again and again would take the square of its length.
    if (open.length < longestSentence && abbreviation.test(open.slice(-12))) continue;
    yield { segment: open };
    open = "";
  }
  if (open !== "") yield { segment: open };
}

function* slicesOf(text: string, longest: number): Iterable<string> {
  let rest = 0;
  while (text.length - rest > longest) {
    const space = text.lastIndexOf(" ", rest + longest);
    let end = space > rest + longest / 2 ? space : rest + longest;
    if (/[\uDC00-\uDFFF]/.test(text.charAt(end))) end -= 1;
    yield text.slice(rest, end).trim();
    rest = end;
  }
  yield text.slice(rest).trim();
}
