/// What is the same in every report.
extension AssessmentHTML {
  static let style = """
    :root { color-scheme: light; --ink: #1d2430; --faint: #5b6676; --line: #d9dee6; }
    body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
    header { display: flex; gap: 1.5rem; align-items: center; padding: 1.2rem 1.5rem; border-radius: .6rem; }
    header.go { background: #e6f4ea; } header.no-go { background: #fdeaea; }
    .verdict { font-size: 2.4rem; font-weight: 700; margin: 0; white-space: nowrap; }
    .go .verdict { color: #17692f; } .no-go .verdict { color: #a11a1a; }
    h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; } header p { margin: .2rem 0 0; }
    h2 { margin: 2.4rem 0 .6rem; font-size: 1.3rem; } h3 { margin: 1.4rem 0 .4rem; font-size: 1.02rem; }
    small { font-weight: 400; color: var(--faint); }
    .tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin-top: 1rem; }
    .tiles div { flex: 1 1 9rem; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; }
    .tiles b { display: block; font-size: 1.2rem; } .tiles span { color: var(--faint); font-size: .88rem; }
    .caution { background: #fff6df; padding: .6rem .9rem; border-radius: .4rem; }
    article { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1rem 0; break-inside: avoid; }
    article.blocker { border-color: #c62828; } article.warning { border-color: #d99a00; } article.note { border-color: #4a7fb5; }
    article h3 { margin: .2rem 0; } ul { margin: .2rem 0; padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
    .remedy { margin: .3rem 0; } .example { color: var(--faint); }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    th { text-align: left; color: var(--faint); font-weight: 600; }
    th, td { padding: .28rem .6rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
    .misfits { color: #a11a1a; font-weight: 600; } code { font: .92em ui-monospace, monospace; }
    dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; }
    @media print { body { margin: 0; max-width: none; font-size: 12px; } header, .tiles div { border: 1px solid var(--line); } tr { break-inside: avoid; } }
    """

  static let glossary = """
    <section><h2>Words</h2><dl>
    <dt>SQLite, PostgreSQL</dt><dd>The database that the application uses now, a file beside it; and the one it moves to, a \
    server that several machines can use at a time.</dd>
    <dt>GO, NO-GO</dt><dd>Whether the move can begin as things are. NO-GO means that data would stay behind or change its \
    meaning; the list says what to do.</dd>
    <dt>First copy</dt><dd>All rows are copied once while the application goes on working; what it writes meanwhile follows.</dd>
    <dt>Switch</dt><dd>The moment in which the application changes from one database to the other: writers wait for \
    milliseconds.</dd>
    <dt>Key</dt><dd>What tells one row of a table from all others, such as an order number.</dd>
    <dt>Type</dt><dd>What a column holds: whole numbers, text, dates. SQLite lets each value choose, PostgreSQL decides it \
    for the whole column.</dd>
    <dt>Foreign key, orphan</dt><dd>A column that refers to a row of another table, and a row whose reference leads nowhere.</dd>
    <dt>Index</dt><dd>A register that makes searching fast, or sees to it that no value comes twice.</dd>
    <dt>View, trigger</dt><dd>A stored query, and a rule that acts when rows are written; both are program more than data.</dd>
    <dt>Quarantine</dt><dd>Where rows wait that PostgreSQL does not take. The switch is refused until it is empty.</dd>
    </dl></section>
    """
}
