import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Violation } from '../violation';

const GENERATED = 'libs/rpc/src/gen';
const REGENERATE = 'Run `npm run generate` and commit what it writes.';

/**
 * Generated code is what the protos give now: it is generated again into `scratch` and compared byte for byte.
 * `scratch` is an empty folder that belongs to the caller.
 */
export function staleGeneratedCode(root: string, scratch: string): Violation[] {
  const generated = join(scratch, GENERATED);
  buf(root, ['generate', '-o', scratch]);
  buf(root, ['build', '--exclude-source-info', '-o', join(generated, 'descriptor.json')]);
  const fresh = filesBelow(generated);
  const committed = filesBelow(join(root, GENERATED));
  const violations: Violation[] = [];
  for (const path of new Set([...fresh, ...committed])) {
    const place = { path: `${GENERATED}/${path}`, line: 1, fix: REGENERATE };
    if (!committed.includes(path)) violations.push({ ...place, message: 'The generated file is missing.' });
    else if (!fresh.includes(path)) violations.push({ ...place, message: 'The protos do not give this file any more.' });
    else if (!readFileSync(join(generated, path)).equals(readFileSync(join(root, GENERATED, path)))) violations.push({ ...place, message: 'The generated file is stale.' });
  }
  return violations;
}

/** The protos obey buf's rules; each finding is one violation. */
export function protoLint(root: string): Violation[] {
  return findings(root, ['lint', '--error-format', 'json'], 'Follow the rule, or say in buf.yaml why not.');
}

/** The protos break no caller of what `main` has; nothing is compared where main has no protos, as in a first commit or a shallow clone. */
export function protoBreaks(root: string): Violation[] {
  if (!mainHasProtos(root)) return [];
  return findings(root, ['breaking', '--against', '.git#branch=main', '--error-format', 'json'], 'Add a new field, rpc or package version; never change what others call.');
}

function mainHasProtos(root: string): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', 'main:proto'], { cwd: root, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function findings(root: string, args: string[], fix: string): Violation[] {
  const text = buf(root, args, [100]);
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { path?: string; start_line?: number; message: string; type: string })
    .map(({ path, start_line: line, message, type }) => ({ path: path ?? 'proto', line: line ?? 1, message: `${message} (${type})`, fix }));
}

/** Runs buf and gives its output; a status other than 0 and `accepted` is thrown with what buf said. */
function buf(root: string, args: string[], accepted: readonly number[] = []): string {
  try {
    return execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const failed = error as { status?: number; stdout?: string; stderr?: string };
    if (failed.status !== undefined && accepted.includes(failed.status)) return failed.stdout ?? '';
    throw new Error(`buf ${args[0] ?? ''} failed: ${failed.stderr ?? ''}`, { cause: error });
  }
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
