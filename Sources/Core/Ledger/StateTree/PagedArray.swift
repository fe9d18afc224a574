/// An array in pages that copies share until one of them is changed: copying a million elements
/// costs as much as copying two thousand references.
struct PagedArray<Element: Sendable>: Sendable {
  private static var pageBits: Int { 9 }
  private static var pageSize: Int { 1 << pageBits }

  private var pages: [[Element]] = []
  /// How many elements there are.
  private(set) var count = 0

  subscript(index: Int) -> Element {
    get { pages[index >> Self.pageBits][index & (Self.pageSize - 1)] }
    _modify { yield &pages[index >> Self.pageBits][index & (Self.pageSize - 1)] }
  }

  mutating func append(_ element: Element) {
    if count & (Self.pageSize - 1) == 0 {
      var page: [Element] = []
      page.reserveCapacity(Self.pageSize)
      pages.append(page)
    }
    pages[pages.count - 1].append(element)
    count += 1
  }
}
