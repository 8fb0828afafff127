/**
 * The foot of a request: always in view while any part of the request is, above the bottom bar of a phone. NB: a sticky
 * element stays within its parent, so the parent must hold the whole request.
 */
export const barStyle =
  'no-print sticky bottom-foot z-10 -mx-4 flex flex-wrap items-start gap-x-4 gap-y-2 border-t border-edge bg-ground px-4 py-3 rail:mx-0 rail:px-0'
