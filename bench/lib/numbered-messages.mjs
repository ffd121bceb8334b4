// Messages of one size that carry their number, so that each can be compared although others are lost.

/** @param {number} messageBytes */
export function numberedMessages(messageBytes) {
  const filling = Buffer.alloc(messageBytes, 'osier');
  return {
    /** @param {number} number */
    make(number) {
      const message = Buffer.from(filling);
      message.writeUInt32LE(number);
      return message;
    },
    /** @param {Buffer} message */
    matches(message) {
      return message.length === messageBytes && message.compare(filling, 4, messageBytes, 4, messageBytes) === 0;
    },
  };
}
