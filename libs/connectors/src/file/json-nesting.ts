import { MAX_RECORD_BYTES } from './record-machine';

/** The brackets that are open in JSON text, one byte each. */
export class JsonNesting {
  private brackets = new Uint8Array(256);
  depth = 0;

  /** False at a depth that no record of a possible size has. */
  open(bracket: number): boolean {
    if (this.depth === this.brackets.length) {
      if (this.depth >= MAX_RECORD_BYTES) return false;
      const grown = new Uint8Array(2 * this.depth);
      grown.set(this.brackets);
      this.brackets = grown;
    }
    this.brackets[this.depth++] = bracket;
    return true;
  }

  /** False for a bracket that does not close the last one that was opened. */
  close(bracket: number): boolean {
    // A closing bracket has the code of its opening one and two.
    return this.depth > 0 && (this.brackets[--this.depth] as number) + 2 === bracket;
  }
}
