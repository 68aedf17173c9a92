import type { Problem } from '../definition/problem';
import type { ErrorCode } from '../errors';
import { type JsonSchema, validatePart } from './validate-yaml';
import type { YamlPath, YamlText } from './yaml-text';

/** Collects problems of one YAML file at their places, so that checks read as sentences. */
export class Report {
  readonly problems: Problem[] = [];

  constructor(private readonly yaml: YamlText) {}

  /** INVALID_VALUE at the value of `path`. */
  invalid(path: YamlPath, message: string, fix: string): void {
    this.add('INVALID_VALUE', path, message, fix);
  }

  /** Any code at the value of `path` (at its key for UNKNOWN_KEY); the fix of the error table when none is given. */
  add(code: ErrorCode, path: YamlPath, message: string, fix?: string): void {
    this.problems.push({ code, message, place: this.yaml.place(path, code === 'UNKNOWN_KEY' ? 'key' : 'value'), ...(fix === undefined ? {} : { fix }) });
  }

  /** Whether the value of `path`, given because it may stand there as text, is what a schema says; reports what is not. */
  fits(path: YamlPath, value: unknown, schema: JsonSchema): boolean {
    const problems = validatePart(this.yaml, path, value, schema);
    this.problems.push(...problems);
    return problems.length === 0;
  }
}
