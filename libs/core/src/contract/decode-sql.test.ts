import { compileDecode } from './decode-sql';
import { mentions } from './mentions';

describe('mentions', () => {
  it.each([
    ['quantity > 0', true],
    ['"quantity" > 0', true],
    ['abs(QUANTITY) > 0', true],
    ['quantity_sold > 0 or total_quantity > 0', false],
    ["unit = 'quantity'", false],
    ["unit = 'it''s quantity'", false],
    ['unit > 0 -- quantity', false],
    ['unit > 0 /* quantity */', false],
    ['préquantity > 0', false],
  ])('of a column in `%s` is %s', (predicate, expected) => {
    expect(mentions(predicate, 'quantity')).toBe(expected);
  });
});

describe('compileDecode', () => {
  it('lists its rules in order, with reasons that hold no values; a key is required', () => {
    const { rules, columns } = compileDecode({
      name: 'd',
      columns: [
        { name: 'id', physicalName: 'Id', type: 'VARCHAR', required: false, keyPosition: 1 },
        { name: 'price', physicalName: 'Price', type: 'DECIMAL(12,3)', required: true },
      ],
      rules: [{ id: 'positive', severity: 'warning', type: 'accuracy', predicate: 'price > 0', description: 'the price is above 0.' }],
      checks: [],
      order: { by: 'arrival' },
    });
    expect(columns).toEqual([{ name: 'id', type: 'VARCHAR' }, { name: 'price', type: 'DECIMAL(12,3)' }]);
    expect(rules).toEqual([
      { id: 'new_column', severity: 'warning', outcome: 'note', reason: 'The contract does not name the column; it is kept aside until it does.' },
      { id: 'missing:id', severity: 'critical', outcome: 'quarantine', reason: 'id is missing.' },
      { id: 'missing:price', severity: 'critical', outcome: 'quarantine', reason: 'price is missing.' },
      { id: 'type:price', severity: 'critical', outcome: 'quarantine', reason: 'price is not a number of 12 digits, 3 of them after the point.' },
      { id: 'required:id', severity: 'critical', outcome: 'quarantine', reason: 'id is empty.' },
      { id: 'required:price', severity: 'critical', outcome: 'quarantine', reason: 'price is empty.' },
      { id: 'positive', severity: 'warning', outcome: 'note', reason: 'This does not hold: the price is above 0.' },
    ]);
  });
});
