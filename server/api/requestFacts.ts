/**
 * The front (`guard.ts`) writes into this header where a connection comes from, over whatever the client sent: route
 * handlers see no socket.
 */
export const ADDRESS_HEADER = 'x-plumbline-address';
