import type { TokenCounter } from "@relevo/core";

/** How low a counter comes out at the lowest on texts of one kind, as a share of the dearer vocabulary's count. */
export interface TokenFloor {
  readonly name: string;
  readonly worst: number;
  readonly text: string;
}

/** Every script that Unicode had in version 15.1, as regular expressions name it. */
const scripts =
  "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo " +
  "Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common " +
  "Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs " +
  "Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul " +
  "Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi " +
  "Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki " +
  "Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean " +
  "Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi " +
  "Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong " +
  "Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian " +
  "Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi " +
  "Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo " +
  "Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana " +
  "Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square";

/** Languages whose names of countries and days the runtime knows, in 25 scripts. */
const languages =
  "en es de fr it pt nl sv fi et hu cs pl ro hr lt lv tr az vi id sw zu yo ha so is ga cy eu ru uk bg sr kk mn el ar fa " +
  "ur ckb he yi hi mr bn as pa gu or ta te kn ml si th lo my km ka hy am ti dz zh zh-Hant ja ko chr nqo zgh vai ff-Adlm";

const ascii = {
  "small letters": "abcdefghijklmnopqrstuvwxyz",
  capitals: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  "letters and digits": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  digits: "0123456789",
  signs: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  "white space": " \t\n\r",
  controls: "\u0001\u0002\u0003\u0007\u001b\u007f",
} as const;

const blockSize = 0x80;
const lastBlock = 0x1ff80;

/** Words and unbroken runs of every script, of every 128 characters of Unicode, and of signs; seeded. */
export function measureTokenFloor(
  counter: TokenCounter,
  truths: readonly TokenCounter[],
  { seed, samples }: { readonly seed: number; readonly samples: number },
): readonly TokenFloor[] {
  const random = randomFrom(seed);
  const ratioOf = (text: string): number => {
    const most = truths.reduce((sum, truth) => Math.max(sum, truth.countText(text)), 0);
    return counter.countText(text) / most;
  };
  const floorOf = (name: string, texts: readonly string[]): TokenFloor => {
    let worst: TokenFloor = { name, worst: Number.POSITIVE_INFINITY, text: "" };
    for (const text of texts) {
      const ratio = ratioOf(text);
      if (ratio < worst.worst) worst = { name, worst: ratio, text };
    }
    return worst;
  };
  const textsOf = (signs: readonly string[]): readonly string[] =>
    Array.from({ length: samples }).flatMap(() => [
      wordsOf(signs, random, 8),
      wordsOf(signs, random, 1),
      runOf(signs, random, 80),
      runOf(signs, random, 1).repeat(60),
    ]);
  const alphabets = [...Object.entries(ascii).map(([name, signs]) => [name, [...signs]] as const)];
  return [
    ...languages.split(" ").map((language) => floorOf(`language ${language}`, [namesIn(language)])),
    ...[...alphabets, ...scriptAlphabets(), ...blockAlphabets()].map(([name, signs]) =>
      floorOf(name, textsOf(signs)),
    ),
  ];
}

type Alphabet = readonly [name: string, signs: readonly string[]];

function scriptAlphabets(): readonly Alphabet[] {
  return scripts.split(" ").map((script): Alphabet => {
    const pattern = new RegExp(`\\p{Script=${script}}`, "u");
    return [`script ${script}`, signsBetween(0x80, lastBlock + blockSize, (sign) => pattern.test(sign))];
  });
}

function blockAlphabets(): readonly Alphabet[] {
  const blocks: Alphabet[] = [];
  for (let begin = 0x80; begin <= lastBlock; begin += blockSize) {
    const signs = signsBetween(begin, begin + blockSize, (sign) => /\p{Assigned}/u.test(sign));
    if (signs.length > 0)
      blocks.push([`block U+${begin.toString(16).toUpperCase().padStart(4, "0")}`, signs]);
  }
  return blocks;
}

function signsBetween(begin: number, end: number, fits: (sign: string) => boolean): readonly string[] {
  const signs: string[] = [];
  for (let code = begin; code < end; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const sign = String.fromCodePoint(code);
    if (fits(sign)) signs.push(sign);
  }
  return signs;
}

function namesIn(language: string): string {
  const regions = new Intl.DisplayNames(language, { type: "region" });
  const days = new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone: "UTC" });
  const codes = "AR AU BR CH CN DE EG ES ET FR GB GR IL IN IT JP KE KR MX NG PL RU TH TR UA US ZA".split(" ");
  const names = codes.map((code) => regions.of(code) ?? code);
  return [...names, ...Array.from({ length: 7 }, (_, day) => days.format(day * 86_400_000 * 50))].join(" ");
}

function wordsOf(signs: readonly string[], random: () => number, longest: number): string {
  const words = Array.from({ length: 20 }, () => runOf(signs, random, 1 + Math.floor(random() * longest)));
  return words.join(" ");
}

function runOf(signs: readonly string[], random: () => number, length: number): string {
  return Array.from({ length }, () => signs[Math.floor(random() * signs.length)] ?? "").join("");
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
