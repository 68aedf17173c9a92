/** An order line as the retail contract types it; money in thousandths. */
export interface RetailLine {
  readonly invoiceNo: string;
  readonly stockCode: string;
  readonly description: string | undefined;
  readonly quantity: bigint;
  /** yyyy-mm-dd hh:mm:ss */
  readonly invoiceDate: string;
  readonly unitPrice: bigint;
  readonly customerId: bigint | undefined;
  readonly country: string;
}

const COLUMNS = 8;

/** A record's fields as a line of the retail contract, or why it is none. The contract is spelled out here by hand: this is the oracle. */
export function retailLine(fields: readonly string[] | undefined): RetailLine | { refused: string } {
  if (!fields) return { refused: 'not UTF-8' };
  if (fields.length !== COLUMNS) return { refused: `${fields.length} fields` };
  const [invoiceNo = '', stockCode = '', description = '', quantityText = '', invoiceDate = '', priceText = '', customerText = '', country = ''] = fields;
  const quantity = wholeNumber(quantityText);
  const unitPrice = thousandths(priceText);
  const customerId = customerText === '' ? undefined : wholeNumber(customerText);
  if (invoiceNo === '' || stockCode === '' || country === '') return { refused: 'a required column is empty' };
  if (quantity === undefined) return { refused: `quantity ${quantityText}` };
  if (unitPrice === undefined) return { refused: `unit price ${priceText}` };
  if (customerText !== '' && customerId === undefined) return { refused: `customer ${customerText}` };
  if (!isInstant(invoiceDate)) return { refused: `invoice date ${invoiceDate}` };
  if (unitPrice < 0n) return { refused: 'unit price below zero' };
  if (quantity <= 0n && !invoiceNo.startsWith('C')) return { refused: 'quantity not positive and no cancellation' };
  return { invoiceNo, stockCode, description: description === '' ? undefined : description, quantity, invoiceDate, unitPrice, customerId, country };
}

function wholeNumber(text: string): bigint | undefined {
  const digits = /^(-?\d+)(?:\.0*)?$/.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

function thousandths(text: string): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{0,3})0*)?$/.exec(text);
  if (!match) return undefined;
  const size = BigInt(match[2] ?? '0') * 1000n + BigInt((match[3] ?? '').padEnd(3, '0'));
  return match[1] === '-' ? -size : size;
}

function isInstant(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return false;
  const instant = new Date(`${text.replace(' ', 'T')}Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().slice(0, 19).replace('T', ' ') === text;
}
