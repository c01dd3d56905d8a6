import { randomFillSync } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";

/** Makes ids that sort in the order they were made, within one generator. */
export interface IdGenerator {
  next(): string;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * UUIDv7 (RFC 9562 §5.7) with the 12-bit counter of §6.2 method 1, so that ids made in one millisecond, or while
 * the clock goes back, still sort in order.
 */
export function createUuidGenerator(clock: Clock = systemClock): IdGenerator {
  // 62 random bits each; drawn for many ids at once, because one draw costs more than all the rest.
  const pool = new Uint8Array(8 * 256);
  let drawn = pool.length;
  let lastTime = 0;
  let counter = 0;

  return {
    next() {
      const now = clock.now();
      if (now > lastTime) {
        lastTime = now;
        counter = 0;
      } else if (++counter > 0xfff) {
        lastTime++;
        counter = 0;
      }
      if (drawn === pool.length) {
        randomFillSync(pool);
        drawn = 0;
      }
      const random = pool.subarray(drawn, drawn + 8);
      drawn += 8;
      const byte = (index: number): string => hex[random[index] ?? 0] ?? "00";
      const time = lastTime.toString(16).padStart(12, "0");
      const variant = hex[((random[0] ?? 0) & 0x3f) | 0x80] ?? "80";
      return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${variant}${byte(1)}-${byte(2)}${byte(3)}${byte(4)}${byte(5)}${byte(6)}${byte(7)}`;
    },
  };
}
