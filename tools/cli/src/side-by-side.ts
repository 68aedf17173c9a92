/** What is asked of a service at the same time. */
const AT_ONCE = 16;

/** The answers to a question about each of some items, in their order; sixteen are asked at a time. */
export async function sideBySide<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const queue = [...items];
  const answers: Answer[] = [];
  while (queue.length > 0) answers.push(...(await Promise.all(queue.splice(0, AT_ONCE).map(ask))));
  return answers;
}
