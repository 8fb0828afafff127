/** Texts that keep a word of the list, each with the reason. `text` is a part of the text, around the word. */
export type AllowedWord = { path: string; text: string; why: string }

export const allowedWords: readonly AllowedWord[] = []
