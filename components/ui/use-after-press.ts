import { useRef } from 'react'

/**
 * Runs something after the mouse button or the finger is up again. A field that says what is wrong with it as soon as it
 * loses the focus would move the button under the pointer that took the focus, and the click would miss it.
 */
export function useAfterPress() {
  const isPressing = useRef(false)
  return {
    /** For the element around the fields and the button. */
    press: {
      onMouseDownCapture: () => {
        isPressing.current = true
        const end = () => {
          isPressing.current = false
        }
        window.addEventListener('mouseup', end, { once: true })
      },
    },
    afterPress: (work: () => void) => {
      if (!isPressing.current) return work()
      // The click follows the mouseup in the same task.
      window.addEventListener('mouseup', () => setTimeout(work), { once: true })
    },
  }
}
