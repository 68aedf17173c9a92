import { isSqlProblem, isWeirError, quoteIdent, quoteQualified, type Column, type DescribedColumn, type SqlProblem } from '@weir/core';
import { openLocked, type Engine } from './engine';
import { engineReport } from './engine-error';
import { inspectModel } from './parse-model';
import { positionAt } from './sql-position';

/** A statement that only binds takes milliseconds; one that takes this long is not going to end. */
const LIMIT_MS = 10_000;

const PREFIX = 'describe ';

/** Output columns of one model, given the columns of the datasets it reads by qualified name; what is wrong with it otherwise. */
export async function describeModel(sql: string, inputs: ReadonlyMap<string, readonly Column[]>): Promise<readonly DescribedColumn[] | SqlProblem> {
  const model = await inspectModel(sql);
  if (isSqlProblem(model)) return model;
  const opened = await openLocked({ inputs: [], memoryLimit: '128MB', threads: 1 });
  const timer = setTimeout(() => opened.connection.interrupt(), LIMIT_MS);
  try {
    await createTables(opened.engine, inputs);
    const described = await opened.engine.rows<{ column_name: string; column_type: string }>(`${PREFIX}${sql}`, 'describe');
    const columns = described.map((column) => ({ name: column.column_name, type: column.column_type }));
    return duplicateName(columns) ?? columns;
  } catch (error) {
    return bindProblem(sql, error);
  } finally {
    clearTimeout(timer);
    opened.close();
  }
}

async function createTables(engine: Engine, inputs: ReadonlyMap<string, readonly Column[]>): Promise<void> {
  for (const [name, columns] of inputs) {
    const dot = name.indexOf('.');
    await engine.run(`create schema if not exists ${quoteIdent(name.slice(0, dot))}`, 'describe');
    const definitions = columns.map((column) => `${quoteIdent(column.name)} ${column.type}`);
    await engine.run(`create table ${quoteQualified(name.slice(0, dot), name.slice(dot + 1))} (${definitions.join(', ')})`, 'describe');
  }
}

function duplicateName(columns: readonly DescribedColumn[]): SqlProblem | undefined {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase())) return { code: 'INVALID_SQL', message: `Two columns are called \`${name}\`; give one another name with AS.`, line: 1, column: 1 };
    seen.add(name.toLowerCase());
  }
  return undefined;
}

function bindProblem(sql: string, error: unknown): SqlProblem {
  const report = isWeirError(error) && error.code === 'MODEL_FAILED' ? engineReport(error.cause) : undefined;
  if (!report) throw error;
  const position = report.position === undefined ? 0 : Number(report.position) - PREFIX.length;
  // Of a function that takes other types the engine lists every form that it knows.
  const message = report.exception_message.replace(/\s*Candidate (?:functions|macros):[\s\S]*/, '').trim();
  return { code: 'INVALID_SQL', message, ...positionAt(sql, position) };
}
