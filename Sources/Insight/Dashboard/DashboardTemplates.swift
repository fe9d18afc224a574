/// The page's templates (Mustache). `content` is rendered into `page` first and then again for each
/// update.
enum DashboardTemplates {
  static let page = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Trellis · {{chainName}}</title>
    <style>\(DashboardStyle.css)</style>
    </head>
    <body>
    <main id="content">{{> content}}</main>
    <footer>Updates by itself every second · <a href="/snapshot.json">as JSON</a></footer>
    <script>
    const content = document.getElementById('content');
    async function update() {
      try {
        const answer = await fetch('/content', {cache: 'no-store'});
        if (!answer.ok) throw new Error(answer.status);
        content.innerHTML = await answer.text();
        document.body.classList.remove('stale');
      } catch (error) {
        document.body.classList.add('stale');
      }
      setTimeout(update, 1000);
    }
    setTimeout(update, 1000);
    </script>
    </body>
    </html>
    """

  static let content = """
    <header>
      <h1><span class="dot"></span>Trellis</h1>
      <p class="chain">{{chainName}}</p>
      <p class="height">block <b id="height">{{height}}</b></p>
      <div class="epoch"><span>epoch {{epoch}} ({{epochSeconds}} s)</span>
        <div class="bar"><i style="width:{{epochPercent}}%"></i></div></div>
    </header>
    <p class="banner offline">The page has lost its server and shows the last state it had.</p>
    {{#trouble}}<p class="banner">{{trouble}}</p>{{/trouble}}
    {{#degraded}}<p class="banner">{{degraded}}</p>{{/degraded}}
    {{#leaseWarnings}}<p class="banner">{{.}}</p>{{/leaseWarnings}}
    <section class="tiles">
      {{#tiles}}
      <div class="tile{{#isBad}} bad{{/isBad}}"><span>{{label}}</span><b>{{value}}</b>
        <small>{{note}}</small></div>
      {{/tiles}}
    </section>
    <section>
      <h2>Blocks</h2>
      <div class="blocks">
        {{#blocks}}
        <div class="block{{#isBusy}} busy{{/isBusy}}"><b>{{height}}</b>
          <span>{{transactions}} tx · {{age}}</span><small>{{summary}}</small></div>
        {{/blocks}}
        {{^blocks}}<p class="none">No block yet.</p>{{/blocks}}
      </div>
    </section>
    <section>
      <h2>Providers</h2>
      <div class="providers">
        {{#providers}}
        <article class="{{health}}">
          <h3><span class="dot"></span>{{name}}<small>{{summary}}</small></h3>
          <div class="bar"><i style="width:{{fillPercent}}%"></i></div>
          <dl>
            <div><dt>stored</dt><dd>{{stored}} of {{capacity}}</dd></div>
            <div><dt>proofs</dt><dd>{{passed}} passed\
    {{#hasMissed}}, <em>{{missed}} missed</em>{{/hasMissed}}</dd></div>
            <div><dt>earned</dt><dd>{{earned}}</dd></div>
            <div><dt>bond</dt><dd>{{bond}}</dd></div>
          </dl>
        </article>
        {{/providers}}
        {{^providers}}<p class="none">No provider has registered yet.</p>{{/providers}}
      </div>
    </section>
    <section>
      <h2>Payouts and why</h2>
      <div class="payouts">
        {{#payouts}}
        <div class="payout{{#isZero}} zero{{/isZero}}"><span>epoch {{epoch}}</span>
          <b>{{provider}}</b><span>{{source}}</span><b class="sum">{{tokens}}</b>
          <p>{{why}}</p></div>
        {{/payouts}}
        {{^payouts}}<p class="none">No epoch has ended yet.</p>{{/payouts}}
      </div>
    </section>
    """
}
