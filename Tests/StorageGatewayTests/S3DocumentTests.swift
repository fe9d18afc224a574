import Testing

@testable import StorageGateway

@Suite struct S3DocumentTests {
  @Test func whatIsRead() throws {
    let text =
      "\u{FEFF}<?xml version=\"1.0\"?><!-- <a> --><s3:Delete xmlns:s3='x>y' a=\"/\">\r\n"
      + "<Object ><Key>&lt;a&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600; <![CDATA[<&>]]>\r\n</Key>"
      + "<VersionId/></Object ><Quiet>true</Quiet></s3:Delete>\n"
    let request = try RequestDocuments.Delete(Array(text.utf8))
    #expect(request.objects.map(\.key) == ["<a>&\"'AB😀 <&>\n"])
    #expect(request.objects[0].versionID == "")
    #expect(request.isQuiet)
  }

  @Test(arguments: [
    "", "a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a b=\"></a>", "<a>&nope;</a>",
    "<a>&#xD800;</a>", "<a>&</a>", "<!DOCTYPE a><a/>", "<a><!--</a>", "<a><![CDATA[</a>", "</a>",
    "<>", "< a/>", "<a <b/></a>", "<a></a/>",
  ])
  func whatIsRefused(text: String) { #expect(XMLElement(document: Array(text.utf8)) == nil) }

  @Test func limits() {
    let deep = String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17)
    #expect(XMLElement(document: Array(deep.utf8)) == nil)
    let wide = "<a>" + String(repeating: "<b/>", count: 100_001) + "</a>"
    #expect(XMLElement(document: Array(wide.utf8)) == nil)
    #expect(XMLElement(document: [0x3C, 0x61, 0xFF, 0x2F, 0x3E]) == nil)
  }
}
