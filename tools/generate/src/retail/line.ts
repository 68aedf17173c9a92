/** The header of every file, as the shop writes it. */
export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

/** One line of an invoice. */
export interface Line {
  readonly invoiceNo: string;
  readonly stockCode: string;
  /** Empty where the shop wrote none. */
  readonly description: string;
  readonly quantity: number;
  /** yyyy-mm-dd hh:mm:ss */
  readonly date: string;
  /** Thousandths. */
  readonly price: number;
  /** Undefined for sales over the counter. */
  readonly customer?: number | undefined;
  readonly country: string;
}

/** The line as the shop's export writes it: quotes only where needed, prices and customers as floats. */
export function csvLine(line: Line): string {
  const customer = line.customer === undefined ? '' : `${line.customer}.0`;
  return `${line.invoiceNo},${line.stockCode},${quoted(line.description)},${line.quantity},${line.date},${decimal(line.price)},${customer},${quoted(line.country)}`;
}

/** The ways in which a line can be beyond repair. */
export const BREAKAGES = ['too few fields', 'too many fields', 'invalid UTF-8', 'quantity that is no number', 'date that is no date'] as const;

/** The line as bytes, damaged so that no reader can take it for a row of the contract. */
export function brokenLine(line: Line, breakage: (typeof BREAKAGES)[number]): Buffer {
  switch (breakage) {
    case 'too few fields':
      return Buffer.from(`${line.invoiceNo},${line.stockCode},${quoted(line.description)}`);
    case 'too many fields':
      return Buffer.from(`${csvLine(line)},,`);
    case 'invalid UTF-8':
      return Buffer.from(csvLine({ ...line, description: 'POSTCARD \xff\xfe' }), 'latin1');
    case 'quantity that is no number':
      return Buffer.from(csvLine(line).replace(`,${line.quantity},${line.date}`, `,a dozen,${line.date}`));
    case 'date that is no date':
      return Buffer.from(csvLine({ ...line, date: '2010-02-30 08:00:00' }));
  }
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function decimal(thousandths: number): string {
  const digits = String(Math.abs(thousandths)).padStart(4, '0');
  const fraction = digits.slice(-3).replace(/0{1,2}$/, '');
  return `${thousandths < 0 ? '-' : ''}${digits.slice(0, -3)}.${fraction}`;
}
