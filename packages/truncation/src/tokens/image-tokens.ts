import type { JsonValue } from "@relevo/core";

const lowDetail = 85;
const perTile = 170;
const tileSide = 512;
const longestSide = 2048;
const shortestSide = 768;

/** An image whose size nobody said: that of a square of 1,024 pixels, four tiles. */
export const defaultImageTokens: number = lowDetail + 4 * perTile;

/**
 * Tokens of an image by the rule of tiles that OpenAI documents for its vision models: 85 at `detail: "low"`; else the
 * image is fitted into 2,048 by 2,048, its shorter side brought down to 768, and costs 85 plus 170 for each tile of
 * 512 by 512. Anthropic's rule (width times height by 750) stays below it for most images.
 *
 * @param size `{ width, height, detail? }` in pixels, as an entry of a message's `metadata.images`; anything else
 * counts as unknown, which is 765.
 */
export function imageTokens(size: JsonValue | undefined): number {
  if (typeof size !== "object" || size === null || Array.isArray(size)) return defaultImageTokens;
  const { width, height, detail } = size as { readonly [key: string]: JsonValue };
  if (detail === "low") return lowDetail;
  if (!isSide(width) || !isSide(height)) return defaultImageTokens;
  const fit = Math.min(1, longestSide / Math.max(width, height));
  const shrink = Math.min(1, shortestSide / (Math.min(width, height) * fit));
  return lowDetail + perTile * tilesAlong(width * fit * shrink) * tilesAlong(height * fit * shrink);
}

function isSide(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function tilesAlong(side: number): number {
  // Scaling leaves a side of exactly 768 at 768.0000001.
  return Math.max(1, Math.ceil(side / tileSide - 1e-6));
}
