import { SourceError } from "../source-error.ts";
import { type Instruction, instructions } from "./instructions.ts";
import { parseWat, type WatList, type WatNode } from "./parse-wat.ts";

type Bytes = readonly number[];

const valueTypes: ReadonlyMap<string, number> = new Map([
  ["i32", 0x7f],
  ["f32", 0x7d],
  ["v128", 0x7b],
]);
const noResult = 0x40;

interface Import {
  readonly module: string;
  readonly name: string;
  readonly pages: number;
}

interface AssembledFunction {
  readonly name: string;
  readonly type: Bytes;
  readonly body: Bytes;
}

/**
 * The bytes of a module in the WebAssembly text format, as far as it is needed here: imported memories, and exported
 * functions without results whose instructions are folded, `(i32.add (local.get $a) (i32.const 1))`. A function has names
 * for its parameters, locals, blocks and loops.
 *
 * @throws SourceError with the line; of what only the whole shows, such as a wrong number of operands, without it.
 */
export function assembleWat(path: string, text: string): Uint8Array<ArrayBuffer> {
  const fail: Fail = (node, problem) => {
    throw new SourceError(path, node.line, problem);
  };
  const [head, ...fields] = parseWat(path, text).items;
  if (head === undefined || !isWord(head, "module"))
    throw new SourceError(path, 1, "must be one (module …).");
  const imports: Import[] = [];
  const functions: AssembledFunction[] = [];
  for (const field of fields) {
    const name = nameOf(field);
    if (field.kind === "list" && name === "import") imports.push(importOf(field, fail));
    else if (field.kind === "list" && name === "func") functions.push(functionOf(field, fail));
    else fail(field, "must be an (import …) or a (func …).");
  }
  const bytes = moduleOf(imports, functions);
  if (!webAssembly.validate(bytes)) throw new SourceError(path, undefined, "is no valid module");
  return bytes;
}

/** TypeScript has the types of WebAssembly in the library of the DOM alone. */
const webAssembly: { validate(bytes: Uint8Array): boolean } = (
  globalThis as unknown as { readonly WebAssembly: { validate(bytes: Uint8Array): boolean } }
).WebAssembly;

type Fail = (node: WatNode, problem: string) => never;

function moduleOf(
  imports: readonly Import[],
  functions: readonly AssembledFunction[],
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      functions.map(({ type }) => type),
    ),
    ...section(
      2,
      imports.map(({ module, name, pages }) => [
        ...nameBytes(module),
        ...nameBytes(name),
        0x02,
        0x00,
        ...leb(pages),
      ]),
    ),
    ...section(
      3,
      functions.map((_, index) => leb(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...nameBytes(name), 0x00, ...leb(index)]),
    ),
    ...section(
      10,
      functions.map(({ body }) => [...leb(body.length), ...body]),
    ),
  ]);
}

function section(id: number, entries: readonly Bytes[]): Bytes {
  if (entries.length === 0) return [];
  const content = vector(entries);
  return [id, ...leb(content.length), ...content];
}

function vector(entries: readonly Bytes[]): Bytes {
  return [...leb(entries.length), ...entries.flat()];
}

function nameBytes(name: string): Bytes {
  return vector([...Buffer.from(name)].map((byte) => [byte]));
}

/** LEB128 without a sign. */
function leb(value: number): Bytes {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** LEB128 with a sign. */
function signedLeb(value: number): Bytes {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signedLeb(rest)];
}

/** `(import "module" "name" (memory 1))` */
function importOf(field: WatList, fail: Fail): Import {
  const [, module, name, what] = field.items;
  if (
    module?.kind !== "string" ||
    name?.kind !== "string" ||
    what?.kind !== "list" ||
    nameOf(what) !== "memory"
  )
    return fail(field, 'is `(import "module" "name" (memory PAGES))`.');
  return { module: module.text, name: name.text, pages: integer(what.items[1] ?? what, fail) };
}

/** `(func (export "name") (param $a i32) … (local $b v128) … instructions)` */
function functionOf(field: WatList, fail: Fail): AssembledFunction {
  const locals = new Map<string, number>();
  const parameters: number[] = [];
  const own: number[] = [];
  const code: number[] = [];
  let name: string | undefined;
  for (const node of field.items.slice(1)) {
    const part = nameOf(node);
    const [, first, second] = node.kind === "list" ? node.items : [];
    if (part === "export" && first?.kind === "string") name = first.text;
    else if (part === "param" || part === "local") {
      const type = valueTypes.get(second?.kind === "word" ? second.text : "");
      if (first?.kind !== "word" || type === undefined || locals.has(first.text) || code.length > 0)
        return fail(node, `is \`(${part} $name TYPE)\`, each name once, before the instructions.`);
      locals.set(first.text, locals.size);
      (part === "param" ? parameters : own).push(type);
    } else code.push(...instruction(node, locals, [], fail));
  }
  if (name === undefined) return fail(field, 'has no (export "name").');
  return {
    name,
    type: [0x60, ...vector(parameters.map((type) => [type])), 0x00],
    body: [...vector(own.map((type) => [1, type])), ...code, 0x0b],
  };
}

/** The code of one folded instruction: that of its operands, then its own. */
function instruction(
  node: WatNode,
  locals: ReadonlyMap<string, number>,
  labels: readonly string[],
  fail: Fail,
): Bytes {
  const name = nameOf(node);
  if (node.kind !== "list" || name === undefined) return fail(node, "must be an instruction in brackets.");
  const [, ...rest] = node.items;
  if (name === "block" || name === "loop") {
    const [label, ...body] = rest;
    if (label?.kind !== "word") return fail(node, `is \`(${name} $label …)\`.`);
    const inner = [label.text, ...labels];
    const code = body.flatMap((one) => instruction(one, locals, inner, fail));
    return [name === "block" ? 0x02 : 0x03, noResult, ...code, 0x0b];
  }
  const known = instructions.get(name);
  if (known === undefined) return fail(node, `has no instruction ${name} that the assembler knows.`);
  const words = rest.filter((one) => one.kind === "word");
  const operands = rest.filter((one) => one.kind === "list");
  return [
    ...operands.flatMap((one) => instruction(one, locals, labels, fail)),
    ...known.code,
    ...immediate(known, node, words, locals, labels, fail),
  ];
}

function immediate(
  { immediate: kind, alignment = 0 }: Instruction,
  node: WatList,
  words: readonly WatNode[],
  locals: ReadonlyMap<string, number>,
  labels: readonly string[],
  fail: Fail,
): Bytes {
  const [first] = words;
  const text = first?.kind === "word" ? first.text : "";
  switch (kind) {
    case "local":
      return leb(locals.get(text) ?? fail(node, `names no local: ${text}`));
    case "label": {
      const depth = labels.indexOf(text);
      return depth < 0 ? fail(node, `names no block around it: ${text}`) : leb(depth);
    }
    case "address": {
      const offset = /^offset=(\d+)$/u.exec(text)?.[1];
      if (first !== undefined && offset === undefined) return fail(first, "must be offset=BYTES.");
      return [...leb(alignment), ...leb(Number(offset ?? 0))];
    }
    case "lane":
      return [integer(first ?? node, fail)];
    case "i32":
      return signedLeb(integer(first ?? node, fail));
    case "four i32": {
      const [type, ...values] = words;
      if (type === undefined || !isWord(type, "i32x4") || values.length !== 4)
        return fail(node, "is `(v128.const i32x4 A B C D)`.");
      return [...Buffer.from(Int32Array.from(values, (value) => integer(value, fail)).buffer)];
    }
    default:
      return first === undefined ? [] : fail(first, "has no place here.");
  }
}

function integer(node: WatNode, fail: Fail): number {
  const value = node.kind === "word" && /^-?\d+$/u.test(node.text) ? Number(node.text) : Number.NaN;
  return value === (value | 0) ? value : fail(node, "must be a whole number of 32 bits.");
}

function isWord(node: WatNode, text: string): boolean {
  return node.kind === "word" && node.text === text;
}

/** The first word of a list. */
function nameOf(node: WatNode): string | undefined {
  const [first] = node.kind === "list" ? node.items : [];
  return first?.kind === "word" ? first.text : undefined;
}
