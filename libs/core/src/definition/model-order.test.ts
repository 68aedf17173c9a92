import fc from 'fast-check';
import { orderModels } from './model-order';

const reader = (qualified: string, ...inputs: string[]) => ({ qualified, inputs });

describe('dependency order', () => {
  test('puts every model after all it reads, and otherwise keeps the order given', () => {
    const { ordered, circles } = orderModels([reader('d', 'b', 'c'), reader('a', 'bronze.x'), reader('c', 'a'), reader('b', 'a')]);
    expect(ordered.map((one) => one.qualified)).toEqual(['a', 'b', 'c', 'd']);
    expect(circles).toEqual([]);
  });

  test.each([
    [[reader('a', 'a')], [['a', 'a']], []],
    [[reader('a', 'b'), reader('b', 'a'), reader('c')], [['a', 'b', 'a']], ['c']],
    [[reader('x', 'a'), reader('a', 'b'), reader('b', 'c'), reader('c', 'a')], [['a', 'b', 'c', 'a']], []],
  ])('names circles and leaves out what hangs on them', (readers, circles, ordered) => {
    const outcome = orderModels(readers);
    expect(outcome.circles).toEqual(circles);
    expect(outcome.ordered.map((one) => one.qualified)).toEqual(ordered);
  });

  test('holds for any graph: inputs come first, and a model is left out only when a circle is below it', () => {
    const graph = fc.array(fc.array(fc.nat({ max: 9 }), { maxLength: 4 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(graph, (edges) => {
        const readers = edges.map((inputs, index) => reader(`m${index}`, ...inputs.map((input) => `m${input}`)));
        const names = orderModels(readers).ordered.map((one) => one.qualified);
        const known = new Set(readers.map((one) => one.qualified));
        for (const one of readers) {
          const below = [...reachable(one.qualified, readers)];
          const hasCircle = below.some((name) => reachable(name, readers).has(name));
          expect(names.includes(one.qualified)).toBe(!hasCircle && !reachable(one.qualified, readers).has(one.qualified));
          const inputs = one.inputs.filter((input) => known.has(input));
          if (names.includes(one.qualified)) expect(inputs.every((input) => names.indexOf(input) < names.indexOf(one.qualified))).toBe(true);
        }
      }),
    );
  });
});

/** Everything that a model reads, directly or not. */
function reachable(from: string, readers: readonly { qualified: string; inputs: readonly string[] }[]): Set<string> {
  const found = new Set<string>();
  const queue = [from];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const input of readers.find((one) => one.qualified === name)?.inputs ?? []) {
      if (found.has(input)) continue;
      found.add(input);
      queue.push(input);
    }
  }
  return found;
}
