/**
 * Why a key cannot be used. All but the last three end the start: the operator has to change something.
 *
 * - `unreadable`: a file is not there or may not be read.
 * - `bad_mode`: other users can read a file that holds a secret.
 * - `not_a_keystore`: not Web3 Secret Storage, version 3. · `unsupported`: it is, but with parameters out of bounds.
 * - `wrong_password`, `wrong_address`: the file is fine and is not the one for this password or address.
 * - `bad_key`: not a secp256k1 private key. · `not_allowed`: a plain key without the flag that allows it.
 * - `no_answer`: the remote signer is silent. Temporary.
 * - `refused`: it answers with an error. Temporary, or the operator: see its message.
 * - `bad_answer`: it signed with another key, or its answer is no signature. Operator.
 */
export type KeyErrorCode =
  | 'unreadable'
  | 'bad_mode'
  | 'not_a_keystore'
  | 'unsupported'
  | 'wrong_password'
  | 'wrong_address'
  | 'bad_key'
  | 'not_allowed'
  | 'no_answer'
  | 'refused'
  | 'bad_answer';

/** `message` is one sentence for people: files and addresses, never a key, a password or a URL's path. No cause. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
  readonly code: KeyErrorCode;
  constructor(code: KeyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
