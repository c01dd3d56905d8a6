import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";
import { bytesOf, listen } from "../envelope/log-over-http.ts";

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly kind: number;
  readonly attributes: { readonly [name: string]: unknown };
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly links: readonly ReceivedLink[];
}

interface ReceivedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: { readonly [name: string]: unknown };
}

/** A receiver of OTLP over HTTP, protobuf and JSON, that decodes what the protocol says and keeps the spans. */
export async function startOtlpReceiver(): Promise<
  {
    readonly url: string;
    readonly spans: ReceivedSpan[];
    readonly contentTypes: Set<string>;
  } & AsyncDisposable
> {
  const spans: ReceivedSpan[] = [];
  const contentTypes = new Set<string>();
  const server = createServer(async (request, response) => {
    const sent = await bytesOf(request);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    const type = request.headers["content-type"] ?? "";
    contentTypes.add(type);
    spans.push(...(type.includes("json") ? spansOfJson(JSON.parse(body.toString())) : spansOfProtobuf(body)));
    response.setHeader("content-type", type);
    response.end(type.includes("json") ? "{}" : Buffer.alloc(0));
  });
  const listening = await listen(server);
  return {
    spans,
    contentTypes,
    url: listening.url,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

interface JsonValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
}

interface JsonAttribute {
  readonly key: string;
  readonly value: JsonValue;
}

interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly kind: number;
        readonly attributes?: readonly JsonAttribute[];
        readonly status?: { readonly code?: number };
        readonly links?: readonly {
          readonly traceId: string;
          readonly spanId: string;
          readonly attributes?: readonly JsonAttribute[];
        }[];
      }[];
    }[];
  }[];
}

function spansOfJson({ resourceSpans }: JsonRequest): readonly ReceivedSpan[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ name, traceId, spanId, parentSpanId = "", kind, attributes, status, links = [] }) => ({
      name,
      traceId,
      spanId,
      parentId: parentSpanId,
      kind,
      attributes: attributesOf(attributes),
      status: status?.code ?? 0,
      links: links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        attributes: attributesOf(link.attributes),
      })),
    }));
}

function attributesOf(attributes: readonly JsonAttribute[] = []): ReceivedSpan["attributes"] {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? (intValue === undefined ? doubleValue : Number(intValue)),
    ]),
  );
}

/** Field numbers are those of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto. */
function spansOfProtobuf(request: Buffer): readonly ReceivedSpan[] {
  return nested(request, 1)
    .flatMap((resourceSpans) => nested(resourceSpans, 2))
    .flatMap((scopeSpans) => nested(scopeSpans, 2))
    .map((span) => {
      const fields = fieldsOf(span);
      const bytes = (number: number) => bytesAt(fields, number);
      return {
        name: bytes(5).toString(),
        traceId: bytes(1).toString("hex"),
        spanId: bytes(2).toString("hex"),
        parentId: bytes(4).toString("hex"),
        kind: numberAt(fields, 6),
        attributes: Object.fromEntries(nested(span, 9).map(attributeOf)),
        status: numberAt(fieldsOf(bytes(15)), 3),
        links: nested(span, 13).map((link) => ({
          traceId: bytesAt(fieldsOf(link), 1).toString("hex"),
          spanId: bytesAt(fieldsOf(link), 2).toString("hex"),
          attributes: Object.fromEntries(nested(link, 4).map(attributeOf)),
        })),
      };
    });
}

function bytesAt(fields: readonly Field[], number: number): Buffer {
  return fields.find((field) => field.number === number)?.bytes ?? Buffer.alloc(0);
}

function numberAt(fields: readonly Field[], number: number): number {
  return Number(fields.find((field) => field.number === number)?.value ?? 0n);
}

function attributeOf(pair: Buffer): readonly [string, unknown] {
  const [key] = nested(pair, 1);
  const [value = Buffer.alloc(0)] = nested(pair, 2);
  const [field] = fieldsOf(value);
  const decoded =
    field?.number === 1
      ? field.bytes.toString()
      : field?.number === 2
        ? field.value === 1n
        : field?.number === 3
          ? Number(BigInt.asIntN(64, field.value))
          : field?.bytes.readDoubleLE(0);
  return [key?.toString() ?? "", decoded];
}

function nested(message: Buffer, number: number): readonly Buffer[] {
  return fieldsOf(message)
    .filter((field) => field.number === number)
    .map(({ bytes }) => bytes);
}

interface Field {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Buffer;
}

/** The fields of a message in the wire format of Protocol Buffers. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wire = Number(tag & 7n);
    const value = wire === 0 ? varint() : 0n;
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(varint()) : 0;
    fields.push({ number: Number(tag >> 3n), value, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
