import { resolve } from 'node:path';
import { writeDocs } from './docs';

// Three folders up both from this file and from its bundle in dist.
const changed = writeDocs(resolve(__dirname, '../../..'));
for (const path of changed) process.stdout.write(`wrote ${path}\n`);
