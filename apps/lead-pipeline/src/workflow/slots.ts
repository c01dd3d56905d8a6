import type { ServiceLevel } from "./tenant-context.ts";

const dayMs = 86_400_000;
/** Half-hour meetings, by UTC. */
const startTimes = ["09:00", "10:00", "11:00", "12:00", "14:00", "15:00", "16:00", "17:00"];

/** The slots that the calendar has, earliest first: eight on each business day, from the level's lead days on. */
export function calendarSlots(now: number, level: ServiceLevel): readonly string[] {
  const days: string[] = [];
  let businessDays = 0;
  for (let day = Math.floor(now / dayMs) + 1; days.length < level.slotDays; day++) {
    const date = new Date(day * dayMs);
    const weekday = date.getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    businessDays++;
    if (businessDays >= level.slotLeadDays) days.push(date.toISOString().slice(0, 10));
  }
  return days.flatMap((day) => startTimes.map((time) => `${day}T${time}:00.000Z`));
}
