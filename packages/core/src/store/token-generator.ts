import { randomFillSync } from "node:crypto";

const tokenBytes = 16;

/**
 * Makes write tokens: 22 characters of base64url, 128 random bits, so that two writers never make the same one.
 */
export function createTokenGenerator(): () => string {
  // Drawn for many tokens at once, because one draw costs more than all the rest.
  const pool = Buffer.alloc(tokenBytes * 256);
  let drawn = pool.length;
  return () => {
    if (drawn === pool.length) {
      randomFillSync(pool);
      drawn = 0;
    }
    drawn += tokenBytes;
    return pool.toString("base64url", drawn - tokenBytes, drawn);
  };
}
