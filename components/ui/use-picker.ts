import { type ComponentType, useEffect, useEffectEvent, useState } from 'react'

/**
 * A picker from a library, loaded when its plain control is first used, so that no page waits for it. Until then, without
 * scripts, and where it can't be loaded, the plain control does the same work.
 * @param id of the plain control, which may have the focus before React takes over the page
 */
export function usePicker<Props>(load: () => Promise<ComponentType<Props>>, id: string) {
  const [Picker, setPicker] = useState<ComponentType<Props>>()
  const begin = () =>
    load().then(
      (loaded) => setPicker(() => loaded),
      () => {},
    )
  const onTakeOver = useEffectEvent(() => {
    if (document.activeElement?.id === id) void begin()
  })
  useEffect(() => onTakeOver(), [])
  return { Picker, begin }
}
