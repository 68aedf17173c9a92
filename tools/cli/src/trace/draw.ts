import { colour, count } from '../output';
import type { Span } from './span';
import { condense } from './condense';
import { buildTree, type Node } from './tree';

const BAR_WIDTH = 24;
const MAX_LABEL = 72;
const SERVICE_PREFIX = 'weir-';

interface Line {
  readonly label: string;
  readonly plainLength: number;
  readonly time: string;
  readonly bar: string;
  readonly after: readonly string[];
}

/** The trace as a tree, a step a line: service and name, milliseconds, and a bar that shows when in the trace it ran. Failed spans are red. */
export function drawTrace(spans: readonly Span[]): string[] {
  const roots = buildTree(spans).map(condense);
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.start + span.duration));
  const scale = { start, length: Math.max(end - start, 0.001) };
  const lines = roots.flatMap((node) => drawNode(node, '', '', scale));
  const width = Math.min(Math.max(...lines.map(({ plainLength }) => plainLength)), MAX_LABEL);
  return lines.flatMap(({ label, plainLength, time, bar, after }) => [`${label}${' '.repeat(Math.max(width - plainLength, 0))}  ${time.padStart(11)}  ${bar}`, ...after]);
}

function drawNode(node: Node, indent: string, below: string, scale: { start: number; length: number }): Line[] {
  const { span } = node;
  const service = span.service.replace(SERVICE_PREFIX, '');
  const name = shortened(`${node.count > 1 ? `${count(node.count)} × ` : ''}${span.name}${node.orphan ? ' (its parent is missing)' : ''}`, MAX_LABEL - indent.length - service.length - 1);
  const paint = span.error ? colour.bad : (text: string) => text;
  const line: Line = {
    label: `${colour.faint(indent)}${colour.name(service)} ${paint(name)}`,
    plainLength: indent.length + service.length + 1 + name.length,
    time: milliseconds(node.total),
    bar: paint(bar(span, scale)),
    after: reasons(node).map((text) => `${colour.faint(below)}   ${colour.bad(text)}`),
  };
  const last = node.children.length - 1;
  return [line, ...node.children.flatMap((child, index) => drawNode(child, `${below}${index === last ? '└ ' : '├ '}`, `${below}${index === last ? '  ' : '│ '}`, scale))];
}

/** The innermost span that knows the code says why; those above only saw the failure pass. */
function reasons({ span: { error }, children }: Node): string[] {
  if (!error?.code || children.some((child) => knows(child, error.code))) return [];
  return [`${error.code}: ${error.reason}`, ...error.samples.slice(0, 5).map((sample) => `  ${sample}`)];
}

function knows({ span, children }: Node, code: string | undefined): boolean {
  return span.error?.code === code || children.some((child) => knows(child, code));
}

function bar(span: Span, { start, length }: { start: number; length: number }): string {
  const from = Math.min(Math.floor(((span.start - start) / length) * BAR_WIDTH), BAR_WIDTH - 1);
  const cells = Math.max(1, Math.round((span.duration / length) * BAR_WIDTH));
  return ' '.repeat(from) + '━'.repeat(Math.min(cells, BAR_WIDTH - from));
}

function milliseconds(value: number): string {
  return `${value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ms`;
}

function shortened(text: string, room: number): string {
  const most = Math.max(room, 20);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
