import { type ErrorFields, WeirError } from '../errors';

/** One thing that is wrong with a definition folder. */
export interface Problem extends ErrorFields {
  /** file:line:column below the folder; only the file where the file itself is missing. */
  readonly place: string;
}

/** All problems as one error: the first in full, the others as samples. For callers that can carry only one error, such as an rpc. */
export function problemsError(problems: readonly Problem[]): WeirError {
  const [first, ...others] = problems;
  if (!first) return new WeirError({ code: 'INTERNAL', message: 'A definition was refused without a problem.' });
  return new WeirError({ ...first, samples: [...(first.samples ?? []), ...others.map((problem) => `${problem.place}: ${problem.code}: ${problem.message}`)] });
}

/** Orders problems as a reader meets them: by file, line and column. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    const [left, right] = [splitPlace(a.place), splitPlace(b.place)];
    return left.file < right.file ? -1 : left.file > right.file ? 1 : left.line - right.line || left.column - right.column;
  });
}

function splitPlace(place: string): { file: string; line: number; column: number } {
  const match = /^(.*?)(?::(\d+):(\d+))?$/.exec(place);
  return { file: match?.[1] ?? place, line: Number(match?.[2] ?? 0), column: Number(match?.[3] ?? 0) };
}
