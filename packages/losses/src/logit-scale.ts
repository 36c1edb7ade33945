/** The largest logit scale: a factor of 100. */
export const maxLogitScale = Math.log(100);

/** Where a learnable logit scale starts: a temperature of 0.07. */
export const initialLogitScale = Math.log(1 / 0.07);
