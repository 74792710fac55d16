// Written by `make client`: not to be edited.

/** What the name of a layer in a graph document may be. */
export const NODE_ID_PATTERN = "^[\\p{L}\\p{So}_][\\p{L}\\p{M}\\p{N}\\p{So}\\p{Sk}\\u200d_-]{0,63}$";

/** What a training document that leaves these out is trained with. */
export const TRAINING_DEFAULTS = { batch_size: 32, epochs: 10, seed: 0 } as const;

/** The file that every run with a model leaves. */
export const MODEL_FILE = "model.keras";
