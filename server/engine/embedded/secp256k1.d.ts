/** The part of the native secp256k1 binding that the engine uses. */
declare module 'secp256k1' {
  /** Public key of 65 bytes (uncompressed) that made the compact 64-byte signature. Throws when there is none. */
  export function ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    messageHash: Uint8Array,
    compressed: false,
  ): Uint8Array;
}
