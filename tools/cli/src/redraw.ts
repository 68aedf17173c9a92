/** Where lines are drawn; a terminal in practice. */
export interface Screen {
  write(text: string): unknown;
}

const UP = (lines: number) => `\u001b[${lines}A`;
const CLEAR = '\u001b[0J';
/** A line that wraps would count as two, and the picture would creep down the screen. */
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';

/** Lines that are drawn again in their place. Close it before anything else is printed. */
export class Redraw {
  private drawn = 0;

  constructor(private readonly screen: Screen) {}

  show(lines: readonly string[]): void {
    const back = this.drawn > 0 ? UP(this.drawn) : '';
    this.screen.write(`${NO_WRAP}${back}\r${CLEAR}${lines.join('\n')}\n${WRAP}`);
    this.drawn = lines.length;
  }

  /** Takes the lines away, so that what is final can stand in their place. */
  close(): void {
    if (this.drawn > 0) this.screen.write(`${UP(this.drawn)}\r${CLEAR}`);
    this.drawn = 0;
  }
}
