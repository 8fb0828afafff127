type Page<Item> = { items: Item[]; nextCursor: string | null }

/** The items of all pages of a list, in order. */
export async function allPages<Item>(pageAt: (cursor: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  do {
    const page = await pageAt(cursor)
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return items
}
