/// The report's style: one column on a phone, light or dark as the reader's system is, printable.
enum ReportStyle {
  static let css = """
    :root{color-scheme:light dark;--back:#f6f7f4;--card:#fff;--ink:#1b231e;--soft:#5d6962;
    --line:#e2e6e1;--a:#c2571a;--b:#2f6db5;--c:#1f8a55;--bad:#b3372b;--shade:0 1px 2px #0000000f}
    @media (prefers-color-scheme:dark){:root{--back:#101512;--card:#181f1b;--ink:#e7ede8;
    --soft:#98a59d;--line:#2b352f;--a:#f0935a;--b:#72aef0;--c:#5ccb92;--bad:#f08a7e;--shade:none}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--ink);line-height:1.5;
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    main{max-width:1180px;margin:0 auto;padding:32px 20px 48px}
    header{margin-bottom:22px}
    h1{font-size:30px;line-height:1.15;letter-spacing:-.02em;margin:0 0 6px}
    h2{font-size:20px;letter-spacing:-.01em;margin:40px 0 4px}
    h3{font-size:15px;margin:0}
    p{margin:4px 0}
    .lead{color:var(--soft);font-size:16px;max-width:62em}
    .note,.partial{border-left:3px solid var(--a);background:var(--card);padding:8px 14px;
    margin:10px 0;border-radius:0 8px 8px 0;max-width:72em}
    .partial{border-color:var(--bad)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;
    margin:22px 0 12px}
    .tile,figure,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;
    box-shadow:var(--shade)}
    .tile{padding:14px 16px}
    .tile span{display:block;color:var(--soft);font-size:13px}
    .tile b{display:block;font-size:26px;line-height:1.25;letter-spacing:-.02em;
    font-variant-numeric:tabular-nums}
    .tile.bad b{color:var(--bad)}
    .tile small{color:var(--soft);font-size:12.5px}
    .findings{margin:14px 0 0;padding-left:1.2em;max-width:72em}
    .findings li{margin:5px 0}
    .figures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px;margin-top:14px}
    figure{margin:0;padding:14px 16px 10px}
    figure.wide{grid-column:1/-1}
    figcaption p{color:var(--soft);font-size:13px;margin:1px 0 4px}
    .legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12.5px;color:var(--soft);
    margin:2px 0 4px}
    .legend i{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;
    margin-right:6px}
    .panels{display:grid;grid-template-columns:1fr;gap:6px}
    .wide .panels{grid-template-columns:repeat(auto-fit,minmax(290px,1fr))}
    .panels h4{font-size:12.5px;font-weight:600;color:var(--soft);margin:4px 0 0;text-align:center}
    svg{display:block;width:100%;height:auto}
    svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
    svg .name{fill:var(--ink);font-weight:600}
    svg .grid{stroke:var(--line);stroke-width:1}
    svg .zero{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
    .line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
    .band{fill-opacity:.15;stroke:none}
    .interval{stroke-width:6;stroke-opacity:.35;stroke-linecap:round}
    .line.a,.interval.a{stroke:var(--a)}.line.b,.interval.b{stroke:var(--b)}
    .line.c,.interval.c{stroke:var(--c)}
    .band.a,.dot.a{fill:var(--a)}.band.b,.dot.b{fill:var(--b)}.band.c,.dot.c{fill:var(--c)}
    i.a{background:var(--a)}i.b{background:var(--b)}i.c{background:var(--c)}
    .card{padding:6px 16px;overflow-x:auto;margin-top:14px}
    table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
    th,td{text-align:right;padding:7px 0 7px 18px;border-bottom:1px solid var(--line);
    white-space:nowrap}
    th{color:var(--soft);font-weight:500}
    th:first-child,td:first-child{text-align:left;padding-left:0}
    tr:last-child td{border-bottom:0}
    td small{color:var(--soft)}
    .group td{font-weight:600;padding-top:12px}
    code,pre{font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
    details{margin-top:12px}
    summary{cursor:pointer;color:var(--soft)}
    dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 18px;margin:10px 0}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    @media (max-width:760px){main{padding:20px 14px 36px}h1{font-size:25px}
    .figures{grid-template-columns:minmax(0,1fr)}.tiles{grid-template-columns:1fr 1fr}
    .tile b{font-size:22px}.tile{padding:11px 12px}dl{grid-template-columns:1fr}
    dd{margin-bottom:6px}}
    @media print{body{background:#fff}figure,.tile,.card{break-inside:avoid}}
    """
}
