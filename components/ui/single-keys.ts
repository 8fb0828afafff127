/** Has this person switched single letters as shortcuts off? Speech input types letters that no one meant as keys. */
export const areSingleKeysOff = (): boolean => document.documentElement.dataset.singleKeys === 'off'
