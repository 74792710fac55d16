/** The palette's search field, by which the keyboard finds it. */
export const PALETTE_SEARCH_ID = "editor-palette-search";
