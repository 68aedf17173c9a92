/** What one holds at a time; others get it in the order in which they asked. */
export class Baton {
  private held = false;
  private readonly waiting: (() => void)[] = [];
  private readonly watching: (() => void)[] = [];

  get free(): boolean {
    return !this.held;
  }

  async take(): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.held = true;
  }

  give(): void {
    const next = this.waiting.shift();
    // It goes from hand to hand, so that nobody can slip in between.
    if (next) return next();
    this.held = false;
    for (const go of this.watching.splice(0)) go();
  }

  /** Resolves when nobody holds it. */
  async whenFree(): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.watching.push(resolve));
  }
}
