import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { WeirError } from '@weir/core';

/** Longest path below the root and longest name of one folder or file, in bytes: what every file system we run on takes. */
const MAX_PATH_BYTES = 1024;
const MAX_NAME_BYTES = 255;

/**
 * The absolute form of a path below `root`, which must be a resolved path.
 * Throws INVALID_VALUE for everything that could name a file outside the root: absolute paths, `.` and `..`, NUL and other control
 * characters, back-slashes, names that are empty or too long, and symbolic links that lead out of the root.
 */
export function confine(root: string, path: string): string {
  const reason = refusal(path);
  if (reason) throw refused(path, reason);
  const absolute = join(root, path);
  const real = realpathOfExisting(root, absolute);
  if (real !== root && !real.startsWith(root + sep)) throw refused(path, 'it leads out of the lake over a symbolic link');
  return absolute;
}

/** Throws INVALID_VALUE unless the text can be one name in a path, such as a pipeline or a run id. */
export function assertName(name: string): string {
  const reason = name.includes('/') ? 'it has a slash' : refusal(name);
  if (reason) throw refused(name, reason);
  return name;
}

function refusal(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it is absolute';
  if (Array.from(path).some((character) => character < ' ' || character === '\u007f' || character === '\\')) return 'it has a control character or back-slash';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  for (const name of path.split('/')) {
    if (name === '') return 'it has an empty name';
    if (name === '.' || name === '..') return `it has the name ${name}`;
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `a name in it is longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
}

/** Resolves links in the part of the path that exists; what does not exist yet cannot be a link. */
function realpathOfExisting(root: string, absolute: string): string {
  for (let existing = absolute; ; ) {
    while (existing !== root && !exists(existing)) existing = dirname(existing);
    try {
      return realpathSync.native(existing);
    } catch {
      // A link that points at nothing could be made to point anywhere before it is used. What is gone meanwhile is no link.
      if (existing === root || exists(existing)) return '';
    }
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function refused(path: string, reason: string): WeirError {
  const shown = JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
  return new WeirError({ code: 'INVALID_VALUE', message: `${shown} is not a path in the lake: ${reason}.`, fix: 'Use names of letters, digits, dots, dashes and underscores below the lake.' });
}
