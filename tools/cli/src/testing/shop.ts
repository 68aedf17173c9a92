/** A pipeline of one dataset and its contract, which tests change in one place or another. */
export const PIPELINE = `name: shop
source: { dataset: orders, type: file, path: data/*.csv }
models:
  by_country: { key: [country] }
destinations:
  - { connection: warehouse, schema: shop }
`;

export const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - { name: id, logicalType: integer, primaryKey: true }
      - { name: country, logicalType: string, required: true }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)" }
      - { name: weight, logicalType: number }
      - { name: placed_at, logicalType: timestamp }
`;
