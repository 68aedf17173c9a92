import { WeirError, type ContractColumn, type ContractDataset } from '@weir/core';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines, runCommand } from '../command';
import { cacheHome, ROOT } from '../home';
import { lookForJava } from '../java';
import { mavenFetch } from '../maven';

/** What Avro says of a new schema after the earlier ones: by mode, and whether it and the one before it read each other's data. */
export type AvroAnswer = Readonly<Record<'BACKWARD' | 'BACKWARD_TRANSITIVE' | 'FORWARD' | 'FORWARD_TRANSITIVE' | 'FULL' | 'FULL_TRANSITIVE' | 'backward' | 'forward', boolean>>;

const VERSION = '1.12.1';
/** Java 17 compiles a single file by itself. */
const OLDEST = 17;
const TIMEOUT_MS = 120_000;

/** Asks Avro's own checker about chains of contracts, oldest first, the last one new. Throws SERVER_FAILED without Java or Maven. */
export async function askAvro(chains: readonly (readonly ContractDataset[])[], columns: readonly string[], say: (text: string) => void): Promise<AvroAnswer[]> {
  const java = lookForJava(OLDEST);
  if (!java) throw new WeirError({ code: 'SERVER_FAILED', place: 'avro', message: `Avro's checker needs Java ${OLDEST} or newer, and there is none.` });
  const lib = join(cacheHome(), `avro-${VERSION}`, 'lib');
  if (!existsSync(lib)) {
    await mavenFetch({ title: `Avro ${VERSION}`, place: 'avro', version: VERSION, target: lib, args: (output) => ['dependency:copy-dependencies', `-DoutputDirectory=${output}`, '-DincludeScope=runtime'], say, signal: AbortSignal.timeout(TIMEOUT_MS) });
  }
  const folder = mkdtempSync(join(tmpdir(), 'weir-avro-'));
  try {
    const [questions, answers] = [join(folder, 'questions'), join(folder, 'answers')];
    writeFileSync(questions, chains.map((chain) => `${JSON.stringify(chain.map((dataset) => avroSchema(dataset, columns)))}\n`).join(''));
    const { code, output } = await runCommand(java.program, ['-XX:TieredStopAtLevel=1', '-cp', join(lib, '*'), join(ROOT, 'tools/servers/avro/Compatibility.java'), questions, answers], { timeoutMs: TIMEOUT_MS });
    if (code !== 0) throw new WeirError({ code: 'SERVER_FAILED', place: 'avro', message: "Avro's checker failed.", samples: lastLines(output) });
    return readFileSync(answers, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as AvroAnswer);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A type in Avro's schema language. */
type AvroType = string | { readonly type: string; readonly [key: string]: unknown };

interface AvroField {
  readonly name: string;
  /** A list is a union. */
  readonly type: AvroType | readonly AvroType[];
  readonly default?: unknown;
}

/**
 * A contract as an Avro record, so that each rule of ours is one that Avro has. Text, booleans, whole and floating numbers are string, boolean, long and double; optional
 * columns are unions with null. The rest has no type in Avro that its checkers tell from others: they look past logical types, so that a date would be any int. Hence:
 * - DECIMAL is a union of marks for the digits that it has room for, `w1 w2 … d1 d2 …`: one union reads another when it has all its types, as a decimal reads another when it has
 *   all its digits (Avro's specification has decimals match when precision and scale are equal, and its checkers do not look);
 * - DATE and TIMESTAMP are marks that bear their format in their names;
 * - a column's header is a field of its own beside it, since data is looked up by it, and may be absent when the column may;
 * - the key is a union of marks for its columns: rows unique by a key are unique by a longer one, as a union of more types reads one of fewer. No key asks for nothing and so reads
 *   everything: all the `columns` there are, and one mark that no key has.
 * A mark is a fixed type: those of one name read each other, and nothing else reads them.
 */
function avroSchema({ columns, name }: ContractDataset, all: readonly string[]): unknown {
  const key = columns.filter(({ keyPosition }) => keyPosition !== undefined).map((column) => column.name);
  const keyed: AvroField = { name: 'weir_key', type: (key.length > 0 ? key : [...all, 'no_key']).map((one) => mark('key', one)) };
  return { type: 'record', name, fields: [...columns.flatMap((column) => [fieldOf(column), headerOf(column)]), keyed] };
}

function fieldOf(column: ContractColumn): AvroField {
  const { name, required } = column;
  const types = typesOf(column);
  // The default must be of a union's first type; for the checkers one default is as good as another.
  if (column.default !== undefined) return { name, type: required ? types : [...types, 'null'], default: valueOf(types[0]) };
  return required ? { name, type: types } : { name, type: ['null', ...types], default: null };
}

function headerOf({ name, physicalName, required, default: given }: ContractColumn): AvroField {
  return { name: `header_${name}_${hex(physicalName)}`, type: 'int', ...(required && given === undefined ? {} : { default: 0 }) };
}

function typesOf({ name, type, format = type === 'DATE' ? '%Y-%m-%d' : '' }: ContractColumn): AvroType[] {
  switch (type) {
    case 'VARCHAR':
      return ['string'];
    case 'BOOLEAN':
      return ['boolean'];
    case 'BIGINT':
      return ['long'];
    case 'DOUBLE':
      return ['double'];
    case 'DATE':
    case 'TIMESTAMP':
      return [mark(name, `${type.toLowerCase()}_${hex(format)}`)];
    default: {
      const [precision = 0, scale = 0] = type.match(/\d+/g)?.map(Number) ?? [];
      return [...Array.from({ length: precision - scale }, (_, n) => mark(name, `w${n + 1}`)), ...Array.from({ length: scale }, (_, n) => mark(name, `d${n + 1}`))];
    }
  }
}

function mark(namespace: string, name: string): AvroType {
  return { type: 'fixed', namespace: `of_${namespace}`, name, size: 1 };
}

function valueOf(type: AvroType | undefined): unknown {
  if (typeof type !== 'string') return '0';
  return type === 'string' ? '' : type === 'boolean' ? false : 0;
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
