/// The page's style: one column on a phone, light or dark as the reader's system is.
enum DashboardStyle {
  static let css = """
    :root{color-scheme:light dark;--back:#f6f7f4;--card:#fff;--ink:#1d241f;--soft:#66706a;
    --line:#dfe4df;--good:#2c8a57;--warn:#b7791f;--down:#c0392b;--fill:#9fcfb4}
    @media(prefers-color-scheme:dark){:root{--back:#111512;--card:#191f1b;--ink:#e7ece8;
    --soft:#97a29b;--line:#2b332d;--good:#4cc38a;--warn:#e0ac4f;--down:#ef6a5b;--fill:#2e6b4a}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--ink);
    font:15px/1.45 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
    main{max-width:1200px;margin:0 auto;padding:20px 20px 0}
    header{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:baseline}
    h1{font-size:24px;margin:0;letter-spacing:-.02em}
    h2{font-size:13px;text-transform:uppercase;letter-spacing:.08em;color:var(--soft);
    margin:28px 0 10px}
    header p{margin:0;color:var(--soft)}
    header .height b{color:var(--ink);font-variant-numeric:tabular-nums}
    .epoch{flex:1;min-width:180px;color:var(--soft);font-size:13px}
    .dot{display:inline-block;width:.6em;height:.6em;border-radius:50%;background:var(--good);
    margin-right:.5em}
    .stale .dot{background:var(--soft)}
    .bar{height:6px;border-radius:3px;background:var(--line);overflow:hidden;margin-top:4px}
    .bar i{display:block;height:100%;background:var(--fill);min-width:2px}
    .banner{background:color-mix(in srgb,var(--warn) 16%,var(--card));border-radius:8px;
    border:1px solid var(--warn);padding:8px 12px;margin:14px 0 0}
    .offline{display:none}.stale .offline{display:block}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;
    margin-top:18px}
    .tile,.providers article,.payouts,.block{background:var(--card);border:1px solid var(--line);
    border-radius:10px}
    .tile{padding:12px 14px}
    .tile span{display:block;color:var(--soft);font-size:13px}
    .tile b{display:block;font-size:22px;letter-spacing:-.01em}
    .tile small{color:var(--soft)}
    .tile.bad b{color:var(--warn)}
    .blocks{display:flex;gap:8px;overflow-x:auto;padding-bottom:6px}
    .block{flex:0 0 128px;padding:8px 10px;font-size:12px;color:var(--soft)}
    .block b{display:block;color:var(--ink);font-size:15px;font-variant-numeric:tabular-nums}
    .block span,.block small{display:block}
    .block.busy{border-color:var(--fill)}
    .providers{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:12px}
    .providers article{padding:12px 14px}
    h3{font-size:15px;margin:0 0 6px}
    h3 small{color:var(--soft);font-weight:400;margin-left:8px}
    .warning .dot{background:var(--warn)}.down .dot{background:var(--down)}
    .warning h3 small{color:var(--warn)}
    .down h3 small{color:var(--down)}
    .down .bar i{background:var(--line)}
    dl{margin:8px 0 0;display:grid;grid-template-columns:1fr 1fr;gap:6px 10px;font-size:13px}
    dt{color:var(--soft);font-size:12px}
    dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    em{font-style:normal;color:var(--down)}
    .payout{display:grid;grid-template-columns:80px 110px 1fr auto;gap:0 12px;padding:9px 14px;
    border-bottom:1px solid var(--line);font-size:14px}
    .payout:last-child{border:0}
    .payout span{color:var(--soft)}
    .payout p{grid-column:1/-1;margin:2px 0 0;color:var(--soft);font-size:13px;
    overflow-wrap:anywhere}
    .sum{font-variant-numeric:tabular-nums}
    .zero .sum{color:var(--warn)}
    .none{color:var(--soft);margin:0;padding:12px 14px}
    footer{max-width:1200px;margin:0 auto;padding:24px 20px 40px;color:var(--soft);font-size:13px}
    a{color:inherit}
    @media(max-width:600px){main{padding:14px 12px 0}.tiles{grid-template-columns:1fr 1fr;gap:8px}
    .tile{padding:10px}.tile b{font-size:18px}.tiles .tile:first-child{grid-column:1/-1}
    .providers{grid-template-columns:1fr;gap:8px}
    .payout{grid-template-columns:auto auto 1fr auto;gap:0 8px}footer{padding:20px 12px 32px}}
    """
}
