/** The file that every run with a model leaves. */
export const MODEL_FILE = "model.keras";
