import type { ContentPart, FilePart, ImagePart, JsonValue, Role } from "@relevo/core";
import type { ImportNote } from "./imported.ts";
import { type Media, mediaPart } from "./media.ts";
import type { Source } from "./source.ts";

/** A message that is being made of an item. */
export class Draft {
  readonly role: Role;
  /** Of the item. */
  readonly index: number;
  readonly parts: ContentPart[] = [];
  readonly metadata: Record<string, JsonValue> = {};
  /** About native parts. */
  readonly foreign: ImportNote[] = [];
  /** About what only `native` holds. */
  readonly lost: Omit<ImportNote, "kept">[] = [];
  id: string | undefined;
  agent: string | undefined;
  at: number | undefined;
  /** Whether the content was a text, which a text alone remains. */
  isText = false;
  /** What `native` has to hold because the conversion loses something; `undefined` when it loses nothing. */
  native: JsonValue | undefined;
  readonly #format: string;
  /** The item, or as much of it as this message stands for. */
  readonly #original: JsonValue;

  constructor(format: string, role: Role, source: Source, original: JsonValue) {
    this.#format = format;
    this.role = role;
    this.index = source.index;
    this.#original = original;
  }

  /** The content of many formats: one text, or an array of which `take` gets each part. */
  content(source: Source, name: string, take: (part: Source) => void): void {
    const content = source.get(name);
    if (typeof content === "string") {
      this.isText = true;
      this.addText(content);
    } else for (const part of source.objects(name)) take(part);
  }

  addText(text: string): void {
    if (text !== "") this.parts.push({ type: "text", text });
  }

  /** An image or a file. The name of an image is kept in the metadata: it has no place in the part. */
  addMedia(media: Media): void {
    const part: ImagePart | FilePart = mediaPart(media);
    this.parts.push(part);
    if (part.type === "image" && media.name !== undefined) {
      const names = (this.metadata.imageNames ?? {}) as Record<string, JsonValue>;
      this.metadata.imageNames = { ...names, [this.parts.length - 1]: media.name };
    }
  }

  /** What only the format itself has: kept as a native part where the role can have one. */
  addForeign(source: Source, reason: string = foreign): void {
    if (this.role !== "user" && this.role !== "assistant") {
      this.lose(source.path, reason);
      return;
    }
    this.parts.push({ type: "native", format: this.#format, item: source.value });
    this.foreign.push({ index: source.index, path: source.path, reason, kept: true });
  }

  /** Notes the fields of a part that have no place here; the message keeps its original. */
  loseOthers(source: Source, known: ReadonlySet<string>): void {
    for (const name in source.others(known)) this.lose(source.place(name));
  }

  lose(path: string, reason: string = noPlace): void {
    this.native = this.#original;
    this.lost.push({ index: this.index, path, reason });
  }

  /** Keeps fields that say something about the message in its metadata. */
  describe(source: Source, fields: Readonly<Record<string, JsonValue>> | undefined): void {
    for (const name in fields) {
      const value = fields[name];
      if (Object.hasOwn(this.metadata, name))
        this.lose(source.place(name), "The metadata has such a field already.");
      else if (value !== undefined) this.metadata[name] = value;
    }
  }

  /** Notes what only the `native` of a part says exactly. */
  noteRounding(place: string): void {
    const reason = "Numbers of more than 15 digits are rounded; the text of the input is in native.";
    this.foreign.push({ index: this.index, path: place, reason, kept: true });
  }
}

const noPlace = "This field has no place in a message.";
const foreign = "Only this format has such a part.";
