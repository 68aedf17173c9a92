import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { residentOf, usageOf } from './process-usage';

describe('the usage of a process', () => {
  test('counts its CPU time and memory, and those of its children', async () => {
    const work = 'const end = Date.now() + 300; const held = Buffer.alloc(200e6, 1); while (Date.now() < end); require("node:fs").writeSync(1, "x" + held.length); setInterval(() => {}, 1000)';
    const parent = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(work)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    await once(child.stdout, 'data');
    const { cpu, peak } = usageOf(child.pid ?? 0);
    const resident = residentOf(child.pid ?? 0);
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    expect(cpu).toBeGreaterThan(0.2);
    expect(peak).toBeGreaterThan(200e6);
    expect(peak).toBeLessThan(400e6);
    // The parent too.
    expect(resident).toBeGreaterThan(peak);
  });

  test('is nothing for a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(usageOf(child.pid ?? 0)).toEqual({ cpu: 0, peak: 0 });
    expect(residentOf(child.pid ?? 0)).toBe(0);
  });
});
