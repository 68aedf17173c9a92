import { shortenReference, type ModelInput } from './bind-tables';
import { positionAt } from './sql-position';
import { isProblem, parseSelect, renderSelect, textOf, walk, type SyntaxNode } from './syntax-tree';

/**
 * Where in a model's own SQL stands what a bound statement failed at, given as the statement's text from there on. The statement was rendered from the model's tree, so that its
 * casts, which are what the engine names a place of, read as those of the model do when they are rendered. Line and column from 1; undefined where it is no cast of the model.
 */
export async function locateText(sql: string, failed: string, inputs: ReadonlyMap<string, ModelInput>): Promise<{ line: number; column: number } | undefined> {
  const wanted = castOf(failed);
  const [tree, frame] = await Promise.all([parseSelect(sql), parseSelect('select 1')]);
  if (wanted === undefined || isProblem(tree) || isProblem(frame)) return undefined;
  const casts: SyntaxNode[] = [];
  walk(tree, (node) => {
    shortenReference(node, inputs);
    if (textOf(node, 'class') === 'CAST') casts.push(node);
  });
  for (const cast of casts) {
    const rendered = await renderSelect({ ...frame, select_list: [{ ...cast, alias: '' }] });
    if (rendered.replace(/^SELECT /, '') === wanted) return positionAt(sql, Number(cast['query_location'] ?? 0));
  }
  return undefined;
}

/** The cast that a text begins with, to its closing parenthesis; parentheses in quotes do not count. */
function castOf(text: string): string | undefined {
  if (!/^(?:TRY_)?CAST\(/.test(text)) return undefined;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    if (token === ')' && depth === 0) return text.slice(0, index + 1);
  }
  return undefined;
}
