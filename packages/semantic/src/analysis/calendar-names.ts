import { languageNames } from "./language.ts";
import { fold } from "./text.ts";

/** Names of months and weekdays in all languages of the analysis, in lower case without accents. */
export interface CalendarNames {
  /** From 0, January. */
  readonly months: ReadonlyMap<string, number>;
  /** From 0, Sunday. */
  readonly weekdays: ReadonlyMap<string, number>;
}

/** The names come with the runtime, so no table of ours can have a mistake. */
export function createCalendarNames(): CalendarNames {
  const months = new Map<string, number>();
  const weekdays = new Map<string, number>();
  for (const language of languageNames) {
    const month = new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" });
    const weekday = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" });
    for (let index = 0; index < 12; index++)
      months.set(fold(month.format(Date.UTC(2023, index, 5))).toLowerCase(), index);
    // The first of January 2023 was a Sunday.
    for (let index = 0; index < 7; index++)
      weekdays.set(fold(weekday.format(Date.UTC(2023, 0, 1 + index))).toLowerCase(), index);
  }
  return { months, weekdays };
}
