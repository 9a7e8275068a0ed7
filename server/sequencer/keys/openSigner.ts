import { privateKeyToAddress } from 'viem/accounts';
import { assertNever } from '../../lib/assertNever.ts';
import type { Address, Hex } from '../../protocol/refs.ts';
import type { Secret } from '../../telemetry/secret.ts';
import { LocalSigner } from '../localSigner.ts';
import type { TransactionSigner } from '../ports.ts';
import { KeyError } from './keyError.ts';
import { readKeyFile, readPasswordFile } from './keyFile.ts';
import { decryptKeystore, statedAddress } from './keystore.ts';
import { openWeb3Signer, type Web3SignerDeps, type Web3SignerOptions } from './web3Signer.ts';

/** Where a sequencer's key is. The remote signer first: then no key is in this process at all. */
export type SignerOptions =
  | ({ readonly kind: 'web3signer' } & Web3SignerOptions)
  | {
      readonly kind: 'keystore';
      readonly file: string;
      /** Of mode 0600. */
      readonly passwordFile: string;
      /** Null takes whatever account the file is for. */
      readonly address: Address | null;
    }
  | {
      readonly kind: 'plain';
      readonly privateKey: Secret<string>;
      /** Whoever sees the process's environment or command line has the key: it has to be asked for by name. */
      readonly dangerousKeyInEnvironment: boolean;
      readonly address: Address | null;
    };

/** Order of secp256k1: a private key is above zero and below it. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Makes the signer, and proves before it is used that it is the one for the address. Errors: `KeyError`. */
export async function openSigner(options: SignerOptions, deps: Web3SignerDeps): Promise<TransactionSigner> {
  switch (options.kind) {
    case 'web3signer':
      return openWeb3Signer(options, deps);
    case 'keystore': {
      const password = await readPasswordFile(options.passwordFile);
      const text = await readKeyFile(options.file);
      const key = await decryptKeystore(options.file, text, password);
      return localSigner(key, options.file, options.address ?? statedAddress(text), deps);
    }
    case 'plain':
      if (!options.dangerousKeyInEnvironment) {
        throw new KeyError(
          'not_allowed',
          'a plain private key is taken only with --dangerous-key-in-environment: use a keystore file or a remote signer',
        );
      }
      return localSigner(options.privateKey, 'the private key', options.address, deps);
    default:
      return assertNever(options, 'signer');
  }
}

function localSigner(
  key: Secret<string>,
  name: string,
  expected: Address | null,
  deps: Web3SignerDeps,
): TransactionSigner {
  const privateKey = key.reveal().trim() as Hex;
  // Before anything else sees it: what fails with a bad key may repeat it in its message.
  if (!/^0x[0-9a-fA-F]{64}$/.test(privateKey) || BigInt(privateKey) === 0n || BigInt(privateKey) >= ORDER) {
    throw new KeyError(
      'bad_key',
      `${name} is not a private key: 0x and 64 hex digits, within the curve's order`,
    );
  }
  const address = privateKeyToAddress(privateKey).toLowerCase();
  if (expected !== null && address !== expected.toLowerCase()) {
    throw new KeyError('wrong_address', `${name} is the key of ${address}, not of ${expected.toLowerCase()}`);
  }
  return new LocalSigner({ privateKey }, deps);
}
