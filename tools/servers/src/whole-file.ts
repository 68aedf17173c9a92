import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file, whole or not at all, and makes its folder where that is missing. `mode` as chmod has it; the process's own without one. */
export function writeWhole(file: string, text: string, mode?: number): void {
  const draft = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
}
