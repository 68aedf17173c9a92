/** What is wrong with bytes that claim to be Zstandard; the caller knows the file. */
export class ZstdFault extends Error {}
