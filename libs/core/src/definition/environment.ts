import type { DefinitionFile } from './definition';
import type { Problem } from './problem';

/** A reference that was resolved, for the diff that apply shows. */
export interface EnvironmentValue {
  readonly name: string;
  readonly value: string;
}

const REFERENCE = /\$\{env:([^}]*)\}/g;

/** NAME, or NAME:-default. */
const FORM = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/;

/** What a value may have so that it stays one plain YAML scalar wherever it stands: no quotes, brackets, comments or line breaks. */
const SAFE_VALUE = /^(?! |- )(?!.*(?:: |[: ]$))[\p{L}\p{N}_./:@~+=\- ]*$/u;

/**
 * Replaces `${env:NAME:-default}` in the YAML files by the variable's value, or by the default when it is unset or empty.
 * Models are left alone: they have no templating. Line numbers stay as they are.
 */
export function resolveEnvironment(
  files: readonly DefinitionFile[],
  env: Readonly<Record<string, string | undefined>>,
): { files: DefinitionFile[]; used: EnvironmentValue[] } | { problems: Problem[] } {
  const used = new Map<string, string>();
  const problems: Problem[] = [];
  const resolved = files.map((file) => {
    if (!/\.ya?ml$/.test(file.path)) return file;
    const text = file.text.replace(REFERENCE, (whole: string, inner: string, offset: number) => {
      if (isInComment(file.text, offset)) return whole;
      const outcome = lookUp(inner, env);
      if ('message' in outcome) {
        problems.push({ ...outcome, place: placeOf(file, offset) });
        return whole;
      }
      used.set(outcome.name, outcome.value);
      return outcome.value;
    });
    return { path: file.path, text };
  });
  if (problems.length > 0) return { problems };
  return { files: resolved, used: [...used].map(([name, value]) => ({ name, value })) };
}

function lookUp(inner: string, env: Readonly<Record<string, string | undefined>>): EnvironmentValue | Omit<Problem, 'place'> {
  const [, name, fallback] = FORM.exec(inner) ?? [];
  if (name === undefined) return { code: 'INVALID_VALUE', message: `\`\${env:${inner}}\` is not a reference.`, fix: 'Write ${env:NAME} or ${env:NAME:-default}.' };
  const value = (Object.hasOwn(env, name) ? env[name] : undefined) || fallback;
  if (value === undefined) return { code: 'MISSING_KEY', message: `The environment variable ${name} is not set.`, fix: `Set it, or give a default: \${env:${name}:-default}.` };
  // The value itself stays out of the message: what is refused may be a secret in the wrong place.
  if (!SAFE_VALUE.test(value)) return { code: 'INVALID_VALUE', message: `The value of ${name} has characters that cannot stand in YAML as they are.`, fix: 'Use letters, digits, spaces and . _ - / : @ ~ + = only.' };
  return { name, value };
}

function isInComment(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /(?:^|\s)#/.test(line);
}

function placeOf(file: DefinitionFile, offset: number): string {
  const before = file.text.slice(0, offset).split('\n');
  return `${file.path}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}
