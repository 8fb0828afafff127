import { type ComponentType, useState } from 'react'

/**
 * A picker from a library, loaded when its plain control is first used, so that no page waits for it. Until then, without
 * scripts, and where it can't be loaded, the plain control does the same work.
 */
export function usePicker<Props>(load: () => Promise<ComponentType<Props>>) {
  const [Picker, setPicker] = useState<ComponentType<Props>>()
  const begin = () =>
    load().then(
      (loaded) => setPicker(() => loaded),
      () => {},
    )
  return { Picker, begin }
}
