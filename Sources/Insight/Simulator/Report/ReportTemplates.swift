/// The report's template (Mustache). Charts come as finished SVG; all else is escaped.
enum ReportTemplates {
  static let page = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{title}} · simulation</title>
    <style>\(ReportStyle.css)</style>
    </head>
    <body>
    <main>
    <header>
    <h1>{{title}}</h1>
    <p class="lead">{{lead}}</p>
    {{#partial}}<p class="partial">{{.}}</p>{{/partial}}
    {{#notes}}<p class="note">{{.}}</p>{{/notes}}
    </header>
    <section class="tiles">
    {{#tiles}}<div class="tile{{#isBad}} bad{{/isBad}}"><span>{{label}}</span><b>{{value}}</b>
    <small>{{note}}</small></div>{{/tiles}}
    </section>
    <ul class="findings">{{#sentences}}<li>{{.}}</li>{{/sentences}}</ul>
    <h2>The network</h2>
    <p class="lead">Lines are medians, bands reach from the 10th to the 90th percentile of runs.</p>
    <section class="figures">
    {{#figures}}{{> figure}}{{/figures}}
    </section>
    <h2>Operators</h2>
    <p class="lead">One operator of each kind who was there on the first day. Payback: months \
    until cash has paid for the hardware. Break-even: the token price at which all costs would be \
    met.</p>
    <section class="figures">{{#income}}{{> figure}}{{/income}}</section>
    <div class="card"><table>
    <tr><th>p10 / p50 / p90</th><th>net a month</th><th>payback, months</th>
    <th>never pays back</th><th>break-even token price</th></tr>
    {{#cohorts}}
    <tr class="group"><td colspan="5">{{name}} <small>{{what}}</small></td></tr>
    {{#rows}}<tr><td>{{regime}}</td><td>{{net}}</td><td>{{payback}}</td><td>{{never}}</td>
    <td>{{breakEven}}</td></tr>{{/rows}}
    {{/cohorts}}
    </table></div>
    <h2>How to run it again</h2>
    <div class="card"><dl>
    {{#facts}}<dt>{{name}}</dt><dd><code>{{value}}</code></dd>{{/facts}}
    </dl>
    <p>The same seed, version and scenario give the same numbers, bit for bit, on any machine and \
    with any number of threads: all of it is integer arithmetic.</p>
    <details><summary>The scenario</summary><pre>{{scenario}}</pre></details></div>
    </main>
    </body>
    </html>
    """

  static let figure = """
    <figure{{#isWide}} class="wide"{{/isWide}}><figcaption><h3>{{title}}</h3>
    <p>{{explanation}}</p>
    <div class="legend">{{#legend}}<span><i class="{{color}}"></i>{{name}}</span>{{/legend}}</div>
    </figcaption><div class="panels">
    {{#panels}}<div>{{{svg}}}{{#caption}}<h4>{{.}}</h4>{{/caption}}</div>{{/panels}}
    </div></figure>
    """
}
