import type { Problem } from '../definition/problem';
import type { ErrorCode } from '../errors';
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
}
