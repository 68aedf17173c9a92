import Table from 'cli-table3';
import type { DestinationFigures } from './compare-destinations';

/** Prints seconds, CPU and memory of each kind of destination; tables beside the one that refuses nothing, files beside the script. */
export function printDestinations({ rows, kinds }: DestinationFigures): void {
  const table = new Table({ head: ['load', 's', 'CPU s', 'peak MiB', 'beside', '×'], colAligns: ['left', 'right', 'right', 'right', 'left', 'right'], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  const plain = kinds[0]?.seconds ?? 0;
  for (const { name, seconds, load, direct } of kinds) {
    const beside = direct === undefined ? `nothing refused ${plain.toFixed(2)} s` : `the engine's COPY ${direct.toFixed(2)} s`;
    table.push([name, seconds.toFixed(2), load.cpu.toFixed(2), (load.peak / 1024 / 1024).toFixed(0), beside, (seconds / (direct ?? plain)).toFixed(2)]);
  }
  process.stdout.write(`${rows.toLocaleString('en-US')} orders, and their daily sums; each destination has what the file was made with\n${table.toString()}\n`);
}
