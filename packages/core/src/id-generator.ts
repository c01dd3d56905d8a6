import { randomFillSync } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";

/** Makes ids that sort in the order they were made, within one generator. */
export interface IdGenerator {
  next(): string;
}

const digits = "0123456789abcdef";
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * UUIDv7 (RFC 9562 §5.7) with the 12-bit counter of §6.2 method 1, so that ids made in one millisecond, or while
 * the clock goes back, still sort in order.
 */
export function createUuidGenerator(clock: Clock = systemClock): IdGenerator {
  // 62 random bits each; drawn for many ids at once, because one draw costs more than all the rest.
  const pool = new Uint8Array(8 * 256);
  let drawn = pool.length;
  let lastTime = -1;
  let counter = 0xfff;
  /** The id of this millisecond up to its counter. */
  let prefix = "";
  const byte = (): string => hex[pool[drawn++] as number] as string;

  return {
    next() {
      const now = clock.now();
      counter++;
      if (now > lastTime || counter > 0xfff) {
        lastTime = Math.max(now, lastTime + 1);
        counter = 0;
        const time = lastTime.toString(16).padStart(12, "0");
        prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
      }
      if (drawn === pool.length) {
        randomFillSync(pool);
        drawn = 0;
      }
      pool[drawn] = ((pool[drawn] as number) & 0x3f) | 0x80;
      const place = `${digits[counter >> 8]}${hex[counter & 0xff]}`;
      return `${prefix}${place}-${byte()}${byte()}-${byte()}${byte()}${byte()}${byte()}${byte()}${byte()}`;
    },
  };
}
