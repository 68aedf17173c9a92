import { type Document, LineCounter, type Node, isCollection, isMap, isNode, isScalar, isSeq, parseAllDocuments, visit } from 'yaml';
import type { DefinitionFile } from '../definition/definition';
import type { Problem } from '../definition/problem';

/** Path of a value: keys and indexes from the top. */
export type YamlPath = readonly (string | number)[];

/** Largest definition text in characters: bounds what a parser is given. */
export const MAX_TEXT = 1_048_576;

/** Deepest nesting that is parsed. The parser calls itself for each level, and V8 ends the process when a regular expression meets the end of the stack. */
const MAX_DEPTH = 100;

/** One YAML document that still knows where each key and value stands in its file. */
export class YamlText {
  private constructor(
    readonly file: string,
    /** Plain data: objects, arrays, strings, numbers, booleans, null. */
    readonly value: unknown,
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {}

  /** Parses one document; the first syntax error is an INVALID_YAML problem at its place; those after it are mostly its echoes. */
  static parse(file: DefinitionFile): { yaml: YamlText } | { problems: Problem[] } {
    const at = (message: string, line = 1, column = 1): Problem => ({ code: 'INVALID_YAML', message, place: `${file.path}:${line}:${column}` });
    if (file.text.length > MAX_TEXT) return { problems: [at(`The file has ${file.text.length} characters; the most is ${MAX_TEXT}.`)] };
    const deep = tooDeepLine(file.text);
    if (deep !== undefined) return { problems: [at(`The file is nested deeper than ${MAX_DEPTH} levels.`, deep)] };
    const lines = new LineCounter();
    try {
      const documents = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false });
      const [document, second] = Array.isArray(documents) ? documents : [];
      if (!document || (document.contents === null && document.errors.length === 0)) return { problems: [at('The file is empty.')] };
      if (second) return { problems: [at('The file has more than one document.', lines.linePos(second.range[0]).line)] };
      const [error] = document.errors;
      if (error) {
        const { line, col } = lines.linePos(error.pos[0]);
        return { problems: [at(sentence(error.message), line, col)] };
      }
      const unwritable = unwritableText(document);
      if (unwritable !== undefined) {
        const { line, col } = lines.linePos(unwritable);
        return { problems: [at('The text has a NUL character or a broken surrogate pair.', line, col)] };
      }
      return { yaml: new YamlText(file.path, document.toJS({ maxAliasCount: 100 }), document, lines) };
    } catch (error) {
      // Aliases that multiply surface as thrown errors, not as document errors.
      return { problems: [at(sentence(error instanceof Error ? error.message : String(error)))] };
    }
  }

  /** file:line:column of the value at `path`, or of its key; the nearest parent that exists when it does not. */
  place(path: YamlPath, at: 'key' | 'value' = 'value'): string {
    const { node, key } = this.find(path);
    const target = at === 'key' && isNode(key) ? key : node;
    return isNode(target) ? this.placeOf(target) : `${this.file}:1:1`;
  }

  /** The scalar at `path` as it is written, so that 1.10 keeps its zero; undefined for what is no scalar. */
  source(path: YamlPath): string | undefined {
    const { node } = this.find(path);
    return isScalar(node) ? node.source : undefined;
  }

  private find(path: YamlPath): { readonly node: unknown; readonly key: unknown } {
    let node: unknown = this.document.contents;
    let key: unknown;
    for (const step of path) {
      const pair = isMap(node) ? node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(step)) : undefined;
      const next = pair ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined;
      if (pair === undefined && next === undefined) break;
      key = pair?.key;
      // A key without a value has no value node: the key is the nearest thing to point at.
      node = isNode(next) ? next : pair?.key;
    }
    return { node, key };
  }

  private placeOf(node: Node): string {
    const first = isCollection(node) && !node.flow ? firstItem(node) : undefined;
    const { line, col } = this.lines.linePos((first ?? node).range?.[0] ?? 0);
    return `${this.file}:${line}:${col}`;
  }
}

/** The first line whose brackets or indentation could nest too deeply; an upper bound that does not look into quotes. */
function tooDeepLine(text: string): number | undefined {
  let brackets = 0;
  for (const [index, line] of text.split('\n').entries()) {
    // Each level of blocks begins at least one column further to the right, after spaces and the indicators - ? and :.
    let column = 0;
    while (column < line.length && ' \t-?:'.includes(line.charAt(column))) column += 1;
    if (column > MAX_DEPTH && column < line.length) return index + 1;
    for (const character of line) {
      if (character === '[' || character === '{') brackets += 1;
      else if ((character === ']' || character === '}') && brackets > 0) brackets -= 1;
      if (brackets > MAX_DEPTH) return index + 1;
    }
  }
  return undefined;
}

/** Offset of the first text that neither SQL nor a file can hold; refused here once, so that nobody else has to. */
function unwritableText(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string' || !/[\0\uD800-\uDFFF]/u.test(node.value)) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** A block collection's own range can begin at the indicator before it; its first key is what a reader looks for. */
function firstItem(node: Node): Node | undefined {
  const item: unknown = isMap(node) ? node.items[0]?.key : undefined;
  return isNode(item) ? item : undefined;
}

function sentence(message: string): string {
  const line = message.split('\n', 1)[0] ?? message;
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
