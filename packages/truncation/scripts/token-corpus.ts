import type { Message } from "@relevo/core";

/** Texts of one kind that the estimate is measured on. */
export interface CorpusSection {
  readonly name: string;
  readonly texts: readonly string[];
}

const english: readonly string[] = [
  "Hi! My name is Laura Benítez and I work for a small shipping company in Valencia. We ordered forty pallets last week and only thirty-eight arrived.",
  "The meeting moved to Thursday at half past nine. Please bring the signed contract, two copies, and don't forget that the lift is out of order.",
  "I've tried restarting the router, changing the cable and calling my provider; nothing helped. Could you tell me what the orange light means?",
  "After comparing the three offers we decided to go with the second one, because its maintenance is included and the price will not change until March.",
  "It rained for most of the afternoon, so the children stayed inside, built a castle out of cardboard and argued about who should be king.",
  "Photosynthesis turns light into chemical energy. Chlorophyll absorbs mostly red and blue wavelengths, which is why leaves look green to us.",
  "Thanks for the quick answer. Let me check with accounting whether the reimbursement was approved, and I'll get back to you tomorrow morning.",
];

const spanish: readonly string[] = [
  "Hola, me llamo Juan Carlos y llevo tres semanas esperando la devolución de mi pedido. ¿Podrían decirme cuándo recibiré el dinero?",
  "Acordamos que la entrega será el martes por la mañana y que el cliente pagará la mitad por adelantado; el resto, cuando revise la instalación.",
  "Prefiero que me escriban por correo electrónico, porque durante el día estoy en reuniones y casi nunca puedo contestar el teléfono.",
  "La cocina quedó preciosa, pero la puerta del armario no cierra bien y el grifo gotea desde ayer. ¿Quién se encarga de la garantía?",
  "Según el informe, las ventas del segundo trimestre crecieron un doce por ciento, sobre todo gracias a los clientes nuevos de la región norte.",
  "Mañana salimos temprano hacia Sevilla; si hay tráfico llegaremos tarde, así que empiecen a comer sin nosotros.",
];

const code: readonly string[] = [
  "export function retryDelay(attempt: number, random: () => number): number {\n  const base = Math.min(30_000, 250 * 2 ** attempt);\n  return Math.round(base / 2 + (base / 2) * random());\n}",
  "def moving_average(values, size):\n    total = 0.0\n    for index, value in enumerate(values):\n        total += value\n        if index >= size:\n            total -= values[index - size]\n        yield total / min(index + 1, size)",
  "SELECT customer_id, count(*) AS orders, sum(amount) AS total\nFROM orders\nWHERE created_at >= now() - interval '30 days'\nGROUP BY customer_id\nHAVING count(*) > 3\nORDER BY total DESC;",
  '#!/bin/sh\nset -eu\nfor file in "$@"; do\n  if [ -f "$file" ]; then\n    gzip --keep --best "$file" && echo "packed $file"\n  fi\ndone',
  'if err := json.Unmarshal(body, &payload); err != nil {\n\treturn nil, fmt.Errorf("decode webhook: %w", err)\n}',
  '<button class="primary" disabled={saving} onClick={() => save(draft)}>\n  {saving ? "Saving…" : "Save draft"}\n</button>',
];

const json: readonly string[] = [
  JSON.stringify({
    id: "ord_48120",
    status: "delayed",
    items: [{ sku: "LMP-204", quantity: 2, price: 39.95 }],
    customer: { name: "Ana Ruiz", country: "ES" },
  }),
  JSON.stringify({
    page: 3,
    total: 128,
    results: [
      { title: "Return policy", score: 0.8731 },
      { title: "Shipping times", score: 0.7442 },
      { title: "Warranty", score: 0.5119 },
    ],
  }),
  JSON.stringify(
    {
      temperature: 21.4,
      humidity: 48,
      wind: { speed: 12, direction: "NW" },
      alerts: [],
      updatedAt: "2026-04-18T09:30:00Z",
    },
    null,
    2,
  ),
  JSON.stringify({
    name: "create_event",
    parameters: {
      type: "object",
      required: ["title", "start"],
      properties: { title: { type: "string" }, start: { type: "string", format: "date-time" } },
    },
  }),
  JSON.stringify([1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765]),
];

const cjk: readonly string[] = [
  "你好,我叫王小明,上周三在你们网站买了一台咖啡机,到现在还没有收到。请帮我查一下物流信息,谢谢。",
  "会议改到星期四上午九点半。我们决定采用第二个方案,因为价格包含维护费用。",
  "こんにちは。先週の金曜日に注文した本がまだ届いていません。配送状況を教えていただけますか。",
  "来月の出張は大阪から福岡に変更になりました。ホテルの予約を確認してください。",
  "안녕하세요. 지난주에 주문한 의자가 아직 도착하지 않았습니다. 언제 받을 수 있는지 알려 주세요.",
  "회의는 목요일 오전 아홉 시 반으로 변경되었고, 우리는 두 번째 제안을 선택하기로 했습니다.",
];

const emoji: readonly string[] = [
  "Great news, the release is out! 🎉🚀 Thanks to everybody who tested it over the weekend 🙏",
  "Nos vemos el sábado en la playa 🏖️☀️ ¡lleva sombrero y agua! 😎",
  "Status: build ✅ tests ✅ deploy ⏳ docs ❌ (somebody has to write them 😅)",
  "Happy birthday Maria! 🎂🎈🥳 Hope you have a wonderful day with your family ❤️",
];

/** Whole messages, so that the rules for calls and results are measured on top of the texts. */
export const corpusMessages: readonly Message[] = [
  {
    role: "assistant",
    content: [
      { type: "text", text: "Let me look that up for you." },
      {
        type: "tool-call",
        toolCallId: "call_1",
        toolName: "get_order",
        input: { orderId: "ord_48120", include: ["items", "shipping"] },
      },
    ],
  },
  {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: "call_1",
        toolName: "get_order",
        output: { status: "delayed", eta: "2026-04-21", carrier: "Correos", attempts: 2 },
      },
    ],
  },
  {
    role: "assistant",
    content: [
      {
        type: "tool-call",
        toolCallId: "call_2",
        toolName: "search_documents",
        input: { query: "refund policy for late deliveries", limit: 5 },
      },
      {
        type: "tool-call",
        toolCallId: "call_3",
        toolName: "send_email",
        input: {
          to: "ana.ruiz@mail.example",
          subject: "Tu pedido llegará el martes",
          body: "Hola Ana, el transportista nos confirma la entrega.",
        },
      },
    ],
  },
  {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: "call_2",
        toolName: "search_documents",
        output: "Deliveries that are more than five working days late are refunded in full on request.",
      },
      {
        type: "tool-result",
        toolCallId: "call_3",
        toolName: "send_email",
        output: { accepted: true, messageId: "msg-0199-ab" },
      },
    ],
  },
];

/** Written for this measurement; the estimate's prices were fitted on other texts. */
export const corpus: readonly CorpusSection[] = [
  { name: "English", texts: english },
  { name: "Spanish", texts: spanish },
  { name: "code", texts: code },
  { name: "JSON", texts: json },
  { name: "CJK", texts: cjk },
  { name: "emoji", texts: emoji },
];
