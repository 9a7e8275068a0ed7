/** Why a data directory cannot be used. The message is one sentence that names the directory and what to do. */
export type EngineDirErrorCode = 'dir_locked' | 'dir_foreign_genesis' | 'dir_unreadable';

export class EngineDirError extends Error {
  override readonly name = 'EngineDirError';
  readonly code: EngineDirErrorCode;
  constructor(code: EngineDirErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
