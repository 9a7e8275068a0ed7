import { describe, expect, it } from 'vitest';
import { Secret } from '../../telemetry/secret.ts';
import { decryptKeystore, encryptKeystore, statedAddress } from './keystore.ts';

/** The published test vectors of Web3 Secret Storage, version 3. */
const PASSWORD = new Secret('testpassword');
const KEY = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const pbkdf2 = {
  cipher: 'aes-128-ctr',
  cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
  ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
  kdf: 'pbkdf2',
  kdfparams: {
    c: 262144,
    dklen: 32,
    prf: 'hmac-sha256',
    salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
  },
  mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
};
const scrypt = {
  cipher: 'aes-128-ctr',
  cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
  ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
  kdf: 'scrypt',
  kdfparams: {
    dklen: 32,
    n: 262144,
    r: 1,
    p: 8,
    salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
  },
  mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
};
const file = (crypto: object, version = 3): string =>
  JSON.stringify({ crypto, version, id: '3198bc9c-6672-5ab3-d995-4942343ae5b6' });

describe('keystore', () => {
  it.each([
    ['scrypt', scrypt],
    ['PBKDF2', pbkdf2],
  ])('the published vector with %s opens to its key', async (_, crypto) => {
    expect((await decryptKeystore('k', file(crypto), PASSWORD)).reveal()).toBe(KEY);
  });

  it('what it writes it reads, and names the address', async () => {
    const text = await encryptKeystore(new Secret(KEY), new Secret('pässword'), { scryptN: 1024 });
    expect((await decryptKeystore('k', text, new Secret('pässword'))).reveal()).toBe(KEY);
    expect(statedAddress(text)).toBe('0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b');
    expect(text).not.toContain(KEY.slice(2));
  });

  it('a wrong password is named, and so is a file that was changed', async () => {
    const text = await encryptKeystore(new Secret(KEY), new Secret('right'), { scryptN: 1024 });
    await expect(decryptKeystore('k.json', text, new Secret('canary-wrong'))).rejects.toMatchObject({
      code: 'wrong_password',
      message: 'the password does not open k.json',
    });
    const changed = JSON.parse(text) as { crypto: { ciphertext: string } };
    changed.crypto.ciphertext = changed.crypto.ciphertext.replace(/^../, (two) =>
      two === '00' ? '01' : '00',
    );
    await expect(decryptKeystore('k', JSON.stringify(changed), new Secret('right'))).rejects.toMatchObject({
      code: 'wrong_password',
    });
  });

  it.each([
    ['no JSON', 'not_a_keystore', 'canary'],
    ['another version', 'not_a_keystore', file(scrypt, 4)],
    ['an array', 'not_a_keystore', '[]'],
    ['no crypto', 'unsupported', JSON.stringify({ version: 3 })],
    ['another cipher', 'unsupported', file({ ...scrypt, cipher: 'aes-256-cbc' })],
    ['another KDF', 'unsupported', file({ ...scrypt, kdf: 'argon2' })],
    ['a key of another length', 'unsupported', file({ ...scrypt, ciphertext: '00' })],
    [
      'scrypt with 64 GB',
      'unsupported',
      file({ ...scrypt, kdfparams: { ...scrypt.kdfparams, n: 2 ** 24, r: 32 } }),
    ],
    ['scrypt with n = 3', 'unsupported', file({ ...scrypt, kdfparams: { ...scrypt.kdfparams, n: 3 } })],
    [
      'PBKDF2 without end',
      'unsupported',
      file({ ...pbkdf2, kdfparams: { ...pbkdf2.kdfparams, c: 2 ** 31 } }),
    ],
  ])('%s is refused before any work', async (_, code, text) => {
    await expect(decryptKeystore('k', text, PASSWORD)).rejects.toMatchObject({ code });
  });
});
