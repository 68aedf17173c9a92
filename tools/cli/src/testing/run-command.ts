import { Command } from 'commander';

/** How a command ended. */
export interface Outcome {
  readonly code: typeof process.exitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of the program. */
interface CommandModule {
  register(program: Command): void;
}

/** Runs `weir` with some of its commands as the program does, and gives what it printed and its exit code. */
export async function runCommand(commands: readonly CommandModule[], args: readonly string[]): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text: string | Uint8Array) => {
      printed[name] += String(text);
      return true;
    }),
  );
  const before = process.exitCode;
  try {
    const program = new Command('weir');
    for (const command of commands) command.register(program);
    await program.parseAsync([...args], { from: 'user' });
    return { code: process.exitCode, ...printed };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
