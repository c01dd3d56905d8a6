/**
 * The number that a text such as `40k EUR`, `€10.000`, `1,5 millones`, `50-200` or `500+` means; of a range the
 * lower end, because that is all that was promised. `undefined` when there is none.
 */
export function readAmount(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  const found = amountForm.exec(value.normalize("NFKC").toLowerCase());
  const digits = found?.groups?.digits;
  if (digits === undefined) return undefined;
  const number = Number(plainNumber(digits));
  const unit = found?.groups?.unit ?? found?.groups?.rangeUnit;
  return Number.isFinite(number) ? number * (unit === undefined ? 1 : (factors[unit] ?? 1)) : undefined;
}

const unitForm = "k|mil|thousand|m|mio|million|millions|millon|millón|millones";
// `10-20k` means 10k to 20k: a unit that only the range's end carries holds for its beginning too.
const amountForm = new RegExp(
  `(?<![\\d.,-])(?<digits>\\d[\\d.,' ]*)\\s*(?:(?<unit>${unitForm})\\b)?(?:\\s*(?:-|–|to|a)\\s*\\d[\\d.,]*\\s*(?<rangeUnit>${unitForm})\\b)?`,
  "u",
);

const factors: Readonly<Record<string, number>> = {
  k: 1e3,
  mil: 1e3,
  thousand: 1e3,
  m: 1e6,
  mio: 1e6,
  million: 1e6,
  millions: 1e6,
  millon: 1e6,
  millón: 1e6,
  millones: 1e6,
};

/** `10.000` and `10,000` are ten thousand, `1.5` and `1,5` one and a half: three digits after a mark make groups. */
function plainNumber(digits: string): string {
  const compact = digits.replace(/[' ]/g, "").replace(/[.,]+$/, "");
  const last = Math.max(compact.lastIndexOf("."), compact.lastIndexOf(","));
  if (last === -1) return compact;
  const decimals = compact.length - last - 1;
  const marks = compact.match(/[.,]/g) ?? [];
  const grouped = decimals === 3 && !compact.startsWith("0");
  const mixed = marks.length > 1 && marks.at(-1) !== marks[0];
  if (grouped && !mixed) return compact.replace(/[.,]/g, "");
  if (marks.length > 1 && !mixed) return compact.replace(/[.,]/g, "");
  return `${compact.slice(0, last).replace(/[.,]/g, "")}.${compact.slice(last + 1)}`;
}
